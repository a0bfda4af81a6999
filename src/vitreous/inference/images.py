"""Images as the engine wants them: band-limited Fourier coefficients with their transfer function and noise weight."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from vitreous.numerics.disc import Disc
from vitreous.runtime.devices import device_budget


class Extent:
    """Shells and their resolution, of whatever has a disc and a pixel size."""

    disc: Disc
    pixel_size: float

    def shell(self, resolution: float) -> int:
        """Shell nearest to a resolution in Å, at least 1 and at most the disc's radius."""
        return max(1, min(self.disc.radius, round(self.disc.size * self.pixel_size / resolution)))

    def resolution(self, shell: float) -> float:
        """Å of a shell."""
        return self.disc.size * self.pixel_size / shell


@dataclass(frozen=True, eq=False)
class FourierImages(Extent):
    """A set of images within a disc, in memory.

    Parameters
    ----------
    disc
        Where the coefficients lie.
    pixel_size
        Å per pixel.
    values
        complex64 ``(n, K)``, origin at the box centre, in the microscope's sign (protein dark).
    transfer
        float32 ``(n, K)``, c(k).
    group
        int64 ``(n,)``, on the CPU: which noise spectrum is an image's.
    open_area
        Fraction of the box that a mask left open, 1 without a mask. A mask lowers each coefficient's noise to this fraction
        but makes neighbours dependent; noise variances are kept as if unmasked, so that posteriors stay calibrated.
    """

    disc: Disc
    pixel_size: float
    values: Tensor
    transfer: Tensor
    group: Tensor
    open_area: float = 1.0

    @property
    def device(self) -> torch.device:
        """Where the arithmetic is done; the coefficients may lie on the CPU if they do not fit there."""
        return self.disc.kx.device

    def to(self, device: torch.device) -> FourierImages:
        """The same images with the arithmetic on ``device``, and the coefficients as well where half its free memory holds them."""
        disc = self.disc.to(device)
        if device.type == "cuda" and self.values.nbytes + self.transfer.nbytes > 2 * device_budget(device):
            return replace(self, disc=disc)
        return replace(self, disc=disc, values=self.values.to(device), transfer=self.transfer.to(device))

    def block(self, rows: Tensor | slice, count: int) -> tuple[Tensor, Tensor]:
        """Values and transfer of some images at the first ``count`` points, on the device where the arithmetic is done."""
        return self.values[rows, :count].to(self.device), self.transfer[rows, :count].to(self.device)

    def __len__(self) -> int:
        return len(self.values)

    def take(self, rows: Tensor) -> FourierImages:
        """The images at ``rows``."""
        return replace(self, values=self.values[rows], transfer=self.transfer[rows], group=self.group[rows])

    def with_group(self, group: Tensor) -> FourierImages:
        """The same images with other noise groups."""
        return replace(self, group=group)

    def scaled(self, amplitude: Tensor) -> FourierImages:
        """The same images, expected to hold ``amplitude`` ``(n,)`` times as much signal."""
        return replace(self, transfer=self.transfer * amplitude.to(self.transfer)[:, None])
