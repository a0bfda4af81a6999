"""From files to coefficients: Fourier cropping, contrast, transfer, groups, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from vitreous.data.optics import Optics
from vitreous.data.particles import Particles
from vitreous.errors import InputError
from vitreous.inference.load import BLOCK, Band, load_images, particle_mask, read_blocks, working_size
from vitreous.io.stacks import write_stack
from vitreous.numerics.disc import disc
from vitreous.numerics.resample import fourier_resize
from vitreous.physics.ctf import ctf_grid

BOX, PIXEL = 24, 2.0


def table(tmp_path: Path, images: np.ndarray, **columns: object) -> Particles:
    write_stack(tmp_path / "p.mrcs", images, PIXEL)
    n = len(images)
    own = {
        "optics": (Optics(pixel_size=PIXEL),), "group": np.zeros(n, np.int64), "stack": (tmp_path / "p.mrcs",),
        "stack_index": np.zeros(n, np.int64), "slice_index": np.arange(n), "contrast": "dark",
        "defocus": np.tile([12000.0, 11000.0, 25.0, 0.0], (n, 1)) + np.arange(n)[:, None] * [100, 100, 1, 0],
    }  # fmt: skip
    return Particles(**(own | columns))


@pytest.fixture
def pixels() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(5, BOX, BOX)).astype(np.float32)


@pytest.mark.parametrize("size", [24, 16, 12])
def test_a_smaller_size_is_a_resampled_image(size: int, tmp_path: Path, pixels: np.ndarray):
    """Of even sizes, whose origin n // 2 is the same place after resampling."""
    found = load_images(table(tmp_path, pixels), Band(size=size))
    d = disc(size)
    assert torch.equal(found.disc.flat, d.flat)
    assert found.pixel_size == pytest.approx(PIXEL * BOX / size)
    small = fourier_resize(torch.from_numpy(pixels), (size, size))
    torch.testing.assert_close(found.values, d.take(small), atol=1e-4, rtol=1e-4)


def test_transfer_is_that_of_the_defocus(tmp_path: Path, pixels: np.ndarray):
    """Cropping keeps the frequencies in Å⁻¹: the CTF is the full box's at the points that are left."""
    p = table(tmp_path, pixels)
    found = load_images(p, Band(size=16))
    grid = ctf_grid(torch.from_numpy(p.defocus), p.optics[0], (BOX, BOX)).float()
    torch.testing.assert_close(found.transfer, grid.flatten(1)[:, disc(BOX, 7).flat], atol=1e-4, rtol=0)


def test_contrast_and_rows(tmp_path: Path, pixels: np.ndarray):
    p = table(tmp_path, pixels)
    dark, bright = load_images(p, Band(size=16)), load_images(p.with_(contrast="bright"), Band(size=16))
    torch.testing.assert_close(dark.values, -bright.values)
    torch.testing.assert_close(dark.transfer, bright.transfer)
    some = load_images(p, Band(size=16), rows=np.array([3, 1]))
    torch.testing.assert_close(some.values, dark.values[[3, 1]])
    torch.testing.assert_close(some.transfer, dark.transfer[[3, 1]])
    taken = dark.take(torch.tensor([3, 1]))
    torch.testing.assert_close(taken.values, some.values)


def test_many_stacks_in_any_order_in_blocks(tmp_path: Path):
    total = BLOCK + 7
    pixels = np.random.default_rng(1).normal(size=(total, 8, 8)).astype(np.float32)
    write_stack(tmp_path / "b.mrcs", pixels[100:], PIXEL)
    p = table(tmp_path, pixels[:100])
    order = np.random.default_rng(2).permutation(total)
    p = Particles(
        optics=p.optics, group=np.zeros(total, int), stack=(*p.stack, tmp_path / "b.mrcs"), stack_index=(order >= 100).astype(int),
        slice_index=np.where(order >= 100, order - 100, order),
    )  # fmt: skip
    blocks = list(read_blocks(p, np.arange(total)))
    assert [len(at) for at, _ in blocks] == [BLOCK, 7]
    for at, block in blocks:
        np.testing.assert_array_equal(block, pixels[order[at]])


def test_masks_and_their_area(tmp_path: Path, pixels: np.ndarray):
    found = load_images(table(tmp_path, pixels), Band(size=BOX, mask_diameter=30.0))
    mask = particle_mask(BOX, PIXEL, 30.0)
    torch.testing.assert_close(found.values, disc(BOX).take(torch.from_numpy(pixels) * mask), atol=1e-4, rtol=1e-4)
    assert found.open_area == pytest.approx(float((mask**2).mean()))
    assert mask[12, 12 + 7] == 1
    assert mask[12, 12 + 9] == 0
    assert particle_mask(BOX, PIXEL, 1e6)[0].max() == 0, "never beyond the box"


def test_micrographs_of_many_particles_have_their_own_noise(tmp_path: Path):
    owner = np.repeat([0, 1, 2, 3], [20, 5, 25, 3])
    p = table(tmp_path, np.ones((53, 8, 8), np.float32), micrograph=("a", "b", "c", "d"), micrograph_index=owner)
    group = load_images(p, Band(size=8)).group
    assert len(group.unique()) == int(group.max()) + 1 == 3
    assert len(group[:20].unique()) == len(group[25:50].unique()) == 1
    assert (group[20:25] == group[-1]).all()


def test_shells_and_resolutions(tmp_path: Path, pixels: np.ndarray):
    found = load_images(table(tmp_path, pixels), Band(size=16))
    assert (found.shell(48 / 5), found.shell(1.0), found.shell(1e9)) == (5, 7, 1)
    assert found.resolution(6) == pytest.approx(8.0)


@pytest.mark.parametrize(("box", "finest", "known"), [(256, 8.0, 80), (256, 0.1, 256), (100, 30.0, 32), (20, 4.0, 20)])
def test_working_sizes(box: int, finest: float, known: int):
    found = working_size(box, 1.0, finest)
    assert found == known
    assert found % 2 == 0
    assert found == box or 2 * box / found < finest


def test_what_cannot_be_used_is_refused(tmp_path: Path, pixels: np.ndarray):
    p = table(tmp_path, pixels)
    with pytest.raises(InputError, match="must have defocus values"):
        load_images(p.with_(defocus=None), Band(size=16))
    with pytest.raises(InputError, match="must have images"):
        load_images(p.with_(stack_index=None), Band(size=16))
    with pytest.raises(InputError, match="particle 3 has none"):
        load_images(p.with_(stack_index=np.array([0, 0, -1, 0, 0])), Band(size=16))
    with pytest.raises(InputError, match="size must be at most the box, 24 px; got 26"):
        load_images(p, Band(size=26))
    with pytest.raises(InputError, match="particles must be at least one"):
        load_images(p, Band(size=16), rows=np.arange(0))
    for value in (np.nan, np.inf):
        broken = pixels.copy()
        broken[2, 3, 4] = value
        (tmp_path / "p.mrcs").unlink()
        raw = tmp_path / "q.mrcs"
        write_stack(raw, pixels, PIXEL)
        data = bytearray(raw.read_bytes())
        data[1024:] = broken.tobytes()
        (tmp_path / "p.mrcs").write_bytes(data)
        with pytest.raises(InputError, match="image 3 has NaN or infinities"):
            load_images(p, Band(size=16))
    odd = table(tmp_path, pixels[:, :23, :23])
    with pytest.raises(InputError, match="the box must be an even number of pixels; got 23"):
        load_images(odd, Band(size=16))
