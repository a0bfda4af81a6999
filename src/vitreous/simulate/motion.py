r"""How a specimen moves in the beam: a drift of the whole field, and bumps that move on their own.

In frame f what was at r in the first frame is at r + D_f + d_f(r), with

    d_f(r) = Σ_b a_b (1 − exp(−N_f / N_b)) exp(−|r − c_b|² / 2 s_b²),

N_f the dose since the first frame. Most motion happens in the first few e/Å² (Brilot et al. 2012, J. Struct. Biol. 177:630).
A sum of Gaussians in space is smooth, but no polynomial of low order follows it exactly.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: Bumps in a field.
BUMPS = 6
#: Dose constants in e/Å²: of the drift's fast part, and the range of the bumps'.
DRIFT_DOSE, BUMP_DOSE = 6.0, (5.0, 25.0)
#: Each substitution gains a factor of the field's gradient, about 0.02.
SUBSTITUTIONS = 4


def grid(x: NDArray, y: NDArray) -> NDArray[np.float64]:
    """Points of a grid, ``(len(y), len(x), 2)`` as (x, y)."""
    return np.stack(np.meshgrid(x, y), -1).astype(float)


@dataclass(frozen=True)
class Motion:
    """Where everything goes.

    Parameters
    ----------
    drift
        D, ``(frames, 2)`` as (x, y) in Å; zero in the first frame.
    centre
        c, ``(bumps, 2)`` in Å from pixel (0, 0).
    width
        s, ``(bumps,)`` in Å.
    amplitude
        a (1 − exp(−N / N_b)), ``(frames, bumps, 2)`` in Å; zero in the first frame.
    """

    drift: NDArray[np.float64]
    centre: NDArray[np.float64]
    width: NDArray[np.float64]
    amplitude: NDArray[np.float64]

    def local(self, frame: int, places: NDArray[np.float64]) -> NDArray[np.float64]:
        """d_f of ``places``, ``(..., 2)`` as (x, y) in Å in the first frame: ``(..., 2)`` in Å."""
        return self._bumps(places) @ self.amplitude[frame]

    def track(self, places: NDArray[np.float64]) -> NDArray[np.float64]:
        """D + d of ``places``, ``(n, 2)`` in Å in the first frame, in all frames: ``(n, frames, 2)`` in Å."""
        return self.drift + np.einsum("nb,fba->nfa", self._bumps(places), self.amplitude)

    def source(self, frame: int, places: NDArray[np.float64]) -> NDArray[np.float64]:
        """Where in the first frame lay what is at ``places`` (Å) in ``frame``; by substitution, to about 1e-5 of d."""
        undrifted = np.asarray(places) - self.drift[frame]
        found = undrifted
        for _ in range(SUBSTITUTIONS):
            found = undrifted - self.local(frame, found)
        return found

    def _bumps(self, places: NDArray[np.float64]) -> NDArray[np.float64]:
        offset = (np.asarray(places)[..., None, :] - self.centre) / self.width[:, None]
        return np.exp(-0.5 * (offset**2).sum(-1))


def random_motion(
    extent: tuple[float, float], dose: NDArray[np.float64], chance: np.random.Generator, *, drift: float, local: float
) -> Motion:
    """Draw a motion.

    Parameters
    ----------
    extent
        Width and height of the field, Å.
    dose
        Dose at each frame since the first, e/Å², ``(frames,)``, from 0.
    chance
        The draw.
    drift
        Length of the whole drift, Å, about.
    local
        Root mean square of d over the field in the last frame, Å.
    """
    total = max(float(dose[-1]), 1e-9)
    heading = chance.uniform(0, 2 * math.pi)
    turned = heading + chance.normal(0, 0.6)
    fast = (1 - np.exp(-dose / DRIFT_DOSE))[:, None] * np.array([math.cos(heading), math.sin(heading)])
    slow = (dose / total)[:, None] * np.array([math.cos(turned), math.sin(turned)])
    jitter = np.cumsum(chance.normal(0, 0.02, (len(dose), 2)), 0)
    centre = chance.uniform(-0.1, 1.1, (BUMPS, 2)) * np.array(extent)
    width = chance.uniform(0.18, 0.35, BUMPS) * max(extent)
    rise = 1 - np.exp(-dose[:, None] / chance.uniform(*BUMP_DOSE, BUMPS))
    amplitude = rise[:, :, None] * chance.normal(size=(BUMPS, 2))
    unscaled = Motion(drift * (0.65 * fast + 0.35 * slow + jitter - jitter[0]), centre, width, amplitude)
    field = unscaled.local(-1, grid(np.linspace(0, extent[0], 33), np.linspace(0, extent[1], 33)))
    rms = math.sqrt(float((field**2).sum(-1).mean()))
    return Motion(unscaled.drift, centre, width, amplitude * (local / rms if rms > 0 else 0.0))
