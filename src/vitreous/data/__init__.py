"""Frozen values that carry their scale: volumes, particles, optics, micrographs, models."""
