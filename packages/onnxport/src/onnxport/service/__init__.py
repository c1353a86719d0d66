"""The rules: one file per noun. A service orchestrates the registry, bundles, targets and converters; it prints nothing."""
