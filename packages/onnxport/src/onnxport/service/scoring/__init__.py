"""Scoring code: the script with its folder, its models and its environment, made into a bundle."""
