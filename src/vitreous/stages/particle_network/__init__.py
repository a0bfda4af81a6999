"""A network trained on the particles at hand says which of them look like the map they were aligned to."""

from vitreous.stages.particle_network.score import DenoisingScores, denoising_score

__all__ = ["DenoisingScores", "denoising_score"]
