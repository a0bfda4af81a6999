r"""Correlation of two half-maps in a soft window about every place, as blocres does it (Cardone, Heymann & Steven 2013, JSB 184:226).

Cutting out a box about each voxel and transforming it costs a transform a voxel. Here it costs five a band: both maps are cut to a
band of frequency, a and b, and the correlation about r is

    ρ(r) = Σ w m a b / √(Σ w m a² · Σ w m b²),

with w a Gaussian about r and m the mask. By Parseval's theorem this is the shell correlation of the windowed maps, but for what the
window smears over the edges of the band. The window is ``WINDOW`` wavelengths wide, so each band is judged on as many numbers as any
other; to nearly 3 σ on each side it spans the five wavelengths that blocres asks for. Products count inside the mask only, so solvent does
not pull the rim of the particle down.
"""

from __future__ import annotations

from torch import Tensor

from vitreous.data.local_resolution import LocalResolution
from vitreous.data.volume import Volume
from vitreous.inference.half_maps import GOLD_STANDARD
from vitreous.numerics.bands import Band
from vitreous.stages.local_resolution.descent import Descent, check_maps, levels_between, nyquist
from vitreous.stages.local_resolution.surroundings import Surroundings

#: σ of the window in wavelengths, and width of a band. Narrower bands ring farther, wider windows reach farther; with these a place
#: is judged by what lies within about two wavelengths, on some 70 independent numbers: one standard deviation of noise is 0.12.
WINDOW, WIDTH = 0.9, 0.16


def windowed_fsc(
    first: Volume, second: Volume, mask: Tensor, *, level: float = GOLD_STANDARD, finest: float | None = None, coarsest: float | None = None
) -> LocalResolution:
    """Local resolution: where the correlation within a moving window first falls below a level.

    Parameters
    ----------
    first, second
        Unfiltered half-maps of one shape.
    mask
        Where to ask, of their shape; inside is above 0.5.
    level
        Threshold in (0, 1); 1/7 is what a resolution of 0.143 means for the whole map.
    finest, coarsest
        Å; the ends of what is told apart.

    Returns
    -------
    LocalResolution
        Å inside the mask. The coarsest level where not even that is reached.

    Raises
    ------
    InputError
        If the maps cannot be compared, the mask is empty, or the levels make no sense.
    """
    inside = check_maps(first, second, mask)
    levels = levels_between(first, finest, coarsest)
    around = Surroundings((first.values, second.values), inside, first.voxel_size)
    descent = Descent(inside, levels, nyquist(first, finest))
    for wavelength in levels.tolist():
        cut = around.at(wavelength)
        band = cut.band(wavelength, WIDTH)
        if not descent.step(cut.places(band, local_correlation(cut.spectra, cut.inside, band)) - level):
            break
    return descent.result("windowed")


def local_correlation(spectra: list[Tensor], inside: Tensor, band: Band) -> Tensor:
    """Correlation of two maps' half transforms about each place of the band's grid, −1 to 1; 0 where the mask is far."""
    a, b = (band.cut(each) for each in spectra)
    share = band.shrink(inside.float())
    sigma = WINDOW * band.wavelength
    power = band.around(share * a * a, sigma).clamp_min(0) * band.around(share * b * b, sigma).clamp_min(0)
    # Far from the mask nothing is left but the rounding of the transforms.
    known = power > 1e-8 * power.max()
    return (band.around(share * a * b, sigma) / power.clamp_min(1e-30).sqrt()).where(known, power.new_zeros(())).clamp(-1, 1)
