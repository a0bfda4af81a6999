"""Two-dimensional classification by expectation-maximisation, and the choice of good classes."""
