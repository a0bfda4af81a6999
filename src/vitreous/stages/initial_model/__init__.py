"""A first map from nothing: several random starts, the one kept that explains the images best and that others agree with."""
