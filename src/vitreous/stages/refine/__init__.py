"""Gold-standard refinement: two half-sets that never mix, soft while posteriors are flat, local once they are sharp."""
