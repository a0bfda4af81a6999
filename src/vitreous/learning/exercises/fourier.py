"""Exercises on the Fourier transform: bins, shifts, the discrete transform by hand, good sizes, waves and where a particle is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from vitreous.learning.diagnosis import Verdict, compare
from vitreous.learning.exercise import Exercise, Mistake
from vitreous.numerics.fourier import axis_frequencies, fft1, good_size, ifft2, shift


def _bins(size: int, pixel_size: float, coarse: float, fine: float) -> int:
    """Number of bins of Vitreous' own axis between two resolutions."""
    k = axis_frequencies(size, pixel_size, half=True, like=torch.zeros(1, dtype=torch.float64))
    return int(((k > 1 / coarse) & (k <= 1 / fine)).sum())


def _check_bins(function: Callable[..., Any]) -> Verdict:
    cases = ((128, 1.0, 10.0, 5.0), (128, 1.0, 5.0, 2.5), (200, 1.3, 12.0, 4.1), (64, 2.0, 30.0, 4.2))
    for case in cases:
        got, expected = function(*case), _bins(*case)
        if isinstance(got, bool) or not isinstance(got, (int, float, np.integer, np.floating)):
            return Verdict(False, f"A count is one number; yours is a `{type(got).__name__}`.")
        if got == expected:
            continue
        box, pixel_size, coarse, fine = case
        said = f"A box of {box} pixels of {pixel_size:g} Å has {expected} bins between {coarse:g} and {fine:g} Å; you count {got:g}."
        if got == -expected:
            return Verdict(False, f"{said} The sign: which of the two resolutions is the larger *frequency*?")
        if got != round(got):
            return Verdict(False, f"{said} Bins are whole: k = 0, 1, 2, … Count those that lie in between, do not divide.")
        if abs(got - 2 * expected) <= 1:
            return Verdict(False, f"{said} That is twice too many: of a real signal only the positive frequencies are its own.")
        if abs(got - expected * pixel_size) <= 1 or abs(got - expected / pixel_size) <= 1:
            return Verdict(False, f"{said} It is right for pixels of 1 Å. Is the length of the box in pixels or in Å?")
        if abs(got - expected) == 1:
            return Verdict(False, f"{said} One off: is a bin lost or counted twice at an end?")
        return Verdict(False, f"{said} Are the bins evenly spaced in frequency, or in resolution?")
    return Verdict(True, "Right, for every box tried. Half of all bins lie beyond twice the finest resolution: fine detail has most room.")


BINS = Exercise(
    name="bins_between",
    question="Q08",
    prompt="Count the frequency bins $k/L$ (k = 0, 1, 2, …, up to Nyquist) of a box of `size` pixels of `pixel_size` Å that are finer than "
    "`coarse` Å and not finer than `fine` Å. The two intervals of the question are your first test.",
    starter='''
def bins_between(size, pixel_size, coarse, fine):
    """Number of bins k / L with 1 / coarse < k / L <= 1 / fine."""
    raise NotImplementedError
''',
    hints=(
        "The box is $L$ = `size * pixel_size` Å long. Bins are evenly spaced in *frequency*, $1/L$ apart.",
        "Make all frequencies first: `k = np.arange(size // 2 + 1) / L`.",
        "Compare with the *frequencies* of the two resolutions, `1 / coarse` and `1 / fine`, and count with `.sum()`.",
    ),
    solution="""
def bins_between(size, pixel_size, coarse, fine):
    length = size * pixel_size
    k = np.arange(size // 2 + 1) / length
    return int(((k > 1 / coarse) & (k <= 1 / fine)).sum())
""",
    check=_check_bins,
    mistakes=(
        Mistake(
            "def bins_between(size, pixel_size, coarse, fine):\n    k = np.arange(size // 2 + 1) / size\n"
            "    return int(((k > 1 / coarse) & (k <= 1 / fine)).sum())",
            "length of the box",
        ),
        Mistake(
            "def bins_between(size, pixel_size, coarse, fine):\n    k = abs(np.fft.fftfreq(size, pixel_size))\n"
            "    return int(((k > 1 / coarse) & (k <= 1 / fine)).sum())",
            "positive frequencies",
        ),
        Mistake(
            "def bins_between(size, pixel_size, coarse, fine):\n    return size * pixel_size * (1 / fine - 1 / coarse)",
            "Bins are whole",
        ),
        Mistake(
            "def bins_between(size, pixel_size, coarse, fine):\n"
            "    d = np.linspace(2 * pixel_size, size * pixel_size, size // 2)\n    return int(((d < coarse) & (d >= fine)).sum())",
            "evenly spaced",
        ),
        Mistake(
            "def bins_between(size, pixel_size, coarse, fine):\n    length = size * pixel_size\n"
            "    return int(length / coarse) - int(length / fine)",
            "sign",
        ),
    ),
)


def _signal(size: int) -> np.ndarray:
    """Real, without structure at Nyquist (whose sign a shift cannot keep)."""
    chance = np.random.default_rng(7)
    waves = sum(chance.normal() * np.cos(2 * np.pi * k * np.arange(size) / size + chance.uniform(0, 6)) for k in range(size // 3))
    return np.asarray(waves) + 1.0


def _turned(signal: np.ndarray, by: float) -> np.ndarray:
    return shift(torch.from_numpy(signal)[None], torch.tensor([by, 0.0], dtype=torch.float64))[0].numpy()


def _check_shift(function: Callable[..., Any]) -> Verdict:
    for size, by in ((32, 5.0), (32, 2.5), (45, -3.25)):
        signal = _signal(size)
        expected = _turned(signal, by)
        got = function(signal.copy(), by)
        if isinstance(got, np.ndarray) and np.iscomplexobj(got) and got.shape == expected.shape:
            if np.abs(got.imag).max() > 1e-6 * np.abs(expected).max():
                return Verdict(False, f"Moved by {by:g} samples the signal became complex. A real one stays real if the phases at −k are "
                                      "the conjugates of those at k: are your frequencies k = 0 … n − 1, all positive?")  # fmt: skip
            got = got.real
        if compare(got, _turned(signal, -by), "the signal").right:
            return Verdict(False, f"Moved by {by:g} samples it went the other way. Check the sign in the exponent.")
        if by % 1 and compare(got, np.roll(signal, round(by)), "the signal").right:
            return Verdict(False, f"It moved by whole samples only; {by:g} is not whole. Phases can do any fraction.")
        if compare(got, _turned(signal, by / (2 * np.pi)), "the signal").right:
            return Verdict(False, "It moves, but too little: a full turn of the phase is 2π. Where is it in your exponent?")
        found = compare(got, expected, f"the signal moved by {by:g} samples")
        if not found.right:
            return found
    return Verdict(
        True, "Right, also by fractions of a sample. This is how Vitreous centres every particle, with `vitreous.numerics.fourier.shift`."
    )


SHIFT = Exercise(
    name="moved",
    question="Q06",
    prompt="Move a real, periodic signal by `by` samples towards larger x (`by` need not be whole!), with the shift theorem: multiply its "
    "transform by $e^{-2\\pi i k\\, by/n}$ and come back. Use `np.fft.fft`, `np.fft.ifft` and `np.fft.fftfreq`.",
    starter='''
def moved(signal, by):
    """The signal moved by ``by`` samples, as long as before."""
    raise NotImplementedError
''',
    hints=(
        "Three lines: forward transform, multiply by phases, back transform.",
        "`np.fft.fftfreq(len(signal))` is $k/n$ with the right (negative!) frequencies in its second half.",
        "The phases are `np.exp(-2j * np.pi * np.fft.fftfreq(len(signal)) * by)`; take `.real` at the end.",
    ),
    solution="""
def moved(signal, by):
    phases = np.exp(-2j * np.pi * np.fft.fftfreq(len(signal)) * by)
    return np.fft.ifft(np.fft.fft(signal) * phases).real
""",
    check=_check_shift,
    mistakes=(
        Mistake(
            "def moved(signal, by):\n    phases = np.exp(2j * np.pi * np.fft.fftfreq(len(signal)) * by)\n"
            "    return np.fft.ifft(np.fft.fft(signal) * phases).real",
            "the other way",
        ),
        Mistake(
            "def moved(signal, by):\n    n = len(signal)\n    phases = np.exp(-2j * np.pi * np.arange(n) / n * by)\n"
            "    return np.fft.ifft(np.fft.fft(signal) * phases)",
            "all positive",
        ),
        Mistake("def moved(signal, by):\n    return np.roll(signal, round(by))", "whole samples"),
        Mistake(
            "def moved(signal, by):\n    phases = np.exp(-1j * np.fft.fftfreq(len(signal)) * by)\n"
            "    return np.fft.ifft(np.fft.fft(signal) * phases).real",
            "2π",
        ),
        Mistake(
            "def moved(signal, by):\n    phases = np.exp(-2j * np.pi * np.fft.fftfreq(len(signal)) * by)\n"
            "    return np.fft.fft(np.fft.fft(signal) * phases).real",
            "mirrored",
        ),
    ),
)


def _check_dft(function: Callable[..., Any]) -> Verdict:
    chance = np.random.default_rng(3)
    for size in (8, 15):
        values = chance.normal(size=size) + 1j * chance.normal(size=size)
        got, expected = function(values.copy()), fft1(torch.from_numpy(values)).numpy()
        if compare(got, np.roll(expected[::-1], 1), "the transform").right:
            return Verdict(False, "It is the transform mirrored, k for −k: the sign in the exponent. Forward is −2πi.")
        found = compare(got, expected, f"the transform of {size} numbers", tolerance=1e-9)
        if not found.right:
            return found
    return Verdict(True, "Right, to the ninth decimal, for even and odd lengths. Your sum and the FFT are the same numbers.")


DFT = Exercise(
    name="dft",
    question="Q09",
    prompt="Write the discrete Fourier transform $F_k=\\sum_{n=0}^{N-1} f_n\\,e^{-2\\pi i\\,kn/N}$ yourself, without any FFT. A loop is "
    "welcome; one matrix product is shorter.",
    starter='''
def dft(values):
    """F_k for k = 0 … N - 1 of N real or complex numbers."""
    raise NotImplementedError
''',
    hints=(
        "Every $F_k$ is one sum over all n: two nested loops, or a matrix with a row for each k times the vector.",
        "With `n = np.arange(len(values))`, `np.outer(n, n)` holds every product $kn$.",
        "`np.exp(-2j * np.pi * np.outer(n, n) / len(values)) @ values`.",
    ),
    solution="""
def dft(values):
    n = np.arange(len(values))
    waves = np.exp(-2j * np.pi * np.outer(n, n) / len(values))
    return waves @ values
""",
    check=_check_dft,
    mistakes=(
        Mistake(
            "def dft(values):\n    n = np.arange(len(values))\n    return np.exp(2j * np.pi * np.outer(n, n) / len(values)) @ values",
            "mirrored",
        ),
        Mistake(
            "def dft(values):\n    n = np.arange(len(values))\n"
            "    return np.exp(-2j * np.pi * np.outer(n, n) / len(values)) @ values / len(values)",
            "normalisation",
        ),
        Mistake(
            "def dft(values):\n    n = np.arange(len(values))\n    return np.cos(2 * np.pi * np.outer(n, n) / len(values)) @ values.real",
            "complex",
        ),
        Mistake(
            "def dft(values):\n    n = np.arange(len(values))\n    k = n - len(values) // 2\n"
            "    return np.exp(-2j * np.pi * np.outer(k, n) / len(values)) @ values",
            "fftshift",
        ),
        Mistake(
            "def dft(values):\n    n = np.arange(len(values))\n    k = n[: len(values) // 2 + 1]\n"
            "    return np.exp(-2j * np.pi * np.outer(k, n) / len(values)) @ values",
            "shape",
        ),
    ),
)


def _check_fast_size(function: Callable[..., Any]) -> Verdict:
    for at_least in (7, 97, 121, 130, 131, 257, 300, 361, 401, 487, 513, 601, 649):
        got, expected = function(at_least), good_size(at_least, even=False)
        if got == expected:
            continue
        said = f"From {at_least} on the next good size is {expected}; you give {got}."
        if not isinstance(got, (int, np.integer)):
            return Verdict(False, f"{said} A size is a whole number.")
        if got < at_least:
            return Verdict(False, f"{said} It must not be smaller than asked: an image would be cut.")
        if got & (got - 1) == 0:
            return Verdict(False, f"{said} Powers of two are good, but far apart: factors 3 and 5 are good too.")
        rest = _without(got, (2, 3, 5))
        if rest > 1:
            return Verdict(False, f"{said} {got} has a factor {rest}, other than 2, 3 and 5.")
        return Verdict(False, f"{said} There is a smaller one.")
    return Verdict(True, "Right for every size tried. `vitreous.numerics.fourier.good_size` does the same, and prefers even ones.")


def _without(number: int, factors: tuple[int, ...]) -> int:
    for factor in factors:
        while number % factor == 0:
            number //= factor
    return number


FAST_SIZE = Exercise(
    name="fast_size",
    question="Q11",
    prompt="Find the smallest length not below `at_least` that an FFT likes: one whose only prime factors are 2, 3 and 5.",
    starter='''
def fast_size(at_least):
    """Smallest n >= at_least of the form 2^a 3^b 5^c."""
    raise NotImplementedError
''',
    hints=(
        "Try `at_least`, then the next, and so on: one of the next few is good.",
        "To test a number, divide it by 2 as long as it goes, then by 3, then by 5. What is left over?",
        "`while rest % 2 == 0: rest //= 2` (same for 3 and 5): the number is good if `rest == 1`.",
    ),
    solution="""
def fast_size(at_least):
    size = at_least
    while True:
        rest = size
        for factor in (2, 3, 5):
            while rest % factor == 0:
                rest //= factor
        if rest == 1:
            return size
        size += 1
""",
    check=_check_fast_size,
    mistakes=(
        Mistake("def fast_size(at_least):\n    size = 1\n    while size < at_least:\n        size *= 2\n    return size", "Powers of two"),
        Mistake("def fast_size(at_least):\n    return at_least + at_least % 2", "a factor 49"),
        Mistake("def fast_size(at_least):\n    return max(1, at_least // 10 * 10)", "must not be smaller"),
        Mistake(
            "def fast_size(at_least):\n    size = at_least\n    while True:\n        rest = size\n        for factor in (2, 3, 5, 7):\n"
            "            while rest % factor == 0:\n                rest //= factor\n        if rest == 1:\n            return size\n"
            "        size += 1",
            "a factor 7",
        ),
    ),
)


def _check_wave(function: Callable[..., Any]) -> Verdict:
    for size, kx, ky in ((16, 3, 0), (16, 2, 5), (15, -4, 1)):
        dots = torch.zeros(size, size, dtype=torch.complex128)
        dots[ky % size, kx % size] += size**2 / 2
        dots[-ky % size, -kx % size] += size**2 / 2
        got, expected = function(size, kx, ky), ifft2(dots).real.numpy()
        y, x = np.mgrid[:size, :size]
        if compare(got, np.cos((kx * x + ky * y) / size), "the wave").right:
            return Verdict(False, "It is far too long a wave: one period is 2π of the cosine's argument. Where is the 2π?")
        found = compare(got, expected, f"the wave with its dot at (kx, ky) = ({kx}, {ky})", tolerance=1e-9)
        if not found.right:
            return found
    return Verdict(True, "Right: two dots in Fourier space are one wave, and you know which way it runs.")


WAVE = Exercise(
    name="wave",
    question="",
    prompt="Make the image, `size` × `size`, whose transform has just two dots, at $(k_x, k_y)$ and at $(-k_x, -k_y)$: the cosine wave of "
    "height 1 with $k_x$ periods along x (the columns) and $k_y$ along y (the rows), with a crest at pixel (0, 0).",
    starter='''
def wave(size, kx, ky):
    """cos of 2π (kx x + ky y) / size at every pixel, rows are y."""
    raise NotImplementedError
''',
    hints=(
        "You need x and y at every pixel: two arrays of shape (size, size), or two lines that numpy multiplies out.",
        "`x = np.arange(size)` runs along the columns; `y = np.arange(size)[:, None]` along the rows.",
        "`np.cos(2 * np.pi * (kx * x + ky * y) / size)`.",
    ),
    solution="""
def wave(size, kx, ky):
    x = np.arange(size)
    y = np.arange(size)[:, None]
    return np.cos(2 * np.pi * (kx * x + ky * y) / size)
""",
    check=_check_wave,
    mistakes=(
        Mistake(
            "def wave(size, kx, ky):\n    x = np.arange(size)[:, None]\n    y = np.arange(size)\n"
            "    return np.cos(2 * np.pi * (kx * x + ky * y) / size)",
            "transposed",
        ),
        Mistake(
            "def wave(size, kx, ky):\n    x = np.arange(size)\n    y = np.arange(size)[:, None]\n"
            "    return np.cos((kx * x + ky * y) / size)",
            "2π",
        ),
        Mistake(
            "def wave(size, kx, ky):\n    x = np.arange(size)\n"
            "    return np.cos(2 * np.pi * kx * x / size) + np.cos(2 * np.pi * ky * x / size)",
            "shape",
        ),
        Mistake(
            "def wave(size, kx, ky):\n    x = np.arange(size)\n    y = np.arange(size)[:, None]\n"
            "    return 0.5 * np.cos(2 * np.pi * (kx * x + ky * y) / size)",
            "normalisation",
        ),
    ),
)


def _scene(size: int, dx: int, dy: int) -> tuple[np.ndarray, np.ndarray]:
    """A lopsided template, and it moved and in noise."""
    y, x = np.mgrid[:size, :size] - size // 2
    template = np.exp(-((x - 2) ** 2 + 3 * (y + 1) ** 2) / 20) + 0.5 * np.exp(-((x + 4) ** 2 + (y - 5) ** 2) / 4)
    noise = np.random.default_rng(11).normal(size=template.shape) * 0.2
    return np.roll(template, (dy, dx), (0, 1)) + noise, template


def _check_where(function: Callable[..., Any]) -> Verdict:
    for size, dx, dy in ((40, 7, 3), (40, -9, 4), (40, 12, -6)):
        image, template = _scene(size, dx, dy)
        got = np.asarray(function(image, template))
        if got.shape != (2,) or got.dtype.kind not in "iuf":
            return Verdict(False, "Return two numbers, (dx, dy).")
        if tuple(got) == (dx, dy):
            continue
        said = f"The particle was moved by (dx, dy) = ({dx}, {dy}); you find ({got[0]:g}, {got[1]:g})."
        if tuple(got) == (dy, dx):
            return Verdict(False, f"{said} x and y are swapped: the first index of an array is the row, y.")
        if tuple(got) == (-dx, -dy) or tuple(got % size) == (-dx % size, -dy % size):
            return Verdict(False, f"{said} The other way round: the conjugate belongs on the template.")
        if tuple(got % size) == (dx % size, dy % size):
            return Verdict(False, f"{said} Same place, but counted around the far edge: indices beyond size / 2 stand for negative shifts.")
        if tuple((got - size // 2) % size) == (dx % size, dy % size):
            return Verdict(False, f"{said} Half the box too much: where does the plain FFT put shift zero?")
        return Verdict(False, f"{said} Without the conjugate, a *convolution* mirrors the template first: is one of the two conjugated?")
    return Verdict(True, "Right, in noise, and in all directions. Picking and aligning particles is this, many million times.")


WHERE = Exercise(
    name="where_is",
    question="",
    prompt="Find by how much a particle has moved: return (dx, dy) in whole pixels, negative ones too, such that `template` rolled by dy "
    "rows and dx columns fits `image` best. Use the cross-correlation, the inverse transform of $\\overline{T}\\,I$.",
    starter='''
def where_is(image, template):
    """(dx, dy) of the highest correlation."""
    raise NotImplementedError
''',
    hints=(
        "Correlate first: `c = np.fft.ifft2(np.fft.fft2(image) * np.conj(np.fft.fft2(template))).real`.",
        "`np.unravel_index(c.argmax(), c.shape)` is (row, column) of the maximum, i.e. (dy, dx).",
        "A maximum in row 38 of 40 stands for dy = −2: subtract the size where the index is beyond half of it.",
    ),
    solution="""
def where_is(image, template):
    c = np.fft.ifft2(np.fft.fft2(image) * np.conj(np.fft.fft2(template))).real
    dy, dx = np.unravel_index(c.argmax(), c.shape)
    rows, columns = c.shape
    return (dx - columns if dx > columns // 2 else dx, dy - rows if dy > rows // 2 else dy)
""",
    check=_check_where,
    mistakes=(
        Mistake(
            "def where_is(image, template):\n    c = np.fft.ifft2(np.fft.fft2(image) * np.conj(np.fft.fft2(template))).real\n"
            "    dy, dx = np.unravel_index(c.argmax(), c.shape)\n    return dx, dy",
            "negative shifts",
        ),
        Mistake(
            "def where_is(image, template):\n    c = np.fft.ifft2(np.fft.fft2(image) * np.fft.fft2(template)).real\n"
            "    dy, dx = np.unravel_index(c.argmax(), c.shape)\n    return (dx + 20) % 40 - 20, (dy + 20) % 40 - 20",
            "mirrors",
        ),
        Mistake(
            "def where_is(image, template):\n    c = np.fft.ifft2(np.conj(np.fft.fft2(image)) * np.fft.fft2(template)).real\n"
            "    dy, dx = np.unravel_index(c.argmax(), c.shape)\n    return (dx + 20) % 40 - 20, (dy + 20) % 40 - 20",
            "conjugate belongs",
        ),
        Mistake(
            "def where_is(image, template):\n    c = np.fft.ifft2(np.fft.fft2(image) * np.conj(np.fft.fft2(template))).real\n"
            "    y, x = np.unravel_index(c.argmax(), c.shape)\n    return (y + 20) % 40 - 20, (x + 20) % 40 - 20",
            "swapped",
        ),
    ),
)
