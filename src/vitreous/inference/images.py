"""Images as the engine wants them: band-limited Fourier coefficients with their transfer function and noise weight."""

from __future__ import annotations

from dataclasses import dataclass, replace

from torch import Tensor

from vitreous.numerics.disc import Disc


@dataclass(frozen=True, eq=False)
class FourierImages:
    """A set of images within a disc.

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
        int64 ``(n,)``: which noise spectrum is an image's.
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

    def __len__(self) -> int:
        return len(self.values)

    def take(self, rows: Tensor) -> FourierImages:
        """The images at ``rows``."""
        return replace(self, values=self.values[rows], transfer=self.transfer[rows], group=self.group[rows])

    def with_group(self, group: Tensor) -> FourierImages:
        """The same images with other noise groups."""
        return replace(self, group=group)

    def shell(self, resolution: float) -> int:
        """Shell nearest to a resolution in Å, at least 1 and at most the disc's radius."""
        return max(1, min(self.disc.radius, round(self.disc.size * self.pixel_size / resolution)))

    def resolution(self, shell: float) -> float:
        """Å of a shell."""
        return self.disc.size * self.pixel_size / shell
