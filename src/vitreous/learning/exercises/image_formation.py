"""Exercises on image formation: colour of noise, data sets combined, and what a particle is worth."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from vitreous.learning.diagnosis import Verdict, compare
from vitreous.learning.exercise import Exercise, Mistake
from vitreous.numerics.fourier import fft2, frequency_squared, ifft2, irfft2, rfft2
from vitreous.physics.integrating import IntegratingDetector, integrate
from vitreous.physics.multislice import exit_wave, plane, propagated
from vitreous.physics.wavelength import wavelength
from vitreous.stages.planner.particles import Experiment, particles_needed

SIDE = 24


def _power(side: int) -> np.ndarray:
    """A red spectrum on the half grid of an image of ``side`` pixels: E|N|² of the unnormalised transform."""
    return side**2 * (1 + 20 / (1 + frequency_squared((side, side)).double().numpy() * 400))


def _check_whiten(function: Callable[..., Any]) -> Verdict:
    image = np.random.default_rng(1).normal(size=(SIDE, SIDE)).astype(np.float64)
    power = _power(SIDE)
    spectrum = rfft2(torch.from_numpy(image)) / torch.from_numpy(np.sqrt(power / image.size))
    wanted = irfft2(spectrum, (SIDE, SIDE)).numpy()
    got = function(image.copy(), power.copy())
    squared = irfft2(rfft2(torch.from_numpy(image)) / torch.from_numpy(power / image.size), (SIDE, SIDE)).numpy()
    if compare(got, squared, "it").right:
        return Verdict(False, "You divided by the *power*. Power is the square of an amplitude: which one do coefficients have?")
    coloured = irfft2(rfft2(torch.from_numpy(image)) * torch.from_numpy(np.sqrt(power / image.size)), (SIDE, SIDE)).numpy()
    if compare(got, coloured, "it").right:
        return Verdict(False, "You *multiplied* by the noise's amplitude: that colours an image twice. What takes a colour away?")
    return compare(got, wanted, "the whitened image")


WHITEN = Exercise(
    name="whiten",
    question="Q31",
    prompt="""Noise has the power `power` = E|N(k)|² at each coefficient of the half transform. Filter an image so that its noise
becomes **white, with variance 1 in each pixel**. Convention of the house: the transform is the plain sum, so white
noise of variance σ² has E|N|² = σ² × (number of pixels).""",
    starter='''
def whiten(image, power):
    """image (y, x); power (y, x // 2 + 1), E|N|² of its half transform. Returns an image (y, x)."""
    spectrum = np.fft.rfft2(image)
    raise NotImplementedError
''',
    hints=(
        "A filter multiplies each coefficient by a number. Here it should be small where the noise is strong.",
        "After the filter every coefficient's noise should have the power of white noise of variance 1: the number of pixels.",
        "Divide the spectrum by `np.sqrt(power / image.size)`, then come back with `np.fft.irfft2(..., image.shape)`.",
    ),
    solution="""
def whiten(image, power):
    spectrum = np.fft.rfft2(image)
    return np.fft.irfft2(spectrum / np.sqrt(power / image.size), image.shape)
""",
    check=_check_whiten,
    mistakes=(
        Mistake("def whiten(image, power):\n    return np.fft.irfft2(np.fft.rfft2(image) / (power / image.size))", "square"),
        Mistake("def whiten(image, power):\n    return np.fft.irfft2(np.fft.rfft2(image) / np.sqrt(power), image.shape)", "normalisation"),
        Mistake("def whiten(image, power):\n    return np.fft.irfft2(np.fft.rfft2(image) * np.sqrt(power / image.size))", "multiplied"),
        Mistake("def whiten(image, power):\n    return np.fft.rfft2(image) / np.sqrt(power / image.size)", "shape"),
    ),
)


def _check_combine(function: Callable[..., Any]) -> Verdict:
    chance = np.random.default_rng(2)
    estimates, variances = chance.normal(size=(3, 8)), chance.uniform(0.5, 4.0, (3, 8))
    weight = 1 / variances
    mean, variance = (weight * estimates).sum(0) / weight.sum(0), 1 / weight.sum(0)
    got = function(estimates.copy(), variances.copy())
    if not isinstance(got, tuple) or len(got) != 2:
        return Verdict(False, "Your function should return two arrays: the combined estimate and its variance.")
    if compare(got[0], estimates.mean(0), "it").right:
        return Verdict(False, "This is the plain mean: a noisy set speaks as loudly as a good one. Each needs its own *weight*.")
    deviation = 1 / np.sqrt(variances)
    if compare(got[0], (deviation * estimates).sum(0) / deviation.sum(0), "it").right:
        return Verdict(False, "You weigh by 1/σ. The sum of −(x − m)² / 2σ² is to be largest: its weight is 1/σ², the inverse *variance*.")
    first = compare(got[0], mean, "the combined estimate")
    if not first.right:
        return first
    if compare(got[1], variances.mean(0), "it").right:
        return Verdict(
            False, "The estimate is right. Its variance is not the mean of theirs: more data make it *smaller* than any of them."
        )
    return compare(got[1], variance, "the variance of the estimate")


COMBINE = Exercise(
    name="combine",
    question="Q32",
    prompt="""Several data sets each give an estimate of the same coefficients, with known variances. Combine them so that the result
has the least variance possible, and say what that variance is. A reconstruction does just this with your grids, ring by
ring.""",
    starter='''
def combine(estimates, variances):
    """Both (sets, coefficients). Returns the combined estimate and its variance, each (coefficients,)."""
    raise NotImplementedError
''',
    hints=(
        "Which m makes Σ (x_i − m)² / 2σ_i² least?",
        "Set the derivative to 0: Σ (x_i − m) / σ_i² = 0. So each set has the weight 1 / σ_i².",
        "m = Σ w x / Σ w with w = 1 / variances, sums over axis 0. Its variance is Σ w² σ² / (Σ w)² = 1 / Σ w.",
    ),
    solution="""
def combine(estimates, variances):
    weights = 1 / variances
    total = weights.sum(axis=0)
    return (weights * estimates).sum(axis=0) / total, 1 / total
""",
    check=_check_combine,
    mistakes=(
        Mistake("def combine(e, v):\n    return e.mean(0), v.mean(0) / len(e)", "weight"),
        Mistake("def combine(e, v):\n    w = 1 / np.sqrt(v)\n    return (w * e).sum(0) / w.sum(0), 1 / w.sum(0)", "variance"),
        Mistake("def combine(e, v):\n    w = 1 / v\n    return (w * e).sum(0) / w.sum(0), v.mean(0)", "smaller"),
        Mistake("def combine(e, v):\n    w = 1 / v\n    return (w * e).sum(0) / w.sum(0)", "two"),
    ),
)


def _check_worth(function: Callable[..., Any]) -> Verdict:
    delta = np.array([0.0, 20.0, 50.0, 100.0])
    resolution = np.array([3.0, 3.0, 4.0, 2.5])
    wanted = [
        particles_needed(float(d), Experiment(b_factor=50.0), diameter=150.0)
        / particles_needed(float(d), Experiment(b_factor=50.0 + float(b)), diameter=150.0)
        for b, d in zip(delta, resolution)
    ]
    got = np.array([float(function(float(b), float(d))) for b, d in zip(delta, resolution)])
    for power, words in (
        (0.25, "This is what is left of the *amplitude*, e^(−B/4d²). Particles count by power: noise falls as the square root of N."),
        (1.0, "The exponent is twice too large: power falls as e^(−B/2d²). (Texts that write e^(−Bk²) mean another B.)"),
    ):
        if compare(got, np.exp(-power * delta / resolution**2), "it").right:
            return Verdict(False, words)
    if compare(got, np.exp(0.5 * delta / resolution**2), "it").right:
        return Verdict(False, "This is the *inverse*: how many of the worse particles make up for one of the better.")
    if compare(got, np.exp(-0.5 * delta / resolution), "it").right:
        return Verdict(False, "The frequency enters as a *square*: k² = 1/d².")
    return compare(got, wanted, "the worth of a particle")


WORTH = Exercise(
    name="worth",
    question="Q33",
    prompt="""A particle of another data set has a B-factor larger by `delta_b` (Å²). How many of *your* particles is it worth at
`resolution` (Å)? B is that of amplitudes, exp(−B k² / 4). It is held against `particles_needed` of vitreous' planner.""",
    starter='''
def worth(delta_b, resolution):
    """delta_b in Å², resolution in Å. Returns a number from 0 to 1."""
    raise NotImplementedError
''',
    hints=(
        "By which factor is the amplitude of detail at k = 1/d smaller?",
        "Averaging N images lowers the noise's power by N. So what counts is the power of the signal: the square of the amplitude.",
        "exp(−ΔB / 4d²) squared.",
    ),
    solution="""
def worth(delta_b, resolution):
    return math.exp(-delta_b / (2 * resolution**2))
""",
    check=_check_worth,
    mistakes=(
        Mistake("def worth(delta_b, resolution):\n    return math.exp(-delta_b / (4 * resolution**2))", "amplitude"),
        Mistake("def worth(delta_b, resolution):\n    return math.exp(delta_b / (2 * resolution**2))", "inverse"),
        Mistake("def worth(delta_b, resolution):\n    return math.exp(-delta_b / (2 * resolution))", "square"),
        Mistake("def worth(delta_b, resolution):\n    return math.exp(-delta_b / resolution**2)", "twice"),
    ),
)


def _smooth_slices() -> np.ndarray:
    """Three slices of a few wide Gaussians, so smooth that no band limit touches them."""
    y, x = np.mgrid[:48, :48] - 24.0
    spots = ((0.5, -6, 3), (0.7, 5, -4), (0.4, 2, 7))
    return np.stack([height * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / 40) for height, cx, cy in spots])


def _check_multislice(function: Callable[..., Any]) -> Verdict:
    slices, pixel, spacing = _smooth_slices(), 1.0, 900.0
    k2, lam = plane((48, 48), pixel)[0].numpy(), wavelength(300.0)
    torch_slices = [torch.from_numpy(each) for each in slices]
    wanted = exit_wave(torch_slices, pixel_size=pixel, voltage=300.0, spacing=spacing).numpy()
    got = function(slices.copy(), k2.copy(), lam, spacing)
    flat = exit_wave([sum(torch_slices)], pixel_size=pixel, voltage=300.0, spacing=0.0).numpy()
    late = propagated(torch.from_numpy(flat), torch.from_numpy(k2), 3 * spacing, 300.0).numpy()
    for value, words in (
        (flat, "You multiplied all transmissions and never let the wave *spread* in between: that is the projection assumption."),
        (late, "The wave spreads once, after everything. It must spread *between* slices too."),
    ):
        if compare(got, value, "it", tolerance=1e-4).right:
            return Verdict(False, words)
    if np.shape(got) == wanted.shape and float(np.abs(np.abs(got) ** 2).mean()) > 1.02:
        return Verdict(False, "Electrons have been made: the mean of |ψ|² should stay 1. Use the whole *exponential* e^{iφ}, not 1 + iφ.")
    backwards = _plain_multislice(slices, k2, -lam, spacing)
    if compare(got, backwards, "it", tolerance=1e-4).right:
        return Verdict(False, "Your wave travels *backwards*: the propagator is e^{−iπλk²Δz}.")
    return compare(got, wanted, "the exit wave", tolerance=1e-4)


def _plain_multislice(slices: np.ndarray, k2: np.ndarray, lam: float, spacing: float) -> np.ndarray:
    wave = torch.ones(k2.shape, dtype=torch.complex128)
    for each in slices:
        spread = fft2(wave * torch.from_numpy(np.exp(1j * each))) * torch.from_numpy(np.exp(-1j * np.pi * lam * spacing * k2))
        wave = ifft2(spread)
    return wave.numpy()


MULTISLICE = Exercise(
    name="multislice",
    question="Q37",
    prompt="""Send a plane wave of height 1 through a thick object. `slices` are phases in radians in the order electrons meet them;
after each slice, the last one too, the wave travels `spacing` Å further. `k2` is |k|² on the grid of `np.fft.fft2`.
Give the exit wave.""",
    starter='''
def multislice(slices, k2, wavelength, spacing):
    """slices (n, y, x) in radians; k2 (y, x) in 1/Å²; wavelength and spacing in Å. Returns the complex wave (y, x)."""
    wave = np.ones(k2.shape, complex)
    raise NotImplementedError
''',
    hints=(
        "In a loop: what a slice does is a product in real space, what the way to the next slice does is a product in Fourier space.",
        "Transmission: wave × e^{iφ}. Free flight over Δz: transform × e^{−iπλ Δz k²}.",
        "`wave = np.fft.ifft2(np.fft.fft2(wave * np.exp(1j * phase)) * propagator)`, the propagator computed once.",
    ),
    solution="""
def multislice(slices, k2, wavelength, spacing):
    wave = np.ones(k2.shape, complex)
    propagator = np.exp(-1j * np.pi * wavelength * spacing * k2)
    for phase in slices:
        wave = np.fft.ifft2(np.fft.fft2(wave * np.exp(1j * phase)) * propagator)
    return wave
""",
    check=_check_multislice,
    mistakes=(
        Mistake("def multislice(s, k2, w, dz):\n    return np.exp(1j * s.sum(0))", "spread"),
        Mistake(
            "def multislice(s, k2, w, dz):\n    p = np.exp(-1j * np.pi * w * dz * len(s) * k2)\n"
            "    return np.fft.ifft2(np.fft.fft2(np.exp(1j * s.sum(0))) * p)",
            "between",
        ),
        Mistake(
            "def multislice(s, k2, w, dz):\n    a = np.ones(k2.shape, complex)\n    p = np.exp(1j * np.pi * w * dz * k2)\n"
            "    for f in s:\n        a = np.fft.ifft2(np.fft.fft2(a * np.exp(1j * f)) * p)\n    return a",
            "backwards",
        ),
        Mistake(
            "def multislice(s, k2, w, dz):\n    a = np.ones(k2.shape, complex)\n    p = np.exp(-1j * np.pi * w * dz * k2)\n"
            "    for f in s:\n        a = np.fft.ifft2(np.fft.fft2(a * (1 + 1j * f)) * p)\n    return a",
            "exponential",
        ),
    ),
)


def _check_dqe(function: Callable[..., Any]) -> Verdict:
    camera = IntegratingDetector(conversion=8.0, signal_width=0.6, noise_width=0.4)
    chance = np.random.default_rng(3)
    flats = np.stack([integrate(torch.full((16, 16), 20.0), camera, chance).double().numpy() for _ in range(6)])
    mtf = camera.mtf(frequency_squared((16, 16))).double().numpy()
    power = (rfft2(torch.from_numpy(flats)).abs() ** 2).mean(0).numpy() / 256
    power[0, 0] = np.inf
    wanted = flats.mean() ** 2 * mtf**2 / (20.0 * power)
    got = np.array(function(flats.copy(), mtf.copy(), 20.0), float)
    if got.shape == wanted.shape:
        got[0, 0] = 0.0
    for value, words in (
        (wanted / mtf, "The MTF is one of amplitudes; DQE compares *powers*: square it."),
        (
            wanted * 20.0,
            "Divide by the *electrons* a pixel: DQE is the signal to noise that comes out over that which went in, and n went in.",
        ),
        (wanted / 256, "The transform is a plain sum: its power grows with the number of *pixels*. Divide the power by it."),
        (
            wanted * 20.0**2 / flats.mean() ** 2,
            "Counts are not electrons: the signal is MTF × the mean *count*, which holds the detector's conversion.",
        ),
    ):
        if compare(got, value, "it").right:
            return Verdict(False, words)
    return compare(got, wanted, "the DQE")


DQE = Exercise(
    name="dqe",
    question="Q34",
    prompt="""Measure a detector. `flats` are evenly lit exposures in counts, `electrons` expected in each pixel, and `mtf` the
transfer of signal on the half grid, already known from an edge. Give the **DQE** at every coefficient: (mean count ×
MTF)² / (electrons × noise power), the noise power being E|transform|² for each pixel. What you say at k = 0 does not
count.""",
    starter='''
def dqe(flats, mtf, electrons):
    """flats (n, y, x) counts; mtf (y, x // 2 + 1). Returns (y, x // 2 + 1)."""
    raise NotImplementedError
''',
    hints=(
        "The noise power is measured: the mean over exposures of |rfft2|², divided by the number of pixels (as the transform is a sum).",
        "Out: (d̄ MTF)² / power, d̄ the mean count. In: signal n², noise n, so n. DQE is out over in.",
        "`flats.mean()**2 * mtf**2 / (electrons * power)` with `power = (abs(np.fft.rfft2(flats))**2).mean(0) / flats[0].size`.",
    ),
    solution="""
def dqe(flats, mtf, electrons):
    power = (np.abs(np.fft.rfft2(flats)) ** 2).mean(axis=0) / flats[0].size
    return flats.mean() ** 2 * mtf**2 / (electrons * power)
""",
    check=_check_dqe,
    mistakes=(
        Mistake(
            "def dqe(f, m, n):\n    p = (np.abs(np.fft.rfft2(f)) ** 2).mean(0) / f[0].size\n    return f.mean() ** 2 * m / (n * p)",
            "square",
        ),
        Mistake(
            "def dqe(f, m, n):\n    p = (np.abs(np.fft.rfft2(f)) ** 2).mean(0) / f[0].size\n    return f.mean() ** 2 * m**2 / p",
            "electrons",
        ),
        Mistake("def dqe(f, m, n):\n    p = (np.abs(np.fft.rfft2(f)) ** 2).mean(0)\n    return f.mean() ** 2 * m**2 / (n * p)", "pixels"),
        Mistake(
            "def dqe(f, m, n):\n    p = (np.abs(np.fft.rfft2(f)) ** 2).mean(0) / f[0].size\n    return n * m**2 / p",
            "count",
        ),
    ),
)
