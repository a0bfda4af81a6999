"""Defocus, astigmatism, tilt and their intervals on simulated micrographs, and what a micrograph costs.

Micrographs are still exposures from ``vitreous.simulate``: atoms of particles at heights of their own, ice that wanders, an
envelope, counted electrons; the fit shares the formula of the CTF with it and nothing else. Truth is the defocus of the middle of
field and ice, about which the particles lie evenly. The angle can be no better than its Cramér-Rao bound
σ = σ(across) / 2h, h half the astigmatism, which Fisher's information of the spectrum gives: the share of micrographs for which an
efficient estimator would be within 3° is the mean of erf(3° / √2 σ).

    python benchmarks/ctf.py [--count 60] [--tilted 12] [--seed 0] [--sides 2048 3072 4096]
"""

from __future__ import annotations

import argparse
import math
import time
from dataclasses import dataclass, replace

import numpy as np
import torch

from vitreous.data.micrograph import Defocus
from vitreous.data.optics import Optics
from vitreous.runtime.devices import one_torch_thread
from vitreous.simulate.micrograph import static_micrograph
from vitreous.simulate.scene import draw_scene
from vitreous.simulate.settings import SessionSettings
from vitreous.simulate.specimens import specimen
from vitreous.stages.defocus import CtfFit, CtfParams, estimate_ctf

SPECIMEN = "ribosome head"
NORMAL_95 = 1.96


@dataclass(frozen=True)
class Case:
    """One micrograph's fit, truth and CPU seconds."""

    fit: CtfFit
    truth: Defocus
    tilt_deg: float
    side: int
    seconds: float

    @property
    def turned(self) -> float:
        """Error of the angle, degrees."""
        return (self.fit.defocus.angle_deg - self.truth.angle_deg + 90) % 180 - 90


def settings(seed: int, side: int, tilt_deg: float) -> SessionSettings:
    """20 to 50 e/Å², 0.5 to 3 µm, astigmatism to 1500 Å, 0.8 to 1.5 Å a pixel, ice of 200 to 600 Å, B of 30 to 150 Å²."""
    chance = np.random.default_rng(seed)
    pixel, defocus = chance.uniform(0.8, 1.5), chance.uniform(5_000, 30_000)
    return SessionSettings(
        specimen=SPECIMEN, particles=int((side * pixel / 300) ** 2 * chance.uniform(0.3, 1)), shape=(side, side), frames=40,
        optics=Optics(pixel_size=float(pixel)), dose_per_frame=float(chance.uniform(20, 50)) / 40, contaminants=0, seed=seed,
        astigmatism=float(chance.uniform(0, 1500)), defocus=(float(defocus), float(defocus)), tilt_deg=tilt_deg,
        height=float(chance.uniform(0, 100)), ice_thickness=float(chance.uniform(200, 600)), b_factor=float(chance.uniform(30, 150)),
    )  # fmt: skip


def case(seed: int, side: int, params: CtfParams, tilt_deg: float = 0.0) -> Case:
    """Simulate and fit one."""
    drawn = settings(seed, side, tilt_deg)
    scene = draw_scene(drawn, specimen(SPECIMEN), 0)
    image = static_micrograph(drawn, specimen(SPECIMEN), scene)
    with one_torch_thread():
        before = time.thread_time()  # of this thread alone: the simulator's may still be waiting, busily
        fit = estimate_ctf(image, drawn.optics, params)
        return Case(fit, scene.defocus, tilt_deg, side, time.thread_time() - before)


def told(cases: list[Case]) -> None:
    """Print what level micrographs show."""
    fits, truths = [c.fit for c in cases], [c.truth for c in cases]
    mean = np.array([f.defocus.mean - t.mean for f, t in zip(fits, truths)])
    print(
        f"{len(cases)} micrographs: defocus within 50 Å for {(np.abs(mean) < 50).mean():.1%}, median error {np.median(np.abs(mean)):.1f} Å"
    )
    errors = {"mean": mean, "angle_deg": np.array([c.turned for c in cases])}
    errors |= {name: np.array([getattr(f.defocus, name) - getattr(t, name) for f, t in zip(fits, truths)]) for name in ("u", "v")}
    for name, error in errors.items():
        sigma = np.array([getattr(f.uncertainty, name) for f in fits])
        print(f"  95 % intervals of {name} cover {(np.abs(error) < NORMAL_95 * sigma).mean():.1%}")
    strong = [c for c in cases if c.truth.astigmatism > 200]
    bound = np.array([c.fit.uncertainty.angle_deg for c in strong])
    within = np.array([abs(c.turned) < 3 for c in strong])
    possible = np.mean([math.erf(3 / s / math.sqrt(2)) for s in bound])
    print(f"  astigmatism above 200 Å ({len(strong)}): angle within 3° for {within.mean():.1%}; an efficient estimator: {possible:.1%}; "
          f"1.96 σ is below 3° for {(NORMAL_95 * bound < 3).mean():.1%}, of these {within[NORMAL_95 * bound < 3].mean():.1%}")  # fmt: skip
    agree = np.array([f.second.agreement < f.resolution for f in fits])
    print(
        f"  the second method agrees as far as rings are seen for {agree.mean():.1%}; flagged {np.mean([bool(f.flags) for f in fits]):.1%}"
    )
    for side in sorted({c.side for c in cases}):
        seconds = [c.seconds for c in cases if c.side == side]
        print(f"  {side}²: {np.median(seconds):.2f} CPU s a micrograph (greatest {max(seconds):.2f}), one thread")


def told_of_tilt(cases: list[Case]) -> None:
    """Print what tilted and level micrographs show when a plane is looked for."""
    level = [c for c in cases if c.tilt_deg == 0]
    tilted = [c for c in cases if c.tilt_deg]
    alarms, taken = [c.fit.tilt.chance < 0.05 for c in level], [not c.fit.level for c in level]
    print(f"{len(level)} level ones: {np.mean(alarms):.1%} beyond the 95 % limit, {np.mean(taken):.1%} taken as tilted")
    angle = np.array([c.fit.tilt.angle_deg - c.tilt_deg for c in tilted])
    axis = np.array([(c.fit.tilt.axis_deg - 270 + 180) % 360 - 180 for c in tilted])
    print(f"{len(tilted)} tilted by 10 to 50°: tilt within 3° for {(np.abs(angle) < 3).mean():.1%}, axis within 5° for "
          f"{(np.abs(axis) < 5).mean():.1%}, r.m.s. {np.sqrt((angle**2).mean()):.2f}° and {np.sqrt((axis**2).mean()):.2f}°, "
          f"{np.median([c.seconds for c in tilted]):.1f} CPU s")  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=60, help="20 or more: shares of fewer say nothing")
    parser.add_argument("--tilted", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sides", type=int, nargs="+", default=[2048, 2048, 3072, 4096])
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(f"{time.process_time():.1f} CPU s for Python and imports")
    seeds = range(options.seed, options.seed + options.count)
    told([case(seed, options.sides[seed % len(options.sides)], CtfParams()) for seed in seeds])
    fit = replace(CtfParams(), tilt="fit")
    tilts = np.random.default_rng(options.seed).uniform(10, 50, options.tilted)
    more = [case(10_000 + options.seed + i, options.sides[0], fit, tilt) for i, tilt in enumerate([*tilts, *([0.0] * options.tilted)])]
    if more:
        told_of_tilt(more)


if __name__ == "__main__":
    main()
