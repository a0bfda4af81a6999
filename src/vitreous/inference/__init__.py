"""Noise, likelihood, and the poses that explain the images."""
