"""A pass gives the same in any pieces, from memory or from disk, here or on other processes; groups, priors, resumption, calibration."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from vitreous.data.optics import Optics
from vitreous.data.particles import Particles
from vitreous.inference.images import FourierImages
from vitreous.inference.load import Band, load_images
from vitreous.inference.stored import StoredImages, open_images
from vitreous.io.particles import read_particles
from vitreous.numerics.rotations import exponential, geodesic_deg, logarithm, nearest_rotation
from vitreous.numerics.symmetry import symmetry
from vitreous.pipeline.executors.local import Local
from vitreous.simulate.dataset import Dataset, DatasetSettings, draw_dataset, write_dataset
from vitreous.simulate.snr import ShellSnr
from vitreous.simulate.specimens import specimen
from vitreous.stages.refine import sweep as sweeping
from vitreous.stages.refine.iterate import Setup, advance, ball_mask, refine, start
from vitreous.stages.refine.settings import RefineSettings
from vitreous.stages.refine.state import State

SIZE, COUNT, BAND = 32, 300, Band(size=32)
SETTINGS = RefineSettings(diameter=177.0, symmetry=symmetry("C1"), initial_lowpass=50.0, most_global=3, most_local=3)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Particles, Dataset]:
    """Particles of 32 px at 7.5 Å: signal and noise are equal at 30 Å. Half of the micrographs are twice as noisy."""
    snr = ShellSnr(points=((60.0, 3.0), (30.0, 1.0), (10.0, 0.1)))
    settings = DatasetSettings(particles=COUNT, size=SIZE, optics=Optics(pixel_size=7.5), snr=snr, micrographs=4, seed=3)
    drawn = draw_dataset(specimen("ribosome head"), settings)
    owner = drawn.particles.micrograph_index
    drawn = replace(drawn, noise=np.where(owner % 2 == 1, 2**0.5, 1.0).astype(np.float32))
    return read_particles(write_dataset(tmp_path_factory.mktemp("set"), drawn)), drawn


def prepared(written: tuple[Particles, Dataset], images: FourierImages | StoredImages | None = None, **changes: object) -> Setup:
    particles, drawn = written
    images = load_images(particles, BAND) if images is None else images
    ball = ball_mask(SIZE, images.pixel_size, SETTINGS.diameter)
    half = torch.arange(COUNT) % 2
    return replace(Setup(images, half, SETTINGS, ball, drawn.volume.values * ball), **changes)


def true_poses(drawn: Dataset) -> tuple[torch.Tensor, torch.Tensor]:
    truth = drawn.particles
    return torch.from_numpy(truth.rotation), torch.from_numpy(truth.shift) / drawn.settings.optics.pixel_size


def differ(a: State, b: State) -> float:
    """Largest relative difference of maps, and of poses in degrees."""
    maps = float((a.halves - b.halves).norm() / a.halves.norm())
    return max(maps, float(geodesic_deg(a.rotation, b.rotation).quantile(0.99)))


@pytest.fixture(scope="module")
def once(written: tuple[Particles, Dataset]) -> State:
    """The state after a first pass."""
    setup = prepared(written)
    with torch.inference_mode():
        return advance(setup, start(setup))


def test_pieces_do_not_matter(written: tuple[Particles, Dataset], once: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "FEWEST", 40)
    setup = prepared(written, settings=replace(SETTINGS, memory=3_000_000))
    with torch.inference_mode():
        assert differ(once, advance(setup, start(setup))) < 1e-3


def test_images_may_stay_on_disk(written: tuple[Particles, Dataset], once: State) -> None:
    stored = open_images(written[0], BAND, memory=0)
    assert isinstance(stored, StoredImages)
    assert isinstance(open_images(written[0], BAND, memory=10**8), FourierImages)
    setup = prepared(written, stored)
    with torch.inference_mode():
        assert differ(once, advance(setup, start(setup))) < 1e-5


def test_other_processes_give_the_same(written: tuple[Particles, Dataset], once: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "FEWEST", 75)
    pool = Local(2)

    def spread(function, items, *, shared, combine):
        values: dict[int, object] = {}
        total = pool.map_reduce(function, shared, items, combine, values.__setitem__)
        return [values[index] for index in range(len(items))], total

    setup = prepared(written, open_images(written[0], BAND, memory=0), map_reduce=spread)
    try:
        with torch.inference_mode():
            assert differ(once, advance(setup, start(setup))) < 1e-3
    finally:
        pool.close()


def test_noise_and_scale_of_groups_are_found(written: tuple[Particles, Dataset]) -> None:
    _, drawn = written
    images = load_images(written[0], BAND)
    planted = torch.tensor([1.2, 1.0, 1.0, 0.8])
    images = replace(images, values=images.values * planted[images.group][:, None])
    setup = prepared(written, images, settings=replace(SETTINGS, local_only=True, most_local=4), given=true_poses(drawn))
    with torch.inference_mode():
        state = start(setup)
        for _ in range(4):
            state = advance(setup, state)
    # 75 images tell a group's scale to about 1 %; the reference's own noise draws all of them together a little
    assert float((state.scale / state.scale.mean() - planted).abs().max()) < 0.06
    quiet = state.noise[:, 8:14] / planted[:, None] ** 2
    assert float((quiet[1::2] / quiet[::2]).mean()) == pytest.approx(2.0, rel=0.1)


def test_a_prior_holds_poses(written: tuple[Particles, Dataset]) -> None:
    _, drawn = written
    rotation, shift = true_poses(drawn)
    off = exponential(torch.deg2rad(torch.full((COUNT, 3), 2.0, dtype=torch.float64))) @ rotation
    moved = {}
    for sigma in (0.0, 5.0, 0.01):
        settings = replace(SETTINGS, local_only=True, turn_prior_deg=sigma, shift_prior=sigma and 0.01)
        setup = prepared(written, settings=settings, given=(off, shift))
        with torch.inference_mode():
            moved[sigma] = float(geodesic_deg(advance(setup, start(setup)).rotation, off).median())
    assert moved[0.01] < 0.05
    assert moved[0.01] < moved[5.0] < moved[0.0]


class Kept:
    """All that was saved."""

    def __init__(self, *earlier: dict[str, np.ndarray]) -> None:
        self.saved = list(earlier)

    def load(self) -> dict[str, np.ndarray] | None:
        return self.saved[-1] if self.saved else None

    def save(self, arrays: dict[str, np.ndarray]) -> None:
        self.saved.append({key: value.copy() for key, value in arrays.items()})


def test_resumed_at_any_iteration_it_gives_the_same_bits(written: tuple[Particles, Dataset]) -> None:
    particles, drawn = written
    images = load_images(particles, BAND)
    half, reference, kept = torch.arange(COUNT) % 2, drawn.volume.values, Kept()
    again = partial(refine, images, half, reference, SETTINGS, fine=lambda: images)
    with torch.inference_mode():
        _, whole = again(checkpoint=kept)
        assert {str(saved["stage"]) for saved in kept.saved} == {"global", "local", "done"}
        for saved in (kept.saved[0], kept.saved[-3], kept.saved[-2]):
            _, resumed = again(checkpoint=Kept(saved))
            for name, value in whole.arrays().items():
                assert np.array_equal(value, resumed.arrays()[name]), name


def test_errors_are_as_large_as_is_said(written: tuple[Particles, Dataset]) -> None:
    """68 % of turns and moves lie in their ellipsoid of 68 %, although the reference is noisy."""
    _, drawn = written
    rotation, shift = true_poses(drawn)
    settings = replace(SETTINGS, local_only=True, most_local=6)
    setup = prepared(written, settings=settings, given=(rotation, shift))
    with torch.inference_mode():
        state = start(setup)
        while state.stage != "done":
            state = advance(setup, state)
    inside = []
    for rows in (setup.rows(0), setup.rows(1)):
        common = nearest_rotation((rotation[rows].transpose(1, 2) @ state.rotation[rows]).mean(0))
        turned = logarithm(state.rotation[rows] @ (rotation[rows] @ common).transpose(1, 2))
        solved = torch.linalg.solve(state.covariance[rows, :3, :3], turned)
        inside.append((turned * solved).sum(1) < 3.506)  # χ² of three degrees of freedom
    # of 300 particles 2.7 % is one standard deviation; three
    assert float(torch.cat(inside).double().mean()) == pytest.approx(0.68, abs=0.08)


def test_nothing_is_searched_on_a_path_that_is_gone(written: tuple[Particles, Dataset], tmp_path: Path) -> None:
    gone = written[0].with_(stack=(tmp_path / "gone.mrcs",))
    with pytest.raises(Exception, match="gone"):
        open_images(gone, BAND, memory=0)
