"""The grey scale of a reference that comes from elsewhere: the scale of most evidence."""

from __future__ import annotations

import torch
from torch import Tensor

from vitreous.inference.images import FourierImages
from vitreous.inference.noise import NoiseSpectra


def best_scale(images: FourierImages, noise: NoiseSpectra, slices: Tensor, shifts: Tensor) -> float:
    """Factor on ``slices`` that makes a few images most probable, poses marginalised.

    log p(a) = logsumexp(a ⟨cX, S⟩ − a² ½⟨c², |S|²⟩): both tables are made once and a is searched on a logarithmic line from the
    scale at which a reference explains one ten-thousandth of the images' power to that of all of it.

    Parameters
    ----------
    images
        Some hundred images are enough.
    noise
        Their noise.
    slices
        complex64 ``(r, k)``.
    shifts
        ``(s, 2)`` pixels.
    """
    k = slices.shape[1]
    weight = noise.weight(images.disc, images.group, k)
    x, c = images.block(slice(None), k)
    powers = (c**2 * weight) @ (0.5 * slices.abs() ** 2).T
    ramps = images.disc.shift_phases(-shifts)[:, :k]
    flat = torch.view_as_real(slices).reshape(len(slices), -1)
    crosses = [torch.view_as_real(x * c * weight * ramp).reshape(len(images), -1) @ flat.T for ramp in ramps]
    whole = (x.abs() ** 2 * weight).sum() / (2 * powers.mean() * len(images))
    trial = float(whole.sqrt()) * torch.logspace(-2, 0, 41)
    evidence = []
    for a in trial.tolist():
        total = torch.stack([torch.logsumexp(a * cross - a * a * powers, 1) for cross in crosses])
        evidence.append(torch.logsumexp(total, 0).sum().cpu())
    return float(trial[int(torch.stack(evidence).argmax())])
