"""How often `check-model` blames sound models, and how often it finds what is wrong.

Models: a bundle of helices, and pieces of 16 to 22 Å radius of the shipped ribosome (protein and RNA). Maps: their density ended at 2.5
to 6 Å, with an overall B of 0 or 60 Å², white noise of 0.3 to 1 times their deviation about the atoms, and the model left off by
0.2 Å a coordinate at random. Spoilt ones: mirrored, moved by 2.7 Å, a pixel 1.5 % too large, another part of the ribosome.

    python benchmarks/models.py [--maps 90]
"""

from __future__ import annotations

import argparse
import resource
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "toys"))

from atoms_at_random import bundle

import vitreous.simulate.packed_atoms as packed
from vitreous.data.atomic_model import AtomicModel
from vitreous.data.volume import Volume
from vitreous.physics.model_map import model_map
from vitreous.stages.model import compare, judge_model

RESOLUTIONS, NOISE, BLUR = (2.5, 3.0, 3.5, 4.5, 6.0), (0.3, 0.6, 1.0), (0.0, 60.0)


def piece(seed: int) -> AtomicModel:
    """A bundle of helices, or a ball of the ribosome, about the origin."""
    if seed % 3 == 0:
        return bundle(residues=16 + seed % 5, apart=9.0 + 0.3 * (seed % 4))
    whole = packed.unpack(Path(packed.__file__).parent / "atoms" / "ribosome_6zu5.npz")[0]
    chance = np.random.default_rng(seed)
    middle = whole.positions[chance.integers(len(whole))]
    rows = np.linalg.norm(whole.positions - middle, axis=1) < chance.uniform(16.0, 22.0)
    part = whole.take(rows)
    return replace(part, positions=part.positions - part.positions.mean(0), b_factors=chance.uniform(20.0, 60.0, len(part)))


def made(model: AtomicModel, seed: int) -> tuple[Volume, float]:
    """A noisy map about the model, and its resolution."""
    chance = np.random.default_rng(seed + 1000)
    resolution = RESOLUTIONS[seed % len(RESOLUTIONS)]
    voxel = min(1.2, resolution / 2.5)
    size = 2 * round((np.ptp(model.positions, axis=0).max() + 24) / voxel / 2)
    corner = (-voxel * (size // 2),) * 3
    volume = model_map(model, size, voxel, corner, resolution=resolution, b_factor=chance.choice(BLUR))
    noise = torch.randn(volume.shape, generator=torch.Generator().manual_seed(seed))
    level = chance.choice(NOISE) * float(volume.values[volume.values > volume.values.std()].std())
    return replace(volume, values=volume.values + level * noise), resolution


def moved(model: AtomicModel, by: tuple[float, float, float]) -> AtomicModel:
    return replace(model, positions=model.positions + np.array(by))


def spoilt(volume: Volume, model: AtomicModel, seed: int) -> dict[str, tuple[Volume, AtomicModel]]:
    """What is wrong, and a map with a model of which it is."""
    scale = 1.015
    wide = replace(volume, voxel_size=scale * volume.voxel_size, corner=tuple(scale * c for c in volume.corner))
    return {
        "wrong hand": (volume, replace(model, positions=model.positions * (1, 1, -1))),
        "moved": (volume, moved(model, (2.0, -1.5, 1.0))),
        "pixel size": (wide, model),
        "another": (volume, piece(3 * seed + 1)),
    }


def study(maps: int) -> None:
    """Count verdicts."""
    told: Counter = Counter()
    for seed in range(maps):
        truth = piece(seed)
        volume, resolution = made(truth, seed)
        off = np.random.default_rng(seed + 2000).normal(0, 0.2, truth.positions.shape)
        model = replace(truth, positions=truth.positions + off)
        check = judge_model(compare(volume, model, resolution=resolution))
        told["good", check.verdict] += 1
        if check.verdict != "pass":
            print(f"good {seed} at {resolution:g} Å, {len(model)} atoms: {check.verdict}: {check.reason}", flush=True)
        if seed % 5 == 0:
            for name, (map_, wrong) in spoilt(volume, model, seed).items():
                check = judge_model(compare(map_, wrong, resolution=resolution))
                told[name, check.verdict] += 1
                if check.verdict == "pass":
                    print(f"{name} {seed} at {resolution:g} Å, {len(wrong)} atoms: passed", flush=True)
    for (name, verdict), count in sorted(told.items()):
        print(f"{name:12s} {verdict:9s} {count}")
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(f"CPU {used.ru_utime + used.ru_stime:.0f} s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--maps", type=int, default=90)
    study(parser.parse_args().maps)
