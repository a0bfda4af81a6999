"""Truth to test against, made from atoms by a projector that no reconstruction uses."""
