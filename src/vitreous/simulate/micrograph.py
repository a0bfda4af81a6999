r"""A micrograph without its movie: one still exposure, sound or with faults, for tests of what comes after alignment.

The electrons expected in a pixel are those of :mod:`vitreous.simulate.movie` summed over the whole dose D, in one step:

    n(r) = D p² T(r) (1 + 2 FT⁻¹{M E c [q φ_particles + φ_ice + φ_lumps + φ_faults]}),

q = (1 − e^{−x}) / x, x = D / 2 N_c(k), the mean of what damage leaves; the ice keeps as much of its power as wandering molecules
leave of a sum of frames; M is the transfer of movement, T the share of electrons that come through without loss.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from vitreous.numerics.fourier import irfft2
from vitreous.physics.dose import mean_exposure_weight
from vitreous.physics.potential import phase_per_scattering
from vitreous.physics.solvent import ice_memory_of_exposure, ice_scattering, inelastic_path
from vitreous.runtime.chance import numpy_generator
from vitreous.simulate.canvas import Canvas, lenses_of_ice, lump_thickness, particle_contrast, through
from vitreous.simulate.faults import (
    CARBON_EDGE,
    CARBON_PATH,
    HOLE_RADIUS,
    SHADOW_EDGE,
    SOUND,
    Faults,
    carbon_phase,
    covered,
    crystal_phase,
    movement,
    powder_phase,
)
from vitreous.simulate.ice import WanderingIce
from vitreous.simulate.scene import Scene
from vitreous.simulate.settings import SessionSettings
from vitreous.simulate.specimens import Specimen

#: Pixels beside the detector, so that what lies at one edge is not seen at the other.
MARGIN = 64


def static_micrograph(settings: SessionSettings, specimen: Specimen, scene: Scene, faults: Faults = SOUND) -> Tensor:
    """Expose a scene once with the dose of all its frames, on a perfect detector; nothing moves but what the faults say.

    Parameters
    ----------
    settings
        The session: dose (``frames`` × ``dose_per_frame``), pixel size, ice, envelope, seed.
    specimen
        What the particles are.
    scene
        Defocus, places and poses: ``draw_scene(settings, specimen, index)``, or ``dataclasses.replace`` of it with others.
    faults
        What is wrong with it.

    Returns
    -------
    Tensor
        Electrons counted a pixel, float32 ``(y, x)``; the same for the same settings, seed and scene.

    Raises
    ------
    InputError
        If the pixels are too coarse for the faults asked for.

    Examples
    --------
    >>> from vitreous.data.optics import Optics
    >>> from vitreous.simulate.scene import draw_scene
    >>> from vitreous.simulate.specimens import specimen
    >>> settings = SessionSettings(shape=(128, 128), particles=1, specimen="ribosome head", optics=Optics(pixel_size=2.5))
    >>> head = specimen("ribosome head")
    >>> static_micrograph(settings, head, draw_scene(settings, head, 0), Faults(carbon=0.3)).shape
    torch.Size([128, 128])
    """
    expected = expected_micrograph(settings, specimen, scene, faults)
    counts = numpy_generator(settings.seed, "exposure", scene.index).poisson(expected)
    return torch.from_numpy(counts.astype(np.float32))


def expected_micrograph(settings: SessionSettings, specimen: Specimen, scene: Scene, faults: Faults = SOUND) -> Tensor:
    """Electrons a pixel that a perfect detector would count on average; arguments as for :func:`static_micrograph`."""
    optics, canvas = settings.optics, Canvas.of(settings, scene.defocus, MARGIN)
    dose = settings.frames * settings.dose_per_frame
    lumps = lump_thickness(scene, canvas)
    carbon = _cover(settings, scene, canvas, faults.carbon, "carbon")
    phase = _ice_phase(settings, scene, canvas, dose) + _fault_phase(settings, scene, canvas, faults, carbon)
    phase += lumps * (phase_per_scattering(optics.voltage) * ice_scattering())
    seen = through(lenses_of_ice(settings, canvas), phase)
    if len(scene.position):
        seen += particle_contrast(settings, specimen, scene, canvas) * mean_exposure_weight(canvas.k, dose, optics.voltage)
    contrast = irfft2(seen * movement(faults, canvas), canvas.shape)
    lit = 1 - _cover(settings, scene, canvas, faults.shadow, "shadow")
    ice = (settings.ice_thickness + lumps) / inelastic_path(optics.voltage)
    passed = torch.exp(-ice - carbon * (faults.carbon_thickness / CARBON_PATH))
    electrons = (faults.beam * dose * optics.pixel_size**2) * lit * passed * (1 + contrast)
    rows, columns = settings.shape
    return electrons[MARGIN : MARGIN + rows, MARGIN : MARGIN + columns].clamp_min(0)


def _cover(settings: SessionSettings, scene: Scene, canvas: Canvas, share: float, what: str) -> Tensor:
    radius, edge = (HOLE_RADIUS, CARBON_EDGE) if what == "carbon" else (100 * HOLE_RADIUS, SHADOW_EDGE)
    chance = numpy_generator(settings.seed, what, scene.index)
    return covered(share, canvas, chance, radius=radius, edge=edge) if share else torch.zeros(canvas.shape)


def _ice_phase(settings: SessionSettings, scene: Scene, canvas: Canvas, dose: float) -> Tensor:
    chance = numpy_generator(settings.seed, "ice", scene.index)
    ice = WanderingIce(canvas.shape, canvas.k, chance, optics=settings.optics, thickness=settings.ice_thickness, dose_per_frame=dose)
    return irfft2(ice.spectrum() * ice_memory_of_exposure(canvas.k, dose).sqrt(), canvas.shape)


def _fault_phase(settings: SessionSettings, scene: Scene, canvas: Canvas, faults: Faults, carbon: Tensor) -> Tensor:
    """What film, crystals and powder add; crystals do not wander."""
    total = torch.zeros(canvas.shape)
    if faults.carbon:
        total += carbon_phase(faults, canvas, carbon, numpy_generator(settings.seed, "carbon grain", scene.index))
    if faults.crystals:
        total += crystal_phase(faults, canvas, numpy_generator(settings.seed, "crystals", scene.index))
    if faults.powder:
        total += powder_phase(faults, canvas, settings.ice_thickness, numpy_generator(settings.seed, "powder", scene.index))
    return total
