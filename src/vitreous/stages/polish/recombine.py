"""The frames of every particle, moved back along its track and summed with their weights: polished images."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vitreous.errors import require
from vitreous.numerics.fourier import centred_irfft2, centred_rfft2, frequency_squared, shift_phases
from vitreous.numerics.resample import resize_spectrum
from vitreous.stages.polish.frames import MovieParticles
from vitreous.stages.polish.weights import FrameWeights


def sum_frames(found: MovieParticles, tracks: NDArray, weights: FrameWeights, size: int) -> Tensor:
    """Sum the frames of the particles of one movie, which is read once.

    Parameters
    ----------
    found
        The movie and where its particles are expected.
    tracks
        ``(P, frames, 2)`` in Å, beside that.
    weights
        Of its frames.
    size
        Side of the images in pixels; the boxes are Fourier-cropped to it.

    Returns
    -------
    Tensor
        float32 ``(P, size, size)``, each particle at pixel size // 2, counts (protein dark), the noise that of one frame.
    """
    require(len(weights.scale) == len(found.used), "weights", len(weights.scale), f"one for each of {len(found.used)} frames")
    pixel = found.motion.pixel_size * found.box / size
    share = weights.at(frequency_squared((size, size), pixel).sqrt().numpy()).astype(np.float32)
    total = torch.zeros(len(tracks), size, size // 2 + 1, dtype=torch.complex64)
    at = found.expected() + tracks / found.motion.pixel_size
    for each, (boxes, off) in zip(share, found.boxes(at)):
        spectrum = resize_spectrum(centred_rfft2(boxes), (size, size))
        back = shift_phases((size, size), (-off * (size / found.box)).float())
        total += spectrum * back * torch.from_numpy(each)
    return centred_irfft2(total, (size, size)) * (size / found.box) ** 2


def mean_places(found: MovieParticles, tracks: NDArray) -> NDArray[np.float64]:
    """Where particles lie in the sum of the frames, their mean displacement added: ``(P, 2)`` in pixels of a frame."""
    return found.places + tracks.mean(1) / found.motion.pixel_size
