"""Two-dimensional classification of 1 000 particles of 64 px into 20 classes, 25 iterations, against relion_refine in the same run.

Besides time, how pure the classes are: the angle between a particle's true viewing direction and that of the member
most central to its class (the one whose median angle to the others is least); the median over all particles. Classes by chance
give about 80°. The averages of both are put into ``classes.png``, ours above, each sorted by size.

    python benchmarks/classification2d.py [--folder build/benchmarks] [--set 1000x64] [--no-relion]
"""

from __future__ import annotations

import argparse
import os
import shutil
from pathlib import Path

import numpy as np
from peers import Cost, compared, measured, particle_set, relion_program, specimen_diameter, vitreous

CLASSES, ITERATIONS = 20, 25


def relion(out: Path, diameter: float) -> list[str]:
    """The command of the peer, run in the folder of the data."""
    return [
        "relion_refine", "--i", "particles.star", "--o", str(out / "run"), "--K", str(CLASSES), "--iter", str(ITERATIONS), "--ctf",
        "--tau2_fudge", "2", "--particle_diameter", str(round(1.2 * diameter)), "--zero_mask", "--flatten_solvent", "--psi_step", "12",
        "--offset_range", "5", "--offset_step", "2", "--oversampling", "1", "--norm", "--scale", "--dont_check_norm", "--j", "2",
        "--random_seed", "1",
    ]  # fmt: skip


def spread(found: Path, data: Path) -> tuple[float, float, np.ndarray]:
    """Median spread of the true viewing directions within classes, degrees; the same with classes shuffled; sizes of the classes."""
    from vitreous.io.particles import read_particles

    table, truth = read_particles(found, stack=data / "particles.mrcs"), read_particles(data / "truth.star")
    label = np.asarray(table.class_number)[np.argsort(table.slice_index)]
    views = truth.rotation[:, 2]
    shuffled = np.random.default_rng(0).permutation(label)
    return _spread(label, views), _spread(shuffled, views), np.bincount(label, minlength=CLASSES + 1)[1:]


def _spread(label: np.ndarray, views: np.ndarray) -> float:
    angles = []
    for each in np.unique(label):
        own = views[label == each]
        table = np.degrees(np.arccos(np.clip(own @ own.T, -1, 1)))
        angles.append(table[np.median(table, axis=1).argmin()])
    return float(np.median(np.concatenate(angles)))


def sorted_averages(stack: Path, sizes: np.ndarray) -> np.ndarray:
    """Class averages, the largest class first, cut or widened to 64 px by resampling."""
    import mrcfile
    import torch

    from vitreous.numerics.resample import fourier_resize

    with mrcfile.open(stack) as file:
        images = np.array(file.data)[np.argsort(-sizes)]
    return fourier_resize(torch.from_numpy(images), (64, 64)).numpy()


def told(name: str, cost: Cost, found: Path, data: Path) -> np.ndarray:
    """Print what one program took and how pure its classes are; the sizes of its classes."""
    within, by_chance, sizes = spread(found, data)
    print(f"{name:9s} {cost}; median spread of views within a class {within:.1f}° (shuffled {by_chance:.1f}°), "
          f"classes {(sizes > 0).sum()}, largest five hold {100 * np.sort(sizes)[-5:].sum() / sizes.sum():.0f} %", flush=True)  # fmt: skip
    return sizes


def main() -> None:
    """Run both, write the picture, print figures and a row for RESULTS.md."""
    from vitreous.views.png import montage, write_png

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=Path("build/benchmarks"))
    parser.add_argument("--set", default="1000x64")
    parser.add_argument("--no-relion", action="store_true")
    options = parser.parse_args()
    folder = options.folder.resolve()
    data, out = particle_set(options.set, folder), folder / "classification2d"
    shutil.rmtree(out, ignore_errors=True)
    (out / "relion").mkdir(parents=True)
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    diameter = specimen_diameter()
    ours = measured(
        vitreous("classify2d", "--particles", str(data / "particles.star"), "--diameter", f"{diameter:.0f}", "--classes", str(CLASSES),
                 "--iterations", str(ITERATIONS), "--project", str(out / "project"), "--out", str(out / "ours"), "--quiet"), data,
    )  # fmt: skip
    sheets = [sorted_averages(out / "ours" / "classes.mrcs", told("Vitreous", ours, out / "ours" / "particles.star", data))]
    peer = None
    if not options.no_relion and relion_program("relion_refine"):
        peer = measured(relion(out / "relion", diameter), data)
        last = out / "relion" / f"run_it{ITERATIONS:03d}"
        sheets.append(sorted_averages(Path(f"{last}_classes.mrcs"), told("RELION", peer, Path(f"{last}_data.star"), data)))
    write_png(out / "classes.png", montage(np.concatenate(sheets), 10))
    print(f"averages: {out / 'classes.png'}")
    print(f"| 2-D classes, {options.set}, K = {CLASSES}, {ITERATIONS} iterations | `classification2d.py` {compared(ours, peer)}")


if __name__ == "__main__":
    main()
