"""The specimen plane a little wider than the detector, and the lens that looks at it.

Contrast is linear in the phase φ that the specimen gives the wave: twice FT⁻¹{E c FT φ}, E the envelope with the detector's
aperture. Particles at another height than the ice's middle are seen at another defocus, in steps of ``DEFOCUS_STEP``; tilted ice
is cut into strips that fade into one another, ``TILTED_ICE_STEP`` apart in defocus.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vitreous.data.micrograph import Defocus
from vitreous.data.optics import Optics
from vitreous.numerics.fourier import frequency_squared, good_size, rfft2
from vitreous.physics.ctf import b_envelope, ctf_grid
from vitreous.physics.detector import aperture
from vitreous.physics.potential import phase_per_scattering
from vitreous.simulate.scene import Scene, tilt_offset
from vitreous.simulate.settings import SessionSettings
from vitreous.simulate.specimens import Specimen, project_atoms

#: Å of defocus between the planes that particles are sorted into.
DEFOCUS_STEP = 50.0
#: Å of defocus between the strips that tilted ice is cut into.
TILTED_ICE_STEP = 400.0

#: Transfer functions, each with its share of every column (None for all of them).
Lenses = list[tuple[Tensor, Tensor | None]]


@dataclass(frozen=True)
class Canvas:
    """Pixels and lens.

    Parameters
    ----------
    optics
        Microscope and pixel size.
    defocus
        At the middle of the field and of the ice.
    margin
        Pixels before the detector's first row and column; there are at least as many behind the last.
    shape
        (y, x) of the canvas.
    k
        |k| on its half grid, Å⁻¹.
    envelope
        2 E(k) on the half grid.
    """

    optics: Optics
    defocus: Defocus
    margin: int
    shape: tuple[int, int]
    k: Tensor
    envelope: Tensor

    @classmethod
    def of(cls, settings: SessionSettings, defocus: Defocus, margin: int) -> Canvas:
        """The canvas of a detector of the settings' shape, of a size that transforms fast."""
        rows, columns = (good_size(n + 2 * margin) for n in settings.shape)
        k2 = frequency_squared((rows, columns), settings.optics.pixel_size)
        envelope = 2 * b_envelope(k2, settings.b_factor) * aperture((rows, columns))
        return cls(settings.optics, defocus, margin, (rows, columns), k2.sqrt(), envelope)

    def transfer(self, offset: float) -> Tensor:
        """Phase to contrast at a defocus higher by ``offset`` Å."""
        d = self.defocus
        values = torch.tensor([d.u + offset, d.v + offset, d.angle_deg, d.phase_shift_deg])
        return ctf_grid(values, self.optics, self.shape) * self.envelope

    def places(self) -> tuple[Tensor, Tensor]:
        """x ``(1, x)`` and y ``(y, 1)`` of its pixels, Å from the centre of the detector's pixel (0, 0)."""
        y, x = ((torch.arange(n) - self.margin) * self.optics.pixel_size for n in self.shape)
        return x[None], y[:, None]


def particle_contrast(settings: SessionSettings, specimen: Specimen, scene: Scene, canvas: Canvas) -> Tensor:
    """Transform of the undamaged particles' contrast on the canvas."""
    pixel, middle = settings.optics.pixel_size, canvas.margin
    plane = np.round(scene.defocus_offset / DEFOCUS_STEP).astype(int)
    reach = float(np.linalg.norm(specimen.positions, axis=1).max())
    size = good_size(math.ceil(2 * reach / pixel) + 8)
    total = torch.zeros(canvas.shape[0], canvas.shape[1] // 2 + 1, dtype=torch.complex64)
    for value in np.unique(plane):
        rows = np.flatnonzero(plane == value)
        where = scene.position[rows] / pixel
        nearest = np.floor(where + 0.5).astype(int)
        views = project_atoms(specimen, scene.rotation[rows], (where - nearest) * pixel, size=size, pixel_size=pixel)
        phase = torch.zeros(canvas.shape)
        for view, (x, y) in zip(views, nearest + middle - size // 2):
            phase[y : y + size, x : x + size] += view
        total += rfft2(phase) * canvas.transfer(float(value) * DEFOCUS_STEP)
    return total * phase_per_scattering(settings.optics.voltage)


def lump_thickness(scene: Scene, canvas: Canvas) -> Tensor:
    """Thickness in Å of surface ice on the canvas: half balls with soft edges."""
    x, y = canvas.places()
    total = torch.zeros(canvas.shape)
    for cx, cy, radius in scene.lumps:
        total += radius * (1 - ((x - cx) ** 2 + (y - cy) ** 2) / radius**2).clamp_min(0).sqrt()
    return total


def lenses_of_ice(settings: SessionSettings, canvas: Canvas) -> Lenses:
    """Transfer functions of the ice: one, or one a strip where it is tilted."""
    if settings.tilt_deg == 0:
        return [(canvas.transfer(0.0), None)]
    x = (np.arange(canvas.shape[1]) - canvas.margin) * settings.optics.pixel_size
    steps = tilt_offset(settings, x) / TILTED_ICE_STEP
    shares = ((n, np.clip(1 - np.abs(steps - n), 0, None)) for n in range(math.floor(steps.min()), math.ceil(steps.max()) + 1))
    return [(canvas.transfer(n * TILTED_ICE_STEP), torch.from_numpy(share).float()) for n, share in shares if share.any()]


def through(lenses: Lenses, phase: Tensor) -> Tensor:
    """Transform of the contrast of a ``phase`` (radians, on the canvas)."""
    parts = (rfft2(phase if share is None else phase * share) * transfer for transfer, share in lenses)
    return sum(parts, torch.zeros(()))
