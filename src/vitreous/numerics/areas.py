"""Areas of a picture that differ from the rest, and the few operations that find them: blur, robust distance, opening."""

from __future__ import annotations

import torch
from torch import Tensor

from vitreous.numerics.filters import apply, gaussian
from vitreous.numerics.fourier import frequency_squared


def blurred(image: Tensor, sigma: float) -> Tensor:
    """Gaussian blur of ``sigma`` pixels; the picture ``(y, x)`` is mirrored at its edges."""
    y, x = image.shape
    reach = min(int(3 * sigma) + 1, y - 1, x - 1)
    padded = torch.nn.functional.pad(image[None, None], (reach,) * 4, mode="reflect")[0, 0]
    k = frequency_squared(padded.shape, like=padded).sqrt()
    return apply(padded, gaussian(k, 1 / (2 * torch.pi * sigma)), axes=2)[reach : reach + y, reach : reach + x]


def robust_distance(values: Tensor) -> Tensor:
    """Signed distance from the median in robust standard deviations (1.4826 MAD)."""
    distance = values - values.median()
    return distance / (1.4826 * distance.abs().median()).clamp_min(1e-12)


def opened(marked: Tensor, reach: float) -> Tensor:
    """The part of ``marked`` that discs of radius ``reach`` pixels inside it cover (a morphological opening)."""
    return distance_to(distance_to(~marked) > reach) <= reach


def distance_to(marked: Tensor) -> Tensor:
    """Distance of every pixel to the nearest marked one, in pixels; beyond the picture's edge nothing is known."""
    from scipy.ndimage import distance_transform_edt

    if not marked.any():
        return torch.full(marked.shape, float("inf"))
    return torch.as_tensor(distance_transform_edt(~marked.numpy()), dtype=torch.float32)


def tilted_plane(image: Tensor) -> Tensor:
    """Plane whose slopes are the medians of differences a quarter of the picture apart: a wedge of ice, not its crystals."""
    out = torch.zeros_like(image)
    for axis, size in enumerate(image.shape):
        lag = max(1, size // 4)
        slope = (image.narrow(axis, lag, size - lag) - image.narrow(axis, 0, size - lag)).median() / lag
        at = torch.arange(size, dtype=image.dtype) - (size - 1) / 2
        out = out + (slope * at).unsqueeze(1 - axis)
    return out


def block_mean(image: Tensor, block: int) -> Tensor:
    """Mean of blocks of ``block`` x ``block`` pixels; rows and columns that fill no block are left out."""
    return torch.nn.functional.avg_pool2d(image[None], block)[0]
