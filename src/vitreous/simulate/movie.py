r"""One movie: particles and ice seen through the lens, moving, fading, counted.

For a weak phase object the electrons expected in a pixel of frame f are

    n_f(r) = D p² e^{−t/Λ} · (1 + 2 FT⁻¹{E(k) c(k) [q_f(k) φ_particles(k) + φ_ice,f(k)]}), moved by the frame's motion,

D the dose of a frame, p the pixel size, t the ice's thickness, c the CTF, E the envelope with the detector's aperture, and q_f
the amplitude that damage has left in the middle of the frame (Vulović et al. 2013, J. Struct. Biol. 183:19, for the parts;
Grant & Grigorieff 2015, eLife 4:e06980, for q). φ is λγ times the projected scattering of atoms above that of ice, so the
contrast has no free factor. Particles at another height than the ice's middle are seen at another defocus, in steps of
``DEFOCUS_STEP``. Motion within a frame is left out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vitreous.data.optics import Optics
from vitreous.numerics.fourier import frequency_squared, good_size, irfft2, rfft2
from vitreous.physics.ctf import b_envelope, ctf_grid
from vitreous.physics.detector import Detector, aperture, count
from vitreous.physics.dose import exposure_weight
from vitreous.physics.potential import phase_per_scattering
from vitreous.physics.solvent import ice_scattering, zero_loss
from vitreous.runtime.chance import numpy_generator
from vitreous.simulate.ice import WanderingIce
from vitreous.simulate.motion import grid
from vitreous.simulate.scene import Scene, tilt_offset
from vitreous.simulate.settings import SessionSettings
from vitreous.simulate.specimens import Specimen, project_atoms
from vitreous.simulate.warp import NODE_STEP, nodes, spline_gain, warp

#: Å of defocus between the planes that particles are sorted into.
DEFOCUS_STEP = 50.0
#: Å of defocus between the strips that tilted ice is cut into.
TILTED_ICE_STEP = 400.0


class _Canvas:
    """The specimen plane, wider than the detector by ``margin`` pixels on the near sides, and the lens that looks at it."""

    def __init__(self, settings: SessionSettings, scene: Scene) -> None:
        self.optics: Optics = settings.optics
        self.defocus = scene.defocus
        farthest = np.abs(scene.motion.drift).max() + np.abs(scene.motion.amplitude).sum(1).max()
        self.margin = NODE_STEP + 4 + math.ceil(farthest / self.optics.pixel_size)
        rows, columns = (good_size(n + 2 * self.margin) for n in settings.shape)
        self.shape = (rows, columns)
        k2 = frequency_squared(self.shape, self.optics.pixel_size)
        self.k = k2.sqrt()
        self._envelope = 2 * b_envelope(k2, settings.b_factor) * aperture(self.shape) * spline_gain(self.shape)

    def transfer(self, offset: float) -> Tensor:
        """Phase to contrast (as spline coefficients) at a defocus higher by ``offset`` Å."""
        d = self.defocus
        values = torch.tensor([d.u + offset, d.v + offset, d.angle_deg, d.phase_shift_deg])
        return ctf_grid(values, self.optics, self.shape) * self._envelope


def particle_contrast(settings: SessionSettings, specimen: Specimen, scene: Scene, canvas: _Canvas) -> Tensor:
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


def _lump_thickness(settings: SessionSettings, scene: Scene, canvas: _Canvas) -> Tensor:
    """Thickness in Å of surface ice on the canvas: half balls with soft edges."""
    pixel = settings.optics.pixel_size
    y = (torch.arange(canvas.shape[0])[:, None] - canvas.margin) * pixel
    x = (torch.arange(canvas.shape[1]) - canvas.margin) * pixel
    total = torch.zeros(canvas.shape)
    for cx, cy, radius in scene.lumps:
        total += radius * (1 - ((x - cx) ** 2 + (y - cy) ** 2) / radius**2).clamp_min(0).sqrt()
    return total


def _strips(settings: SessionSettings, canvas: _Canvas) -> list[tuple[float, Tensor | None]]:
    """Defocus offsets of the ice, each with its share of every column (None for all of them)."""
    if settings.tilt_deg == 0:
        return [(0.0, None)]
    x = (np.arange(canvas.shape[1]) - canvas.margin) * settings.optics.pixel_size
    steps = tilt_offset(settings, x) / TILTED_ICE_STEP
    shares = ((n, np.clip(1 - np.abs(steps - n), 0, None)) for n in range(math.floor(steps.min()), math.ceil(steps.max()) + 1))
    return [(n * TILTED_ICE_STEP, torch.from_numpy(share).float()) for n, share in shares if share.any()]


def _ice_contrast(ice: WanderingIce, strips: list[tuple[Tensor, Tensor | None]]) -> Tensor:
    if strips[0][1] is None:
        return ice.spectrum() * strips[0][0]
    phase = ice.phase()
    return sum((rfft2(phase * share) * transfer for transfer, share in strips), torch.zeros(()))


def expected_frames(settings: SessionSettings, specimen: Specimen, scene: Scene) -> Iterator[NDArray[np.float32]]:
    """Electrons a pixel that a perfect detector would count, frame by frame, ``(y, x)``.

    Parameters
    ----------
    settings
        The session.
    specimen
        What the particles are.
    scene
        The movie, from :func:`vitreous.simulate.scene.draw_scene`.
    """
    optics, canvas = settings.optics, _Canvas(settings, scene)
    particles = particle_contrast(settings, specimen, scene, canvas)
    lumps = _lump_thickness(settings, scene, canvas)
    fixed = rfft2(lumps) * canvas.transfer(0.0) * (phase_per_scattering(optics.voltage) * ice_scattering())
    passed = zero_loss(settings.ice_thickness) * torch.exp(torch.log(torch.tensor(zero_loss(1.0))) * lumps)
    ice = WanderingIce(canvas.shape, canvas.k, numpy_generator(settings.seed, "ice", scene.index), optics=optics,
                       thickness=settings.ice_thickness, dose_per_frame=settings.dose_per_frame)  # fmt: skip
    strips = [(canvas.transfer(offset), share) for offset, share in _strips(settings, canvas)]
    fading = exposure_weight(canvas.k, torch.tensor(1.0), optics.voltage).log()
    places = grid(*(nodes(n) * optics.pixel_size for n in settings.shape[::-1]))
    for frame in range(settings.frames):
        if frame:
            ice.advance()
        left = torch.exp(fading * (settings.dose_per_frame * (frame + 0.5)))
        contrast = irfft2(particles * left + fixed + _ice_contrast(ice, strips), canvas.shape)
        electrons = (settings.dose_per_frame * optics.pixel_size**2) * passed * (1 + contrast)
        source = scene.motion.source(frame, places) / optics.pixel_size + canvas.margin
        yield np.maximum(warp(electrons, source, settings.shape), 0)


def counted_frames(
    settings: SessionSettings, specimen: Specimen, scene: Scene, camera: Detector
) -> Iterator[NDArray[np.uint8]]:
    """Frames as the camera gives them, before the gain is applied; arguments as for :func:`expected_frames`."""
    chance = numpy_generator(settings.seed, "counts", scene.index)
    for expected in expected_frames(settings, specimen, scene):
        yield count(expected, camera, chance)
