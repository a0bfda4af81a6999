"""Exercises of the lesson on phase contrast: the contrast transfer function and its envelope, from their formulas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from vitreous.data.optics import Optics
from vitreous.learning.diagnosis import Verdict, compare
from vitreous.learning.exercise import Exercise, Mistake
from vitreous.physics.ctf import b_envelope, ctf

K = np.linspace(0.0, 0.4, 81)


def _check_envelope(function: Callable[..., Any]) -> Verdict:
    for b in (100.0, -40.0):
        right = b_envelope(torch.from_numpy(K**2), b).numpy()
        got = function(K.copy(), b)
        if np.shape(got) == K.shape and np.allclose(got, np.exp(-b * K**2)):
            return Verdict(False, "Your envelope is exp(−B k²): the convention of atoms' thermal motion. Image processing writes "
                                  "exp(−B k² / 4), so its B is four times as large for the same fall. **Which convention** is the first "
                                  "thing to ask about any B.")  # fmt: skip
        found = compare(got, right, f"the envelope at B = {b:g} Å²")
        if not found.right:
            return found
    return Verdict(True, "Right. At B = 100 Å² and 5 Å your envelope is exp(−100 / (4 · 25)) = 1/e = 0.368.")


ENVELOPE = Exercise(
    name="envelope", question="Q28",
    prompt="""Write the envelope of a B factor: how much of the amplitude at frequency $k$ (Å⁻¹) survives a B factor of `b` (Å²),
in the convention of image processing, $e^{-B k^2 / 4}$. `k` is an array; give back one of the same shape.""",
    starter='''
def envelope(k, b):
    """Share of the amplitude left at each k (1/Å) for a B factor b (Å²)."""
    raise NotImplementedError
''',
    hints=(
        "NumPy applies a function to a whole array at once: `np.exp(x)`.",
        "The exponent is negative for a positive `b`, and has k **squared** in it.",
        "`return np.exp(-b * k**2 / 4)`: where do your brackets differ?",
    ),
    solution='''
def envelope(k, b):
    """Share of the amplitude left at each k (1/Å) for a B factor b (Å²)."""
    return np.exp(-b * k**2 / 4)
''',
    check=_check_envelope,
    mistakes=(
        Mistake("def envelope(k, b):\n    return np.exp(-b * k**2)\n", "four times"),
        Mistake("def envelope(k, b):\n    return np.exp(b * k**2 / 4)\n", "not right yet"),
        Mistake("def envelope(k, b):\n    return np.exp(-b * np.abs(k) / 4)\n", "not right yet"),
        Mistake("def envelope(k, b):\n    return 1 - np.exp(-b * k**2 / 4)\n", "not right yet"),
        Mistake("def envelope(k, b):\n    np.exp(-b * k**2 / 4)\n", "return"),
    ),
)  # fmt: skip


def _check_ctf(function: Callable[..., Any]) -> Verdict:
    for defocus, voltage in ((12000.0, 300.0), (-8000.0, 200.0)):
        optics = Optics(pixel_size=1.0, voltage=voltage, spherical_aberration=2.7, amplitude_contrast=0.1)
        across = torch.from_numpy(K)
        values = torch.tensor([defocus, defocus, 0.0, 0.0], dtype=torch.float64)
        right = ctf(values, optics, across, torch.zeros_like(across)).numpy()
        wavelength = {300.0: 0.0196875, 200.0: 0.0250793}[voltage]
        what = f"the CTF at {abs(defocus):.0f} Å {'underfocus' if defocus > 0 else 'overfocus'}"
        found = compare(function(K.copy(), defocus, wavelength, 2.7e7, 0.1), right, what, tolerance=2e-3)
        if not found.right:
            return Verdict(False, found.text + _ctf_advice(function, right, (defocus, wavelength)))
    return Verdict(True, "Right, under and over focus, at 300 and 200 kV. This is what every CTF estimator fits.")


def _ctf_advice(function: Callable[..., Any], right: np.ndarray, settings: tuple[float, float]) -> str:
    """What is missing, if leaving one term out of the right formula gives the learner's curve."""
    defocus, lam = settings
    got = np.asarray(function(K.copy(), defocus, lam, 2.7e7, 0.1))
    focus, lens = np.pi * lam * defocus * K**2, 0.5 * np.pi * 2.7e7 * lam**3 * K**4
    without = {
        "Is the **amplitude contrast** in χ? At k = 0 the CTF is −Q, not 0.": -np.sin(focus - lens),
        "Is the **spherical aberration** in χ?": -np.sin(focus + np.arcsin(0.1)),
        "The two terms of χ have **opposite signs**: focus works against the lens.": -np.sin(focus + lens + np.arcsin(0.1)),
        "This is the **cosine** of χ: an object of amplitude, not of phase.": -np.cos(focus - lens + np.arcsin(0.1)),
    }
    return next((f" {words}" for words, curve in without.items() if got.shape == right.shape and np.allclose(got, curve, atol=2e-3)), "")


def _transfer(formula: str) -> str:
    """A function that returns ``formula``, its terms written out."""
    terms = formula.format(focus="np.pi * lam * z * k**2", lens="np.pi / 2 * cs * lam**3 * k**4", q="np.arcsin(q)")
    return f"def transfer(k, z, lam, cs, q):\n    return {terms}\n"


CTF = Exercise(
    name="transfer", question="Q26",
    prompt=r"""Write the contrast transfer function

$$c(k) = -\sin\chi(k), \qquad \chi(k) = \pi\lambda z k^2 - \tfrac{\pi}{2} C_s \lambda^3 k^4 + \arcsin Q$$

with the defocus $z$ (Å, positive is underfocus), the wavelength $\lambda$ (Å), the spherical aberration $C_s$ (Å: 2.7 mm is
2.7 · 10⁷ Å) and the amplitude contrast $Q$. Give back $c$ at every $k$ of the array.""",
    starter='''
def transfer(k, defocus, wavelength, cs, amplitude_contrast):
    """CTF at each k (1/Å); defocus, wavelength and cs in Å."""
    chi = 0 * k  # the phase χ
    raise NotImplementedError
''',
    hints=(
        "Compute `chi` first, term by term, then `-np.sin(chi)`.",
        "`np.pi * wavelength * defocus * k**2` is the first term. The second has k to the fourth and comes with a minus.",
        "The amplitude contrast is a constant phase: `np.arcsin(amplitude_contrast)`.",
    ),
    solution='''
def transfer(k, defocus, wavelength, cs, amplitude_contrast):
    """CTF at each k (1/Å); defocus, wavelength and cs in Å."""
    chi = np.pi * wavelength * defocus * k**2
    chi = chi - np.pi / 2 * cs * wavelength**3 * k**4
    chi = chi + np.arcsin(amplitude_contrast)
    return -np.sin(chi)
''',
    check=_check_ctf,
    mistakes=(
        Mistake(_transfer("np.sin({focus} - {lens} + {q})"), "sign"),
        Mistake(_transfer("-np.sin({focus} - {lens})"), "amplitude contrast"),
        Mistake(_transfer("-np.sin({focus} + {lens} + {q})"), "opposite signs"),
        Mistake(_transfer("-np.cos({focus} - {lens} + {q})"), "cosine"),
        Mistake(_transfer("-np.sin({focus} + {q})"), "spherical aberration"),
    ),
)  # fmt: skip
