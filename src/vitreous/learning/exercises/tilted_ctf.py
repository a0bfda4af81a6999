"""Exercises on tilted specimens: defocus at a place, the largest tile, and the image of a tilted plane."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from vitreous.learning.diagnosis import Verdict, compare
from vitreous.learning.exercise import Exercise, Mistake
from vitreous.physics.tilted_ctf import tilted_contrast
from vitreous.physics.wavelength import wavelength


def _check_defocus(function: Callable[..., Any]) -> Verdict:
    x, y = np.array([0.0, 1000.0, 0.0, -400.0, 700.0]), np.array([0.0, 0.0, 1000.0, 300.0, -900.0])
    tilt, axis = 35.0, 25.0
    t, f = math.radians(tilt), math.radians(axis)
    along = -x * math.sin(f) + y * math.cos(f)
    wanted = 15000.0 + math.tan(t) * along
    got = np.asarray(function(x.copy(), y.copy(), 15000.0, tilt, axis))
    forward, unturned = x * math.cos(f) + y * math.sin(f), -x * math.sin(axis) + y * math.cos(axis)
    for value, words in (
        (
            math.sin(t) * along,
            "You use the *sine* of the tilt: height per Å *along the specimen*. Per Å of the image it grows by the tangent.",
        ),
        (-math.tan(t) * along, "The *sign* is the other way round: defocus grows to the left of the axis, as you look along it."),
        (math.tan(t) * forward, "Your defocus grows *along* the axis. On the axis nothing changes; it grows across."),
        (math.tan(tilt) * unturned, "The angles are in degrees: *radians* are what sines want."),
    ):
        if compare(got, 15000.0 + value, "it").right:
            return Verdict(False, words)
    return compare(got, wanted, "the defocus")


DEFOCUS_AT = Exercise(
    name="defocus_at",
    question="",
    prompt="""The specimen is tilted by `tilt` (degrees) about an axis that lies in the image at `axis` degrees from +x towards +y and
goes through (0, 0). Give the defocus at image points (x, y) in Å; it grows to the **left** of the axis.""",
    starter='''
def defocus_at(x, y, defocus, tilt, axis):
    """x, y in Å from the axis' origin; defocus in Å there; tilt and axis in degrees. Returns Å."""
    raise NotImplementedError
''',
    hints=(
        "How far is (x, y) from the axis, positive to its left? The axis points along (cos φ, sin φ); left of it is (−sin φ, cos φ).",
        "Of two points one Å apart *in the image*, across the axis, one is higher by tan θ.",
        "defocus + tan θ · (−x sin φ + y cos φ), with angles in radians (`math.radians`).",
    ),
    solution="""
def defocus_at(x, y, defocus, tilt, axis):
    theta, phi = math.radians(tilt), math.radians(axis)
    return defocus + math.tan(theta) * (-x * math.sin(phi) + y * math.cos(phi))
""",
    check=_check_defocus,
    mistakes=(
        Mistake(
            "def defocus_at(x, y, z, t, a):\n    t, a = math.radians(t), math.radians(a)\n"
            "    return z + math.sin(t) * (-x * math.sin(a) + y * math.cos(a))",
            "tangent",
        ),
        Mistake(
            "def defocus_at(x, y, z, t, a):\n    t, a = math.radians(t), math.radians(a)\n"
            "    return z + math.tan(t) * (x * math.sin(a) - y * math.cos(a))",
            "sign",
        ),
        Mistake(
            "def defocus_at(x, y, z, t, a):\n    t, a = math.radians(t), math.radians(a)\n"
            "    return z + math.tan(t) * (x * math.cos(a) + y * math.sin(a))",
            "along",
        ),
        Mistake("def defocus_at(x, y, z, t, a):\n    return z + math.tan(t) * (-x * math.sin(a) + y * math.cos(a))", "radians"),
    ),
)


def _check_tile(function: Callable[..., Any]) -> Verdict:
    cases = [(3.0, 30.0, 300.0), (5.0, 45.0, 200.0), (2.0, 60.0, 300.0)]
    wanted = np.array([d**2 / (2 * wavelength(v) * math.tan(math.radians(t))) for d, t, v in cases])
    got = np.array([float(function(d, t, wavelength(v))) for d, t, v in cases])
    for factor, words in (
        (0.5, "This is *half* the tile: from its middle to its edge. The tile reaches as far to the other side."),
        (2.0, "Here the error is π/2 at the edge, where detail is wholly lost in its neighbour's: π/4, *half* of that, was asked for."),
    ):
        if compare(got, factor * wanted, "it").right:
            return Verdict(False, words)
    if compare(got, wanted / np.array([d for d, *_ in cases]), "it").right:
        return Verdict(False, "χ grows with the *square* of the frequency: k² = 1/d².")
    return compare(got, wanted, "the side of the tile")


TILE = Exercise(
    name="tile",
    question="",
    prompt="""A tilted micrograph is cut into square tiles, each corrected with the CTF of its own middle. How large may a tile be, so
that at its edge χ is wrong by no more than π/4 at `resolution` d? Its sides run along and across the axis of the tilt.""",
    starter='''
def tile(resolution, tilt, wavelength):
    """resolution in Å, tilt in degrees, wavelength in Å. Returns the side in Å."""
    raise NotImplementedError
''',
    hints=(
        "By how much is the defocus wrong at the edge of a tile of side L? The edge is L/2 from the middle.",
        "An error δ of defocus is an error πλk²δ of χ, with δ = tan θ · L/2 and k = 1/d.",
        "πλ tan θ L / (2 d²) = π/4, so L = d² / (2 λ tan θ).",
    ),
    solution="""
def tile(resolution, tilt, wavelength):
    return resolution**2 / (2 * wavelength * math.tan(math.radians(tilt)))
""",
    check=_check_tile,
    mistakes=(
        Mistake("def tile(d, t, w):\n    return d**2 / (4 * w * math.tan(math.radians(t)))", "half"),
        Mistake("def tile(d, t, w):\n    return d**2 / (w * math.tan(math.radians(t)))", "π/4"),
        Mistake("def tile(d, t, w):\n    return d / (2 * w * math.tan(math.radians(t)))", "square"),
    ),
)


def _atoms(kx: Any, ky: Any) -> Any:
    """Transform of three Gaussian atoms, of tensors or arrays."""
    exp = torch.exp if isinstance(kx, torch.Tensor) else np.exp
    total = 0.0
    for weight, x, y in ((1.0, 30.0, -12.0), (2.0, -55.0, 20.0), (1.5, 10.0, 70.0)):
        total = total + weight * exp(-2 * math.pi**2 * 2.0**2 * (kx**2 + ky**2) - 2j * math.pi * (kx * x + ky * y))
    return total


def _check_tilted(function: Callable[..., Any]) -> Verdict:
    kx, ky = (each.ravel() for each in np.meshgrid(np.linspace(-0.2, 0.2, 15), np.linspace(-0.2, 0.2, 15)))
    lam, slope = wavelength(300.0), (0.9, -0.5)
    chi = math.pi * lam * 8000.0 * (kx**2 + ky**2) + math.asin(0.1)
    wanted = tilted_contrast(_atoms, *(torch.from_numpy(each) for each in (chi, kx, ky)), slope, lam).numpy()
    got = np.asarray(function(_atoms, chi.copy(), kx.copy(), ky.copy(), slope, lam))
    other = tilted_contrast(_atoms, *(torch.from_numpy(each) for each in (chi, kx, ky)), (-slope[0], -slope[1]), lam).numpy()
    flat = -np.sin(chi) * _atoms(kx, ky)
    double = tilted_contrast(_atoms, *(torch.from_numpy(each) for each in (chi, kx, ky)), (2 * slope[0], 2 * slope[1]), lam).numpy()
    for value, words in (
        (other, "The two shifts are *exchanged*: e^{+iχ} goes with Ô(k − ½λk²τ)."),
        (flat, "This is the CTF of an *untilted* plane: both sidebands take Ô at the same k."),
        (double, "You shift by λk²τ, twice too far: the phase of e^{iπλk²δ} is *half* of 2π (½λk²)δ … that ½ belongs to the shift."),
        (-wanted, "Its *sign*: with protein dark the CTF is −sin χ. (Philippsen et al. print the other sign.)"),
    ):
        if compare(got, value, "it", tolerance=1e-8).right:
            return Verdict(False, words)
    return compare(got, wanted, "the transform of the image", tolerance=1e-8)


TILTED = Exercise(
    name="tilted_image",
    question="",
    prompt="""The **tilted contrast imaging function**. `transform(kx, ky)` gives Ô, the transform of what lies in the tilted plane,
at any frequency. Its defocus at r is that of `chi` plus τ·r, τ = `slope`. Give the transform of the image, in the
house's sign (c = −sin χ).""",
    starter='''
def tilted_image(transform, chi, kx, ky, slope, wavelength):
    """chi, kx, ky arrays of one shape; slope (tx, ty) in Å per Å. Returns complex, of that shape."""
    raise NotImplementedError
''',
    hints=(
        "−sin u = (i/2)(e^{iu} − e^{−iu}). Put u = χ(k) + πλk² τ·r and look at what multiplies e^{−2πik·r}.",
        "e^{iπλk² τ·r} e^{−2πi k·r} = e^{−2πi (k − ½λk²τ)·r}: the sum over r is Ô at a *shifted* frequency.",
        "(i/2) [e^{iχ} Ô(k − ½λk²τ) − e^{−iχ} Ô(k + ½λk²τ)], with k² = kx² + ky².",
    ),
    solution="""
def tilted_image(transform, chi, kx, ky, slope, wavelength):
    bend = 0.5 * wavelength * (kx**2 + ky**2)
    lower = transform(kx - bend * slope[0], ky - bend * slope[1])
    upper = transform(kx + bend * slope[0], ky + bend * slope[1])
    return 0.5j * (np.exp(1j * chi) * lower - np.exp(-1j * chi) * upper)
""",
    check=_check_tilted,
    mistakes=(
        Mistake(
            "def tilted_image(f, chi, kx, ky, s, w):\n    b = 0.5 * w * (kx**2 + ky**2)\n    return 0.5j * (np.exp(1j * chi) * "
            "f(kx + b * s[0], ky + b * s[1]) - np.exp(-1j * chi) * f(kx - b * s[0], ky - b * s[1]))",
            "exchanged",
        ),
        Mistake("def tilted_image(f, chi, kx, ky, s, w):\n    return -np.sin(chi) * f(kx, ky)", "untilted"),
        Mistake(
            "def tilted_image(f, chi, kx, ky, s, w):\n    b = w * (kx**2 + ky**2)\n    return 0.5j * (np.exp(1j * chi) * "
            "f(kx - b * s[0], ky - b * s[1]) - np.exp(-1j * chi) * f(kx + b * s[0], ky + b * s[1]))",
            "half",
        ),
        Mistake(
            "def tilted_image(f, chi, kx, ky, s, w):\n    b = 0.5 * w * (kx**2 + ky**2)\n    return -0.5j * (np.exp(1j * chi) * "
            "f(kx - b * s[0], ky - b * s[1]) - np.exp(-1j * chi) * f(kx + b * s[0], ky + b * s[1]))",
            "sign",
        ),
    ),
)
