"""Train the network behind ``vitreous local-resolution --method learned``: ``python training/local_resolution.py``.

Maps are simulated (:mod:`simulated_maps`), what the network would see of them is kept, and the network is trained on places from all
of them. Everything is drawn from seeds. What was made is kept in a folder, so that a run that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import math
import resource
from pathlib import Path

import numpy as np
import torch
from simulated_maps import Places, places
from torch import Tensor, nn

from vitreous.runtime.chance import torch_generator
from vitreous.stages.local_resolution.learned import WEIGHTS, depth, log_odds, write_weights
from vitreous.stages.local_resolution.local_spectra import LEVELS
from vitreous.stages.local_resolution.spectral_network import SpectralNetwork

#: Places of a map, and of a batch.
PLACES, BATCH = 3000, 1024
#: Highest rate of Adam; most coarse levels that a batch does without, as boxes and voxels of other sizes do.
RATE, FEWER = 4e-3, 12
#: Seeds of maps that are never trained on begin here.
HELD_OUT = 10_000


def kept(folder: Path, number: int) -> Places:
    """Places of the map of this number, made or, if they were before, read."""
    path = folder / f"places_{number}.npz"
    if not path.is_file():
        made = places(np.random.default_rng(number), PLACES)
        np.savez(path, excess=made.excess.numpy().astype(np.float16), depth=made.depth.numpy())
    with np.load(path, allow_pickle=False) as file:
        return Places(torch.from_numpy(file["excess"]).float(), torch.from_numpy(file["depth"]))


def together(folder: Path, numbers: range) -> Places:
    """Places of many maps."""
    found = []
    for number in numbers:
        found.append(kept(folder, number))
        print(f"map {number}: {len(found[-1].depth)} places, {cpu():.0f} s of processor time", flush=True)
    return Places(*(torch.cat(column) for column in zip(*found)))


def resolved(depth: Tensor, fewer: int = 0) -> Tensor:
    """1 at the levels that are resolved and 0 at others, ``(n, levels)``; in between where the truth is within half a level."""
    return (depth[:, None] - torch.arange(fewer, LEVELS) + 0.5).clamp(0, 1)


def train(known: Places, epochs: int, seed: int) -> SpectralNetwork:
    """Adam on the cross entropy of all levels, the rate rising and falling as a cosine."""
    chance, network = torch_generator(seed, "batches"), SpectralNetwork(torch_generator(seed, "weights"))
    batches = math.ceil(len(known.depth) / BATCH)
    optimiser = torch.optim.AdamW(network.parameters(), weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=epochs * batches, pct_start=0.1)
    for epoch in range(epochs):
        total = 0.0
        for rows in torch.randperm(len(known.depth), generator=chance).split(BATCH):
            fewer = int(torch.randint(FEWER + 1, (1,), generator=chance))
            odds = network(known.excess[rows][..., fewer:])
            loss = nn.functional.binary_cross_entropy_with_logits(odds, resolved(known.depth[rows], fewer))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += float(loss.detach()) / batches
        print(f"epoch {epoch + 1}: cross entropy {total:.4f}, {cpu():.0f} s of processor time", flush=True)
    return network.requires_grad_(False)


def levels_off(network: SpectralNetwork, known: Places) -> Tensor:
    """Levels of 8 % by which places come out too fine."""
    return depth(log_odds(network, known.excess)) - known.depth.clamp(0, LEVELS - 1)


def cpu() -> float:
    """Seconds of processor time so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=WEIGHTS, help="where the weights go")
    parser.add_argument("--keep", type=Path, default=Path("build/training"), help="folder of what was made before")
    parser.add_argument("--maps", type=int, default=33)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    given.keep.mkdir(parents=True, exist_ok=True)
    network = train(together(given.keep, range(given.maps)), given.epochs, given.seed)
    write_weights(given.out, network)
    off = levels_off(network, together(given.keep, range(HELD_OUT, HELD_OUT + 10)))
    print(f"on maps not trained on: median {float(off.median()):.2f} levels of 8 %, mean error {float(off.abs().mean()):.2f}")


if __name__ == "__main__":
    main()
