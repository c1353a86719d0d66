"""Notebooks: the environment of their kernel, kernels for Jupyter, what came of a run."""
