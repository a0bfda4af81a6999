r"""Stacks of particles with known poses: X = ± c · P_R V shifted + N, for tests and benchmarks of refinement.

The projections are made from atoms; the map returned is the V that reproduces them: the specimen's density times the same
radial gain G(k). The noise is Gaussian with E|N(k)|² = n² a(k)² for the unnormalised transform of an n × n image, so that white
noise has variance 1 a pixel. With :class:`~vitreous.simulate.snr.ShellSnr` G is chosen so that every shell has the SNR asked
for; with :class:`~vitreous.simulate.snr.PixelSnr` it is one factor times the envelope. The CTF is applied within the box.

Aberrations and distortion are those of the optics. A magnification M puts an atom at Mᵀ r and the CTF of frequency M k at k; the
atoms themselves stay round.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from vitreous.data.optics import Optics
from vitreous.data.particles import Contrast, Particles
from vitreous.data.volume import Volume
from vitreous.errors import require
from vitreous.io.mrc import write_volume
from vitreous.io.particles import write_particles
from vitreous.io.stacks import write_stack
from vitreous.numerics.filters import soft_disc
from vitreous.numerics.fourier import axis_frequencies, frequency_squared, irfft2, irfftn, rfft2, rfftn
from vitreous.numerics.rotations import random_rotations
from vitreous.numerics.shells import shell_average
from vitreous.physics.aberrations import odd_phase
from vitreous.physics.ctf import b_envelope, ctf
from vitreous.runtime.chance import numpy_generator, torch_generator
from vitreous.runtime.progress import Progress, Reporter, silent
from vitreous.simulate.snr import NoiseColour, PixelSnr, ShellSnr
from vitreous.simulate.specimens import Specimen, density_map, project_atoms

#: Images made with one generator: fixes the noise however they are asked for.
CHUNK = 100
#: Images from which the power of the signal is measured.
PILOT = 200
#: Pixels: far side of the field that particles lie in.
FIELD = 3000


@dataclass(frozen=True, kw_only=True)
class DatasetSettings:
    """A stack of particles.

    Parameters
    ----------
    particles
        Number of images.
    size
        Pixels a side.
    optics
        Microscope and pixel size.
    snr
        Signal for noise.
    colour
        Of the noise.
    micrographs
        Micrographs that the particles come from; each has its defocus.
    defocus
        Least and greatest, Å.
    astigmatism
        Greatest u − v, Å.
    height
        Å: particles of a micrograph differ in defocus by ± this.
    tilt_deg
        Of the specimen about y: defocus grows with x, from the middle of the field, by the tangent.
    shift
        Standard deviation of the particles' offsets along each axis, Å.
    b_factor
        Å², envelope of the signal; without effect with a ``ShellSnr``.
    noise_spread
        Relative spread of the noise's standard deviation between micrographs, 0 to 0.5.
    contrast
        "bright" (RELION's habit: images multiplied by −1) or "dark".
    seed
        Of all chance.

    Raises
    ------
    InputError
        If a value is out of its range.
    """

    particles: int
    size: int
    optics: Optics
    snr: PixelSnr | ShellSnr
    colour: NoiseColour = field(default_factory=NoiseColour)
    micrographs: int = 20
    defocus: tuple[float, float] = (8000.0, 22000.0)
    astigmatism: float = 400.0
    height: float = 100.0
    tilt_deg: float = 0.0
    shift: float = 4.0
    b_factor: float = 60.0
    noise_spread: float = 0.0
    contrast: Contrast = "bright"
    seed: int = 1

    def __post_init__(self) -> None:
        require(self.particles >= 1, "particles", self.particles, "at least 1")
        require(self.size >= 16, "size", self.size, "at least 16 pixels")
        require(self.micrographs >= 1, "micrographs", self.micrographs, "at least 1")
        require(abs(self.tilt_deg) < 80, "tilt_deg", self.tilt_deg, "within ±80 degrees")
        require(0 <= self.noise_spread <= 0.5, "noise_spread", self.noise_spread, "from 0 to 0.5")


@dataclass(frozen=True)
class Dataset:
    """Particles that can be drawn at any time, with their truth.

    Parameters
    ----------
    specimen, settings
        What was asked for.
    particles
        True poses, shifts, defocus and groups; no stack yet.
    volume
        The map V of the model.
    gain
        G of every shell of the box, ``(size // 2 + 1,)``.
    noise
        Standard deviation of the noise of each particle relative to the colour's, ``(n,)``.
    """

    specimen: Specimen
    settings: DatasetSettings
    particles: Particles
    volume: Volume
    gain: Tensor
    noise: np.ndarray

    def signal(self, start: int, stop: int) -> Tensor:
        """Noiseless images ``(stop − start, size, size)``, float32."""
        return _signal(self.specimen, self.settings, self.particles, slice(start, stop), self.gain)

    def images(self) -> Iterator[Tensor]:
        """All images in order, up to ``CHUNK`` at a time, ``(m, size, size)``, float32; the same at every call."""
        size = self.settings.size
        amplitude = self.settings.colour.amplitude(frequency_squared((size, size), self.settings.optics.pixel_size).sqrt())
        for chunk, start in enumerate(range(0, len(self.particles), CHUNK)):
            stop = min(start + CHUNK, len(self.particles))
            white = torch.randn(stop - start, size, size, generator=torch_generator(self.settings.seed, "noise", chunk))
            noise = irfft2(rfft2(white) * amplitude, (size, size)) * torch.from_numpy(self.noise[start:stop, None, None])
            yield self.signal(start, stop) + noise


def draw_dataset(specimen: Specimen, settings: DatasetSettings) -> Dataset:
    """Draw poses, shifts and defocus, and fix the scale of the signal.

    Parameters
    ----------
    specimen
        What the particles are.
    settings
        How many, and how good.
    """
    particles, noise = _draw_particles(settings)
    size, pixel = settings.size, settings.optics.pixel_size
    gain = _gain(specimen, settings, particles)
    density = density_map(specimen, size, pixel).values
    shape = (size,) * 3
    values = irfftn(rfftn(density) * radial_gain(gain, shape, pixel), shape)
    return Dataset(specimen, settings, particles, Volume(values, pixel), gain, noise)


def write_dataset(folder: str | Path, dataset: Dataset, reporter: Reporter = silent) -> Path:
    """Write ``particles.mrcs``, ``particles.star`` (no poses), ``truth.star`` (with poses) and ``map.mrc`` into ``folder``.

    Returns
    -------
    Path
        ``particles.star``.
    """
    folder = Path(folder)
    total = len(dataset.particles)

    def each() -> Iterator[np.ndarray]:
        done = 0
        for batch in dataset.images():
            yield from batch.numpy()
            done += len(batch)
            reporter(Progress("simulate", done, total))

    write_stack(folder / "particles.mrcs", each(), dataset.settings.optics.pixel_size)
    stack = (folder / "particles.mrcs").absolute()
    truth = dataset.particles.with_(stack=(stack,), stack_index=np.zeros(total, np.int64), slice_index=np.arange(total))
    write_particles(folder / "truth.star", truth)
    write_particles(folder / "particles.star", truth.with_(rotation=None, shift=None, coordinate=None))
    write_volume(folder / "map.mrc", dataset.volume)
    return folder / "particles.star"


def _draw_particles(settings: DatasetSettings) -> tuple[Particles, np.ndarray]:
    n, m = settings.particles, settings.micrographs
    chance = numpy_generator(settings.seed, "particles")
    owner = np.arange(n) * m // n
    mean = chance.uniform(*settings.defocus, m)[owner] + chance.uniform(-settings.height, settings.height, n)
    half = 0.5 * chance.uniform(0, settings.astigmatism, m)[owner]
    defocus = np.stack([mean + half, mean - half, chance.uniform(0, 180, m)[owner], np.zeros(n)], 1)
    noise = np.exp(settings.noise_spread * chance.standard_normal(m))[owner]
    shift, coordinate = chance.normal(0, settings.shift, (n, 2)), chance.uniform(settings.size, FIELD, (n, 2))
    slope = math.tan(math.radians(settings.tilt_deg)) * settings.optics.pixel_size
    defocus[:, :2] += slope * (coordinate[:, :1] - 0.5 * (settings.size + FIELD))
    particles = Particles(
        optics=(settings.optics,), group=np.zeros(n, np.int64), defocus=defocus, contrast=settings.contrast,
        rotation=random_rotations(n, torch_generator(settings.seed, "poses")).numpy(),
        shift=shift, micrograph=tuple(f"micrograph_{i + 1:04d}.mrc" for i in range(m)),
        micrograph_index=owner, coordinate=coordinate,
    )  # fmt: skip
    return particles, noise.astype(np.float32)


def radial_gain(curve: Tensor, shape: tuple[int, ...], pixel_size: float) -> Tensor:
    """``curve``, given at shells, as a smooth function of |k| on the half grid; the last value holds beyond Nyquist."""
    at = (frequency_squared(shape, pixel_size).sqrt() * shape[-1] * pixel_size).clamp(max=len(curve) - 1.001)
    low = at.floor().long()
    return torch.lerp(curve[low], curve[low + 1], at - low)


def _signal(specimen: Specimen, settings: DatasetSettings, particles: Particles, rows: slice, gain: Tensor) -> Tensor:
    size, pixel = settings.size, settings.optics.pixel_size
    lay = np.array(settings.optics.magnification).T
    rotation = particles.rotation[rows].copy()
    rotation[:, :2] = lay @ rotation[:, :2]
    views = project_atoms(specimen, rotation, particles.shift[rows] @ lay.T, size=size, pixel_size=pixel)
    lens = _lens(torch.from_numpy(particles.defocus[rows]).float(), settings.optics, size)
    sign = -1.0 if settings.contrast == "bright" else 1.0
    return irfft2(rfft2(views) * lens * (sign * radial_gain(gain, (size, size), pixel)), (size, size))


def _lens(defocus: Tensor, optics: Optics, size: int) -> Tensor:
    """c(M k) e^{iφ(M k)} on the half grid: ``(n, size, size // 2 + 1)``."""
    line = axis_frequencies(size, optics.pixel_size, like=defocus)[:, None].expand(-1, size // 2 + 1)
    k = torch.stack([axis_frequencies(size, optics.pixel_size, half=True, like=defocus).expand_as(line), line])
    kx, ky = torch.einsum("ab,bij->aij", torch.tensor(optics.magnification).to(defocus), k)
    phase = odd_phase(optics, kx, ky)
    return ctf(defocus, optics, kx, ky) * torch.polar(torch.ones_like(phase), phase)


def _gain(specimen: Specimen, settings: DatasetSettings, particles: Particles) -> Tensor:
    """G of each shell."""
    size, pixel = settings.size, settings.optics.pixel_size
    k = torch.arange(size // 2 + 1) / (size * pixel)
    pilot = slice(0, None, max(1, len(particles) // PILOT))
    flat = _signal(specimen, settings, particles, pilot, torch.ones_like(k))
    if isinstance(settings.snr, ShellSnr):
        power = shell_average((rfft2(flat).abs() ** 2).mean(0), (size, size)) / size**2
        wanted = settings.snr.at(k.clamp_min(k[1]))
        gain = (wanted / power).sqrt().float()
        gain[0] = gain[1]
        return gain * settings.colour.amplitude(k)
    envelope = b_envelope(k**2, settings.b_factor)
    damped = _signal(specimen, settings, particles, pilot, envelope)
    disc = soft_disc((size, size), min(0.5 * specimen.diameter / pixel, 0.5 * size), 0.0) > 0.5
    inside = damped[:, disc]
    noise = (settings.colour.amplitude(frequency_squared((size, size), pixel).sqrt()) ** 2).mean()
    return envelope * math.sqrt(settings.snr.value * float(noise) / float(inside.var(1).mean()))
