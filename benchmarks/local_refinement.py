"""Local refinement of 1 000 particles of 64 px from poses 4.7° and 1.8 Å (medians) off, against relion_refine in the same run.

Both start from the same STAR of disturbed poses and the true map low-passed to 15 Å, refine two half-sets apart, and go
on until they find they have converged. RELION searches locally from the start (HEALPix order 4, three ranks, one of which only
leads). Errors are against the planted poses.

    python benchmarks/local_refinement.py [--folder build/benchmarks] [--set 1000x64] [--no-relion]
"""

from __future__ import annotations

import argparse
import os
import shutil
from pathlib import Path

import numpy as np
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

#: Standard deviations about and along one axis that give the medians of the title.
TURN_DEG, SHIFT = 4.7 / 1.538, 1.8 / 1.177
LOWPASS = 15.0
SEED = 11


def disturb(data: Path) -> Path:
    """Write the STAR to start from: the truth, turned and moved at random."""
    import torch

    from vitreous.io.particles import read_particles, write_particles
    from vitreous.numerics.rotations import exponential

    rng = np.random.default_rng(SEED)
    truth = read_particles(data / "truth.star")
    turn = exponential(torch.from_numpy(np.radians(TURN_DEG) * rng.standard_normal((len(truth), 3))))
    shift = truth.shift + SHIFT * rng.standard_normal((len(truth), 2))
    start = data / "disturbed.star"
    write_particles(start, truth.with_(rotation=(turn @ torch.from_numpy(truth.rotation)).numpy(), shift=shift))
    return start


def relion(start: Path, reference: Path, out: Path, diameter: float) -> list[str]:
    """The command of the peer, run in the folder of the data. The true map is in Å; RELION's projections are sums of voxels."""
    return [
        "mpirun", "-n", "3", "--oversubscribe", "--allow-run-as-root", "relion_refine_mpi", "--i", str(start), "--o", str(out / "run"),
        "--ref", str(reference), "--ini_high", str(LOWPASS), "--auto_refine", "--split_random_halves", "--ctf", "--zero_mask",
        "--particle_diameter", str(round(1.2 * diameter)), "--flatten_solvent", "--healpix_order", "4", "--auto_local_healpix_order", "4",
        "--offset_range", "3", "--offset_step", "1", "--sym", "C1", "--norm", "--scale", "--low_resol_join_halves", "40", "--j", "1",
        "--oversampling", "1", "--dont_check_norm", "--random_seed", "1",
    ]  # fmt: skip


def relion_reference(data: Path, out: Path) -> Path:
    """The true map in RELION's grey scale: its projections are sums of voxels, ours integrals over Å."""
    from dataclasses import replace

    from vitreous.io.mrc import read_volume, write_volume

    truth = read_volume(data / "map.mrc")
    write_volume(out / "relion_reference.mrc", replace(truth, values=truth.values * truth.voxel_size))
    return out / "relion_reference.mrc"


def main() -> None:
    """Run both and print figures and a row for RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=Path("build/benchmarks"))
    parser.add_argument("--set", default="1000x64")
    parser.add_argument("--no-relion", action="store_true")
    options = parser.parse_args()
    folder = options.folder.resolve()
    data, out = particle_set(options.set, folder), folder / "local_refinement"
    shutil.rmtree(out, ignore_errors=True)
    (out / "relion").mkdir(parents=True)
    start, diameter = disturb(data), specimen_diameter()
    told("start", None, start, None, data)
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    ours = measured(
        vitreous("refine", "--local", "--particles", str(start), "--reference", str(data / "map.mrc"), "--initial-lowpass", str(LOWPASS),
                 "--diameter", f"{diameter:.0f}", "--project", str(out / "project"), "--out", str(out / "ours"), "--quiet"), data,
    )  # fmt: skip
    told("Vitreous", ours, out / "ours" / "particles.star", out / "ours" / "map.mrc", data)
    peer = None
    if not options.no_relion and relion_program("relion_refine_mpi"):
        peer = measured(relion(start, relion_reference(data, out), out / "relion", diameter), data)
        told("RELION", peer, out / "relion" / "run_data.star", out / "relion" / "run_class001.mrc", data)
    print(f"| local refinement, {options.set}, 4.7° and 1.8 Å off | `local_refinement.py` {compared(ours, peer)}")


def told(name: str, cost: Cost | None, found: Path, volume: Path | None, data: Path) -> None:
    """Print what one program took, and how far its poses and map are from the truth."""
    turn, shift = pose_errors(found, data / "truth.star")
    words = f"median error {np.median(turn):.2f}° and {np.median(shift):.2f} Å, beyond 10°: {100 * (turn > 10).mean():.1f} %"
    if volume is not None:
        from vitreous.io.mrc import read_volume

        truth = read_volume(data / "map.mrc")
        curve = fsc_with_truth(volume, data / "map.mrc", specimen_diameter())
        words += f", FSC with truth 0.5 at {resolution(curve, truth.shape[-1] * truth.voxel_size, 0.5):.2f} Å, mean {curve[1:].mean():.4f}"
    print(f"{name:9s} {cost or ''} {words}", flush=True)


if __name__ == "__main__":
    main()
