"""What the LightGBM converter does in its environment."""
