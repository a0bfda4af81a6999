"""Two classes of 4 000 particles of 64 px that differ by a 39 kDa part of 316 kDa, poses known, against relion_refine in the same run.

The specimen is the head of the ribosome's small subunit and the same without a compact lobe at its surface, half of the
particles each, 4 Å a pixel, SNR 0.12 a pixel in the particle's disc. The bound is what the likelihood ratio with true maps, poses
and noise gets right: no program can do better. With --unknown ours also searches the poses, from the mean of the two maps at 40 Å.

    python benchmarks/classification3d.py [--folder build/benchmarks] [--unknown] [--no-relion]
"""

from __future__ import annotations

import argparse
import os
import shutil
from pathlib import Path

import numpy as np
from peers import Cost, compared, measured, relion_program, vitreous

SIZE, PIXEL, COUNT, SNR, PART = 64, 4.0, 4000, 0.12, 39.0


def simulated(folder: Path) -> Path:
    """The set, made unless it is there; with ``poses.star`` (no classes) and ``mean.mrc``."""
    from vitreous.data.optics import Optics
    from vitreous.io.mrc import read_volume, write_volume
    from vitreous.io.particles import read_particles, write_particles
    from vitreous.simulate.dataset import DatasetSettings
    from vitreous.simulate.mixture import draw_mixture, without_lobe
    from vitreous.simulate.snr import PixelSnr
    from vitreous.simulate.specimens import specimen

    where = folder / "two-classes-4000x64"
    if (where / "mean.mrc").exists():
        return where
    where.mkdir(parents=True, exist_ok=True)
    whole = specimen("ribosome head")
    settings = DatasetSettings(particles=COUNT, size=SIZE, optics=Optics(pixel_size=PIXEL), snr=PixelSnr(SNR), seed=3)
    draw_mixture([whole, without_lobe(whole, PART)], [0.5, 0.5], settings).write(where)
    write_particles(where / "poses.star", read_particles(where / "truth.star").with_(class_number=None))
    one, other = (read_volume(where / f"class{k}.mrc") for k in (1, 2))
    write_volume(where / "mean.mrc", type(one)(0.5 * (one.values + other.values), one.voxel_size))
    return where


def bound(data: Path) -> float:
    """Share of particles that the likelihood ratio of the true maps at the true poses gets right."""
    import torch

    from vitreous.inference.load import Band, load_images
    from vitreous.io.mrc import read_volume
    from vitreous.io.particles import read_particles
    from vitreous.numerics.slices import half_ball, slices

    truth = read_particles(data / "truth.star")
    images = load_images(truth, Band(size=SIZE))
    rotation, shift = torch.from_numpy(truth.rotation), torch.from_numpy(truth.shift) / PIXEL
    misfit = []
    for k in (1, 2):
        ball = half_ball(read_volume(data / f"class{k}.mrc").values.float(), images.disc.radius, scale=PIXEL)
        seen = slices(ball, rotation, images.disc) * images.disc.shift_phases(shift) * images.transfer
        misfit.append((images.values - seen).abs().square().sum(1))
    return float(((misfit[1] < misfit[0]).numpy() == (truth.class_number == 2)).mean())


def right(found: Path, data: Path) -> float:
    """Share of particles in their true class, classes named as they fit best."""
    from vitreous.io.particles import read_particles

    a, truth = read_particles(found, stack=data / "particles.mrcs"), read_particles(data / "truth.star")
    same = float((a.class_number[np.argsort(a.slice_index)] == truth.class_number).mean())
    return max(same, 1 - same)


def relion(data: Path, out: Path) -> list[str]:
    """The command of the peer, run in the folder of the data; its projections are sums of voxels, ours integrals over Å."""
    from dataclasses import replace

    from vitreous.io.mrc import read_volume, write_volume

    mean = read_volume(data / "mean.mrc")
    write_volume(out / "reference.mrc", replace(mean, values=mean.values * mean.voxel_size))
    return [
        "relion_refine", "--i", str(data / "poses.star"), "--o", str(out / "run"), "--ref", str(out / "reference.mrc"), "--ini_high", "30",
        "--K", "2", "--skip_align", "--ctf", "--iter", "25", "--tau2_fudge", "4", "--particle_diameter", "212", "--flatten_solvent",
        "--zero_mask", "--sym", "C1", "--norm", "--scale", "--j", "1", "--dont_check_norm", "--random_seed", "1", "--pad", "2",
        "--oversampling", "0", "--healpix_order", "2",
    ]  # fmt: skip


def ours(data: Path, out: Path, *more: str) -> Cost:
    """Run our verb into ``out``."""
    return measured(vitreous("classify3d", "--classes", "2", "--diameter", "177", "--project", str(out / "project"), "--out", str(out),
                             "--quiet", *more), data)  # fmt: skip


def main() -> None:
    """Run both and print figures and a row for RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=Path("build/benchmarks"))
    parser.add_argument("--unknown", action="store_true")
    parser.add_argument("--no-relion", action="store_true")
    options = parser.parse_args()
    data = simulated(options.folder.resolve())
    out = options.folder.resolve() / "classification3d"
    shutil.rmtree(out, ignore_errors=True)
    for name in ("known", "unknown", "relion"):
        (out / name).mkdir(parents=True)
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    print(f"bound     {100 * bound(data):.2f} %", flush=True)
    known = ours(data, out / "known", "--particles", str(data / "poses.star"), "--no-align")
    print(f"Vitreous  {known} {100 * right(out / 'known' / 'particles.star', data):.2f} % right", flush=True)
    if options.unknown:
        cost = ours(data, out / "unknown", "--particles", str(data / "particles.star"), "--reference", str(data / "mean.mrc"))
        print(f"poses unknown: {cost} {100 * right(out / 'unknown' / 'particles.star', data):.2f} % right", flush=True)
    peer = None
    if not options.no_relion and relion_program("relion_refine"):
        peer = measured(relion(data, out / "relion"), data)
        print(f"RELION    {peer} {100 * right(out / 'relion' / 'run_it025_data.star', data):.2f} % right", flush=True)
    print(f"| 3-D classes, 4 000 x 64 px, K = 2, poses known | `classification3d.py` {compared(known, peer)}")


if __name__ == "__main__":
    main()
