"""Formulas as they stand in print and do not hold: for lessons and comparison, never a default.

Each names the one to use. Tests draw noise and show which of the two it follows.
"""

from __future__ import annotations

import math

from torch import Tensor


def fsc_variance(fsc: Tensor, samples: Tensor) -> Tensor:
    """(1 − r⁴) / n. It takes numerator and denominator of the FSC for independent: 2.1 times too large at r = 0.5, 7.6 times at 0.8.

    Use :func:`~vitreous.numerics.correlation_statistics.variance`.
    """
    return (1 - fsc**4) / samples


def fsc_from_ssnr(ssnr: Tensor, count: int) -> Tensor:
    """SSNR / (2 K + SSNR) for K images: holds only if SSNR is K times that of the whole map.

    Use :func:`~vitreous.stages.postprocess.ssnr.fsc_of_halves`: S / (2 + S) for S of the whole map.
    """
    return ssnr / (2 * count + ssnr)


def ssnr_degrees_of_freedom(samples: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """(n, K n) of the F statistic: K deviations from their own mean are K − 1 independent ones.

    Use :func:`~vitreous.stages.postprocess.ssnr.degrees_of_freedom`: (n, (K − 1) n).
    """
    return samples, count * samples


def dpr_variance_of_noise(pairs: Tensor) -> Tensor:
    """π (28/3 − π) / (20 n) = 0.973 / n, rad², for n pairs of coefficients without signal.

    Use :func:`~vitreous.stages.postprocess.phase_residual.dpr_variance`: π (4 + π) / (30 n) = 0.748 / n.
    """
    return math.pi / 20 * (28 / 3 - math.pi) / pairs
