r"""How strong the signal of a movie is: a_f(k) = α exp(−B k² / 4) q_f(k), q_f what exposure leaves of it."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from vitreous.errors import require
from vitreous.physics.dose import exposure_weight
from vitreous.stages.polish.sums import FrameSums

#: Å², the envelopes that are tried, for which the scale of most evidence is known in closed form.
B_FACTORS = np.linspace(-400.0, 1000.0, 281)
#: Standard deviations by which the signal of a movie must stand above none.
SURE = 4.0


def left_by_dose(k: NDArray, dose: NDArray, voltage: float) -> NDArray[np.float64]:
    """q_f(k) = exp(−N_f / 2 N_c(k)) for exposures N_f ``(frames,)`` in e/Å²: ``(frames, shells)``; ones where all are 0."""
    return exposure_weight(torch.from_numpy(k), torch.from_numpy(dose), voltage).numpy()


def fit_amplitude(sums: FrameSums, left: NDArray) -> NDArray[np.float64]:
    """a_f(k) ``(frames, shells)`` by least squares.

    Parameters
    ----------
    sums
        Of one movie.
    left
        ``(frames, shells)``: q.

    Raises
    ------
    InputError
        If the particles do not agree with the reference by four standard deviations.
    """
    envelopes = np.exp(-0.25 * B_FACTORS[:, None] * sums.k**2)
    cross = (envelopes * (left * sums.cross[0]).sum(0)).sum(1)
    power = (envelopes**2 * (left**2).sum(0) * sums.power[0]).sum(1)
    sigmas = cross / np.sqrt(power.clip(1e-30))
    best = int(sigmas.argmax())
    require(sigmas[best] > SURE, "agreement of the particles with the reference", f"{sigmas[best]:.1f} standard deviations",
            f"above {SURE:g}", instead="a movie whose particles lie where the table says, or a better map")  # fmt: skip
    return cross[best] / power[best] * envelopes[best] * left
