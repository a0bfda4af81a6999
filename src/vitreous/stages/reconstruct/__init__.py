"""The inversion alone: a map and half-maps where poses, shifts and defocus are known."""
