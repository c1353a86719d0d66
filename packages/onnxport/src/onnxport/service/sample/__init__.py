"""Input files that people give: arrays, tables and pictures, made into requests."""
