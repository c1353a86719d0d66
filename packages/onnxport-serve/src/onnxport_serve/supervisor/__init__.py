"""The supervisor: owns the listening sockets; starts, watches and swaps the fronts. Standard library only, so it stays small."""
