r"""MonoTomo: local resolution of tomograms, whose noise differs from place to place and whose transform has a missing wedge.

As MonoRes with the tomograms of even and odd tilts or frames for halves (Vilas, Oton, Messaoudi et al. 2020, J. Struct. Biol. X
4:100016), but for two things. Ice is not equally thick everywhere, so the noise's quantile is found for the whole and scaled at each
place by the noise's own mean power in a window of ``NEAR`` wavelengths. And what lies in the wedge was never measured: whatever stands
there counts neither as signal nor as noise, and along a direction of which less than half was measured nothing is resolved.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from vitreous.data.local_resolution import LocalResolution
from vitreous.data.volume import Volume
from vitreous.errors import require
from vitreous.numerics.bands import Band
from vitreous.stages.local_resolution.descent import Descent, check_maps, levels_between
from vitreous.stages.local_resolution.monodir import cone
from vitreous.stages.local_resolution.monogenic import CONFIDENCE, WIDTH, Gain, local_powers, upper, whole
from vitreous.stages.local_resolution.surroundings import Cut, whole_box

#: σ of the window of the noise in wavelengths: 6³ times the numbers of the window of the signal, so that it adds little scatter.
NEAR = 3.0
#: Share of a direction that must have been measured.
MEASURED = 0.5


@dataclass(frozen=True, eq=False)
class TomogramResolution:
    """Resolution of a tomogram.

    Parameters
    ----------
    local
        At each place, all measured directions together.
    along
        Medians over the mask along x, y and z, Å; the coarsest level where a direction was not measured.
    """

    local: LocalResolution
    along: tuple[float, float, float]


def monotomo(
    first: Volume, second: Volume, mask: Tensor, *, highest_tilt: float = 60.0, finest: float | None = None, coarsest: float | None = None
) -> TomogramResolution:
    """Local resolution of two half-tomograms.

    Parameters
    ----------
    first, second
        Tomograms of any shape (z, y, x), tilted about y, of even and odd tilts or frames.
    mask
        Where to ask, of their shape; inside is above 0.5.
    highest_tilt
        Degrees to either side, above 0, at most 90; beyond lies the wedge, about the z axis.
    finest, coarsest
        Å; the ends of what is told apart.

    Raises
    ------
    InputError
        If the tomograms cannot be compared, the mask is empty, the levels make no sense, or the tilt is none.
    """
    require(0 < highest_tilt <= 90, "highest_tilt", highest_tilt, "above 0 and at most 90 degrees")
    inside = check_maps(first, second, mask)
    levels = levels_between(first, finest, coarsest)
    outside_wedge = measured(highest_tilt)
    local = _descend(first, second, inside, levels, whole, outside_wedge)
    along = tuple(_descend(first, second, inside, levels, cone(axis), outside_wedge).quantile(0.5) for axis in torch.eye(3))
    return TomogramResolution(local, along)  # type: ignore[arg-type]


def measured(highest_tilt: float) -> Gain:
    """1 at frequencies that a tilt of at most so many degrees about y reaches, 0 in the wedge."""
    tilt = math.radians(highest_tilt)

    def gain(band: Band) -> Tensor:
        z, _, x = band.frequencies()
        return (z.abs() * math.cos(tilt) <= x.abs() * math.sin(tilt) + 1e-12).float()

    return gain


def _descend(first: Volume, second: Volume, inside: Tensor, levels: Tensor, part: Gain, outside_wedge: Gain) -> LocalResolution:
    maps = [0.5 * (first.values + sign * second.values).float() for sign in (1, -1)]
    cut, descent = whole_box(maps, inside, first.voxel_size), Descent(inside, levels)
    for wavelength in levels.tolist():
        if not descent.step(_log_excess(cut, cut.band(wavelength, WIDTH), part, outside_wedge)):
            break
    return descent.result("monotomo")


def _log_excess(cut: Cut, band: Band, part: Gain, outside_wedge: Gain) -> Tensor:
    """Logarithm of the local power over the noise's quantile there, at the mask's voxels; below 0 where nothing was measured."""
    power = (band.gain() * part(band)) ** 2
    if float((power * outside_wedge(band)).sum() / power.sum()) < MEASURED:
        return torch.full(cut.at.shape, -1.0)
    share = band.shrink(cut.inside.float())
    signal, noise = local_powers(cut.spectra, share, band, lambda b: part(b) * outside_wedge(b))
    sigma = NEAR * band.wavelength
    usual = band.around(noise * share, sigma).clamp_min(0) / band.around(share, sigma).clamp_min(0.02)
    usual = usual.clamp_min(1e-6 * float(usual.max()) + 1e-30)
    bound = upper((noise / usual)[share > 0.5], CONFIDENCE) * usual
    return cut.places(band, torch.log((signal / bound).clamp_min(1e-6)))
