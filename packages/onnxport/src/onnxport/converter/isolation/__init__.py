"""Environments that belong to converters, and child processes in them."""
