"""What a refinement will need, before it begins."""

from __future__ import annotations

from dataclasses import dataclass

from vitreous.inference.stored import bytes_held
from vitreous.numerics.disc import disc
from vitreous.numerics.slices import ball_margin

#: Bytes a cell of the padded transform: two references, one accumulator a thread, sums of both halves and one on the way, a solution.
REFERENCES, ACCUMULATOR, TOTALS = 2 * 8, 12, 3 * 12 + 8
#: Bytes a particle's pose, covariance and weights take, with the copies that a pass makes.
POSE = 1000
#: Bytes of libraries and code.
BASE = 600_000_000


@dataclass(frozen=True)
class Plan:
    """What is needed.

    Parameters
    ----------
    memory
        Bytes at the peak.
    in_memory
        Whether the images' coefficients are held; else they are made from the stack in every pass.
    image_bytes
        Bytes of all coefficients.
    """

    memory: int
    in_memory: bool
    image_bytes: int


def plan(count: int, box: int, *, memory: int, table: int, threads: int) -> Plan:
    """Plan a refinement.

    Parameters
    ----------
    count
        Particles.
    box
        Pixels a side.
    memory
        Bytes that coefficients may take at most.
    table
        Bytes for tables of scores.
    threads
        Accumulators of the sums.
    """
    m = ball_margin(box // 2 - 1)
    cells = (2 * m + 1) ** 2 * (m + 1)
    images = bytes_held(count, len(disc(box)))
    held = 2 * images <= memory
    # Those of the global stage are still there when those of the local stage are read.
    fixed = cells * (REFERENCES + ACCUMULATOR * min(threads, 8) + TOTALS)
    return Plan(BASE + fixed + POSE * count + 2 * table + (2 * images if held else 0), held, images)
