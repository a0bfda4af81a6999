"""Controls: what noise would have given, what more particles would give, and whether it comes out the same again."""
