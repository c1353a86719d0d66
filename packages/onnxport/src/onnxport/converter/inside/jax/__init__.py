"""What only JAX models need: Flax's weight files, the user's modules, and functions traced to primitives."""
