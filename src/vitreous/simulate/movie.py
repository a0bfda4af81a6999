r"""One movie: particles and ice seen through the lens, moving, fading, counted.

For a weak phase object the electrons expected in a pixel of frame f are

    n_f(r) = D p² e^{−t/Λ} · (1 + 2 FT⁻¹{E(k) c(k) [q_f(k) φ_particles(k) + φ_ice,f(k)]}), moved by the frame's motion,

D the dose of a frame, p the pixel size, t the ice's thickness, c the CTF, E the envelope with the detector's aperture, and q_f
the amplitude that damage has left in the middle of the frame (Vulović et al. 2013, J. Struct. Biol. 183:19, for the parts;
Grant & Grigorieff 2015, eLife 4:e06980, for q). φ is λγ times the projected scattering of atoms above that of ice, so the
contrast has no free factor. Particles at another height than the ice's middle are seen at another defocus
(:mod:`vitreous.simulate.canvas`). Motion within a frame is left out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vitreous.numerics.fourier import irfft2, rfft2
from vitreous.physics.detector import Detector, count
from vitreous.physics.dose import exposure_weight
from vitreous.physics.potential import phase_per_scattering
from vitreous.physics.solvent import ice_scattering, inelastic_path, zero_loss
from vitreous.runtime.chance import numpy_generator
from vitreous.simulate.canvas import Canvas, Lenses, lenses_of_ice, lump_thickness, particle_contrast, through
from vitreous.simulate.ice import WanderingIce
from vitreous.simulate.motion import grid
from vitreous.simulate.scene import Scene
from vitreous.simulate.settings import SessionSettings
from vitreous.simulate.specimens import Specimen
from vitreous.simulate.warp import NODE_STEP, nodes, spline_gain, warp


def _canvas(settings: SessionSettings, scene: Scene) -> Canvas:
    """A canvas wider than the way that anything goes; pictures leave it as the coefficients of splines."""
    farthest = np.abs(scene.motion.drift).max() + np.abs(scene.motion.amplitude).sum(1).max()
    margin = NODE_STEP + 4 + math.ceil(farthest / settings.optics.pixel_size)
    canvas = Canvas.of(settings, scene.defocus, margin)
    return replace(canvas, envelope=canvas.envelope * spline_gain(canvas.shape))


def _ice_contrast(ice: WanderingIce, lenses: Lenses) -> Tensor:
    return ice.spectrum() * lenses[0][0] if lenses[0][1] is None else through(lenses, ice.phase())


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
    optics, canvas = settings.optics, _canvas(settings, scene)
    particles = particle_contrast(settings, specimen, scene, canvas)
    lumps = lump_thickness(scene, canvas)
    fixed = rfft2(lumps) * canvas.transfer(0.0) * (phase_per_scattering(optics.voltage) * ice_scattering())
    passed = zero_loss(settings.ice_thickness, optics.voltage) * torch.exp(-lumps / inelastic_path(optics.voltage))
    ice = WanderingIce(canvas.shape, canvas.k, numpy_generator(settings.seed, "ice", scene.index), optics=optics,
                       thickness=settings.ice_thickness, dose_per_frame=settings.dose_per_frame)  # fmt: skip
    lenses = lenses_of_ice(settings, canvas)
    fading = exposure_weight(canvas.k, torch.tensor(1.0), optics.voltage).log()
    places = grid(*(nodes(n) * optics.pixel_size for n in settings.shape[::-1]))
    for frame in range(settings.frames):
        if frame:
            ice.advance()
        left = torch.exp(fading * (settings.dose_per_frame * (frame + 0.5)))
        contrast = irfft2(particles * left + fixed + _ice_contrast(ice, lenses), canvas.shape)
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
