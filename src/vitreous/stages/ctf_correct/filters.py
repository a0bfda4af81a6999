r"""The filters of the three corrections, as functions of the CTF c = −sin χ.

All keep the contrast that images have: what is dark before is dark after. With X = c S + N, S positive for protein and X dark,

    flipped     −sign(c) X               = −|c| S + noise of the same power
    multiplied  −c X                     = −c² S + noise times |c|
    wiener      −c X / (c² + 1 / SNR)    ≈ −S where SNR c² is large, and 0 where it is small

The last is the least-squares estimate of −S for SNR = E|S|² / E|N|² at each frequency (Wiener 1949; Penczek 2010, Methods
Enzymol. 482:35). Several images of one S, each with its CTF, give Σ −c X / (Σ c² + 1 / SNR).
"""

from __future__ import annotations

import torch
from torch import Tensor

from vitreous.data.optics import Correction
from vitreous.errors import InputError, require
from vitreous.numerics.fourier import irfft2, rfft2


def correction_filter(c: Tensor, correction: Correction, snr: Tensor | float = 0.0) -> Tensor:
    """What a transform is multiplied by.

    Parameters
    ----------
    c
        CTF, any shape.
    correction
        "flipped", "multiplied" or "wiener".
    snr
        SNR of the signal before the CTF, 0 or more, of a shape that broadcasts with ``c``; for "wiener" alone.

    Raises
    ------
    InputError
        If there is no such correction, or an SNR is negative.
    """
    match correction:
        case "flipped":
            return torch.where(c > 0, -1.0, 1.0).to(c.dtype)
        case "multiplied":
            return -c
        case "wiener":
            snr = torch.as_tensor(snr, dtype=c.dtype)
            require(bool((snr >= 0).all()), "snr", float(snr.min()), "0 or more")
            return -c * snr / (c**2 * snr + 1)
    raise InputError(f"correction must be one of flipped, multiplied, wiener; got {correction!r}.")


def wiener_average(images: Tensor, c: Tensor, snr: Tensor | float) -> Tensor:
    """One image of several of the same thing: Σ −c X / (Σ c² + 1 / SNR).

    Parameters
    ----------
    images
        ``(n, y, x)``, aligned.
    c
        Their CTFs on the half grid, ``(n, y, x // 2 + 1)``.
    snr
        Of one image, as in :func:`correction_filter`.

    Returns
    -------
    Tensor
        ``(y, x)``, in the contrast of the images.

    Raises
    ------
    InputError
        If images and CTFs do not go together, or an SNR is negative.
    """
    half = (*images.shape[:-1], images.shape[-1] // 2 + 1)
    require(c.shape == half, "the shape of the CTFs", tuple(c.shape), f"that of the images' half transforms, {tuple(half)}")
    snr = torch.as_tensor(snr, dtype=c.dtype)
    require(bool((snr >= 0).all()), "snr", float(snr.min()), "0 or more")
    total = (rfft2(images) * -c).sum(0) * snr / ((c**2).sum(0) * snr + 1)
    return irfft2(total, images.shape[-2:])
