r"""Local amplitudes: how strong each band of frequency is at each place, what of it is signal, and how sure both are.

Both half-maps are cut into bands b₁, b₂ (cosine bells in log k that sum to 1), one band at a time and on no larger a grid than it needs.
With a Gaussian window w of one width for all bands,

    C = w ∗ (b₁ b₂),    P = w ∗ (b₁² + b₂²) / 2,    r = C / P:

the signal's energy without the noise's, that of a half-map, and their local correlation. For N independent numbers in the window
Var C = (C² + P²) / N. Energies are kept on a coarse grid of places, for w leaves nothing finer in them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from vitreous.data.volume import Volume
from vitreous.errors import require
from vitreous.inference.fall_off import Expected
from vitreous.numerics.fourier import frequency_squared, good_size, irfftn, rfftn
from vitreous.numerics.resample import fourier_resize, resize_spectrum
from vitreous.numerics.shells import shell_average, shell_count
from vitreous.physics.molecular_amplitudes import molecular_log_amplitude
from vitreous.reconstruct.local_regulariser import RATIO, band_centres, band_gain, occupied_frequencies

#: Å, or so many resolutions: standard deviation of the window. At 10 Å it holds some 90 independent numbers of a band.
WINDOW, WINDOW_RESOLUTIONS = 8.0, 1.5
#: Places lie this many windows apart: of the Gaussian's transform 0.02 % is beyond their Nyquist frequency.
PLACES = 0.75
#: Standard deviations of chance that a local correlation must exceed to count in a fit, which weights it, and in a map, where it may be
#: raised a thousandfold; where windows hold few numbers half of one is enough.
SIGNIFICANT, SURE, ENOUGH = 2.0, 3.0, 0.5


@dataclass(frozen=True, eq=False)
class LocalAmplitudes:
    """Amplitudes by band and place.

    Parameters
    ----------
    k_squared
        Mean k² of what each band holds, Å⁻², ``(b,)``.
    log_amplitude
        ln of the signal's amplitude above the expected one's, but for a constant, ``(b, m, m, m)``; meaningless where
        ``correlation`` is 0.
    correlation
        Local correlation of the halves in [0, 1], 0 where it is within two standard deviations of nothing.
    chance
        Standard deviation of ``correlation`` where there is noise alone, ``(b,)``.
    variance
        Sampling variance of ``log_amplitude``.
    window
        Standard deviation of the window, Å.
    """

    k_squared: Tensor
    log_amplitude: Tensor
    correlation: Tensor
    chance: Tensor
    variance: Tensor
    window: float

    @property
    def merit(self) -> Tensor:
        """√(2r / (1 + r)), the figure of merit of the mean of the halves at each place.

        r is the least of the bands up to this one: an agreement by chance beyond the local resolution would be raised a thousandfold.
        """
        sure = self.correlation > (SURE * self.chance).clamp_max(ENOUGH).reshape(-1, 1, 1, 1)
        least = torch.where(sure, self.correlation, 0.0).cummin(0).values
        return (2 * least / (1 + least)).sqrt()


@dataclass(frozen=True, eq=False)
class Band:
    """One band: its gain on the half grid of a cube of side ``grid``, as much as it needs of a map of side ``size``."""

    gain: Tensor
    grid: int
    size: int

    def cut(self, spectrum: Tensor) -> Tensor:
        """This band of a map's half transform, ``(grid, grid, grid)``, in the grey scale of the map."""
        small = resize_spectrum(spectrum, (self.grid,) * 3)
        return irfftn(small * (self.gain * (self.grid / self.size) ** 3), (self.grid,) * 3)

    def paste(self, into: Tensor, values: Tensor) -> None:
        """Add a map of the band's grid to a half transform of side ``size``."""
        into += resize_spectrum(rfftn(values), (self.size,) * 3) * (self.size / self.grid) ** 3


def bands(volume: Volume, resolution: float) -> Iterator[Band]:
    """Bands of a cube, from coarse to fine, the last ending at ``resolution`` (Å)."""
    size = volume.shape[0]
    radius = last_shell(volume, resolution)
    for centre in band_centres(radius):
        grid = min(size, good_size(math.ceil(2 * min(centre * RATIO, radius) + centre)))
        yield Band(band_gain(centre, radius, grid), grid, size)


def last_shell(volume: Volume, resolution: float) -> int:
    """The shell of a resolution in Å, at most that of Nyquist.

    Raises
    ------
    InputError
        If the map is no cube, or the resolution leaves it fewer than six shells.
    """
    size, length = volume.shape[0], volume.shape[0] * volume.voxel_size
    require(len(set(volume.shape)) == 1, "map", volume.shape, "a cube")
    require(0 < resolution <= length / 6, "resolution", f"{resolution:g} Å",
            f"positive and at most a sixth of the box, {length / 6:.0f} Å")  # fmt: skip
    return min(int(length / resolution), size // 2 - 1)


def local_amplitudes(first: Volume, second: Volume, resolution: float, *, expected: Expected = "molecular") -> LocalAmplitudes:
    """Measure amplitudes at each place.

    Parameters
    ----------
    first, second
        Unfiltered half-maps: cubes of one size and scale.
    resolution
        Å where the last band ends; the finest of the map, rather than its mean.
    expected
        Amplitudes without any fall: "molecular", or "level" as atoms at random.

    Raises
    ------
    InputError
        As :func:`last_shell`.
    """
    window = max(WINDOW, WINDOW_RESOLUTIONS * resolution)
    spectra = [rfftn(half.values.float()) for half in (first, second)]
    rows = [_measured(band, spectra, window, first, expected) for band in bands(first, resolution)]
    columns = (torch.stack(column) for column in zip(*rows))
    return LocalAmplitudes(*columns, window)


def places(volume: Volume, window: float) -> int:
    """Side of the grid of places: even, so that its voxel n // 2 is the map's."""
    return min(volume.shape[0], good_size(math.ceil(volume.shape[0] * volume.voxel_size / (PLACES * window))))


def _measured(band: Band, spectra: list[Tensor], window: float, like: Volume, expected: Expected) -> tuple[Tensor, ...]:
    one, two = (band.cut(spectrum) for spectrum in spectra)
    shape, length = (band.grid,) * 3, like.shape[0] * like.voxel_size
    blur = torch.exp(-2 * math.pi**2 * (window / length * band.grid) ** 2 * frequency_squared(shape))
    side = (places(like, window),) * 3
    cross, power = (fourier_resize(irfftn(rfftn(each) * blur, shape), side) for each in (one * two, 0.5 * (one**2 + two**2)))
    numbers = (4 * math.pi) ** 1.5 * (window / length * band.grid) ** 3 * occupied_frequencies(band.gain)
    correlation = (cross / power.clamp_min(1e-9 * float(power.max()) + 1e-30)).clamp(0, 1)
    least = min(SIGNIFICANT / math.sqrt(numbers), ENOUGH)
    correlation = torch.where(correlation > least, correlation, 0.0)
    level, k_squared = _reference(band, length, expected)
    held = correlation.clamp_min(0.5 * least)
    log_amplitude = 0.5 * cross.clamp_min(torch.finfo(torch.float32).tiny).log() - level
    chance = torch.tensor(1 / math.sqrt(numbers))
    return k_squared, log_amplitude, correlation, chance, (1 + held**-2) / (4 * numbers)


def _reference(band: Band, length: float, expected: Expected) -> tuple[Tensor, Tensor]:
    """Half the log of the energy that the expected amplitudes have in a band, and the mean k² of that energy."""
    shape = (band.grid,) * 3
    k = torch.arange(band.grid // 2 + 1, dtype=torch.float64) / length
    own = molecular_log_amplitude(k) if expected == "molecular" else torch.zeros_like(k)
    energy = shell_average(band.gain**2, shape) * shell_count(shape) * torch.exp(2 * own)
    energy[0] = 0.0
    return 0.5 * energy.sum().log().float(), ((energy * k**2).sum() / energy.sum()).float()
