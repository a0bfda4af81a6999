"""How true local resolution is on maps of known resolution, how often its verdict is a false alarm, and what it costs.

    python benchmarks/local_resolution.py phantoms [--seeds 4]
    python benchmarks/local_resolution.py verdicts [--maps 60]
    python benchmarks/local_resolution.py cost [--size 256]

``phantoms``: medians and mean absolute errors (Å) of each method on halves of 4 and 8 Å, and the share of noise alone that it resolves.
``verdicts``: good maps are balls of atoms of 6 to 9 Å whose B-factor varies smoothly from place to place; of the spoilt ones a half is
twice as coarse, or three quarters of the mask hold noise.
"""

from __future__ import annotations

import argparse
import math
import resource
import statistics
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "toys"))

from two_resolutions import TwoResolutions, phantom

from vitreous.data.local_resolution import LocalResolution
from vitreous.data.volume import Volume
from vitreous.inference.half_maps import GOLD_STANDARD
from vitreous.numerics.filters import apply, radius
from vitreous.numerics.fourier import frequency_squared
from vitreous.runtime.chance import torch_generator
from vitreous.stages.local_resolution import judge_local_resolution, monogenic, windowed_fsc
from vitreous.stages.local_resolution.resmap import resmap
from vitreous.stages.postprocess import fsc_curves, resolution

METHODS: dict[str, Callable[[TwoResolutions], LocalResolution]] = {
    "windowed": lambda p: windowed_fsc(p.first, p.second, p.mask, finest=3.3, coarsest=11.0),
    "monogenic": lambda p: monogenic(p.first, p.second, p.mask, finest=3.3, coarsest=11.0),
    "monogenic, one map": lambda p: monogenic(p.total, None, p.mask, finest=3.3, coarsest=11.0),
    "resmap": lambda p: resmap(p.first, p.second, p.mask),
    "resmap, one map": lambda p: resmap(p.total, None, p.mask),
}


def phantoms(seeds: int) -> None:
    """Print a row for each method, kind and truth."""
    for kind in ("sharp", "gradual"):
        known = [phantom(kind=kind, seed=seed) for seed in range(seeds)]
        for name, method in METHODS.items():
            found = [method(each).values for each in known]
            for truth in (4.0, 8.0):
                parts = [values[each.core & (each.truth == truth)] for values, each in zip(found, known)]
                medians = ", ".join(f"{float(part.median()):.2f}" for part in parts)
                error = statistics.mean(float((part - truth).abs().mean()) for part in parts)
                print(f"{kind} | {name} | {truth:g} Å | medians {medians} | mean absolute error {error:.2f}", flush=True)
    noise_alone(seeds)


def noise_alone(seeds: int) -> None:
    """Print the share of noise that seems resolved a fifth finer than the coarsest level."""
    ball = radius((48,) * 3) < 15
    for name, method in list(METHODS.items())[:3]:
        shares = []
        for seed in range(seeds):
            chance = torch.Generator().manual_seed(seed)
            first, second = (Volume(torch.randn(48, 48, 48, generator=chance), 1.6) for _ in range(2))
            found = method(TwoResolutions(first, second, ball, ball, ball)).values[ball]
            shares.append(float((found < 0.8 * 11.0).double().mean()))
        print(f"noise | {name} | share a fifth finer than the coarsest: mean {statistics.mean(shares):.3f}, most {max(shares):.3f}")


def varied(kind: str, seed: int, *, size: int = 40, voxel: float = 2.5) -> tuple[Volume, Volume, torch.Tensor]:
    """Half-maps and their mask; ``kind`` is "good", "half coarse" or "mostly noise"."""
    chance = torch.Generator().manual_seed(seed)
    finest, spread = 2.4 * voxel + 3.0 * float(torch.rand((), generator=chance)), 0.1 + 0.2 * float(torch.rand((), generator=chance))
    inside = radius((size,) * 3) < 0.36 * size
    atoms = torch.poisson(0.05 * voxel**3 * inside.float(), generator=chance)
    k2 = frequency_squared(atoms.shape, voxel)
    x = (torch.arange(size) - size / 2) / (0.36 * size)
    if kind == "good":
        # Finest at the middle, coarser by up to ``spread`` at the rim, as angles err.
        coarser = 1 + spread * (radius((size,) * 3) / (0.36 * size)).clamp(0, 1) ** 2
    else:
        coarser = torch.where(x > (0.0 if kind == "half coarse" else -0.4), 2.2 if kind == "half coarse" else 6.0, 1.0).expand(inside.shape)
    signal = torch.zeros_like(atoms)
    for factor in coarser.unique().tolist() if kind != "good" else torch.linspace(1, 1 + spread, 4).tolist():
        nearest = (coarser - factor).abs() < (1e-3 if kind != "good" else 0.5 * spread / 3 + 1e-6)
        signal += nearest * apply(atoms, torch.exp(-0.5 * (factor * finest) ** 2 * k2 * math.log(6 * 50)), axes=3)
    noise = math.sqrt(0.05 * voxel**3 / 50)
    return *(Volume(signal + noise * torch.randn(atoms.shape, generator=chance), voxel) for _ in range(2)), inside


def verdicts(maps: int) -> None:
    """Print how often each kind of map gets each verdict, and the figures they rest on."""
    told, ratios = Counter(), {}
    for kind in ("good", "half coarse", "mostly noise"):
        for seed in range(maps if kind == "good" else maps // 15):
            # Half of a small ball lies within two wavelengths of the other half: spoilt maps are larger.
            first, second, inside = varied(kind, seed) if kind == "good" else varied(kind, seed, size=72, voxel=2.0)
            whole = resolution(fsc_curves(first, second, inside.float(), torch_generator(seed, "phases"), repeats=1), GOLD_STANDARD)
            if whole is None:
                told[kind, "no resolution"] += 1
                continue
            check = judge_local_resolution(windowed_fsc(first, second, inside), whole.value, first.voxel_size)
            told[kind, check.verdict] += 1
            figures = check.figures
            ratios.setdefault(kind, []).append((figures["inside_median_angstrom"] / whole.value, figures["floppy_share"]))
        for name, column in zip(("median over whole", "floppy share"), zip(*ratios.get(kind, [(0.0, 0.0)]))):
            print(f"{kind} | {name}: {min(column):.2f} to {max(column):.2f}, median {statistics.median(column):.2f}")
    print("\n".join(f"{kind} | {verdict} | {count}" for (kind, verdict), count in sorted(told.items())))


def cost(size: int) -> None:
    """Print processor seconds and memory of a map of 3.5 voxels in a ball of 0.6 of the box."""
    known = phantom(size, 1.0, fine=3.5, coarse=3.5, kind="gradual")
    ball = radius((size,) * 3) < 0.3 * size
    for name, method in (("windowed", windowed_fsc), ("monogenic", monogenic)):
        before = resource.getrusage(resource.RUSAGE_SELF)
        method(known.first, known.second, ball)
        after = resource.getrusage(resource.RUSAGE_SELF)
        seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        print(f"{name} | {size}³ | {seconds:.1f} s of one core | most memory {after.ru_maxrss / 1e6:.2f} GB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["phantoms", "verdicts", "cost"])
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--maps", type=int, default=60)
    parser.add_argument("--size", type=int, default=256)
    asked = parser.parse_args()
    {"phantoms": lambda: phantoms(asked.seeds), "verdicts": lambda: verdicts(asked.maps), "cost": lambda: cost(asked.size)}[asked.what]()
