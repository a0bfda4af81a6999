"""Exercises on waves: free flight, and what a detector sees of a weak grating."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from vitreous.learning.diagnosis import Verdict, compare
from vitreous.learning.exercise import Exercise, Mistake
from vitreous.physics.multislice import plane, propagated
from vitreous.physics.wavelength import wavelength


def _check_fly(function: Callable[..., Any]) -> Verdict:
    chance = np.random.default_rng(3)
    wave = 1 + 0.2 * (chance.normal(size=(24, 24)) + 1j * chance.normal(size=(24, 24)))
    k2, lam = plane((24, 24), 2.0)[0], wavelength(300.0)
    start = torch.from_numpy(wave)
    wanted = propagated(start, k2, 3000.0, 300.0).numpy()
    got = function(wave.copy(), k2.numpy().copy(), lam, 3000.0)
    for value, words in (
        (propagated(start, k2, -3000.0, 300.0).numpy(), "Your wave flies *backwards*: forwards the phase of component k is −πλ z k²."),
        (
            propagated(start, k2, 6000.0, 300.0).numpy(),
            "The phase is *half* as large: the path is longer by z θ²/2, which is −πλ z k², not −2πλ z k².",
        ),
        (wave, "Nothing has happened to the wave: is the *phase* applied in Fourier space?"),
        (np.abs(wanted) ** 2, "This is the *intensity*. The wave itself was asked for."),
    ):
        if compare(got, value, "it").right:
            return Verdict(False, words)
    return compare(got, wanted, "the wave")


FLY = Exercise(
    name="fly",
    question="Q04",
    prompt="""**Fresnel propagation.** A wave is known in one plane; give it `distance` Å further along the beam. Each Fourier component
travels at its own small angle and falls behind by the phase πλ z k².""",
    starter='''
def fly(wave, k2, wavelength, distance):
    """wave complex (y, x); k2 (y, x) on the grid of np.fft.fft2, in 1/Å². Returns the wave further on."""
    raise NotImplementedError
''',
    hints=(
        "In Fourier space free flight is a product: each coefficient keeps its size and only turns.",
        "By which angle? −πλ z k²: multiply the transform by `np.exp(-1j * np.pi * wavelength * distance * k2)`.",
        "`np.fft.ifft2(np.fft.fft2(wave) * ...)`.",
    ),
    solution="""
def fly(wave, k2, wavelength, distance):
    return np.fft.ifft2(np.fft.fft2(wave) * np.exp(-1j * np.pi * wavelength * distance * k2))
""",
    check=_check_fly,
    mistakes=(
        Mistake("def fly(a, k2, w, z):\n    return np.fft.ifft2(np.fft.fft2(a) * np.exp(1j * np.pi * w * z * k2))", "backwards"),
        Mistake("def fly(a, k2, w, z):\n    return np.fft.ifft2(np.fft.fft2(a) * np.exp(-2j * np.pi * w * z * k2))", "half"),
        Mistake("def fly(a, k2, w, z):\n    return abs(np.fft.ifft2(np.fft.fft2(a) * np.exp(-1j * np.pi * w * z * k2))) ** 2", "intensity"),
    ),
)
