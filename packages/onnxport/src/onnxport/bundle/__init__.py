"""Building and checking bundles: the immutable directories that revisions run. Format: `docs/specs/bundle.md`."""
