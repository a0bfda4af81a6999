"""Refinement from a 40 Å start: against RELION in the same run, against the true poses, and against the Cramér-Rao bound.

Prints what each program took, how far its poses are from the planted ones and how well its map agrees with the truth. The same
is printed for a reconstruction with the true poses, and the median error that the noise alone makes unavoidable: that of a
refinement against the true map, as its normal equations at the true poses say.

    python benchmarks/auto_refinement.py [--folder build/benchmarks] [--set 1000x64] [--relion] [--yardstick PATH]
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path

import numpy as np
from local_refinement import relion_reference
from peers import (
    Cost,
    compared,
    fsc_with_truth,
    measured,
    particle_set,
    pose_errors,
    relion_program,
    resolution,
    specimen_diameter,
    vitreous,
)  # fmt: skip

LOWPASS = 40.0
#: Median of |v| over a standard deviation along an axis, three Gaussian components and two.
MEDIAN_3, MEDIAN_2 = 1.5382, 1.1774


def bound(data: Path) -> tuple[float, float]:
    """Median errors of the poses, ° and Å, of an unbiased estimate that knows the map and the noise: the Cramér-Rao bound."""
    import torch

    from vitreous.inference.load import Band, load_images
    from vitreous.inference.noise import initial_noise
    from vitreous.inference.pose_refine import refine_poses
    from vitreous.inference.residual import known_pose_factor
    from vitreous.io.mrc import read_volume
    from vitreous.io.particles import read_particles
    from vitreous.numerics.slices import half_ball

    particles, truth = read_particles(data / "truth.star"), read_volume(data / "map.mrc")
    images = load_images(particles, Band(size=truth.shape[-1]))
    rotation, shift = torch.from_numpy(particles.rotation), torch.from_numpy(particles.shift) / images.pixel_size
    ball = half_ball(truth.values, images.disc.radius, scale=images.pixel_size)
    noise = initial_noise(images)
    noise = noise.scaled(known_pose_factor(images, noise, ball, rotation, shift))
    at = refine_poses(images, noise, ball, rotation, shift, radius=images.disc.radius, steps=0)
    generator = np.random.default_rng(0)
    drawn = np.stack([generator.multivariate_normal(np.zeros(5), c) for c in at.covariance.numpy()])
    turn, move = np.linalg.norm(drawn[:, :3], axis=1), np.linalg.norm(drawn[:, 3:], axis=1)
    return float(np.degrees(np.median(turn))), float(np.median(move) * images.pixel_size)


def best_map(data: Path, out: Path) -> Path:
    """The map from the true poses."""
    import torch

    from vitreous.data.volume import Volume
    from vitreous.inference.load import Band, load_images
    from vitreous.inference.noise import initial_noise
    from vitreous.inference.pose_refine import insert_images
    from vitreous.io.mrc import read_volume, write_volume
    from vitreous.io.particles import read_particles
    from vitreous.reconstruct.fourier import solve

    particles = read_particles(data / "truth.star")
    size = read_volume(data / "map.mrc").shape[-1]
    images = load_images(particles, Band(size=size))
    rotation, shift = torch.from_numpy(particles.rotation), torch.from_numpy(particles.shift) / images.pixel_size
    sums = insert_images(images, initial_noise(images), rotation, shift, radius=images.disc.radius)
    values = solve(*sums.total(), size, ssnr=None, radius=images.disc.radius, voxel_size=images.pixel_size)
    write_volume(out / "true_poses.mrc", Volume(values, images.pixel_size))
    return out / "true_poses.mrc"


def relion(start: Path, out: Path, data: Path, diameter: float) -> list[str]:
    """The command of the peer: two half-sets and a leader."""
    return [
        "mpirun", "-n", "3", "--oversubscribe", "--allow-run-as-root", "relion_refine_mpi", "--i", str(start), "--o", str(out / "run"),
        "--ref", str(relion_reference(data, out)), "--ini_high", str(LOWPASS), "--auto_refine", "--split_random_halves", "--ctf",
        "--zero_mask",
        "--particle_diameter", str(round(1.2 * diameter)), "--flatten_solvent", "--healpix_order", "2", "--auto_local_healpix_order", "4",
        "--offset_range", "5", "--offset_step", "2", "--sym", "C1", "--norm", "--scale", "--low_resol_join_halves", "40", "--j", "1",
        "--oversampling", "1", "--dont_check_norm", "--random_seed", "1",
    ]  # fmt: skip


def main() -> None:
    """Run and print figures and a row for RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=Path("build/benchmarks"))
    parser.add_argument("--set", default="1000x64")
    parser.add_argument("--relion", action="store_true", help="run RELION too (about half an hour for 1000x64)")
    parser.add_argument("--yardstick", type=Path, help="a script to measure on the same particles: python SCRIPT particles.star map.mrc …")
    options = parser.parse_args()
    from vitreous.io.mrc import read_volume

    folder = options.folder.resolve()
    data, out = particle_set(options.set, folder), folder / f"auto_refinement_{options.set}"
    shutil.rmtree(out, ignore_errors=True)
    (out / "relion").mkdir(parents=True)
    start, diameter = data / "particles.star", specimen_diameter()
    print("Cramér-Rao bound: median error {:.3f}° and {:.3f} Å".format(*bound(data)), flush=True)
    told("true poses", None, None, best_map(data, out), data)
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    ours = measured(
        vitreous("refine", "--particles", str(start), "--reference", str(data / "map.mrc"), "--initial-lowpass", str(LOWPASS),
                 "--diameter", f"{diameter:.0f}", "--hand", "found", "--project", str(out / "project"), "--out", str(out / "ours"),
                 "--json"), out,
    )  # fmt: skip
    told("Vitreous", ours, out / "ours" / "particles.star", out / "ours" / "map.mrc", data)
    peer = None
    if options.yardstick:
        # Its projections are sums of voxels: the map's grey scale times the voxel.
        scale = read_volume(data / "map.mrc").voxel_size
        words = [
            sys.executable, str(options.yardstick.resolve()), str(start), str(data / "map.mrc"), "--amplitude", str(scale),
            "-n", "100000", "--truth", str(data / "truth.star"), "--truth-map", str(data / "map.mrc"),
        ]  # fmt: skip
        told("yardstick", measured(words, data), None, None, data)
        print((data / f"{Path(sys.executable).name}.log").read_text())
    if options.relion and relion_program("relion_refine_mpi"):
        peer = measured(relion(start, out / "relion", data, diameter), data)
        told("RELION", peer, out / "relion" / "run_data.star", out / "relion" / "run_class001.mrc", data)
    print(f"| refinement from {LOWPASS:.0f} Å, {options.set} | `auto_refinement.py` {compared(ours, peer)}")


def told(name: str, cost: Cost | None, found: Path | None, volume: Path | None, data: Path) -> None:
    """Print what one program took, and how far its poses and map are from the truth."""
    words = [str(cost or "")]
    if found is not None:
        turn, shift = pose_errors(found, data / "truth.star")
        words.append(f"median error {np.median(turn):.3f}° and {np.median(shift):.3f} Å, beyond 10°: {100 * (turn > 10).mean():.2f} %")
    if volume is not None:
        from vitreous.io.mrc import read_volume

        truth = read_volume(data / "map.mrc")
        curve = fsc_with_truth(volume, data / "map.mrc", specimen_diameter())
        length = truth.shape[-1] * truth.voxel_size
        words.append(f"FSC with truth 0.5 at {resolution(curve, length, 0.5):.3f} Å, mean {curve[1:].mean():.4f}")
    print(f"{name:11s}", "; ".join(word for word in words if word), flush=True)


if __name__ == "__main__":
    main()
