"""A tiny session: movies of discs in ice, and a process that copies them in pieces into the folder that is watched."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import numpy as np
import torch
from tiny_images import OPTICS, STEP, micrograph

from vitreous.io.tiff_write import write_movie_tiff
from vitreous.numerics.fourier import shift

#: Å: what the discs are picked as.
DIAMETER = 110.0
#: Discs of each movie, (x, y) in pixels.
PLACES = np.stack(np.meshgrid(*[np.arange(60, 340, 88)] * 2), -1).reshape(-1, 2)


def disc_movie(seed: int, *, frames: int = 6, size: tuple[int, int] = (384, 384)) -> np.ndarray:
    """Poisson counts of 16 dark discs that move by STEP a frame, uint8 ``(frames, y, x)``, at 2 Å."""
    chance = np.random.default_rng(1000 + seed)
    scene = torch.as_tensor(micrograph(seed, size=size, places=PLACES + chance.uniform(-8, 8, PLACES.shape)), dtype=torch.float64)
    moved = [shift(scene, torch.tensor(STEP, dtype=torch.float64) * k).numpy() for k in range(frames)]
    return chance.poisson(np.maximum(20 + 6 * np.stack(moved), 0)).astype(np.uint8)


def write_discs(folder: Path, count: int, first: int = 0) -> list[Path]:
    """Write movies m000.tif …"""
    paths = [folder / f"m{k:03d}.tif" for k in range(first, first + count)]
    for number, path in enumerate(paths, first):
        write_movie_tiff(path, disc_movie(number), pixel_size=OPTICS.pixel_size)
    return paths


def feed(source: Path, target: Path, pieces: int, pause: float) -> None:
    """Copy the files of a folder into another one, each in pieces, so that they grow while they are looked at."""
    target.mkdir(exist_ok=True)
    for path in sorted(source.iterdir()):
        size = path.stat().st_size
        with path.open("rb") as old, (target / path.name).open("wb", buffering=0) as new:
            for _ in range(pieces):
                new.write(old.read(size // pieces + 1))
                time.sleep(pause)
        shutil.copystat(path, target / path.name)
