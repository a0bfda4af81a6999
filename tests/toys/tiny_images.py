"""Tiny movies and micrographs that the jobs are tested with."""

from __future__ import annotations

import numpy as np
import torch

from vitreous.data.micrograph import Defocus
from vitreous.data.optics import Optics
from vitreous.numerics.filters import apply, low_pass
from vitreous.numerics.fourier import shift
from vitreous.physics.ctf import ctf_grid

PIXEL = 4.0
OPTICS = Optics(pixel_size=2.0)
DEFOCUS = Defocus(u=15300.0, v=14900.0, angle_deg=30.0)
#: Displacement of the specimen from frame to frame, (x, y) in pixels.
STEP = (0.6, -0.4)


def counts(seed: int, *, frames: int = 6, size: tuple[int, int] = (256, 256)) -> np.ndarray:
    """Poisson counts of a random scene that moves by STEP a frame, uint8 ``(frames, y, x)``."""
    chance = np.random.default_rng(seed)
    scene = low_pass(torch.as_tensor(chance.standard_normal(size)), 30.0, PIXEL, axes=2)
    moved = [shift(scene, torch.tensor(STEP, dtype=torch.float64) * k).numpy() for k in range(frames)]
    return chance.poisson(np.maximum(20 + 5 * np.stack(moved) / float(scene.std()), 0)).astype(np.uint8)


def micrograph(seed: int, *, size: tuple[int, int] = (384, 384), places: np.ndarray | None = None) -> np.ndarray:
    """A micrograph at 2 Å: discs of 100 Å at places (x, y), dark, and rough ice, both seen through the CTF; float32."""
    chance = np.random.default_rng(seed)
    y, x = np.mgrid[: size[0], : size[1]]
    signal = 0.5 * chance.standard_normal(size)
    for px, py in [] if places is None else places:
        signal += 0.6 * np.clip(26.0 - np.hypot(x - px, y - py), 0, 1)
    gain = ctf_grid(torch.tensor([DEFOCUS.u, DEFOCUS.v, DEFOCUS.angle_deg, 0.0]), OPTICS, size)
    seen = apply(torch.as_tensor(signal, dtype=torch.float32), gain.float(), axes=2).numpy()
    return (seen + 0.5 * chance.standard_normal(size)).astype(np.float32)
