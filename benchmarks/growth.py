"""How the cost of a refinement grows: with the number of particles (1 000, 4 000 and 16 000 of 64 px), with the box and with the band.

CPU seconds of whole refinements from a 40 Å start, and a straight line through them; then one local pass of 500 particles at three boxes
and three bands.

    python benchmarks/growth.py [--folder build/benchmarks]
"""

from __future__ import annotations

import argparse
import os
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from peers import measured, specimen_diameter, vitreous

COUNTS = (1000, 4000, 16000)


def written(folder: Path, count: int, size: int, pixel_size: float) -> Path:
    """A set of the same kind as ``1000x64``, of another size."""
    from vitreous.data.optics import Optics
    from vitreous.simulate.dataset import draw_dataset, write_dataset
    from vitreous.simulate.presets import PARTICLE_SPECIMEN, PARTICLES
    from vitreous.simulate.specimens import specimen

    where = folder / f"growth_{count}x{size}"
    if not (where / "particles.star").exists():
        where.mkdir(parents=True, exist_ok=True)
        settings = replace(PARTICLES["1000x64"], particles=count, size=size, optics=Optics(pixel_size=pixel_size))
        write_dataset(where, draw_dataset(specimen(PARTICLE_SPECIMEN), settings))
    return where


def whole(folder: Path) -> None:
    """Refinements of more and more particles."""
    seconds = []
    for count in COUNTS:
        data = written(folder, count, 64, 3.0)
        cost = measured(
            vitreous("refine", "--particles", str(data / "particles.star"), "--reference", str(data / "map.mrc"), "--diameter",
                     f"{specimen_diameter():.0f}", "--project", str(data / "project"), "--seed", str(time.time_ns() % 10**6), "--quiet"),
            data,
        )  # fmt: skip
        seconds.append(cost.cpu)
        print(f"{count:6d} particles of 64 px: {cost}", flush=True)
    slope, start = np.polyfit(COUNTS, seconds, 1)
    off = max(abs(s - start - slope * n) / s for s, n in zip(seconds, COUNTS))
    power = np.polyfit(np.log(COUNTS[1:]), np.log(np.array(seconds[1:]) - start), 1)[0]
    print(f"line: {start:.1f} s + {1e3 * slope:.2f} ms a particle, no point more than {100 * off:.0f} % off; power {power:.2f}", flush=True)


def parts(folder: Path) -> None:
    """One local pass by box and band."""
    import torch

    from vitreous.inference.load import Band, load_images
    from vitreous.inference.noise import initial_noise
    from vitreous.inference.pose_refine import insert_images, refine_poses
    from vitreous.io.mrc import read_volume
    from vitreous.io.particles import read_particles
    from vitreous.numerics.slices import half_ball

    for size, pixel_size in ((64, 3.0), (96, 2.0), (128, 1.5)):
        data = written(folder, 500, size, pixel_size)
        particles = read_particles(data / "truth.star")
        images = load_images(particles, Band(size=size))
        rotation, shift = torch.from_numpy(particles.rotation), torch.from_numpy(particles.shift) / images.pixel_size
        noise, values = initial_noise(images), read_volume(data / "map.mrc").values
        for radius in (size // 8, size // 4, size // 2 - 1):
            ball = half_ball(values, radius, scale=images.pixel_size)
            begun = time.process_time()
            refine_poses(images, noise, ball, rotation, shift, radius=radius)
            turned = time.process_time()
            insert_images(images, noise, rotation, shift, radius=radius)
            ended = time.process_time()
            count = images.disc.within(radius)
            print(f"{size:4d} px, shells to {radius:2d} ({count:5d} coefficients): poses {2 * (turned - begun):.2f} ms, "
                  f"insertion {2 * (ended - turned):.2f} ms a particle", flush=True)  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=Path("build/benchmarks"))
    folder = parser.parse_args().folder.resolve()
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    whole(folder)
    parts(folder)


if __name__ == "__main__":
    main()
