"""Local correlation coefficients of a picture with templates, by Fourier transforms, exact at edges and holes.

At each position the template T and the picture I are compared over the pixels of a window w that are valid (mask m):

    c = Σ w m (T − T̄)(I − Ī) / √(Σ w m (T − T̄)² · Σ w m (I − Ī)²)

with both means weighted by w m. Every sum is a correlation, hence a product of transforms.

References: Roseman 2003, Ultramicroscopy 94:225 (local normalisation); Padfield 2012, IEEE Trans. Image Process. 21:2706 (masks).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from vitreous.numerics.fourier import good_size, irfft2, rfft2


@dataclass(frozen=True)
class Sums:
    """Window sums of a picture that do not depend on the template."""

    weight: Tensor
    image: Tensor
    variance: Tensor


class LocalCorrelation:
    """A picture, ready to be compared with many templates of one size.

    Parameters
    ----------
    image
        Real ``(y, x)``; the arithmetic has its precision.
    valid
        ``(y, x)``, 1 where a pixel counts, else 0.
    window
        ``(m, m)``, m odd, weights 0 to 1 of the template's pixels.
    least
        Share of the window that must be valid; elsewhere the result is -1.
    """

    def __init__(self, image: Tensor, valid: Tensor, window: Tensor, *, least: float = 0.6) -> None:
        self.window, self.reach = window.to(image.dtype), window.shape[-1] // 2
        self.shape = tuple(image.shape)
        self.padded = tuple(good_size(n + self.reach) for n in self.shape)
        valid = valid.to(image.dtype)
        level = (image * valid).sum() / valid.sum().clamp_min(1.0)
        centred = (image - level) * valid
        self.image, square, self.valid = (rfft2(self._pad(a)) for a in (centred, centred**2, valid))
        window_spectrum = self._kernel(self.window)
        weight, first, second = (self._back(a * window_spectrum) for a in (self.valid, self.image, square))
        self.usable = weight >= least * self.window.sum()
        weight = weight.clamp_min(1e-6)
        self.sums = Sums(weight, first, second - first**2 / weight)

    def _pad(self, values: Tensor) -> Tensor:
        y, x = self.shape
        return torch.nn.functional.pad(values, (0, self.padded[1] - x, 0, self.padded[0] - y))

    def _kernel(self, small: Tensor) -> Tensor:
        """Conjugate transform of a template whose middle pixel is the origin."""
        kernel = small.new_zeros(self.padded)
        m = small.shape[-1]
        kernel[:m, :m] = small
        return rfft2(torch.roll(kernel, (-self.reach, -self.reach), (0, 1))).conj()

    def _back(self, spectrum: Tensor) -> Tensor:
        return irfft2(spectrum, self.padded)[: self.shape[0], : self.shape[1]]

    def __call__(self, template: Tensor) -> Tensor:
        """c at every pixel, ``(y, x)``, -1 to 1; the template's middle pixel lies on the pixel.

        Parameters
        ----------
        template
            ``(m, m)`` like the window.
        """
        template = template.to(self.window.dtype)
        weighted = self.window * template
        product = self._kernel(weighted)
        cross = self._back(self.image * product)
        mean = self._back(self.valid * product)
        square = self._back(self.valid * self._kernel(weighted * template))
        covariance = cross - mean * self.sums.image / self.sums.weight
        variances = (square - mean**2 / self.sums.weight) * self.sums.variance
        floor = 1e-10 * variances.max().clamp_min(torch.finfo(variances.dtype).tiny)
        score = covariance / variances.clamp_min(floor).sqrt()
        return torch.where(self.usable & (variances > floor), score.clamp(-1.0, 1.0), -1.0)
