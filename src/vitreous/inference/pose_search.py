r"""Expectation over a grid of orientations and shifts as matrix products.

For image X with transfer c and noise variance σ² (of a real component), orientation r with slice S_r and shift t,

    log p = Re⟨c X_t / σ², S_r⟩ − ½ ⟨c² / σ², |S_r|²⟩ + const,

X_t the image moved back by t. With A = c X_t / σ and W = S_r / σ̄ both terms are matrix products over the coefficients within
the band; the soft maximisation step Σ_i γ_irt c X_t / σ², Σ_i γ_irt c² / σ² is the transposed product, so that one slice
is inserted per grid orientation and not per image (Scheres 2012, J. Mol. Biol. 415:406, eqs. 3-5).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from vitreous.inference.images import FourierImages
from vitreous.inference.noise import NoiseSpectra
from vitreous.runtime.memory import batch_size

#: How many of the most probable references are remembered for each image.
CANDIDATES = 6
#: Exponents below this are taken as this: e⁻³⁰ is nothing, and denormal numbers slow the next product many times.
FLOOR = -30.0


@dataclass(frozen=True, eq=False)
class Grid:
    """References and shifts to try.

    Parameters
    ----------
    slices
        complex64 ``(r, k)``: candidate noiseless images without transfer.
    shifts
        float64 ``(s, 2)`` in pixels: where the particle may sit, relative to ``centres``.
    log_prior
        float32 ``(r,)``, e.g. class proportions; or None for a flat one.
    classes
        The references are so many blocks of equal length, one a class.
    """

    slices: Tensor
    shifts: Tensor
    log_prior: Tensor | None = None
    classes: int = 1


@dataclass(frozen=True, eq=False)
class SearchResult:
    """What a pass over all images found.

    Parameters
    ----------
    candidates, shifts
        Indices of the most probable references ``(n, c)``, best first (shifts marginalised), and the best shift of each
        ``(n, c, 2)`` in pixels.
    weight
        Posterior of each candidate ``(n, c)``.
    log_evidence
        log Σ p ``(n,)`` against the model without particle (an image of noise alone).
    weighted_images
        Σ γ c X_t / σ², complex64 ``(r, k)``.
    weighted_transfer
        Σ γ c² / σ², float32 ``(r, k)``.
    responsibility
        Posterior of each class ``(n, classes)``.
    """

    candidates: Tensor
    shifts: Tensor
    weight: Tensor
    log_evidence: Tensor
    weighted_images: Tensor
    weighted_transfer: Tensor
    responsibility: Tensor

    @property
    def peak(self) -> Tensor:
        """Posterior of the first candidate ``(n,)``."""
        return self.weight[:, 0]


def search(
    images: FourierImages, noise: NoiseSpectra, grid: Grid, *, centres: Tensor, temperature: float = 1.0, budget: int = 400_000_000
) -> SearchResult:
    """Marginalise over a grid for every image and gather the sums of the maximisation step.

    Parameters
    ----------
    images
        n images.
    noise
        Their noise.
    grid
        References and shifts; the band is that of ``grid.slices``.
    centres
        ``(n, 2)`` pixels: where each image's shifts are centred (an earlier estimate, or zero).
    temperature
        Divides log p: above 1 flattens the posterior (annealing).
    budget
        Bytes for the table of scores.

    Returns
    -------
    SearchResult
        Sums where the images' arithmetic is done and per-image results on the CPU; independent of ``budget`` but for rounding.
    """
    n, (r, k) = len(images), grid.slices.shape
    common = _common(images, noise, k)
    out = _Sums(n, r, k, grid.classes, images.device)
    for table in score_tables(images, noise, grid, centres=centres, budget=budget):
        scores = table.cross
        scores -= table.power[:, None]
        if grid.log_prior is not None:
            scores += grid.log_prior.to(images.device)
        if temperature != 1.0:
            scores /= temperature
        out.take(table.rows, scores, table.flat, table.transfer, grid.shifts)
    return out.result(common, centres)


@dataclass(frozen=True, eq=False)
class Table:
    """Scores of some images against a grid.

    Parameters
    ----------
    rows
        Which images.
    cross
        Re⟨c X_t / σ², S_r⟩, float32 ``(b, s, r)``.
    power
        ½ ⟨c² / σ², |S_r|²⟩, float32 ``(b, r)``.
    flat, transfer
        c X_t / σ as floats ``(b s, 2 k)`` and c² / σ² times the common variance ``(b, k)``: what the sums of the maximisation
        step are made of.
    """

    rows: slice
    cross: Tensor
    power: Tensor
    flat: Tensor
    transfer: Tensor


def score_tables(
    images: FourierImages, noise: NoiseSpectra, grid: Grid, *, centres: Tensor, budget: int = 400_000_000
) -> Iterator[Table]:
    """Scores of all images, as many at a time as ``budget`` bytes hold; arguments as for :func:`search`."""
    n, (r, k), s = len(images), grid.slices.shape, len(grid.shifts)
    disc, common = images.disc, _common(images, noise, k)
    W = grid.slices * common
    products = torch.view_as_real(W).reshape(r, 2 * k).T.contiguous()
    powers = (0.5 * (W.real**2 + W.imag**2)).T.contiguous()
    ramps = disc.shift_phases(-grid.shifts)[:, :k]
    size = batch_size(budget, 4 * r * s, most=max(1, min(n, 256)))
    for rows in torch.arange(n).split(size):
        # 1 / σ of the image's own group relative to the common one: levels differ between micrographs.
        own = noise.weight(disc, images.group[rows], k) / common
        values, c = images.block(rows, k)
        moved = values * disc.shift_phases(-centres[rows])[:, :k]
        A = (moved * (c * own))[:, None] * ramps
        flat = torch.view_as_real(A).reshape(len(rows) * s, 2 * k)
        B = c**2 * (own / common)
        span = slice(int(rows[0]), int(rows[-1]) + 1)
        yield Table(span, (flat @ products).view(len(rows), s, r), B @ powers, flat, B)


def _common(images: FourierImages, noise: NoiseSpectra, k: int) -> Tensor:
    """1 / σ at the first ``k`` points, of the mean over the groups."""
    return (1.0 / noise.variance.mean(0)).float().to(images.device)[images.disc.shell[:k]].sqrt()


class _Sums:
    """Accumulators of one pass."""

    def __init__(self, n: int, r: int, k: int, classes: int, device: torch.device) -> None:
        self.candidates = torch.zeros(n, min(CANDIDATES, r), dtype=torch.int64, device=device)
        self.shifts = torch.zeros(n, min(CANDIDATES, r), 2, dtype=torch.float64, device=device)
        self.weight = torch.zeros(n, min(CANDIDATES, r), device=device)
        self.evidence = torch.zeros(n, dtype=torch.float64, device=device)
        self.images = torch.zeros(r, 2 * k, device=device)
        self.transfer = torch.zeros(r, k, device=device)
        self.responsibility = torch.zeros(n, classes, device=device)

    def take(self, rows: slice, scores: Tensor, flat: Tensor, B: Tensor, shifts: Tensor) -> None:
        b, s, r = scores.shape
        table = scores.view(b, s * r)
        top = table.amax(1, keepdim=True)
        table -= top
        table.clamp_(min=FLOOR).exp_()
        by_reference = scores.sum(1)
        total = by_reference.sum(1, keepdim=True)
        by_reference /= total
        self.evidence[rows] = (top.double() + total.double().log())[:, 0]
        weight, likely = by_reference.topk(self.candidates.shape[1], dim=1)
        where = scores.gather(2, likely[:, None].expand(-1, s, -1)).argmax(1)
        self.candidates[rows], self.shifts[rows], self.weight[rows] = likely, shifts.to(where.device)[where], weight
        self.responsibility[rows] = by_reference.view(b, self.responsibility.shape[1], -1).sum(2)
        # The table itself is not divided by its sum: the images, far fewer numbers, are.
        self.images.addmm_(scores.view(b * s, r).T, flat / total.repeat_interleave(s, 0))
        self.transfer.addmm_(by_reference.T, B)

    def result(self, common: Tensor, centres: Tensor) -> SearchResult:
        r, k = self.transfer.shape
        weighted = torch.view_as_complex(self.images.view(r, k, 2)) * common
        return SearchResult(
            self.candidates.cpu(), self.shifts.cpu() + centres[:, None], self.weight.cpu(), self.evidence.cpu(), weighted,
            self.transfer * common**2, self.responsibility.cpu(),
        )  # fmt: skip
