"""Slices of a volume and their adjoints, twice: ``reference`` (plain torch, differentiable) and ``cpu`` (numba)."""
