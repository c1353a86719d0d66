"""What the Keras converter needs inside its environment, and the looks into Keras files that run nothing."""
