"""Where the bytes of models are kept, under their SHA-256. One file per store, found by the scheme of a URL."""
