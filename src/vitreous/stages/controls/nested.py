"""Maps of a sixteenth, an eighth, … and all of the particles, each image put into Fourier space once.

Particles are dealt into blocks at random; the sums of two blocks are the sums of both together. A set of k blocks gives k small
subsets that share nothing, k / 2 of twice their size, and so on to the whole: every size but the largest has its own repeats, and so
its own error bar.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from vitreous.errors import require
from vitreous.inference.half_maps import GOLD_STANDARD
from vitreous.runtime.chance import torch_generator
from vitreous.runtime.progress import Progress, Reporter, silent
from vitreous.stages.controls.placed import Half, Placed

#: Particles of one half-set in the smallest subset, at least: fewer leave gaps in Fourier space between views.
FEWEST = 60
#: Blocks at most: five sizes, thirty-one pairs of maps.
MOST_BLOCKS = 16


@dataclass(frozen=True, eq=False)
class Subset:
    """Half-maps of some of the particles.

    Parameters
    ----------
    count
        Particles in both halves.
    fsc
        Correlation of the half-maps by shell, float64 ``(s,)``.
    """

    count: int
    fsc: Tensor


def block_count(particles: int, most: int = MOST_BLOCKS) -> int:
    """Into how many blocks a set is dealt: a power of two, as many as leave ``FEWEST`` particles a half, from 1 to ``most``.

    >>> block_count(239), block_count(240), block_count(10**6)
    (1, 2, 16)
    """
    blocks = 1
    while 2 * blocks <= most and particles >= 2 * FEWEST * 2 * blocks:
        blocks *= 2
    return blocks


def deal(half: Tensor, blocks: int, generator: torch.Generator) -> list[tuple[Tensor, Tensor]]:
    """Rows of each half-set (0 and 1 in ``half`` ``(n,)``) shuffled and dealt into ``blocks`` lots whose sizes differ by one at most."""
    parts = []
    for number in (0, 1):
        rows = torch.nonzero(half == number).flatten()
        parts.append(rows[torch.randperm(len(rows), generator=generator)].tensor_split(blocks))
    return list(zip(*parts))


def nested_subsets(task: Placed, *, seed: int = 0, most: int = MOST_BLOCKS, report: Reporter = silent) -> list[Subset]:
    """Reconstruct nested random subsets and compare their halves.

    Parameters
    ----------
    task
        The particles.
    seed
        Of the deal.
    most
        Blocks at most.
    report
        Told after each pair of maps.

    Returns
    -------
    list of Subset
        2 k − 1 for k blocks, the smallest first.

    Raises
    ------
    InputError
        If there are fewer particles than two subsets need.
    """
    blocks = block_count(len(task), most)
    require(blocks >= 2, "number of particles", len(task), f"at least {4 * FEWEST}, for two subsets", instead="more particles")
    found: list[Subset] = []

    def compare(sums: tuple[Half, Half], count: int) -> None:
        found.append(Subset(count, task.correlation(task.solved(sums[0]), task.solved(sums[1]))))
        report(Progress("subsets", len(found), 2 * blocks - 1))

    _grow(deal(task.half, blocks, torch_generator(seed, "subsets")), task.sums, compare)
    return sorted(found, key=lambda each: each.count)


def _grow(
    dealt: Sequence[tuple[Tensor, Tensor]], put: Callable[[Tensor], Half], compare: Callable[[tuple[Half, Half], int], None]
) -> tuple[tuple[Half, Half], int]:
    """Sums of both halves of all blocks dealt, and their particles; every pair of subsets on the way is compared.

    No more sums are held at a time than there are sizes.
    """
    if len(dealt) == 1:
        sums, count = (put(dealt[0][0]), put(dealt[0][1])), sum(map(len, dealt[0]))
    else:
        middle = len(dealt) // 2
        (one, first), (other, second) = (_grow(part, put, compare) for part in (dealt[:middle], dealt[middle:]))
        sums, count = tuple((a[0] + b[0], a[1] + b[1]) for a, b in zip(one, other)), first + second
    compare(sums, count)
    return sums, count


def mean_reached(subsets: Sequence[Subset], length: float) -> tuple[list[float], list[float]]:
    """Particles by size, and mean 1 / d² in Å⁻² of that size, without any bound on where a curve may cross: for noise, which does so soon.

    ``length`` is the box in Å; a curve that never falls counts to its end.
    """
    by_size: dict[int, list[Subset]] = {}
    for each in subsets:
        by_size.setdefault(round(math.log2(max(s.count for s in subsets) / each.count)), []).append(each)
    groups = [by_size[level] for level in sorted(by_size, reverse=True)]
    u = [sum(((shell_reached(s.fsc) or len(s.fsc) - 1) / length) ** 2 for s in group) / len(group) for group in groups]
    return [sum(s.count for s in group) / len(group) for group in groups], u


def shell_reached(fsc: Tensor, level: float = GOLD_STANDARD) -> float | None:
    """Shell, linear between shells, at which a curve first falls below ``level``; None if it never does up to its end."""
    below = torch.nonzero(fsc[1:] < level).flatten()
    if not len(below):
        return None
    s = int(below[0]) + 1
    high, low = float(fsc[s - 1]), float(fsc[s])
    return s - 1 + ((high - level) / (high - low) if high > level and s > 1 else 0.0)
