"""Settings of the whole suite."""

from hypothesis import settings

# A slow machine is not a bug: examples have no deadline, and a run is the same every time.
settings.register_profile("onnxport", deadline=None, derandomize=True)
settings.load_profile("onnxport")
