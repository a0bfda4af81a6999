"""How often controls raise a false alarm on good simulated sets, and how often they find sets that were spoilt on purpose.

Good sets: particles of 40 px at true poses, at signal-to-noise ratios from 0.03 to 0.3 and fall-offs from 300 to 1500 Å². Spoilt ones:
refined with one map for both halves (overfitting), noise aligned to the true map (better-than-noise), two kinds 60 : 40 (homogeneity).

    python benchmarks/controls.py [--sets 100]
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
from collections import Counter
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "toys"))

from known_poses import in_place, overfitted
from lobed_particles import DIAMETER, make_known, particle

from vitreous.inference.pose_refine import refine_poses
from vitreous.jobs.placed_particles import sort_again
from vitreous.numerics.slices import half_ball
from vitreous.numerics.symmetry import symmetry
from vitreous.simulate.specimens import specimen
from vitreous.stages.controls.better import against_noise, judge_better_than_noise
from vitreous.stages.controls.homogeneity import judge_homogeneity
from vitreous.stages.controls.overfitting import freed_agreement, judge_overfitting
from vitreous.stages.controls.placed import placed
from vitreous.stages.controls.substitute import substituted

PIXEL = 4.5
SNR, FALL = (0.03, 0.1, 0.3), (300.0, 700.0, 1500.0)


def seeded(seed: int) -> torch.Generator:
    """A generator."""
    return torch.Generator().manual_seed(seed)


def of_noise(seed: int, told: Counter) -> None:
    """Count verdicts of a good set, of the same overfitted, and of noise aligned to the truth."""
    snr, fall = SNR[seed % 3], FALL[seed // 3 % 3]
    task, truth = in_place(specimen("ribosome head"), 300, snr=snr, b_factor=fall, size=40, pixel=PIXEL, seed=seed)
    told["overfitting", "good", judge_overfitting(freed_agreement(task, seeded(seed))).verdict] += 1
    spoilt = overfitted(task, 6)
    told["overfitting", f"one map, SNR {snr:g}", judge_overfitting(freed_agreement(spoilt, seeded(seed))).verdict] += 1
    few = task.images.take(torch.arange(120))
    small = placed(few, task.half[:120], task.rotation[:120], task.shift[:120], diameter=150.0, symmetry=symmetry("C1"))
    told["better-than-noise", f"good, SNR {snr:g}", judge_better_than_noise(against_noise(small, seeded(seed))).verdict] += 1
    blank = small.showing(substituted(few, 1, seeded(seed + 7000)))
    ball = half_ball(truth.volume.values, 10, scale=PIXEL)
    poses = refine_poses(blank.images, blank.noise, ball, blank.rotation, blank.shift, radius=10)
    aligned = against_noise(blank.at(poses.rotation, poses.shift), seeded(seed))
    told["better-than-noise", "noise", judge_better_than_noise(aligned).verdict] += 1


def of_kinds(seed: int, told: Counter) -> None:
    """Count verdicts of particles of one kind and of two."""
    for name, kinds, shares in (("good", [particle(0)], [1.0]), ("60 : 40", [particle(0), particle(None)], [0.6, 0.4])):
        with tempfile.TemporaryDirectory() as folder:
            known = make_known(Path(folder), kinds, shares, 400, 0.3)
        half = torch.randperm(400, generator=seeded(seed)) % 2
        task = placed(known.images, half, known.rotation, known.shift, diameter=DIAMETER, symmetry=symmetry("C1"))
        told["homogeneity", name, judge_homogeneity(sort_again(task, DIAMETER, seed)).verdict] += 1


def main() -> None:
    """Print the share of each verdict."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", type=int, default=100)
    count = parser.parse_args().sets
    torch.set_num_threads(1)
    told: Counter = Counter()
    with torch.inference_mode():
        for seed in range(count):
            of_noise(seed, told)
            if seed % 4 == 0:
                of_kinds(seed, told)
    for (check, what, verdict), number in sorted(told.items()):
        print(f"{check:18} {what:18} {verdict:9} {number}")
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(f"{used.ru_utime + used.ru_stime:.0f} CPU s")


if __name__ == "__main__":
    main()
