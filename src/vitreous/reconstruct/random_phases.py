"""A map with the amplitudes of another and the phases of noise: what agrees of two such maps is not the particle."""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from vitreous.numerics.fourier import irfftn, rfftn
from vitreous.numerics.shells import shell_index, squared_axes


def randomise_phases(values: Tensor, start: int, generator: Generator) -> Tensor:
    """The map with the same amplitudes and, from shell ``start`` on, the phases of white noise."""
    shape = tuple(values.shape)
    spectrum = rfftn(values)
    noise = rfftn(torch.randn(shape, generator=generator).to(values))
    if values.device.type == "cpu":
        from vitreous.numerics.kernels.shell_sums import give_phases

        give_phases(spectrum.numpy(), noise.numpy(), *squared_axes(shape), max(shape), start)
        return irfftn(spectrum, shape)
    noise /= noise.abs().clamp_min_(torch.finfo(torch.float32).tiny)
    noise *= spectrum.abs()
    kept = shell_index(shape).to(values.device) < start
    noise[kept] = spectrum[kept]
    return irfftn(noise, shape)
