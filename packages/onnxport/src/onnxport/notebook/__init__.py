"""Notebooks: what is in a file, which packages it needs, and running it on a kernel of its own."""
