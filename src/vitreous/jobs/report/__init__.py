"""The final folder of a run: its files, its numbers, its comparison with the truth, and its report."""
