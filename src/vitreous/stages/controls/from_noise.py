r"""Einstein from noise: the average of noise images, each moved to where it fits a picture best, is the picture.

Moving a noise image of D pixels to its best of many places makes its correlation sum with the unit picture m on average, m the mean
of the largest of as many normal deviates as there are places that differ. The average of N keeps m along the picture, and D − 1 other
components of variance 1 / N, so that

    correlation(N) = m √N / √(m² N + D − 1)

which grows as √N until it nears 1 (Shatsky et al. 2009, J. Struct. Biol. 166:67; Henderson 2013, PNAS 110:18037). Two half-sets aligned to
one picture agree as well as either does; aligned each to a picture of its own, made from nothing of the other, they do not agree at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from vitreous.errors import require
from vitreous.numerics.fourier import irfft2, rfft2


@dataclass(frozen=True, eq=False)
class FromNoise:
    """What came of noise, by number of images ``(m,)``.

    Parameters
    ----------
    count
        Images.
    correlation, expected
        Of their average with the picture, and what the law gives from the mean best score.
    shared, apart
        Correlation of two half-sets' averages: both aligned to the picture, and each to its own average from a start of its own.
    average
        Of the most images ``(n, n)``, aligned to the picture.
    """

    count: tuple[int, ...]
    correlation: Tensor
    expected: Tensor
    shared: Tensor
    apart: Tensor
    average: Tensor


def unit(image: Tensor) -> Tensor:
    """The image of mean 0 and norm 1."""
    flat = image.double() - image.double().mean()
    return flat / flat.norm()


def aligned(images: Tensor, picture: Tensor) -> tuple[Tensor, Tensor]:
    """Images ``(b, n, n)`` moved in circles to where each correlates best with the picture, and the correlation sums ``(b,)``."""
    shape = tuple(picture.shape)
    table = irfft2(rfft2(images.double()) * rfft2(unit(picture)).conj(), shape)
    best, where = table.flatten(1).max(1)
    moved = [image.roll((-(int(at) // shape[1]), -(int(at) % shape[1])), (0, 1)) for image, at in zip(images, where)]
    return torch.stack(moved), best


def from_noise(picture: Tensor, counts: Sequence[int], generator: torch.Generator, *, rounds: int = 3) -> FromNoise:
    """Align white noise to a picture, and to itself.

    Parameters
    ----------
    picture
        ``(n, n)``.
    counts
        Numbers of images, rising, even.
    generator
        Of the noise.
    rounds
        In which a half-set without the picture is aligned to its own average.

    Raises
    ------
    InputError
        If a count is odd or below 2.
    """
    require(all(each >= 2 and each % 2 == 0 for each in counts), "counts", list(counts), "even and at least 2")
    noise = torch.randn(max(counts), *picture.shape, generator=generator, dtype=torch.float64)
    drawn, best = aligned(noise, picture)
    pixels, one = picture.numel() - 1, unit(picture)
    rows = []
    for count in counts:
        half = count // 2
        mean = drawn[:count].mean(0)
        expected = best[:count].mean() * count**0.5 / (best[:count].mean() ** 2 * count + pixels - 1) ** 0.5
        shared = (unit(drawn[:half].mean(0)) * unit(drawn[half:count].mean(0))).sum()
        own = [_from_itself(part, rounds) for part in (noise[:half], noise[half:count])]
        rows.append((float((unit(mean) * one).sum()), float(expected), float(shared), float((unit(own[0]) * unit(own[1])).sum())))
    return FromNoise(tuple(counts), *torch.tensor(rows, dtype=torch.float64).T, drawn.mean(0))


def _from_itself(images: Tensor, rounds: int) -> Tensor:
    """Average of images aligned to their own average, begun with the first of them."""
    average = images[0]
    for _ in range(rounds):
        average = aligned(images, average)[0].mean(0)
    return average
