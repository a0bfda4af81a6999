r"""How much a difference map may show: a Gaussian prior whose power is a share of the consensus map's.

What differs between classes is made of the same stuff as the particle, so its power in a shell is taken as α times the
consensus map's, with one number α for all shells: D = num / (den + 1 / τ_D²), 1 / τ_D² = ⟨den⟩ / (α SSNR), ⟨den⟩ and SSNR those of
the consensus. Nothing shrinks towards an empty map, as under a prior on each class's own map: a class without images equals the
consensus and cannot win by being sharper or lose by being blurred.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from torch import Tensor

from vitreous.numerics.slices import ball_shells
from vitreous.reconstruct.fourier import shell_density, solve


@dataclass(frozen=True, eq=False)
class DifferencePrior:
    """Prior and support of difference maps.

    Parameters
    ----------
    precision
        1 / τ_D² for α = 1 in each shell, float64 ``(radius + 1,)``.
    share
        α.
    mask
        Where maps may differ, ``(s, s, s)``.
    voxel_size
        Å.
    """

    precision: Tensor
    share: float
    mask: Tensor
    voxel_size: float

    def with_share(self, share: float) -> DifferencePrior:
        """The same with another α."""
        return replace(self, share=share)

    def within(self, radius: int) -> DifferencePrior:
        """The same up to shell ``radius``."""
        return replace(self, precision=self.precision[: radius + 1])

    @property
    def radius(self) -> int:
        """Last shell."""
        return len(self.precision) - 1

    def map(self, numerator: Tensor, denominator: Tensor) -> Tensor:
        """Most probable difference map of the sums Σ γ c R / σ², Σ γ c² / σ², masked."""
        ssnr = shell_density(denominator, self.radius) * self.share / self.precision
        size = self.mask.shape[-1]
        return solve(numerator, denominator, size, ssnr=ssnr, radius=self.radius, voxel_size=self.voxel_size) * self.mask

    def cells(self, m: int) -> Tensor:
        """1 / τ_D² of every cell of a half ball of margin ``m``, float32."""
        return (self.precision / self.share).float()[ball_shells(m).long().clamp_max(self.radius)]


def difference_prior(denominator: Tensor, ssnr: Tensor, mask: Tensor, voxel_size: float, radius: int, share: float) -> DifferencePrior:
    """Prior from the consensus.

    Parameters
    ----------
    denominator
        Its half ball Σ c² / σ².
    ssnr
        Its signal-to-noise ratio in each shell.
    share
        α.
    """
    precision = shell_density(denominator, radius) / ssnr[: radius + 1].clamp_min(1e-4)
    precision[0] = precision[1]
    return DifferencePrior(precision, share, mask, voxel_size)
