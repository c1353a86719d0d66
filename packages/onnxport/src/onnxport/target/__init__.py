"""Where endpoints run: one file per target. A file of this folder that defines `NAME` and `create` is a target."""
