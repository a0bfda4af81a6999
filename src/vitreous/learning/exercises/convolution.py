"""Exercises on convolution: in a line, folded frequencies, undoing it, and in an image against Fourier space."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from vitreous.learning.diagnosis import Verdict, compare
from vitreous.learning.exercise import Exercise, Mistake
from vitreous.numerics.fourier import axis_frequencies, fft1, ifft1, irfft2, rfft2
from vitreous.stages.ctf_correct.filters import correction_filter


def _line(g: np.ndarray, h: np.ndarray) -> np.ndarray:
    """Convolution of two lines, by padded transforms."""
    length = len(g) + len(h) - 1
    padded = [torch.from_numpy(np.pad(each, (0, length - len(each)))) for each in (g, h)]
    return ifft1(fft1(padded[0]) * fft1(padded[1])).real.numpy()


def _check_convolve(function: Callable[..., Any]) -> Verdict:
    chance = np.random.default_rng(8)
    for lengths in ((7, 3), (4, 9), (6, 6)):
        g, h = (chance.normal(size=each) for each in lengths)
        expected, got = _line(g, h), function(g.copy(), h.copy())
        what = f"the convolution of {lengths[0]} and {lengths[1]} numbers"
        if np.shape(got) == expected.shape:
            if compare(got, _line(g, h[::-1]), what).right or compare(got, _line(g[::-1], h), what).right:
                return Verdict(
                    False, "That is the *correlation*: one of the two has to run backwards, h(x − t); in yours both run forwards."
                )
        elif np.shape(got) == (max(lengths),):
            return Verdict(False, f"{lengths[0]} and {lengths[1]} numbers overlap in {len(expected)} positions; you give {max(lengths)}: "
                                  "the places where one hangs over an end are missing, or were wrapped around.")  # fmt: skip
        found = compare(got, expected, what, tolerance=1e-9)
        if not found.right:
            return found
    return Verdict(True, "Right, whichever of the two is longer. Now swap g and h in your head: the same sum, term by term.")


CONVOLVE = Exercise(
    name="convolve",
    question="Q14",
    prompt="Write the convolution of two rows of numbers, $f_x=\\sum_t g_t\\,h_{x-t}$, over **all** positions x at which they overlap: "
    "`len(g) + len(h) - 1` of them. No `np.convolve`, no FFT: one snapshot of the animation is one x of your loop.",
    starter='''
def convolve(g, h):
    """f_x for x = 0 … len(g) + len(h) - 2."""
    raise NotImplementedError
''',
    hints=(
        "Begin with `f = np.zeros(len(g) + len(h) - 1)` and loop over x and t.",
        "In $h_{x-t}$ the index must lie from 0 to len(h) − 1: otherwise the term is zero. Those are the bounds of the integral.",
        "Simpler still: every `g[t]` adds a copy of h, multiplied by it and beginning at t: `f[t : t + len(h)] += g[t] * h`.",
    ),
    solution="""
def convolve(g, h):
    f = np.zeros(len(g) + len(h) - 1)
    for t in range(len(g)):
        f[t : t + len(h)] += g[t] * h
    return f
""",
    check=_check_convolve,
    mistakes=(
        Mistake(
            "def convolve(g, h):\n    f = np.zeros(len(g) + len(h) - 1)\n    for t in range(len(g)):\n"
            "        f[t : t + len(h)] += g[t] * h[::-1]\n    return f",
            "correlation",
        ),
        Mistake(
            "def convolve(g, h):\n    n = max(len(g), len(h))\n    return np.fft.ifft(np.fft.fft(g, n) * np.fft.fft(h, n)).real",
            "wrapped around",
        ),
        Mistake(
            "def convolve(g, h):\n    f = np.zeros(len(g) + len(h))\n    for t in range(len(g)):\n"
            "        f[t : t + len(h)] += g[t] * h\n    return f",
            "One too many",
        ),
        Mistake(
            "def convolve(g, h):\n    f = np.zeros(len(g) + len(h) - 1)\n    for t in range(len(g)):\n"
            "        f[t : t + len(h)] += g[t] * h / len(h)\n    return f",
            "normalisation",
        ),
    ),
)


def _folded(wavelength: float, pixel_size: float) -> float:
    """The frequency at which a sampled cosine has its peak, read off a transform of 4000 samples."""
    count = 4000
    samples = torch.cos(2 * torch.pi * torch.arange(count, dtype=torch.float64) * pixel_size / wavelength)
    k = axis_frequencies(count, pixel_size, half=True, like=samples)
    return float(k[fft1(samples)[: len(k)].abs().argmax()])


def _check_alias(function: Callable[..., Any]) -> Verdict:
    for wavelength, pixel_size in ((10.0, 1.0), (0.8, 1.3), (1.6, 1.0), (5.0, 4.0), (1.25, 2.0), (0.8, 0.5)):
        got = function(wavelength, pixel_size)
        if not isinstance(got, (int, float, np.integer, np.floating)):
            return Verdict(False, f"Return one number, a frequency in Å⁻¹; yours is a `{type(got).__name__}`.")
        expected, true, rate = _folded(wavelength, pixel_size), 1 / wavelength, 1 / pixel_size
        if abs(got - expected) < 0.6 / (4000 * pixel_size):
            continue
        said = f"A wave of {wavelength:.4g} Å in pixels of {pixel_size:g} Å shows up at {expected:.4g} Å⁻¹; you say {got:.4g}."
        if abs(got - true) < 1e-3:
            return Verdict(False, f"{said} That is its true frequency, beyond Nyquist: the samples cannot show it there.")
        if abs(got + expected) < 1e-3:
            return Verdict(False, f"{said} A real wave has both signs; take the positive one.")
        if abs(got - min(true, rate / 2)) < 1e-3:
            return Verdict(False, f"{said} It does not stop at Nyquist, it is folded back.")
        if abs(got - true % rate) < 1e-3:
            return Verdict(False, f"{said} Taking off whole sampling rates is right; what is then beyond Nyquist folds back once more.")
        if abs(got * expected - 1) < 1e-2:
            return Verdict(False, f"{said} You give the wavelength in Å; the frequency is wanted.")
        return Verdict(False, f"{said} Which multiple of the sampling rate, 1 / pixel_size, is nearest to its true frequency?")
    return Verdict(True, "Right for every wave tried. So a 1 Å wave in pixels of 0.8 Å does not vanish: it pretends to be one of 4 Å.")


ALIAS = Exercise(
    name="appears_at",
    question="",
    prompt="A wave of `wavelength` Å is sampled every `pixel_size` Å. At which frequency (Å⁻¹, not negative) does it *appear*? Below "
    "Nyquist at its own; beyond, folded back.",
    starter='''
def appears_at(wavelength, pixel_size):
    """Frequency in 1/Å, from 0 to 0.5 / pixel_size."""
    raise NotImplementedError
''',
    hints=(
        "Samples cannot tell u from $u + m/p$, for any whole m: the wave makes m turns more between two samples, unseen.",
        "So take off the multiple of $1/p$ that is *nearest* to $1/\\lambda$. What is left lies from $-1/2p$ to $1/2p$.",
        "`rate = 1 / pixel_size; k = 1 / wavelength; abs(k - rate * round(k / rate))`.",
    ),
    solution="""
def appears_at(wavelength, pixel_size):
    rate = 1 / pixel_size
    k = 1 / wavelength
    return abs(k - rate * round(k / rate))
""",
    check=_check_alias,
    mistakes=(
        Mistake("def appears_at(wavelength, pixel_size):\n    return 1 / wavelength", "beyond Nyquist"),
        Mistake("def appears_at(wavelength, pixel_size):\n    return min(1 / wavelength, 0.5 / pixel_size)", "folded back"),
        Mistake("def appears_at(wavelength, pixel_size):\n    return (1 / wavelength) % (1 / pixel_size)", "once more"),
        Mistake(
            "def appears_at(wavelength, pixel_size):\n    k = 1 / wavelength\n    return k - round(k * pixel_size) / pixel_size",
            "both signs",
        ),
        Mistake(
            "def appears_at(wavelength, pixel_size):\n    k = 1 / wavelength\n    return 1 / abs(k - round(k * pixel_size) / pixel_size)",
            "wavelength",
        ),
    ),
)


def _check_wiener(function: Callable[..., Any]) -> Verdict:
    chance = np.random.default_rng(5)
    x = chance.normal(size=40) + 1j * chance.normal(size=40)
    for snr, h in (
        (4.0, chance.uniform(-1, 1, 40)),
        (0.25, np.concatenate([[0.0], chance.uniform(-1, 1, 39)])),
        (2.0, np.exp(1j * np.arange(40)) * 0.7),
    ):
        real = np.isrealobj(h)
        # Vitreous' own filter is for a real CTF, and gives back dark what was dark: the sign of c is turned.
        gain = correction_filter(torch.from_numpy(-h), "wiener", snr).numpy() if real else h.conj() / (np.abs(h) ** 2 + 1 / snr)
        expected = x * gain
        with np.errstate(divide="ignore", invalid="ignore"):
            got, plain = np.asarray(function(x.copy(), h.copy(), snr)), x / np.where(h == 0, np.nan, h)
        if got.shape == x.shape:
            for wrong, words in (
                (plain, "That is the plain inverse: where H is next to nothing it blows the noise up. What bounds it?"),
                (x * np.conj(h) / (np.abs(h) ** 2 + snr), "The constant is upside down: it is 1/SNR, large where there is much noise."),
                (x * np.conj(h) / (np.abs(h) + 1 / snr), "Below the line stands |H|², not |H|."),
                (x / (h + 1 / snr), "1/SNR cannot be added to H itself: where H is negative they would cancel. |H|² is never negative."),
            ):
                if compare(np.where(h == 0, 0, got), np.where(h == 0, 0, wrong), "it").right:
                    return Verdict(False, words)
            if not real and compare(got, x * h / (np.abs(h) ** 2 + 1 / snr), "it").right:
                return Verdict(
                    False, "Right for a real H. A complex one has a phase that must be *undone*: its conjugate belongs above the line."
                )
        found = compare(got, expected, f"the deconvolved transform at an SNR of {snr:g}", tolerance=1e-9)
        if not found.right:
            return found
    return Verdict(
        True, "Right, also where H is zero and where it is complex. With H the CTF this is `vitreous correct-ctf`, kind “wiener”."
    )


WIENER = Exercise(
    name="wiener",
    question="Q17",
    prompt="Undo a convolution without blowing up the noise. Given the transform `x` of the blurred, noisy image, the transfer `h` (it may "
    "be zero, negative or complex) and the signal-to-noise ratio `snr` (positive), return Wiener's estimate of the sharp transform.",
    starter='''
def wiener(x, h, snr):
    """Least-squares estimate of F from x = h F + noise, snr = E|F|^2 / E|noise|^2."""
    raise NotImplementedError
''',
    hints=(
        "Start from the plain inverse $X/H = \\overline{H}X/|H|^2$. Its trouble is the division by something tiny.",
        "Add a constant below the line that keeps it from being tiny: large where noise is large compared with the signal.",
        "$\\overline{H}X/(|H|^2+1/\\mathrm{SNR})$: `np.conj(h) * x / (np.abs(h) ** 2 + 1 / snr)`.",
    ),
    solution="""
def wiener(x, h, snr):
    return np.conj(h) * x / (np.abs(h) ** 2 + 1 / snr)
""",
    check=_check_wiener,
    mistakes=(
        Mistake("def wiener(x, h, snr):\n    return x / h", "plain inverse"),
        Mistake("def wiener(x, h, snr):\n    return np.conj(h) * x / (np.abs(h) ** 2 + snr)", "upside down"),
        Mistake("def wiener(x, h, snr):\n    return np.conj(h) * x / (np.abs(h) + 1 / snr)", "not |H|"),
        Mistake("def wiener(x, h, snr):\n    return h * x / (np.abs(h) ** 2 + 1 / snr)", "conjugate"),
        Mistake("def wiener(x, h, snr):\n    return x / (h + 1 / snr)", "cannot be added"),
    ),
)


def _plane(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Convolution of an image with a small kernel whose middle pixel is its origin, zero beyond the image, by padded transforms."""
    rows, columns = (a + b - 1 for a, b in zip(image.shape, kernel.shape))
    padded = [torch.from_numpy(np.pad(each, ((0, rows - each.shape[0]), (0, columns - each.shape[1])))) for each in (image, kernel)]
    whole = irfft2(rfft2(padded[0]) * rfft2(padded[1]), (rows, columns)).numpy()
    top, left = (n // 2 for n in kernel.shape)
    return whole[top : top + image.shape[0], left : left + image.shape[1]]


def _wrapped(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """The same on a torus."""
    whole = np.zeros_like(image)
    whole[: kernel.shape[0], : kernel.shape[1]] = kernel
    whole = np.roll(whole, [-(n // 2) for n in kernel.shape], (0, 1))
    return irfft2(rfft2(torch.from_numpy(image)) * rfft2(torch.from_numpy(whole)), image.shape).numpy()


def _check_plane(function: Callable[..., Any]) -> Verdict:
    chance = np.random.default_rng(6)
    image = chance.normal(size=(12, 15))
    for kernel in (chance.normal(size=(3, 3)), chance.normal(size=(5, 3))):
        got, expected = function(image.copy(), kernel.copy()), _plane(image, kernel)
        found = compare(got, expected, f"the image convolved with a {kernel.shape[0]} × {kernel.shape[1]} kernel", tolerance=1e-9)
        if found.right:
            continue
        if np.shape(got) == expected.shape:
            for wrong, words in (
                (_plane(image, kernel[::-1, ::-1]), "That is the correlation: the kernel has to be mirrored, up-down *and* left-right."),
                (_plane(image, kernel[::-1]), "The kernel is mirrored along one axis only."),
                (_wrapped(image, kernel), "Right inside, but what falls off one edge comes back at the opposite one (negative indices "
                                          "do so silently). Beyond the edge there should be zeros."),
            ):  # fmt: skip
                if compare(got, wrong, "the image").right:
                    return Verdict(False, words)
            inside = (slice(3, -3), slice(3, -3))
            if compare(np.asarray(got)[inside], expected[inside], "the image").right:
                return Verdict(False, "Right inside, wrong within half a kernel of the edges: beyond the image there should be zeros.")
        elif np.shape(got) == tuple(a - b + 1 for a, b in zip(image.shape, kernel.shape)):
            return Verdict(
                False, "You left out a rim of half a kernel: let the kernel hang over the edge, with zeros there, so that the shape stays."
            )
        return found
    return Verdict(
        True, "Right: the loop and Vitreous' transforms give the same image to the ninth decimal. That is the convolution theorem, run."
    )


CONVOLVE_2D = Exercise(
    name="convolve2d",
    question="Q22",
    prompt="Convolve an image with a small kernel of odd sides, in real space: "
    "$f_{y,x}=\\sum_{j,i} k_{j,i}\\;g_{\\,y-(j-j_0),\\,x-(i-i_0)}$, "
    "where $(j_0,i_0)$ is the kernel's middle pixel and the image is zero outside. The result has the image's shape.",
    starter='''
def convolve2d(image, kernel):
    """Convolution of the image's own shape, zeros beyond its edges."""
    raise NotImplementedError
''',
    hints=(
        "Loop over the *kernel's* few pixels, not the image's many: each adds a moved copy of the whole image.",
        "Pad the image with zeros by half a kernel on each side (`np.pad`); then every moved copy is a slice of the padded image.",
        "With `j0, i0 = kernel.shape[0] // 2, kernel.shape[1] // 2`, kernel pixel (j, i) adds "
        "`kernel[j, i] * padded[2*j0 - j : 2*j0 - j + rows, 2*i0 - i : 2*i0 - i + columns]`.",
    ),
    solution="""
def convolve2d(image, kernel):
    rows, columns = image.shape
    j0, i0 = kernel.shape[0] // 2, kernel.shape[1] // 2
    padded = np.pad(image, ((j0, j0), (i0, i0)))
    out = np.zeros_like(image)
    for j in range(kernel.shape[0]):
        for i in range(kernel.shape[1]):
            out += kernel[j, i] * padded[2 * j0 - j : 2 * j0 - j + rows, 2 * i0 - i : 2 * i0 - i + columns]
    return out
""",
    check=_check_plane,
    mistakes=(
        Mistake(
            "def convolve2d(image, kernel):\n    rows, columns = image.shape\n    a, b = kernel.shape[0] // 2, kernel.shape[1] // 2\n"
            "    padded = np.pad(image, ((a, a), (b, b)))\n    return sum(kernel[j, i] * padded[j : j + rows, i : i + columns]\n"
            "               for j in range(2 * a + 1) for i in range(2 * b + 1))",
            "correlation",
        ),
        Mistake(
            "def convolve2d(image, kernel):\n    a, b = kernel.shape[0] // 2, kernel.shape[1] // 2\n"
            "    return sum(kernel[j, i] * np.roll(image, (j - a, i - b), (0, 1)) for j in range(2 * a + 1) for i in range(2 * b + 1))",
            "opposite",
        ),
        Mistake(
            "def convolve2d(image, kernel):\n    a, b = kernel.shape\n    rows, columns = image.shape\n"
            "    out = np.zeros((rows - a + 1, columns - b + 1))\n    for j in range(a):\n        for i in range(b):\n"
            "            out += kernel[a - 1 - j, b - 1 - i] * image[j : j + rows - a + 1, i : i + columns - b + 1]\n    return out",
            "rim",
        ),
        Mistake(
            "def convolve2d(image, kernel):\n    a, b = kernel.shape[0] // 2, kernel.shape[1] // 2\n    rows, columns = image.shape\n"
            "    padded = np.pad(image, ((a, a), (b, b)), mode='edge')\n"
            "    return sum(kernel[j, i] * padded[2 * a - j : 2 * a - j + rows, 2 * b - i : 2 * b - i + columns]\n"
            "               for j in range(2 * a + 1) for i in range(2 * b + 1))",
            "edges",
        ),
    ),
)
