"""The name under which scoring code knows the server it runs in."""
