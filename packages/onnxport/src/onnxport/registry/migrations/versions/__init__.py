"""One file per change, numbered; never edited once released."""
