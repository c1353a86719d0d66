"""Azure ML's additions, as far as scoring code uses them."""
