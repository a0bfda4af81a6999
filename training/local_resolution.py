r"""Train the network behind ``vitreous local-resolution --method learned`` on simulated maps: ``python training/local_resolution.py``.

Each example is a cube of 40 voxels of 1 Å in which the signal-to-noise ratio falls with frequency in the same way everywhere. Signal:
the ribosome (PDB 6ZU5) without the head of its small subunit, which the tests keep for themselves, or atoms at random. What the
structure has lost: a low-pass or a B-factor. Noise: white, of unit variance, as :func:`learned` makes it. The truth is where the
correlation of two half-maps would fall below 1/7, which is a signal-to-noise ratio of 1/3 in their mean.
"""

from __future__ import annotations

import argparse
import math
import resource
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from vitreous.numerics.filters import raised_cosine, soft_disc
from vitreous.numerics.fourier import frequency_squared, irfftn, rfftn
from vitreous.numerics.resample import resize_spectrum
from vitreous.numerics.rotations import random_rotations
from vitreous.numerics.shells import shell_average
from vitreous.runtime.chance import torch_generator
from vitreous.simulate.specimens import density_map, specimen
from vitreous.stages.local_resolution.learned import WEIGHTS, write_weights
from vitreous.stages.local_resolution.spectral_network import SpectralNetwork

#: Voxels of 1 Å: the cube that is filtered, what the network sees of it, and the map cubes are cut from.
CUBE, SEEN, WHOLE = 56, 40, 288
#: Å: resolutions drawn, and what noise alone is called.
FINEST, COARSEST, NOTHING = 2.2, 14.0, 15.0
#: Share of examples: noise alone, atoms at random.
EMPTY, RANDOM = 0.06, 0.3
#: Relative error of the noise's level, which is measured in the solvent of a real map.
LEVEL = 0.02
#: Signal over noise of a mean of half-maps where their correlation is 1/7.
CROSSING = 1 / 3


class Example(NamedTuple):
    """A cube at 1, 2 and 4 Å, and log resolution; all of one batch have a leading axis."""

    fine: Tensor
    middle: Tensor
    coarse: Tensor
    truth: Tensor


class Structures:
    """Cubes of noiseless signal."""

    def __init__(self, chance: torch.Generator, orientations: int = 2) -> None:
        self.chance = chance
        body = specimen("ribosome").part("large subunit", "small subunit body")
        self.maps = []
        for turn in random_rotations(orientations, chance).numpy():
            turned = type(body)(**{**vars(body), "positions": body.positions @ turn.T})
            self.maps.append(density_map(turned, WHOLE, 1.0).values)
        reach = soft_disc((CUBE,) * 3, 4.0, 8.0)
        self.inner = reach / reach.sum()
        self.typical = float(self.maps[0].std())

    def cube(self) -> Tensor:
        """A cube with structure in its middle, in one of 48 orientations."""
        if float(torch.rand(1, generator=self.chance)) < RANDOM:
            return torch.poisson(torch.full((CUBE,) * 3, 0.05), generator=self.chance)
        while True:
            which = int(torch.randint(len(self.maps), (1,), generator=self.chance))
            corner = torch.randint(WHOLE - CUBE, (3,), generator=self.chance).tolist()
            found = self.maps[which][tuple(slice(c, c + CUBE) for c in corner)]
            if float((found.square() * self.inner).sum().sqrt()) > 1.2 * self.typical:
                return turned(found, self.chance)


def turned(cube: Tensor, chance: torch.Generator) -> Tensor:
    """One of the 48 ways to lay a cube on its grid."""
    cube = cube.permute(*torch.randperm(3, generator=chance).tolist())
    flips = torch.nonzero(torch.rand(3, generator=chance) < 0.5).flatten().tolist()
    return cube.flip(flips) if flips else cube


def uniform(low: float, high: float, chance: torch.Generator) -> float:
    return low + (high - low) * float(torch.rand(1, generator=chance))


def log_uniform(low: float, high: float, chance: torch.Generator) -> float:
    return math.exp(uniform(math.log(low), math.log(high), chance))


FREQUENCY = frequency_squared((CUBE,) * 3, 1.0, like=torch.zeros(0)).sqrt()
WINDOW = soft_disc((CUBE,) * 3, 10.0, 13.0)


def example(structures: Structures, chance: torch.Generator) -> Example:
    """One cube."""
    signal = structures.cube()
    resolution = log_uniform(FINEST, COARSEST, chance)
    loss, ratio = lost(resolution, chance)
    windowed = rfftn((signal - signal.mean()) * WINDOW)
    power = smoothed(shell_average(windowed.abs() ** 2, signal.shape) / WINDOW.square().sum())
    gain = loss(torch.arange(len(power)) / CUBE)
    at = CUBE / resolution
    low = power[2 : round(CUBE / 8) + 1].mean()
    noise = float(low / ratio) if ratio else float(between(power * gain**2, at) / CROSSING)
    truth = crossing(power * gain**2 / noise)
    white = rfftn(torch.randn(signal.shape, generator=chance) * math.sqrt(noise))
    empty = float(torch.rand(1, generator=chance)) < EMPTY
    spectrum = white if empty else white + rfftn(signal) * loss(FREQUENCY)
    spectrum = spectrum * (1 + LEVEL * float(torch.randn(1, generator=chance))) / math.sqrt(noise)
    return at_three_scales(spectrum, math.log(NOTHING if empty else min(max(truth, FINEST), NOTHING)))


def lost(resolution: float, chance: torch.Generator):
    """What frequency k has lost, a function of it, and the signal-to-noise ratio; 0 for the one that ends at ``resolution``."""
    if float(torch.rand(1, generator=chance)) < 0.5:
        width = uniform(0.05, 0.4, chance) / resolution
        return lambda k: raised_cosine(k, 1 / resolution, width), log_uniform(2.0, 1e4, chance)
    b_factor = 2 * resolution**2 * math.log(log_uniform(1.2, 600.0, chance))
    return lambda k: torch.exp(-0.25 * b_factor * k**2), 0.0


def smoothed(power: Tensor) -> Tensor:
    """Running mean over five shells of the logarithm: a structure's spectrum is rough, what decides is its trend."""
    padded = torch.nn.functional.pad(power.clamp_min(1e-30).log()[None, None], (2, 2), mode="replicate")
    return torch.nn.functional.avg_pool1d(padded, 5, 1)[0, 0].exp()


def between(curve: Tensor, at: float) -> float:
    """Value of a curve at a shell that is no whole number."""
    return float(np.interp(at, np.arange(len(curve)), curve.numpy()))


def crossing(ratio: Tensor) -> float:
    """Å where a signal-to-noise ratio first falls below 1/3, linear in its logarithm between shells."""
    height = (ratio / CROSSING).clamp_min(1e-30).log()
    below = torch.nonzero(height[2:] < 0).flatten()
    if not len(below):
        return FINEST
    s = int(below[0]) + 2
    if s == 2:
        return NOTHING
    return CUBE / (s - 1 + float(height[s - 1] / (height[s - 1] - height[s])))


def at_three_scales(spectrum: Tensor, truth: float) -> Example:
    """A map in units of its noise, cut to what the network sees."""
    cut = (CUBE - SEEN) // 2
    parts = [irfftn(resize_spectrum(spectrum, (CUBE // f,) * 3), (CUBE // f,) * 3) / f**1.5 for f in (1, 2, 4)]
    return Example(*(v[(slice(cut // f, (cut + SEEN) // f),) * 3] for v, f in zip(parts, (1, 2, 4))), torch.tensor(truth))


def batch(structures: Structures, size: int, chance: torch.Generator) -> Example:
    return Example(*(torch.stack(column) for column in zip(*(example(structures, chance) for _ in range(size)))))


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def train(steps: int, size: int, seed: int) -> SpectralNetwork:
    """Adam on the absolute error of log resolution, the rate falling to 0 as a cosine."""
    chance = torch_generator(seed, "local resolution")
    structures = Structures(chance)
    network = SpectralNetwork(torch_generator(seed, "weights"))
    optimiser = torch.optim.Adam([p for p in network.parameters() if p.requires_grad], lr=3e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, total_steps=steps, pct_start=0.1)
    running = 0.0
    for step in range(1, steps + 1):
        shown_now = batch(structures, size, chance)
        error = (network(*shown_now[:3]) - shown_now.truth[:, None, None, None]).abs().mean()
        optimiser.zero_grad()
        error.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        now = float(error.detach())
        running = now if step == 1 else 0.98 * running + 0.02 * now
        if step % 25 == 0:
            print(f"step {step}: mean |Δ ln d| {running:.4f}, {cpu():.0f} s of processor time", flush=True)
    return network


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=WEIGHTS, help="where the weights go")
    parser.add_argument("--steps", type=int, default=250, help="batches")
    parser.add_argument("--size", type=int, default=24, help="cubes a batch")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    write_weights(given.out, train(given.steps, given.size, given.seed))


if __name__ == "__main__":
    main()
