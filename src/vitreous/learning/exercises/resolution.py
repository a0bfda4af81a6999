"""Exercises on resolution: the curve, where it crosses a line, and what a mask adds to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from vitreous.data.volume import Volume
from vitreous.learning.diagnosis import Verdict, compare
from vitreous.learning.exercise import Exercise, Mistake
from vitreous.numerics.filters import soft_disc
from vitreous.numerics.fourier import axis_frequencies, fft1, fft2, rfftn
from vitreous.numerics.shells import shell_correlation
from vitreous.stages.postprocess.fsc import MARGIN, FscCurves, fsc_curves
from vitreous.stages.postprocess.resolution import first_crossing

# The curve


def _pair() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Two full transforms, flattened to shells 0 … 6, the shell of each coefficient, and the production FSC."""
    draw = np.random.default_rng(11)
    signal = draw.normal(size=(14, 14, 14))
    maps = [torch.from_numpy(signal * [1.0, 1.7][at] + draw.normal(size=signal.shape)) for at in (0, 1)]
    wanted = shell_correlation(*map(rfftn, maps), (14, 14, 14)).numpy()[:7]
    line = axis_frequencies(14, 1 / 14, like=torch.zeros(1, dtype=torch.float64)).numpy()
    shell = np.round(np.sqrt(line[:, None, None] ** 2 + line[:, None] ** 2 + line**2)).astype(int)
    full = [fft1(fft2(each).movedim(0, -1)).movedim(-1, 0).numpy()[shell <= 6] for each in maps]
    return *full, shell[shell <= 6], wanted


def _check_fsc(fsc: Callable[..., Any]) -> Verdict:
    first, second, shell, wanted = _pair()
    got = fsc(first.copy(), second.copy(), shell.copy())
    answer = np.asarray(got)
    wrong = _not_the_fsc(answer, first, second, shell) if answer.shape == wanted.shape else ""
    return Verdict(False, wrong) if wrong else compare(got, wanted, "the FSC", tolerance=1e-6)


def _not_the_fsc(answer: np.ndarray, a: np.ndarray, b: np.ndarray, shell: np.ndarray) -> str:
    """Which other number of each shell the answer is, in words; empty if none that is known."""

    def added(values: np.ndarray) -> np.ndarray:
        return np.bincount(shell, values)

    powers = added(np.abs(a) ** 2) * added(np.abs(b) ** 2)
    number = np.bincount(shell)
    with np.errstate(all="ignore"):
        others = (
            (added((a * b).real) / np.sqrt(powers),
             "You multiply A by B. For two equal maps that is not |A|²: one of them must be conjugated."),
            (added(np.abs(a) * np.abs(b)) / np.sqrt(powers),
             "Magnitudes alone always agree: noise would get 0.8. Half of what is compared is in the phases; keep A B* complex "
             "until it is summed."),
            (added((a * b.conj()).real) / powers, "The norm is √(Σ|A|² Σ|B|²): a root is missing."),
            (added((a * b.conj()).real / (np.abs(a) * np.abs(b))) / number,
             "You normalise every coefficient and then average: that is the mean cosine of the phase differences. Sum first, then "
             "divide once."),
            (added((a * b.conj()).real),
             "This is the cross term Σ A B*. Divide by √(Σ|A|² Σ|B|²), or it depends on the scale of the maps."),
        )  # fmt: skip
    return next((text for other, text in others if np.allclose(answer, other, equal_nan=True)), "")


FSC = Exercise(
    name="fsc",
    question="Q93",
    prompt="Two half-maps have been transformed; `first` and `second` hold all their coefficients in one line, and `shell` says in which "
    "shell each lies. Give the Fourier shell correlation, one real number a shell: Re Σ A B* / √(Σ|A|² Σ|B|²).",
    starter="""
def fsc(first, second, shell):
    \"\"\"first, second: complex (m,); shell: integers (m,). Gives one correlation a shell.\"\"\"
    raise NotImplementedError
""",
    hints=(
        "`np.bincount(shell, x)` adds up the real numbers x in each shell.",
        "You need three such sums: the real part of first · conj(second), and the squared magnitudes of each.",
        "Divide the first sum by the root of the product of the other two.",
    ),
    solution="""
def fsc(first, second, shell):
    cross = np.bincount(shell, (first * second.conj()).real)
    powers = np.bincount(shell, np.abs(first) ** 2) * np.bincount(shell, np.abs(second) ** 2)
    return cross / np.sqrt(powers)
""",
    check=_check_fsc,
    mistakes=(
        Mistake("def fsc(a, b, s):\n    p = np.bincount(s, np.abs(a) ** 2) * np.bincount(s, np.abs(b) ** 2)\n"
                "    return np.bincount(s, (a * b).real) / np.sqrt(p)", "conjugated"),
        Mistake("def fsc(a, b, s):\n    p = np.bincount(s, np.abs(a) ** 2) * np.bincount(s, np.abs(b) ** 2)\n"
                "    return np.bincount(s, np.abs(a * b)) / np.sqrt(p)", "phases"),
        Mistake("def fsc(a, b, s):\n    p = np.bincount(s, np.abs(a) ** 2) * np.bincount(s, np.abs(b) ** 2)\n"
                "    return np.bincount(s, (a * b.conj()).real) / p", "root"),
        Mistake("def fsc(a, b, s):\n    c = (a * b.conj()).real / (np.abs(a) * np.abs(b))\n    return np.bincount(s, c) / np.bincount(s)",
                "Sum first"),
        Mistake("def fsc(a, b, s):\n    return np.bincount(s, (a * b.conj()).real)", "scale"),
    ),
)  # fmt: skip

# Where it crosses


def _check_crossing(crossing: Callable[..., Any]) -> Verdict:
    k = np.arange(12) / 216.0
    curves = (
        ([1, 0.99, 0.97, 0.9, 0.8, 0.6, 0.35, 0.2, 0.05, 0.02, -0.01, 0.0], "a curve that falls once"),
        ([1, 0.98, 0.9, 0.7, 0.4, 0.1, 0.05, 0.3, 0.2, 0.02, 0.01, 0.0], "a curve that comes back once more after it has fallen"),
    )
    for values, name in curves:
        fsc = np.array(values, float)
        exact = first_crossing(torch.from_numpy(fsc), 1 / 7)
        wanted = 216.0 / float(exact or 1)
        got = crossing(k.copy(), fsc.copy(), 1 / 7)
        if np.ndim(got) == 0 and isinstance(got, (int, float, np.number)) and not np.isclose(got, wanted, rtol=1e-6):
            return Verdict(False, f"For {name}: {_not_that_crossing(float(got), k, fsc, wanted)}")
        found = compare(got, wanted, "the resolution", tolerance=1e-6)
        if not found.right:
            return found
    return Verdict(True, "Right: Vitreous finds the same resolution, also where the curve comes back after its first fall.")


def _not_that_crossing(got: float, k: np.ndarray, fsc: np.ndarray, wanted: float) -> str:
    below = np.flatnonzero(fsc < 1 / 7)
    last = int(np.flatnonzero(fsc >= 1 / 7)[-1])
    beyond = last + (fsc[last] - 1 / 7) / (fsc[last] - fsc[last + 1])
    if np.isclose(got, 1 / wanted):
        return f"{got:.4f} Å⁻¹ is a frequency. Resolution is its inverse, in Å."
    if last > below[0] and any(np.isclose(got, each) for each in (1 / (beyond * k[1]), 1 / k[last], 1 / k[last + 1])):
        return f"{got:.2f} Å is the *last* crossing. What the halves lose and find again is chance or a mask: the first counts."
    if any(np.isclose(got, 1 / k[at]) for at in (below[0], below[0] - 1)):
        return f"{got:.2f} Å is a whole shell; the line is crossed between two. Go along the straight line that joins them."
    return f"{got:.4g} instead of {wanted:.4g} Å. Is it 1 / k at the crossing, found between the last shell above and the first below?"


CROSSING = Exercise(
    name="crossing",
    question="Q91",
    prompt="The parameter of `vitreous fsc` that people argue about is the threshold. Give the resolution in Å at which a curve *first* "
    "falls below `threshold`, going straight from shell to shell. `k` are the frequencies in Å⁻¹, `k[0] = 0`.",
    starter="""
def crossing(k, fsc, threshold):
    \"\"\"k, fsc: (s,). Gives the resolution in Å.\"\"\"
    raise NotImplementedError
""",
    hints=(
        "`np.flatnonzero(fsc < threshold)[0]` is the first shell below the line.",
        "Between shell i − 1 (above) and i (below) the share of the way is (fsc[i−1] − t) / (fsc[i−1] − fsc[i]).",
        "That gives a frequency, k[i−1] + share · (k[i] − k[i−1]); the resolution is one over it.",
    ),
    solution="""
def crossing(k, fsc, threshold):
    i = np.flatnonzero(fsc < threshold)[0]
    share = (fsc[i - 1] - threshold) / (fsc[i - 1] - fsc[i])
    return 1 / (k[i - 1] + share * (k[i] - k[i - 1]))
""",
    check=_check_crossing,
    mistakes=(
        Mistake("def crossing(k, fsc, t):\n    return 1 / k[np.flatnonzero(fsc < t)[0]]", "whole shell"),
        Mistake("def crossing(k, fsc, t):\n    i = np.flatnonzero(fsc < t)[0]\n    s = (fsc[i - 1] - t) / (fsc[i - 1] - fsc[i])\n"
                "    return k[i - 1] + s * (k[i] - k[i - 1])", "frequency"),
        Mistake("def crossing(k, fsc, t):\n    i = np.flatnonzero(fsc >= t)[-1] + 1\n    s = (fsc[i - 1] - t) / (fsc[i - 1] - fsc[i])\n"
                "    return 1 / (k[i - 1] + s * (k[i] - k[i - 1]))", "last"),
        Mistake("def crossing(k, fsc, t):\n    return fsc < t", "shape"),
    ),
)  # fmt: skip

# What a mask adds


def _masked_noise() -> FscCurves:
    """Curves of two half-maps of a soft ball in noise, under a mask that is too tight."""
    draw = torch.Generator().manual_seed(2)
    ball = soft_disc((24,) * 3, 5, 3)
    halves = [Volume(3 * ball + torch.randn(ball.shape, generator=draw), 2.0) for _ in range(2)]
    return fsc_curves(halves[0], halves[1], soft_disc((24,) * 3, 4, 0.5), draw, repeats=1)


def _check_unmasked(corrected: Callable[..., Any]) -> Verdict:
    curves = _masked_noise()
    late = slice(curves.randomised_from + MARGIN, None)
    masked, random, wanted = (each[late].numpy() for each in (curves.masked, curves.phase_randomised, curves.corrected))
    got = corrected(masked.copy(), random.copy())
    answer = np.asarray(got)
    others: tuple[tuple[np.ndarray, str], ...] = (
        (masked - random, "You only subtract. Then two perfect maps (masked 1) would get 1 − randomised: scale so that 1 stays 1."),
        ((masked - random) / (1 + random), "The sign below the line: what is left over is 1 − randomised."),
        (1 - (1 - masked) * (1 - random), "You combine the two as if both were real agreement; the randomised share must be taken away."),
        ((masked - random) / masked,
         "You divide by the masked curve. What can be real at most is 1 − randomised, and you want the share of that."),
    )  # fmt: skip
    if answer.shape == wanted.shape:
        for other, text in others:
            if np.allclose(answer, other):
                return Verdict(False, text)
    return compare(got, wanted, "the corrected curve", tolerance=1e-6)


CORRECTED = Exercise(
    name="corrected",
    question="Q92",
    prompt="A mask makes neighbouring coefficients alike, and so two masked maps agree a little even where they hold nothing but noise. "
    "Randomise the phases beyond some resolution, mask, correlate: that is the mask's share alone. Free the masked curve of "
    "it (Chen et al. 2013): "
    "where the phases are random the result must be 0, and where the maps are one it must be 1.",
    starter="""
def corrected(masked, randomised):
    \"\"\"Both (s,). Gives the curve without the mask's share.\"\"\"
    raise NotImplementedError
""",
    hints=(
        "Look for the straight line in `masked` that is 0 at masked = randomised and 1 at masked = 1.",
        "What could be real agreement at most is 1 − randomised.",
        "(masked − randomised) / (1 − randomised)",
    ),
    solution="""
def corrected(masked, randomised):
    return (masked - randomised) / (1 - randomised)
""",
    check=_check_unmasked,
    mistakes=(
        Mistake("def corrected(masked, randomised):\n    return masked - randomised", "subtract"),
        Mistake("def corrected(masked, randomised):\n    return (masked - randomised) / (1 + randomised)", "sign"),
        Mistake("def corrected(masked, randomised):\n    return (masked - randomised) / masked", "masked curve"),
    ),
)
