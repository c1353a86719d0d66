"""What only scikit-learn models need."""
