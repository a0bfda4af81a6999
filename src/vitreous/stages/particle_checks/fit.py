r"""How well each image fits the map at its pose, in units of its own noise.

The noise of a micrograph is what the model leaves over; the grey scale g(s) of the map is the regression of all images on their
views, shell by shell, which is Wiener's weight where the map has noise of its own. Then with C = Σ g Re X* cS / σ² and P = Σ g² |cS|² / σ²
(σ² = E|N|² / 2) an image that holds the particle in its pose has C ~ N(a P, P), one without it C ~ N(0, P): √P is the particle's
signal to noise, and C / P its grey scale with the standard error 1 / √P.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from vitreous.inference.noise import NoiseSpectra
from vitreous.stages.particle_checks.evidence import ShellSums

#: Standard deviations above nothing that a shell must stand, over all images, to count.
SHELL_SIGMA = 3.0
#: Standard deviations above nothing that all images together must stand: the map is in the images.
PRESENT_SIGMA = 6.0
#: Shells that are always looked at.
LEAST_SHELLS = 6


@dataclass(frozen=True, eq=False)
class Fit:
    """The images against the map.

    Parameters
    ----------
    cross, power
        C and P of each image, float64 ``(n,)``.
    total
        Σ |X|² / σ² within the shells used.
    left
        Σ |X − a c S|² / 2 σ² a coefficient, by shell, float64 ``(n, shells)``: 1 is noise alone.
    gain
        g of every shell ``(shells,)``, 0 beyond the last that counts.
    noise
        σ² of groups and shells.
    group
        Noise group of each image.
    radius
        Last shell that counts.
    significance
        Standard deviations by which all images together hold the map, at the grey scale it has.
    """

    cross: Tensor
    power: Tensor
    total: Tensor
    left: Tensor
    gain: Tensor
    noise: NoiseSpectra
    group: Tensor
    radius: int
    significance: float

    @property
    def present(self) -> bool:
        """Whether the map is in the images at all."""
        return self.significance > PRESENT_SIGMA

    @property
    def correlation(self) -> Tensor:
        """Correlation of image and view, both whitened: C / √(P T), −1 to 1, ``(n,)``."""
        return self.cross / (self.power * self.total).clamp_min(1e-30).sqrt()

    @property
    def scale(self) -> Tensor:
        """Grey scale a = C / P of each image, 1 on average."""
        return self.cross / self.power.clamp_min(1e-30)

    def weights(self) -> Tensor:
        """1 / σ² of each image's shells, float64 ``(n, shells)``."""
        return 1.0 / self.noise.variance[self.group]

    def again(self, sums: ShellSums) -> Fit:
        """The same scale and noise for other sums of the same images (poses or transfer functions changed)."""
        cross, power, total, left = _weighted(sums, self.gain, self.weights())
        return replace(self, cross=cross, power=power, total=total, left=left)

    def of(self, rows: Tensor, sums: ShellSums) -> Fit:
        """The same scale and noise for sums of the images at ``rows`` alone."""
        return replace(self, group=self.group[rows]).again(sums)


def fit_images(sums: ShellSums, group: Tensor) -> Fit:
    """Find grey scale, noise and last shell, and weigh every image by them.

    Parameters
    ----------
    sums
        Of the images at their poses.
    group
        int64 ``(n,)``: images of one noise level.
    """
    gain = _regression(sums, torch.ones_like(sums.total, dtype=torch.float64))
    noise = _noise(sums, gain, group)
    weight = 1.0 / noise.variance[group]
    radius = _reach(sums, weight)
    gain = _regression(sums, weight).clamp_min(0.0)
    gain[radius + 1 :] = 0.0
    if not gain.any():
        gain[1 : radius + 1] = 1.0
    cross, power, total, left = _weighted(sums, gain, weight)
    return Fit(cross, power, total, left, gain, noise, group, radius, _significance(sums, weight, radius))


def _regression(sums: ShellSums, weight: Tensor) -> Tensor:
    return (sums.cross * weight).sum(0) / (sums.power * weight).sum(0).clamp_min(1e-30)


def _noise(sums: ShellSums, gain: Tensor, group: Tensor) -> NoiseSpectra:
    """σ² = level of the group × the common spectrum of what is left over."""
    left = (sums.total - 2 * gain * sums.cross + gain**2 * sums.power).double()
    common = (left.mean(0) / (2 * sums.points.clamp_min(1))).clamp_min(1e-30)
    common[0] = common[1]
    relative = ((left / (2 * common))[:, 1:].sum(1) / sums.points.sum()).clamp_min(1e-6)
    groups = int(group.max()) + 1
    level = torch.zeros(groups, dtype=torch.float64).index_add_(0, group, relative)
    return NoiseSpectra(level[:, None] / torch.bincount(group, minlength=groups).clamp_min(1)[:, None] * common)


def _reach(sums: ShellSums, weight: Tensor) -> int:
    """Last shell before two in a row that hold nothing of the map."""
    z = (sums.cross * weight).sum(0) / (sums.power * weight).sum(0).clamp_min(1e-30).sqrt()
    weak = z < SHELL_SIGMA
    ends = torch.nonzero(weak[LEAST_SHELLS:-1] & weak[LEAST_SHELLS + 1 :]).flatten()
    return int(ends[0]) + LEAST_SHELLS - 1 if len(ends) else len(z) - 1


def _significance(sums: ShellSums, weight: Tensor, radius: int) -> float:
    """Of Σ Re X* c S / σ² over all images, with the map as it came: its weights were not fitted to these images."""
    shells = slice(1, radius + 1)
    cross, power = (sums.cross * weight)[:, shells].sum(), (sums.power * weight)[:, shells].sum()
    return float(cross / power.clamp_min(1e-30).sqrt())


def _weighted(sums: ShellSums, gain: Tensor, weight: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    used = (gain > 0).double()
    cross, power = sums.cross * gain * weight, sums.power * gain**2 * weight
    total = sums.total * weight * used
    own = (cross.sum(1) / power.sum(1).clamp_min(1e-30))[:, None]
    left = (sums.total * weight - 2 * own * cross + own**2 * power) / (2 * sums.points.clamp_min(1))
    return cross.sum(1), power.sum(1), total.sum(1), left
