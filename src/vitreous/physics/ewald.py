r"""The curvature of the Ewald sphere: what an image of a thick object holds.

Single scattering by a part of the object at height z adds to the wave at the specimen's middle iσV(k, z) exp(±πiλ z k²): it has yet to
travel, or has travelled, z further. With the lens's phase χ (see :mod:`vitreous.physics.ctf`) the image is twice the real part, so that

    X(k) = A(k) F(k, −b λk²/2) + B(k) F(k, +b λk²/2),   A = (i/2) e^{iχ},   B = −(i/2) e^{−iχ}.

F is the transform of the object turned into the lab frame, with exp(−2πi k·r); b = +1 where electrons travel towards +z and −1 where they
travel towards −z. In words: a part of the object at z is seen with the defocus z_defocus + b z, since an underfocused lens looks at a plane
before the specimen, from which a part further along the beam is further away. Where the sag λk²/2 is nothing, A + B = −sin χ = c.

Stored images do not say which way the beam went relative to the map's hand: a mirrored map with b changed gives the same images. So a
right-handed map fits one sign, and a sign that is known tells the hand.

References: Wolf 1969, Opt. Commun. 1:153; DeRosier 2000, Ultramicroscopy 81:83; Russo & Henderson 2018, ibid. 187:26.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor


def sag(k2: Tensor, wavelength: float) -> Tensor:
    """Height λk²/2 of the sphere above its tangent plane, Å⁻¹; the next term, λ³k⁴/8, is below 1e-4 of it to k = 1 Å⁻¹ at 300 kV.

    >>> float(sag(torch.tensor(0.25), 0.0197)) * 800  # cycles across 800 Å at 2 Å
    1.9700000062584877
    """
    return 0.5 * wavelength * k2


def sidebands(chi: Tensor) -> tuple[Tensor, Tensor]:
    """A = (i/2) e^{iχ} and B = −(i/2) e^{−iχ}, complex, of the shape of ``chi`` (radians)."""
    sine, cosine = 0.5 * torch.sin(chi), 0.5 * torch.cos(chi)
    return torch.complex(-sine, cosine), torch.complex(-sine, -cosine)


def sphere_image(
    transform: Callable[[Tensor, Tensor, Tensor], Tensor], chi: Tensor, kx: Tensor, ky: Tensor, wavelength: float, beam: int = 1
) -> Tensor:
    """X(k) = A F(k, −b λk²/2) + B F(k, +b λk²/2): the transform of the image of a thick, weakly scattering object, in closed form.

    Parameters
    ----------
    transform
        F at any (kx, ky, kz) in Å⁻¹, the object turned into the lab frame, its origin where the defocus is that of ``chi``.
    chi
        χ at (kx, ky), asin Q included, radians.
    kx, ky
        Å⁻¹, of any common shape.
    wavelength
        Å.
    beam
        b, 1 where electrons travel towards +z, −1 towards −z.

    Returns
    -------
    Tensor
        complex; c(k) F(k, 0) of a thin object.
    """
    height = beam * sag(kx**2 + ky**2, wavelength)
    upper, lower = sidebands(chi)
    return upper * transform(kx, ky, -height) + lower * transform(kx, ky, height)


def overlap(distance: Tensor, diameter: float) -> Tensor:
    """Correlation ρ of an object's transform at two points ``distance`` (Å⁻¹) apart: that of a ball of ``diameter`` Å.

    ρ = 3 (sin u − u cos u) / u³, u = π · diameter · distance: the transform of the ball that holds the object (Crowther, DeRosier & Klug
    1970, Proc. R. Soc. A 317:319 count independent coefficients by it).
    """
    u = (math.pi * diameter * distance.double()).clamp_min(1e-3)
    return 3 * (u.sin() - u * u.cos()) / u**3


def thickness_limit(thickness: float, wavelength: float) -> float:
    """Å: d = √(λ t / 1.4), the resolution near which images of an object ``thickness`` Å thick no longer fit central slices.

    There the two sidebands are λk² t = 1.4 cycles apart across it, and each correlates to 0.59 with the central slice (a ball's ρ).

    >>> round(thickness_limit(800.0, 0.0196875), 1)
    3.4
    """
    return math.sqrt(wavelength * thickness / 1.4)
