"""What the TensorFlow and Keras converters need inside their environment, and the parsers that recognise TensorFlow's files."""
