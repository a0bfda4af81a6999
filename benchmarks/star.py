"""Reading a particle STAR file of 1 000 000 rows, and how soon the command line answers.

    python benchmarks/star.py [--folder build/benchmarks] [--rows 1000000]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from peers import measured, vitreous

IMPORT = "import sys; from vitreous.io.particles import read_particles"
READ = f"{IMPORT}; assert len(read_particles(sys.argv[1], require_images=False)) == int(sys.argv[2])"


def write_rows(path: Path, rows: int) -> None:
    """A file as RELION 3.1 writes it: 14 columns, names of images and micrographs among them."""
    rng = np.random.default_rng(0)
    columns = ["CoordinateX", "CoordinateY", "ImageName", "MicrographName", "OpticsGroup", "DefocusU", "DefocusV", "DefocusAngle",
               "AngleRot", "AngleTilt", "AnglePsi", "OriginXAngst", "OriginYAngst", "RandomSubset"]  # fmt: skip
    labels = "".join(f"_rln{name} #{k}\n" for k, name in enumerate(columns, 1))
    head = (
        "# version 30001\n\ndata_optics\n\nloop_\n_rlnOpticsGroupName #1\n_rlnOpticsGroup #2\n_rlnVoltage #3\n_rlnSphericalAberration #4\n"
        "_rlnAmplitudeContrast #5\n_rlnImagePixelSize #6\n_rlnImageSize #7\n_rlnImageDimensionality #8\n"
        "group1 1 300.0 2.7 0.1 1.06 256 2\n\n# version 30001\n\ndata_particles\n\nloop_\n"
    )
    numbers = rng.uniform(0, 4096, (rows, 10))
    with open(path, "w") as file:
        file.write(head + labels)
        for k, row in enumerate(numbers):
            a = [f"{value:12.6f}" for value in row]
            name = f"{k % 300 + 1:06d}@Extract/job010/movie_{k // 300:05d}.mrcs MotionCorr/job002/movie_{k // 300:05d}.mrc"
            file.write(f"{a[0]} {a[1]} {name} 1 {' '.join(a[2:])} {k % 2 + 1}\n")


def main() -> None:
    """Measure and print rows for RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=Path("build/benchmarks"))
    parser.add_argument("--rows", type=int, default=1_000_000)
    options = parser.parse_args()
    folder = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{options.rows}.star"
    if not path.exists():
        write_rows(path, options.rows)
    commands = ([READ, str(path), str(options.rows)], [IMPORT])
    read, bare = (min((measured([sys.executable, "-c", *c], folder) for _ in range(3)), key=lambda cost: cost.cpu) for c in commands)
    print(f"read {options.rows} rows, {path.stat().st_size / 1e6:.0f} MB: {read}; of it Python and imports: {bare}")
    shown = min((measured(vitreous("--help"), folder) for _ in range(5)), key=lambda c: c.cpu)
    print(f"vitreous --help: CPU {shown.cpu:.2f} s, wall {shown.wall:.2f} s, peak {shown.memory:.0f} MB")
    print(f"| reading {options.rows} particle rows | `star.py` | {read.cpu:.1f} CPU s (imports {bare.cpu:.1f}), {read.memory:.0f} MB | | |")
    print(f"| vitreous --help | `star.py` | {shown.cpu:.2f} CPU s, {shown.memory:.0f} MB | | |")


if __name__ == "__main__":
    main()
