"""Does `judge_hand_of_helices` tell the hand of a map, and stay silent where it cannot?

Maps from deposited models given on the command line (and the shipped ribosome's head, RNA and proteins, without any), ended at 2.5
to 5.5 Å and smoothed by 20 Å² times the resolution, with band-limited noise of half their deviation, turned at random, as they are and
mirrored. The mirrored map must never pass and the map as it is never fail.

    python benchmarks/helix_hands.py [--turns 3] [MODEL.pdb ...]
"""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from scipy.spatial.transform import Rotation

import vitreous.simulate.packed_atoms as packed
from vitreous.data.atomic_model import AtomicModel
from vitreous.data.volume import Volume
from vitreous.io.pdb import read_model
from vitreous.numerics.filters import apply
from vitreous.numerics.fourier import frequency_squared
from vitreous.physics.model_map import model_map
from vitreous.stages.model import judge_hand_of_helices

RESOLUTIONS = (2.5, 3.0, 3.5, 4.0, 4.5, 5.5)
MOST_ATOMS = 8_000


def centred(model: AtomicModel) -> AtomicModel:
    """Its first chains, up to 8 000 atoms, about the origin, without B-factors."""
    part = model.take(np.arange(min(len(model), MOST_ATOMS)))
    return replace(part, positions=part.positions - part.positions.mean(0), b_factors=np.zeros(len(part)))


def ball_of_ribosome(seed: int) -> AtomicModel:
    """Atoms within 30 Å of a random one."""
    whole = packed.unpack(Path(packed.__file__).parent / "atoms" / "ribosome_6zu5.npz")[0]
    middle = whole.positions[np.random.default_rng(seed).integers(len(whole))]
    return centred(whole.take(np.linalg.norm(whole.positions - middle, axis=1) < 30.0))


def made(model: AtomicModel, resolution: float, seed: int) -> tuple[Volume, torch.Tensor]:
    """A noisy map of the model, turned at random, and a mask of its densest part."""
    turned = replace(model, positions=model.positions @ Rotation.random(rng=seed).as_matrix().T)
    voxel = min(1.3, resolution / 3)
    size = 2 * round((np.ptp(turned.positions, axis=0).max() + 20) / voxel / 2)
    volume = model_map(turned, size, voxel, (-voxel * (size // 2),) * 3, resolution=resolution, b_factor=20 * resolution)
    k2 = frequency_squared(volume.shape, voxel)
    mask = apply(volume.values, torch.exp(-25 * k2), 3)
    noise = apply(torch.randn(volume.shape, generator=torch.Generator().manual_seed(seed)), (k2 < resolution**-2).float(), 3)
    level = 0.5 * float(volume.values.std()) / float(noise.std())
    return replace(volume, values=volume.values + level * noise), (mask > 1.0 * mask.std()).float()


def study(models: dict[str, AtomicModel], turns: int) -> None:
    """Count verdicts."""
    total: Counter = Counter()
    for name, model in models.items():
        for resolution in RESOLUTIONS:
            told: Counter = Counter()
            for seed in range(turns):
                volume, mask = made(model, resolution, seed)
                told["own", judge_hand_of_helices(volume, mask, resolution).verdict] += 1
                other = replace(volume, values=volume.values.flip(0))
                told["mirrored", judge_hand_of_helices(other, mask.flip(0), resolution).verdict] += 1
            total += told
            print(f"{name:12.12s} {resolution:g} Å", {" ".join(key): count for key, count in sorted(told.items())}, flush=True)
    print("all", {" ".join(key): count for key, count in sorted(total.items())})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("models", nargs="*", type=Path)
    given = parser.parse_args()
    chosen = {path.name: centred(read_model(path)) for path in given.models}
    study(chosen or {f"ribosome {seed}": ball_of_ribosome(seed) for seed in range(4)}, given.turns)
