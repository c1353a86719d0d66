"""The request that is being answered."""

request_id = ""
"""Its identifier, where the front says it."""
