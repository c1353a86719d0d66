"""A loaded model: the session, the runner in front of it, the golden request that proves it answers."""
