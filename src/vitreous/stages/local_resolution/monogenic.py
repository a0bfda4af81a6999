r"""MonoRes: a place is resolved at a wavelength if the map's local amplitude there stands out from that of noise.

At each wavelength the map is cut to a band, and its monogenic amplitude M = √(f² + |R f|²) is compared with the 0.95 quantile of what
noise alone gives; the resolution of a place is the finest wavelength down to which it passed all (Vilas et al. 2018, Structure
26:337). Noise is half the difference of the half-maps inside the mask or, for a single map, the solvent.

Two things differ from the paper. It takes everything finer than the wavelength rather than a band: then white noise of all finer
shells drowns the wave in question. And M² is averaged over a Gaussian of ``WINDOW`` wavelengths, some 10 to 20 independent numbers:
with half-maps the 0.95 quantile then lies near 4/3 of the noise's power, which is where the correlation of the halves is 1/7. So the
number means what the other methods' means.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from vitreous.data.local_resolution import LocalResolution
from vitreous.data.volume import Volume
from vitreous.errors import require
from vitreous.numerics.bands import Band
from vitreous.numerics.monogenic import monogenic_power
from vitreous.stages.local_resolution.descent import Descent, check_maps, levels_between, nyquist
from vitreous.stages.local_resolution.surroundings import Cut, Surroundings, whole_box

#: σ of the window in wavelengths, and width of a band.
WINDOW, WIDTH = 0.5, 0.18
#: Share of noise that must lie below a place for it to be resolved.
CONFIDENCE = 0.95
#: Solvent is where a Gaussian of ``REACH`` wavelengths finds less than ``TRACE`` of the mask, or the emptiest share ``LEAST`` of the box.
REACH, TRACE, LEAST = 1.5, 3e-3, 0.02

#: Less than this part of the usual power of the solvent is a map that was masked there.
FADED = 0.25
#: A voxel differs from others if by so many standard deviations of the particle; so much of the solvent must.
FLAT, LEAST_ALIVE = 1e-4, 0.2

#: What multiplies a band's transform: a cone, or nothing.
Gain = Callable[[Band], Tensor]


def monogenic(
    first: Volume, second: Volume | None, mask: Tensor, *, confidence: float = CONFIDENCE, finest: float | None = None,
    coarsest: float | None = None, resolution: float | None = None, gain: Gain | None = None,
) -> LocalResolution:  # fmt: skip
    """Local resolution by amplitude.

    Parameters
    ----------
    first, second
        Half-maps, unfiltered; or one map and None, whose solvent must not be masked away.
    mask
        Where to ask, of their shape; inside is above 0.5.
    confidence
        Quantile of the noise that a place must exceed, in (0, 1).
    finest, coarsest
        Å; the ends of what is told apart.
    resolution
        Å of the whole of a single map, where it is known from its half-maps. Solvent is often quieter than the particle, or was
        made so; the bound is then raised, never lowered, until half of the mask is resolved there.
    gain
        Another factor on the transform of each band, such as a cone.

    Returns
    -------
    LocalResolution
        Å inside the mask. The coarsest level where not even that is reached.

    Raises
    ------
    InputError
        If the maps cannot be compared, the mask is empty, the levels make no sense, or a single map has no noise.
    """
    require(0 < confidence < 1, "confidence", confidence, "between 0 and 1")
    inside = check_maps(first, second, mask)
    levels = levels_between(first, finest, coarsest)
    descent, part, raised = Descent(inside, levels, nyquist(first, finest)), gain or whole, 0.0
    if second is None and resolution is not None:
        at = torch.cat([torch.tensor([resolution], dtype=torch.float64), levels[-1:]])
        raised = max(0.0, float(log_excess(*next(single_map_powers(first, inside, at, part)), confidence).median()))
    powers = single_map_powers(first, inside, levels, part) if second is None else half_map_powers(first, second, inside, levels, part)
    for each in powers:
        if not descent.step(log_excess(*each, confidence) - raised):
            break
    return descent.result("monogenic")


def whole(band: Band) -> Tensor:
    """All of a band."""
    return torch.ones(())


def log_excess(cut: Cut, band: Band, signal: Tensor, noise: Tensor, where: Tensor, confidence: float) -> Tensor:
    """Logarithm of the local power over the noise's quantile ``where`` it counts, at the mask's voxels."""
    bound = upper(noise[where], confidence).clamp_min(1e-30)
    return cut.places(band, torch.log((signal / bound).clamp_min(1e-6)))


Powers = Iterator[tuple[Cut, Band, Tensor, Tensor, Tensor]]


def half_map_powers(first: Volume, second: Volume, inside: Tensor, levels: Tensor, gain: Gain) -> Powers:
    """Each band with the local power of the mean and of half the difference, and where the latter counts."""
    maps = [0.5 * (first.values + sign * second.values).float() for sign in (1, -1)]
    around = Surroundings(maps, inside, first.voxel_size)
    for wavelength in levels.tolist():
        cut = around.at(wavelength)
        band = cut.band(wavelength, WIDTH)
        share = band.shrink(cut.inside.float())
        signal, noise = local_powers(cut.spectra, share, band, gain)
        yield cut, band, signal, noise, share > 0.5


def single_map_powers(first: Volume, inside: Tensor, levels: Tensor, gain: Gain = whole) -> Powers:
    """Each band with the local power of the map in the mask and in the solvent, and where the latter counts."""
    values = first.values.float()
    outside = values[~inside]
    alive = (outside - outside.median()).abs() > FLAT * values[inside].std()
    require(float(alive.double().mean()) > LEAST_ALIVE, "a single map", "one value nearly everywhere outside the mask",
            "unmasked, for its noise is measured in the solvent", instead="give both half-maps")  # fmt: skip
    cut = whole_box([values], inside, first.voxel_size)
    kept = held(cut.spectra[0], inside, cut.band(float(levels[-1]), WIDTH))
    for wavelength in levels.tolist():
        band = cut.band(wavelength, WIDTH)
        share, known = band.shrink(inside.float()), band.shrink(kept)
        solvent = far_solvent(share, known, band)
        signal, noise = (local_powers(cut.spectra, weight, band, gain)[0] for weight in (share, solvent))
        yield cut, band, signal, noise, solvent > 0.5


def held(spectrum: Tensor, inside: Tensor, finest: Band) -> Tensor:
    """1 where a map was not masked away: there noise of the finest wavelength has a good part of its usual power."""
    power = finest.grow(local_powers([spectrum], torch.ones(finest.grid), finest, whole)[0])
    return (power > FADED * upper(power[~inside], 0.9)).float()


def far_solvent(share: Tensor, known: Tensor, band: Band) -> Tensor:
    """1 where the map is known and the particle far, in wavelengths."""
    trace = band.around(share, REACH * band.wavelength) + (known < 0.99)
    emptiest = trace.flatten().kthvalue(max(1, round(LEAST * trace.numel()))).values
    return (trace <= emptiest.clamp_min(TRACE)).float()


def local_powers(spectra: Sequence[Tensor], weight: Tensor, band: Band, gain: Gain) -> list[Tensor]:
    """Mean of each map's M² about each place of the band's grid, over what ``weight`` holds of the window."""
    sigma, part, k = WINDOW * band.wavelength, gain(band), band.frequencies()
    counted = band.around(weight, sigma).clamp_min(0.02)
    powers = (monogenic_power(band.spectrum(each) * part, k, band.grid) for each in spectra)
    return [band.around(power * weight, sigma).clamp_min(0) / counted for power in powers]


def upper(values: Tensor, share: float) -> Tensor:
    """The value below which ``share`` of many lie."""
    return values.kthvalue(max(1, round(share * values.numel()))).values
