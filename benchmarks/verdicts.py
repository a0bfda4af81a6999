"""How often halves, mask and resolution raise a false alarm on good half-maps, and what each broken pair trips.

Good pairs: the ribosome's head, 56 voxels of 4 Å, blurred by 700 to 1600 Å² in noise of 0.5 to 4 times its standard deviation, white
or falling tenfold towards Nyquist, inside the mask that :func:`~vitreous.stages.postprocess.solvent_mask` makes. Broken ones are made
of the same pairs; each should trip its own finding and no other.

    python benchmarks/verdicts.py [--pairs 96] [--broken 8]
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Generator, Tensor

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "toys"))

from known_maps import ribosome

from vitreous.data.check import Check
from vitreous.data.volume import Volume
from vitreous.inference.half_maps import GOLD_STANDARD
from vitreous.numerics.filters import low_pass, soft_disc
from vitreous.numerics.fourier import irfftn, rfftn
from vitreous.numerics.shells import spread
from vitreous.stages.postprocess import fsc_curves, judge_halves, judge_mask, judge_resolution, resolution, solvent_mask

SIZE, VOXEL = 56, 4.0
RATIOS, B_FACTORS, COLOURS = (0.5, 1.0, 2.0, 4.0), (700.0, 1000.0, 1300.0, 1600.0), (1.0, 0.1)
Pair = tuple[Volume, Volume]
#: Of halves and the generator, halves and a mask; None for the mask that is made.
Fault = Callable[[Pair, Generator], tuple[Pair, Tensor | None]]


def noise(ratio: float, colour: float, chance: Generator) -> Tensor:
    """Gaussian noise of standard deviation ``ratio``, its power falling to ``colour`` at Nyquist."""
    values = torch.randn((SIZE,) * 3, generator=chance)
    gain = colour ** (0.5 * torch.linspace(0, 1, SIZE // 2 + 1))
    values = irfftn(rfftn(values) * spread(gain, values.shape), values.shape)
    return ratio * values / values.std()


def good(number: int) -> Pair:
    """One pair; the number walks through all noises and fall-offs."""
    chance = Generator().manual_seed(number)
    signal = ribosome(SIZE, VOXEL, B_FACTORS[number // 4 % 4]).values
    ratio = RATIOS[number % 4] * float(signal.std())
    one, two = (signal + noise(ratio, COLOURS[number // 16 % 2], chance) for _ in range(2))
    return Volume(one, VOXEL), Volume(two, VOXEL)


def each(pair: Pair, change: Callable[[Tensor], Tensor]) -> Pair:
    """The same done to both halves."""
    one, two = (Volume(change(half.values), half.voxel_size) for half in pair)
    return one, two


def sharing(part: float) -> Fault:
    """Noise of which ``part`` of the power is in both."""

    def spoil(pair: Pair, chance: Generator) -> tuple[Pair, Tensor | None]:
        own = float((pair[0].values - pair[1].values).std()) / 2**0.5
        common = own * (part / (1 - part)) ** 0.5 * torch.randn((SIZE,) * 3, generator=chance)
        return each(pair, lambda values: values + common), None

    return spoil


def peaks(pair: Pair, chance: Generator) -> tuple[Pair, Tensor | None]:
    """A mask of the highest tenth of the map as it is."""
    total = low_pass(pair[0].values + pair[1].values, 2.5 * VOXEL, VOXEL, axes=3)
    return pair, (total > total.flatten().kthvalue(int(0.9 * total.numel())).values).float()


def hard(pair: Pair, chance: Generator) -> tuple[Pair, Tensor | None]:
    """The usual mask without its edge."""
    return pair, (solvent_mask(*pair).values > 0.5).float()


FAULTS: dict[str, tuple[str, Fault]] = {
    "a twentieth of the noise shared": ("halves", sharing(0.05)),
    "a fifth of the noise shared": ("halves", sharing(0.2)),
    "half of the noise shared": ("halves", sharing(0.5)),
    "one is the full map": ("halves", lambda p, _: ((Volume(0.5 * (p[0].values + p[1].values), VOXEL), p[1]), None)),
    "one filtered at 12 Å": ("halves", lambda p, _: ((p[0], each(p, lambda v: low_pass(v, 12.0, VOXEL, axes=3))[1]), None)),
    "both filtered at 12 Å": ("halves", lambda p, _: (each(p, lambda v: low_pass(v, 12.0, VOXEL, axes=3)), None)),
    "both masked": ("halves", lambda p, _: (each(p, lambda v: v * (soft_disc(v.shape, 19, 4))), None)),
    "mask of peaks of noise": ("mask", peaks),
    "hard mask": ("mask", hard),
    "mask at the border": ("mask", lambda p, _: (p, soft_disc((SIZE,) * 3, 27, 4))),
}


def judged(pair: Pair, mask: Tensor | None, chance: Generator) -> list[Check]:
    """All three findings."""
    mask = solvent_mask(*pair).values if mask is None else mask
    curves = fsc_curves(*pair, mask, chance)
    found = resolution(curves, GOLD_STANDARD)
    return [judge_halves(*pair, mask), judge_mask(mask, *pair, curves, found), judge_resolution(curves, found)]


def told(checks: list[Check]) -> str:
    """What was not passed."""
    return ", ".join(f"{check.name} {check.verdict}" for check in checks if check.verdict != "pass") or "all pass"


def main() -> None:
    """Draw and count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=96)
    parser.add_argument("--broken", type=int, default=8, help="pairs of each fault")
    parser.add_argument("--only", help="one fault")
    parser.add_argument("--reasons", action="store_true", help="say why")
    given = parser.parse_args()
    torch.set_num_threads(1)
    count: Counter[str] = Counter()
    for number in range(given.pairs):
        checks = judged(good(number), None, Generator().manual_seed(1000 + number))
        count[told(checks)] += 1
        if given.reasons and told(checks) != "all pass":
            print(number, [check.reason for check in checks if check.verdict != "pass"], flush=True)
    print("good".ljust(34), dict(count), flush=True)
    for name, (own, fault) in FAULTS.items():
        if given.only in (None, name):
            count = Counter()
            for number in range(given.broken):
                chance = Generator().manual_seed(2000 + number)
                checks = judged(*fault(good(5 * number), chance), chance)
                count[told(checks)] += 1
                if given.reasons:
                    print(number, [f"{check.name}: {check.reason}" for check in checks if check.verdict != "pass"], flush=True)
            print(f"{name} ({own})".ljust(42), dict(count), flush=True)


if __name__ == "__main__":
    main()
