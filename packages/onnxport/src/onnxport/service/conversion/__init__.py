"""Converting models to ONNX: recognise, make the environment, convert in a child process, prove, write."""
