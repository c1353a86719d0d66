"""Endpoints: their files, their wanted and observed state, changes to it, keys, addresses, logs, requests."""
