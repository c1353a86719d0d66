"""What the PyTorch converter does with PyTorch; `archive` alone is also used where PyTorch is not."""
