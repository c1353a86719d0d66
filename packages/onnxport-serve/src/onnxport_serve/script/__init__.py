"""Revisions with scoring code, from the front's side: their workers, the queue between, and what `/score` answers for them."""
