r"""Images that were corrected for the CTF before they were stored, as the model X = c S + N sees them.

Stored images are multiplied by the filter of their correction, which keeps the contrast they have (dark stays dark): by −sign c
where phases were flipped, by −c where they were multiplied, c = −sin χ. Both are undone as far as that is possible:

- a flip exactly, by flipping again;
- a product by −sign c / √m, which leaves noise of the level it had and the signal c |c| / √m. There m is the mean of c² over the
  width of a coefficient: what was multiplied in a larger picture and then cut out has mixed neighbours. With the
  displacement d(k) = (1/2π) dχ/dk and a box of length L

      m = ½ [1 − (1 − 2c²) sinc(2 d / L)],   sinc x = sin πx / πx,

  which is c² where the CTF is slow, and then nothing is lost but what lies in the zeros.
"""

from __future__ import annotations

import torch
from torch import Tensor

from vitreous.data.optics import Optics
from vitreous.errors import InputError
from vitreous.physics.delocalisation import displacement

#: Least m: far below any that matters, above rounding.
LEAST = 1e-8


def mean_square(c: Tensor, k: Tensor, optics: Optics, defocus: Tensor, box: float) -> Tensor:
    """m, the mean of c² over the width of a coefficient.

    Parameters
    ----------
    c
        ``(b, *K)``: CTF.
    k
        ``K``: Å⁻¹.
    optics
        Voltage and Cs.
    defocus
        ``(b,)``: mean defocus, Å.
    box
        Length of a side, Å.
    """
    rows = [torch.from_numpy(displacement(k.double().numpy(), optics, float(z))).to(c.dtype) for z in defocus]
    blurred = torch.sinc(torch.stack(rows) * (2 / box))
    return (0.5 * (1 - (1 - 2 * c**2) * blurred)).clamp_min(LEAST)


def undoing(c: Tensor, k: Tensor, optics: Optics, defocus: Tensor, box: float) -> Tensor | None:
    """What coefficients of stored images are multiplied by, of the shape of ``c``; None for images as recorded.

    Arguments as for :func:`mean_square`.

    Raises
    ------
    InputError
        If the images were Wiener-filtered: nobody can tell what is left of their noise.
    """
    require_undoable(optics)
    if optics.correction == "none":
        return None
    flipped = torch.where(c > 0, -1.0, 1.0).to(c.dtype)
    return flipped if optics.correction == "flipped" else flipped / mean_square(c, k, optics, defocus, box).sqrt()


def seen_after(c: Tensor, k: Tensor, optics: Optics, defocus: Tensor, box: float) -> Tensor:
    """Transfer function of images after :func:`undoing`: c, or c |c| / √m of multiplied ones; arguments as there."""
    if optics.correction != "multiplied":
        return c
    return c * c.abs() / mean_square(c, k, optics, defocus, box).sqrt()


def require_undoable(optics: Optics) -> None:
    """Refuse Wiener-filtered images.

    Raises
    ------
    InputError
        If they are.
    """
    if optics.correction == "wiener":
        raise InputError("particle images must be as recorded, phase-flipped or multiplied by the CTF; these were Wiener-filtered, "
                         "which cannot be undone. Try: the images from before vitreous correct-ctf.")  # fmt: skip
