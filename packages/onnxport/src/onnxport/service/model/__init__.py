"""Models: registered versions, what a person means by one, and where its files are."""
