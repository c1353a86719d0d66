"""What answers downloads from the mirror inside a notebook's kernel: the standard library only, Python 3.8 and newer."""
