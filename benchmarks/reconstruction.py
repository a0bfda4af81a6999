"""Reconstruction from 5 000 particles of 128 px at their true poses, against relion_reconstruct in the same run.

Both read the same STAR and stack, correct for the CTF, and write a map, which is compared with the truth. Each is measured as a
whole process; ours, the verb `vitreous reconstruct`, also writes the two half-maps and their FSC.

    python benchmarks/reconstruction.py [--folder build/benchmarks] [--set 5000x128] [--no-relion]
"""

from __future__ import annotations

import argparse
import os
import shutil
from pathlib import Path

from peers import Cost, compared, fsc_with_truth, measured, particle_set, relion_program, resolution, specimen_diameter, vitreous


def relion(out: Path) -> list[str]:
    """The command of the peer, run in the folder of the data."""
    return ["relion_reconstruct", "--i", "truth.star", "--o", str(out), "--ctf", "--j", "2"]


def main() -> None:
    """Run both and print figures and a row for RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=Path("build/benchmarks"))
    parser.add_argument("--set", default="5000x128")
    parser.add_argument("--no-relion", action="store_true")
    options = parser.parse_args()
    folder = options.folder.resolve()
    data = particle_set(options.set, folder)
    out = folder / "reconstruction"
    out.mkdir(exist_ok=True)
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    shutil.rmtree(out / "project", ignore_errors=True)
    ours = measured(vitreous("reconstruct", "--particles", str(data / "truth.star"), "--project", "project", "--out", "."), out)
    told("Vitreous", ours, out / "map.mrc", data)
    peer = None
    if not options.no_relion and relion_program("relion_reconstruct"):
        peer = measured(relion(out / "relion.mrc"), data)
        told("RELION", peer, out / "relion.mrc", data)
    print(f"| reconstruction, {options.set}, true poses | `reconstruction.py` {compared(ours, peer)}")


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
