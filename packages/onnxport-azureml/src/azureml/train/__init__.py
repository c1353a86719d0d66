"""Names around training: they can be imported, and say that training is not there yet."""
