"""Speed, start-up and memory of endpoints against named references, measured in one run: `python -m bench`."""
