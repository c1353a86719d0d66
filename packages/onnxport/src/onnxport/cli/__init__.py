"""The command line: one file per command, named after it. Each parses, calls the public SDK and prints."""
