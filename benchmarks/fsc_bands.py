"""Do 95 % intervals of the FSC and of the resolution hold the truth 93 to 97 times in a hundred?

White noise is drawn for one fixed signal whose SNR falls from 200 to 0.003 over the shells; the truth is the mean curve over all draws and
its crossing. Masks: none, a ball, a tight one that follows a blob, a rod; the signal fills the mask or a small part of it; and
fourfold symmetry imposed on signal and noise. Prints, for each, the share of intervals that hold the truth by range of the mean
correlation, that of all shells from the second, and that of the resolution at 1/7 and at 1/2 with the number of draws that got one.

    python benchmarks/fsc_bands.py [--size 40] [--trials 400] [--only ball]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import torch
from torch import Tensor

from vitreous.data.volume import Volume
from vitreous.numerics.filters import low_pass, raised_cosine, soft_disc
from vitreous.numerics.fourier import irfftn, rfftn
from vitreous.numerics.shells import shell_average, spread
from vitreous.stages.postprocess import FscCurves, fsc_curves, resolution
from vitreous.stages.postprocess.resolution import first_crossing

RANGES = ((0.9, 1.1), (0.7, 0.9), (0.4, 0.7), (0.15, 0.4), (0.05, 0.15), (-1.0, 0.05))


def masks(size: int, chance: torch.Generator) -> dict[str, Tensor]:
    """By name."""
    shape = (size,) * 3
    axis = torch.arange(size).float() - size // 2
    blob = low_pass(torch.randn(shape, generator=chance) * soft_disc(shape, 0.3 * size, 6), size / 5, 1.0, axes=3)
    core = (blob > blob.flatten().kthvalue(int(0.93 * blob.numel())).values).float()
    across = (axis[:, None] ** 2 + axis**2).sqrt()
    return {
        "none": torch.ones(shape),
        "ball": soft_disc(shape, 0.28 * size, 0.15 * size),
        "tight": low_pass(core, 5.0, 1.0, axes=3).clamp(0, 1),
        "rod": raised_cosine((across[None] ** 2 + (axis[:, None, None] / 3.2) ** 2).sqrt(), 0.19 * size, 4.0),
    }


def signal_of(mask: Tensor, inside: Tensor, chance: torch.Generator) -> Tensor:
    """A random map within ``inside`` whose SNR under the mask, in noise of variance 1, falls from 200 to 0.003."""
    shape = tuple(mask.shape)
    values = torch.randn(shape, generator=chance) * inside
    power = shell_average(rfftn(values * mask).abs() ** 2, shape).clamp_min(1e-9)
    target = 10 ** torch.linspace(2.3, -2.5, len(power), dtype=torch.float64)
    gain = (target * float(mask.double().square().sum()) / power).sqrt().float()
    return irfftn(rfftn(values) * spread(gain, shape), shape)


def fourfold(values: Tensor) -> Tensor:
    """The mean over four turns about z, of an odd box or one whose first plane is nothing; √4 times, so that noise keeps its variance."""
    return 0.5 * sum(torch.rot90(values, k, (1, 2)) for k in range(4))


def draw(
    signal: Tensor, mask: Tensor, trials: int, chance: torch.Generator, noise: Callable[[Tensor], Tensor], order: int
) -> list[FscCurves]:
    """So many experiments."""
    out = []
    for _ in range(trials):
        halves = (Volume(signal + noise(torch.randn(signal.shape, generator=chance)), 1.0) for _ in range(2))
        out.append(fsc_curves(*halves, mask, chance, repeats=1, symmetry_order=order))
    return out


def told(name: str, many: list[FscCurves]) -> str:
    """Shares that hold the truth."""
    curve, low, high = (torch.stack([getattr(c, part) for c in many]) for part in ("corrected", "low", "high"))
    mean = curve.mean(0)
    held = ((low <= mean) & (mean <= high)).double().mean(0)
    late = torch.arange(len(mean)) >= 2
    shares = [held[late & (mean > a) & (mean <= b)].mean() for a, b in RANGES]
    row = f"{name:16}" + " ".join(f"{float(share):.3f}" for share in shares) + f"  all {float(held[2:].mean()):.3f}"
    for level in (1 / 7, 0.5):
        truth = 1 / (first_crossing(mean, level) * many[0].spacing)
        found = [each for each in (resolution(c, level) for c in many) if each]
        row += f"  {level:.3f}: {sum(each.finer <= truth <= each.coarser for each in found) / max(1, len(found)):.3f} of {len(found)}"
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=40)
    parser.add_argument("--trials", type=int, default=400)
    parser.add_argument("--only", help="one mask")
    given = parser.parse_args()
    chance = torch.Generator().manual_seed(3)
    torch.set_num_threads(1)
    small = soft_disc((given.size,) * 3, 0.12 * given.size, 4)
    print("correlation".ljust(16) + " ".join(f">{max(a, 0):<4g}" for a, _ in RANGES))
    for name, mask in masks(given.size, chance).items():
        if given.only in (None, name):
            for part, inside in (("", (mask > 0.5).float()), (", small", small)):
                signal = signal_of(mask, inside, chance)
                print(told(name + part, draw(signal, mask, given.trials, chance, lambda each: each, 1)), flush=True)
    if given.only in (None, "fourfold"):
        odd = given.size + 1
        mask = soft_disc((odd,) * 3, 0.28 * odd, 0.15 * odd)
        signal = fourfold(signal_of(mask, soft_disc((odd,) * 3, 0.2 * odd, 6), chance))
        print(told("fourfold", draw(signal, mask, given.trials, chance, fourfold, 4)), flush=True)


if __name__ == "__main__":
    main()
