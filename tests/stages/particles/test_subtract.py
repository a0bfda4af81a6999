"""What is outside the mask leaves the images, what is inside stays; known from atoms projected apart."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from lobed_particles import LOBES, PIXEL, SIZE, particle

from vitreous.data.optics import Optics
from vitreous.io.particles import read_particles
from vitreous.numerics.fourier import shift
from vitreous.simulate.dataset import Dataset, DatasetSettings, draw_dataset, write_dataset
from vitreous.simulate.snr import PixelSnr
from vitreous.stages.particles.subtract import mask_centre, subtracted

COUNT = 60


def mask_at(points: np.ndarray) -> np.ndarray:
    """1 within 18 Å of the first lobe's place, falling to nothing at 30 Å; ``(…, 3)`` as (x, y, z) in Å."""
    return ((30 - np.linalg.norm(points - np.array(LOBES[0]), axis=-1)) / 12).clip(0, 1)


def lobe_mask() -> torch.Tensor:
    line = (np.arange(SIZE) - SIZE // 2) * PIXEL
    z, y, x = np.meshgrid(line, line, line, indexing="ij")
    return torch.from_numpy(mask_at(np.stack([x, y, z], -1))).float()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Dataset]:
    """Particles of core and lobe, nearly without noise."""
    folder = tmp_path_factory.mktemp("subtract")
    settings = DatasetSettings(particles=COUNT, size=SIZE, optics=Optics(pixel_size=PIXEL), snr=PixelSnr(1e4), seed=3)
    dataset = draw_dataset(particle(0), settings)
    write_dataset(folder, dataset)
    return folder, dataset


def signal_of(dataset: Dataset, share: np.ndarray) -> torch.Tensor:
    """Images of the specimen with a share of each scatterer, in the same grey scale."""
    return replace(dataset, specimen=replace(dataset.specimen, weights=dataset.specimen.weights * share)).signal(0, COUNT)


def images_of(folder: Path, dataset: Dataset, **more) -> torch.Tensor:
    particles = read_particles(folder / "truth.star")
    volume = more.pop("volume", dataset.volume.values)
    with torch.inference_mode():
        return torch.from_numpy(np.stack(list(subtracted(particles, volume, lobe_mask(), **more))))


def test_what_is_outside_the_mask_leaves(made: tuple[Path, Dataset]) -> None:
    folder, dataset = made
    kept = mask_at(dataset.specimen.positions)
    inside, outside = signal_of(dataset, kept), signal_of(dataset, 1 - kept)
    left = images_of(folder, dataset) - inside
    left, outside = (each - each.mean((1, 2), keepdim=True) for each in (left, outside))
    assert float(left.square().sum() / outside.square().sum()) < 0.05
    # The control: without subtraction all of it is there.
    assert float(outside.square().sum() / inside.square().sum()) > 1


def test_the_grey_scale_of_the_map_does_not_matter(made: tuple[Path, Dataset]) -> None:
    folder, dataset = made
    one, other = images_of(folder, dataset), images_of(folder, dataset, volume=1.7 * dataset.volume.values)
    torch.testing.assert_close(one, other, atol=2e-3 * float(one.abs().max()), rtol=0)


def test_the_mask_comes_to_the_middle(made: tuple[Path, Dataset]) -> None:
    """Images of the lobe, made with a shift that undoes its place, are those that come out."""
    folder, dataset = made
    centre = mask_centre(lobe_mask(), PIXEL)
    assert centre.tolist() == pytest.approx(list(LOBES[0]), abs=0.5 * PIXEL)
    particles = read_particles(folder / "truth.star")
    at = torch.from_numpy(particles.shift) + (torch.from_numpy(particles.rotation) @ centre)[:, :2]
    wanted = shift(images_of(folder, dataset), -at / PIXEL)
    moved = images_of(folder, dataset, centre=centre, size=24)
    torch.testing.assert_close(moved, wanted[:, 4:28, 4:28], atol=1e-3 * float(wanted.abs().max()), rtol=0)
    # The lobe itself is what is brightest there.
    middle = moved.mean(0)
    y, x = divmod(int(middle.abs().argmax()), 24)
    assert abs(y - 12) <= 1
    assert abs(x - 12) <= 1
