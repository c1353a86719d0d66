"""What the CatBoost converter does in its environment."""
