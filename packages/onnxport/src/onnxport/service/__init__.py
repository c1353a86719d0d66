"""The rules: a file or folder per noun. A service orchestrates the registry, bundles, targets and converters; it prints nothing."""
