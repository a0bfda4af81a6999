"""Reconstruction from 5 000 particles of 128 px at their true poses, against relion_reconstruct in the same run.

Both read the same STAR and stack, correct for the CTF, and write a map, which is compared with the truth. Ours is measured as
a whole process: start of Python, reading, sums, solving, writing.

    python benchmarks/reconstruction.py [--folder build/benchmarks] [--set 5000x128] [--no-relion]
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from peers import Cost, compared, fsc_with_truth, measured, particle_set, relion_program, resolution, specimen_diameter


def ours_in_process(data: Path, out: Path) -> None:
    """What the child process runs."""
    import torch

    from vitreous.data.volume import Volume
    from vitreous.inference.load import Band, load_images
    from vitreous.inference.noise import initial_noise
    from vitreous.inference.pose_refine import insert_images
    from vitreous.io.mrc import write_volume
    from vitreous.io.particles import read_particles
    from vitreous.reconstruct.fourier import solve

    particles = read_particles(data / "truth.star")
    images = load_images(particles, Band(size=_box(data)))
    shift = torch.from_numpy(particles.shift) / images.pixel_size
    size, radius = images.disc.size, images.disc.radius
    sums = insert_images(images, initial_noise(images), torch.from_numpy(particles.rotation), shift, radius=radius)
    values = solve(*sums.total(), size, ssnr=None, radius=radius, voxel_size=images.pixel_size)
    write_volume(out, Volume(values, images.pixel_size))


def _box(data: Path) -> int:
    from vitreous.io.mrc import read_volume

    return read_volume(data / "map.mrc").shape[-1]


def relion(out: Path) -> list[str]:
    """The command of the peer, run in the folder of the data."""
    return ["relion_reconstruct", "--i", "truth.star", "--o", str(out), "--ctf", "--j", "2"]


def main() -> None:
    """Run both and print figures and a row for RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=Path("build/benchmarks"))
    parser.add_argument("--set", default="5000x128")
    parser.add_argument("--no-relion", action="store_true")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    folder = options.folder.resolve()
    data = particle_set(options.set, folder)
    out = folder / "reconstruction"
    out.mkdir(exist_ok=True)
    if options.child:
        return ours_in_process(data, out / "ours.mrc")
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    ours = measured([sys.executable, __file__, "--child", "--folder", str(folder), "--set", options.set], out)
    told("Vitreous", ours, out / "ours.mrc", data)
    peer = None
    if not options.no_relion and relion_program("relion_reconstruct"):
        peer = measured(relion(out / "relion.mrc"), data)
        told("RELION", peer, out / "relion.mrc", data)
    print(f"| reconstruction, {options.set}, true poses | `reconstruction.py` {compared(ours, peer)}")
    return None


def told(name: str, cost: Cost, found: Path, data: Path) -> None:
    """Print what one program took and how good its map is."""
    from vitreous.io.mrc import read_volume

    truth = read_volume(data / "map.mrc")
    curve = fsc_with_truth(found, data / "map.mrc", specimen_diameter())
    length = truth.shape[-1] * truth.voxel_size
    ends = ", ".join(f"FSC {level} at {resolution(curve, length, level):.2f} Å" for level in (0.5, 0.143))
    print(f"{name:9s} {cost}; against truth {ends}; mean {curve[1:].mean():.4f}")


if __name__ == "__main__":
    main()
