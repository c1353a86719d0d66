"""Environments: what a conda or requirements file asks for -> a lock with hashes -> a virtual environment made by uv."""
