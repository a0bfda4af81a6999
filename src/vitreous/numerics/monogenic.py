"""The monogenic signal: the local amplitude of a map, without the ripple of its phase.

The Riesz transforms R_j f, of gain −i k_j / |k|, are what a Hilbert transform is in one dimension: of a wave they give the same wave a
quarter of a period on. So M² = f² + |R f|² is level where f oscillates (Felsberg & Sommer 2001, IEEE Trans. Signal Process. 49:3136).
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from vitreous.numerics.fourier import irfftn


def monogenic_power(spectrum: Tensor, frequencies: Sequence[Tensor], shape: Sequence[int]) -> Tensor:
    """M² = f² + Σ_j (R_j f)².

    Parameters
    ----------
    spectrum
        Half transform of f, complex ``(z, y, x // 2 + 1)``; its mean should be 0, for it has no direction.
    frequencies
        Along z, y and x, ready to be broadcast against ``spectrum``; any common unit.
    shape
        Of f, (z, y, x).

    Returns
    -------
    Tensor
        Real, of ``shape``, not negative.

    Notes
    -----
    At the Nyquist frequency of an even side a half transform cannot tell k_j from −k_j; what f holds there loses that R_j.
    """
    z, y, x = frequencies
    turned = spectrum * (-1j / (x**2 + y**2 + z**2).sqrt().clamp_min(1e-12))
    power = irfftn(spectrum, shape) ** 2
    for k in (z, y, x):
        power += irfftn(turned * k, shape) ** 2
    return power
