"""How often good maps are told off for their amplitudes, and how well a planted B-factor is found.

The first part cuts balls from the ribosome, or takes the models of a folder, turns them by chance, gives them a fall-off of 20 to 300 Å²
and white noise of 0.05 to 1 of their standard deviation, sharpens them by their measured B and judges them; then the same halves
sharpened by 120 Å², and blurred by 400. The second plants B-factors in boxes of several sizes, in atoms at random and in a ribosome's
head, and prints bias, scatter, the least scatter that any unbiased estimate can have, and the share of 95 % intervals that hold the truth.

    python benchmarks/amplitudes.py verdicts [--pairs 60] [--models FOLDER] [--seed 1000]
    python benchmarks/amplitudes.py planted [--repeats 8]
"""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from scipy.stats import beta
from torch import Tensor

from vitreous.data.volume import Volume
from vitreous.inference.half_maps import GOLD_STANDARD
from vitreous.io.pdb import read_model
from vitreous.numerics.filters import apply, soft_disc
from vitreous.numerics.fourier import frequency_squared
from vitreous.numerics.rotations import random_rotations
from vitreous.physics.splat import volume_of_gaussians
from vitreous.simulate.specimens import Specimen, centred, density_map, specimen, specimen_from_model
from vitreous.stages.postprocess import FscCurves, Guinier, fit_guinier, fsc_curves, resolution, sharpen
from vitreous.stages.sharpen import judge_amplitudes

Halves = tuple[Volume, Volume]


def noisy(signal: Volume, ratio: float, chance: torch.Generator) -> Halves:
    """Two halves with white noise of ``ratio`` times the signal's standard deviation."""
    scale = ratio * float(signal.values.std())
    one, two = (Volume(signal.values + scale * torch.randn(signal.shape, generator=chance), signal.voxel_size) for _ in range(2))
    return one, two


def mean(halves: Halves) -> Volume:
    """Of both."""
    return Volume(0.5 * (halves[0].values + halves[1].values), halves[0].voxel_size)


def raised(volume: Volume, b: float) -> Volume:
    """Amplitudes times exp(B k² / 4)."""
    return Volume(apply(volume.values, torch.exp(b / 4 * frequency_squared(volume.shape, volume.voxel_size)), axes=3), volume.voxel_size)


def judged_and_spoilt(made: Specimen, seed: int, told: Counter) -> None:
    """Count the verdicts of one good pair and of the same pair sharpened, and blurred; the reasons of good ones that are told off."""
    chance, draw = torch.Generator().manual_seed(seed), np.random.default_rng(seed)
    size, voxel = int(draw.choice([48, 56, 64, 72])), draw.uniform(1.4, 3.0)
    b, ratio = 20 * 15 ** draw.uniform(), 0.05 * 20 ** draw.uniform()
    reach = np.quantile(np.linalg.norm(made.positions, axis=1), 0.98)
    voxel = max(voxel, 2.6 * reach / size)
    halves = noisy(density_map(made, size, voxel, b_factor=b), ratio, chance)
    mask = soft_disc((size,) * 3, min(reach / voxel + 2, 0.44 * size), 5)
    curves = fsc_curves(*halves, mask, chance, repeats=1)
    found = resolution(curves, GOLD_STANDARD)
    if found is None:
        told["good", "no resolution"] += 1
        return
    guinier = fit_guinier(mean(halves), mask, curves, found.value)
    ready = sharpen(mean(halves), curves.corrected, found.value, max(guinier.b_factor or 0.0, 0.0))
    check = judge_amplitudes(*halves, mask, found.value, sharpened=ready)
    told["good", check.verdict] += 1
    if check.verdict != "pass":
        print(f"seed {seed}: {size} px of {voxel:.2f} Å, B {b:.0f}, noise {ratio:.2f}, {found.value:.2f} Å: {check.reason}", flush=True)
    for name, change in (("sharpened by 120", 120.0), ("blurred by 400", -400.0)):
        told[name, judge_amplitudes(*(raised(half, change) for half in halves), mask, found.value).verdict] += 1
    told["over-sharpened", judge_amplitudes(*halves, mask, found.value, sharpened=raised(mean(halves), b + 400)).verdict] += 1


def specimens(models: Path | None, pairs: int, seed: int) -> list[Specimen]:
    """Balls of 25 to 45 Å cut from the ribosome, and models, turned by chance."""
    draw, whole = np.random.default_rng(seed), specimen("ribosome")
    rotations = random_rotations(pairs, torch.Generator().manual_seed(seed)).double().numpy()
    read = [] if models is None else [specimen_from_model(read_model(path)) for path in sorted(models.glob("*.*"))]
    small = [each for each in read if len(each.positions) < 60_000]
    made = []
    for row in range(pairs):
        if small and row % 2:
            part = small[(row // 2) % len(small)]
        else:
            near = np.linalg.norm(whole.positions - whole.positions[draw.integers(len(whole.positions))], axis=1) < draw.uniform(25, 45)
            part = cut(whole, near)
        turned = centred(part)
        made.append(replace(turned, positions=turned.positions @ rotations[row].T))
    return made


def cut(whole: Specimen, rows: np.ndarray) -> Specimen:
    """The scatterers of ``rows``."""
    return replace(whole, positions=whole.positions[rows], weights=whole.weights[rows], sigma=whole.sigma[rows], region=whole.region[rows])


def verdicts(pairs: int, models: Path | None, seed: int) -> None:
    """Print how many good pairs, and spoilt ones, get each verdict."""
    told: Counter = Counter()
    for row, made in enumerate(specimens(models, pairs, seed)):
        judged_and_spoilt(made, seed + row, told)
    for (what, verdict), count in sorted(told.items()):
        print(f"{what:18} {verdict:14} {count}")
    wrong = sum(count for (what, verdict), count in told.items() if what == "good" and verdict in ("warn", "fail"))
    print(f"false alarms {wrong} of {pairs}; 95 % upper limit {100 * beta.ppf(0.95, wrong + 1, max(pairs - wrong, 1)):.1f} %")


def random_atoms(size: int, voxel: float, b: float, seed: int) -> Volume:
    """A cloud without an edge, whose mean amplitude is level but for the fall."""
    places = np.random.default_rng(seed).normal(0, 0.13 * size * voxel, (6000, 3))
    width = np.full(len(places), np.sqrt(b / (8 * np.pi**2)))
    return Volume(volume_of_gaussians(places, np.ones(len(places)), width, size=size, voxel_size=voxel), voxel)


def least_scatter(curves: FscCurves, found: Guinier) -> float:
    """Cramér and Rao's bound, Å², on B of a straight line through the shells that were fitted.

    Two numbers of a shell's n tell of its signal's power S in noise N: of the mean's n complex coefficients, whose power is S + N,
    the information on ln A is 2 n (S / (S + N))², S / (S + N) = 2r / (1 + r); a slope then has variance 1 / Σ w (x − x̄)².
    """
    low, high = found.fit_range
    rows = (curves.k >= 0.999 / low) & (curves.k <= 1.001 / high)
    r, x = curves.corrected[rows].clamp(0.02, 1), curves.k[rows] ** 2 / 4
    weight = 2 * curves.samples[rows] * (2 * r / (1 + r)) ** 2
    middle = (weight * x).sum() / weight.sum()
    return float((weight * (x - middle) ** 2).sum() ** -0.5)


def measured(signal: Volume, mask: Tensor, ratio: float, chance: torch.Generator) -> tuple[FscCurves, Guinier] | None:
    """Curves and fall-off of a noisy pair; None without a resolution or a line."""
    halves = noisy(signal, ratio, chance)
    curves = fsc_curves(*halves, mask, chance, repeats=1)
    found = resolution(curves, GOLD_STANDARD)
    if found is None:
        return None
    guinier = fit_guinier(mean(halves), mask, curves, found.value)
    return None if guinier.line is None else (curves, guinier)


def planted(repeats: int) -> None:
    """Print the table of planted B-factors."""
    print("signal size B | line found bias sd bound held % error")
    head = specimen("ribosome head")
    for kind in ("atoms", "molecule"):
        for size in (64, 96, 128):
            mask, voxel = soft_disc((size,) * 3, 0.36 * size, 0.08 * size), {"atoms": 1.5, "molecule": 168 / size}[kind]
            for b in (20.0, 60.0, 120.0, 200.0, 300.0):
                rows = []
                for seed in range(repeats if size < 128 else max(4, repeats // 2)):
                    chance = torch.Generator().manual_seed(7000 + seed)
                    signal = random_atoms(size, voxel, b, 50 + seed) if kind == "atoms" else density_map(head, size, voxel, b_factor=b)
                    got = measured(signal, mask, 0.5, chance)
                    if got is not None:
                        line = got[1].line
                        rows.append((line.b_factor - b, line.b_error, least_scatter(*got), line.expected == "level"))
                if rows:
                    off, error, bound, level = np.array(rows, float).T
                    print(f"{kind:9} {size:4} {b:4.0f} | {level.mean():.1f} {len(rows):2} {off.mean():6.1f} {off.std(ddof=1):5.1f} "
                          f"{bound.mean():5.1f} {100 * (abs(off) < 1.96 * error).mean():4.0f} {error.mean():5.1f}", flush=True)  # fmt: skip


def main() -> None:
    """Run one part."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", choices=("verdicts", "planted"))
    parser.add_argument("--pairs", type=int, default=60)
    parser.add_argument("--models", type=Path)
    parser.add_argument("--seed", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=8)
    given = parser.parse_args()
    torch.set_num_threads(1)
    with torch.inference_mode():
        verdicts(given.pairs, given.models, given.seed) if given.part == "verdicts" else planted(given.repeats)


if __name__ == "__main__":
    main()
