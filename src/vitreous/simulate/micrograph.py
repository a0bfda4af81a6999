"""A micrograph without its movie: one still exposure, for tests of what comes after alignment."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from vitreous.runtime.chance import numpy_generator
from vitreous.simulate.movie import expected_frames
from vitreous.simulate.scene import Scene, draw_scene
from vitreous.simulate.settings import SessionSettings
from vitreous.simulate.specimens import Specimen


def counted_micrograph(settings: SessionSettings, specimen: Specimen, index: int) -> tuple[Tensor, Scene]:
    """Expose scene ``index`` of a session once, with the dose of all its frames, on a perfect detector.

    Nothing moves; the signal has faded as after half the dose.

    Parameters
    ----------
    settings
        The session.
    specimen
        What the particles are.
    index
        From 0.

    Returns
    -------
    tuple
        Counts as float32 ``(y, x)``, and the truth.

    Raises
    ------
    InputError
        If the particles do not fit into the field.
    """
    scene = draw_scene(settings, specimen, index)
    still = replace(settings, frames=1, dose_per_frame=settings.dose_per_frame * settings.frames)
    expected = next(expected_frames(still, specimen, scene))
    counts = numpy_generator(settings.seed, "exposure", index).poisson(expected)
    return torch.from_numpy(counts.astype(np.float32)), scene
