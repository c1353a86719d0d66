"""What the XGBoost converter does in its environment."""
