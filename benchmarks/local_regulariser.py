"""What gains by place are worth: refinement with "shells" and with "local", of a core in disordered micelles and of an ordered particle.

Both start from the same poses, 4° about each axis and 1.5 Å along each axis off, and from the true map at 15 Å. Errors are
against the planted poses, each half-set's common turn taken away; the FSC is that of all particles with the true map under a mask
of what is ordered. The chosen local resolution of the last membrane map is drawn into the folder as ``local_resolution.svg``
(bright is fine).

    python benchmarks/local_regulariser.py [--folder build/benchmarks] [--particles 1000] [--seeds 3]
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from peers import resolution

from vitreous.data.optics import Optics
from vitreous.inference.half_maps import split_halves
from vitreous.inference.load import Band, load_images
from vitreous.inference.noise import NoiseSpectra
from vitreous.inference.pose_refine import insert_images
from vitreous.io.particles import read_particles
from vitreous.numerics.filters import low_pass
from vitreous.numerics.rotations import exponential, geodesic_deg
from vitreous.numerics.symmetry import symmetry
from vitreous.reconstruct.fourier import map_correlation, solve, ssnr_from_fsc
from vitreous.reconstruct.local_regulariser import regularise
from vitreous.simulate.dataset import Dataset, DatasetSettings, draw_dataset, write_dataset
from vitreous.simulate.membrane import draw_membrane
from vitreous.simulate.snr import ShellSnr
from vitreous.simulate.specimens import specimen
from vitreous.stages.refine.iterate import Setup, refine
from vitreous.stages.refine.settings import RefineSettings
from vitreous.stages.refine.state import State

SIZE, PIXEL = 64, 3.0
#: SNR of a core of 94 kDa; the whole head has more.
CORE_SNR = ShellSnr(points=((40.0, 1.0), (10.0, 0.1), (6.0, 0.012)))
#: Diameters in Å: of the ring with a margin, and of the head.
DIAMETER = {"membrane": 110.0, "head": 177.0}


def drawn(kind: str, settings: DatasetSettings) -> Dataset:
    """The particles of one experiment."""
    return draw_dataset(specimen("ribosome head"), settings) if kind == "head" else draw_membrane(settings)


def mask_of(truth: torch.Tensor) -> torch.Tensor:
    """Soft mask of what is denser than 15 % of the largest density at 12 Å, widened by some 5 Å."""
    smooth = low_pass(truth, 12.0, PIXEL, axes=3)
    wider = low_pass((smooth > 0.15 * smooth.max()).float(), 15.0, PIXEL, axes=3) > 0.2
    return low_pass(wider.float(), 12.0, PIXEL, axes=3).clamp(0, 1)


def without_common_turn(found: torch.Tensor, truth: torch.Tensor, half: torch.Tensor) -> np.ndarray:
    """Degrees of error when each half-map may lie as it likes."""
    out = torch.zeros(len(found), dtype=torch.float64)
    for mine in (half == 0, half == 1):
        u, _, v = torch.linalg.svd((truth[mine].mT @ found[mine]).mean(0))
        out[mine] = geodesic_deg(found[mine], truth[mine] @ (u @ v))
    return out.numpy()


def experiment(dataset: Dataset, folder: Path, kind: str, regulariser: Literal["shells", "local"]) -> tuple[dict[str, float], Setup, State]:
    """Refine once; figures of merit."""
    seed = dataset.settings.seed
    if not (folder / "truth.star").exists():
        folder.mkdir(parents=True)
        write_dataset(folder, dataset)
    truth = read_particles(folder / "truth.star")
    right, chance = torch.from_numpy(truth.rotation), np.random.default_rng(seed)
    turned = exponential(torch.from_numpy(np.radians(4.0) * chance.standard_normal((len(truth), 3)))) @ right
    moved = torch.from_numpy((truth.shift + 1.5 * chance.standard_normal((len(truth), 2))) / PIXEL)
    images = load_images(truth, Band(size=SIZE, mask_diameter=1.2 * DIAMETER[kind]))
    half = torch.from_numpy(split_halves(len(truth), seed).astype(np.int64)) - 1
    settings = RefineSettings(
        diameter=DIAMETER[kind], symmetry=symmetry("C1"), initial_lowpass=15.0, local_only=True, regulariser=regulariser
    )
    start = time.process_time()
    with torch.inference_mode():
        setup, state = refine(images, half, dataset.volume.values, settings, poses=(turned, moved))
        cpu = time.process_time() - start
        sums = insert_images(images, NoiseSpectra(state.noise), state.rotation, state.shift, radius=images.disc.radius).total()
        whole = solve(*sums, SIZE, ssnr=None, radius=images.disc.radius, voxel_size=PIXEL)
    curve = map_correlation(whole, dataset.volume.values, mask_of(dataset.volume.values)).numpy()
    turn = without_common_turn(state.rotation, right, half)
    shift = np.linalg.norm(state.shift.numpy() * PIXEL - truth.shift, axis=1)
    return {
        "median_deg": float(np.median(turn)), "q90_deg": float(np.quantile(turn, 0.9)), "median_shift": float(np.median(shift)),
        "fsc_mean": float(curve[1:].mean()), "fsc_0.5": resolution(curve, SIZE * PIXEL, 0.5),
        "halves": images.resolution(state.best_radius), "passes": state.iteration, "cpu": cpu,
    }, setup, state  # fmt: skip


def draw_resolution(setup: Setup, state: State, path: Path) -> None:
    """Picture of where the last half-maps are ordered: Å⁻¹ of the finest band that is kept."""
    from vitreous.views.maps import slices_figure
    from vitreous.views.render import save_figure

    with torch.inference_mode():
        noise, band = NoiseSpectra(state.noise), state.best_radius
        sums = [insert_images(setup.images.take(rows), noise, state.rotation[rows], state.shift[rows], radius=band).total()
                for rows in (setup.rows(0), setup.rows(1))]  # fmt: skip
        raw, filtered = (torch.stack([solve(*each, SIZE, ssnr=ssnr, radius=band, voxel_size=PIXEL) for each in sums])
                         for ssnr in (None, ssnr_from_fsc(state.fsc)))  # fmt: skip
        found = regularise(raw, filtered, radius=band).resolution(PIXEL)
    save_figure(slices_figure((1 / found).numpy(), PIXEL, name="local-resolution", title="Finest band kept, by place"), path)


def main() -> None:
    """Run all experiments and print their figures, and the gain of each with its standard deviation between seeds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=Path("build/benchmarks"))
    parser.add_argument("--particles", type=int, default=1000)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    base = DatasetSettings(particles=options.particles, size=SIZE, optics=Optics(pixel_size=PIXEL), snr=CORE_SNR, shift=3.0)
    kinds = [("head", "head", ShellSnr()), *((f"membrane-{s}", "membrane", CORE_SNR.scaled(s)) for s in (0.2, 0.4))]
    for name, kind, snr in kinds:
        gains = []
        for seed in range(1, options.seeds + 1):
            dataset = drawn(kind, replace(base, snr=snr, seed=seed))
            folder = options.folder.resolve() / "local_regulariser" / f"{name}-{options.particles}-{seed}"
            shells, *_ = experiment(dataset, folder, kind, "shells")
            local, setup, state = experiment(dataset, folder, kind, "local")
            for word, row in (("shells", shells), ("local", local)):
                print(f"{name} seed {seed} {word:6s} " + " ".join(f"{key} {value:.4g}" for key, value in row.items()), flush=True)
            gains.append([local[key] - shells[key] for key in shells])
        for key, mean, spread in zip(shells, np.mean(gains, 0), np.std(gains, 0, ddof=min(1, len(gains) - 1))):
            print(f"{name} local - shells: {key} {mean:+.4g} ± {spread:.2g}", flush=True)
    draw_resolution(setup, state, options.folder / "local_regulariser" / "local_resolution.svg")


if __name__ == "__main__":
    main()
