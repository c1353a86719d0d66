"""The download mirror: files in a folder that stand for URLs which old code downloads."""
