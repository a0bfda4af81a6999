"""The frequency bins that take part in a fit, as flat columns."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from vitreous.stages.defocus.spectrum import PowerSpectrum

AXIS_BINS = 1.5  # rows and columns this near the axes hold detector lines and the image's edges


@dataclass(frozen=True)
class Bins:
    """Power and position of n frequency bins of a half plane.

    Parameters
    ----------
    power
        float64 ``(n,)``.
    k
        Å⁻¹, ``(n,)``.
    terms
        ``(3, n)``: k², kx² − ky², 2 kx ky in Å⁻².
    index
        int64 ``(n,)``: which of the spectrum's values each is, row after row.
    step
        Å⁻¹, width of a bin.
    averages, information
        As in :class:`PowerSpectrum`.
    """

    power: Tensor
    k: Tensor
    terms: Tensor
    index: Tensor
    step: float
    averages: float
    information: float

    @classmethod
    def of(cls, spectrum: PowerSpectrum) -> Bins:
        """All bins off the axes out to the largest full circle."""
        everything = cls.whole(spectrum, slice(None), None)
        ky, kx = (x.flatten() for x in torch.meshgrid(spectrum.ky, spectrum.kx, indexing="ij"))
        edge = AXIS_BINS * everything.step
        return everything._rows((everything.k <= spectrum.kx[-1] + 1e-9) & (kx > edge) & (ky.abs() > edge))

    @classmethod
    def whole(cls, spectrum: PowerSpectrum, rows: slice, columns: int | None) -> Bins:
        """Every bin of ``rows`` and the first ``columns``, in the order of the picture."""
        ky, kx = (x.flatten() for x in torch.meshgrid(spectrum.ky[rows], spectrum.kx[:columns], indexing="ij"))
        terms = torch.stack([kx**2 + ky**2, kx**2 - ky**2, 2 * kx * ky])
        power = spectrum.values[rows, :columns].flatten().double()
        index = torch.arange(spectrum.values.numel()).view(spectrum.values.shape)[rows, :columns].flatten()
        return cls(power, terms[0].sqrt(), terms, index, float(spectrum.kx[1]), spectrum.averages, spectrum.information)

    def between(self, least: float, most: float) -> Bins:
        """Only the bins with ``least`` <= k <= ``most``, in Å⁻¹."""
        return self._rows((self.k >= least) & (self.k <= most))

    def _rows(self, mask: Tensor) -> Bins:
        rows = mask.nonzero().squeeze(1)
        return replace(self, power=self.power[rows], k=self.k[rows], terms=self.terms[:, rows],
                       index=self.index[rows])  # fmt: skip

    @property
    def cos_sin(self) -> Tensor:
        """``(2, n)``: cos 2α and sin 2α of the azimuth α, counted from +x towards +y."""
        return self.terms[1:] / self.terms[0].clamp_min(1e-12)
