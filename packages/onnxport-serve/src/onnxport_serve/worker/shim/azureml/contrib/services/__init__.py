"""Access to the request and the response."""
