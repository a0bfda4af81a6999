"""Averages that grow batch by batch find planted views and junk, go on after an interruption, and show nothing in noise."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch

from vitreous.data.optics import Optics
from vitreous.errors import FormatError, InputError
from vitreous.numerics.rotations import exponential, random_rotations
from vitreous.simulate.dataset import DatasetSettings, draw_dataset
from vitreous.simulate.snr import ShellSnr
from vitreous.simulate.specimens import specimen
from vitreous.stages.classify2d import online, running
from vitreous.stages.classify2d.running import RunningAverages, Sorted

OPTICS, VIEWS, CLASSES, JUNK = Optics(pixel_size=7.5), 3, 6, -1
HEAD = specimen("ribosome head")


class Session(NamedTuple):
    """Images, their defocus, and the number of the view that each shows."""

    images: np.ndarray
    defocus: np.ndarray
    view: np.ndarray

    def at(self, rows: slice | np.ndarray) -> Session:
        return Session(*(each[rows] for each in self))


@pytest.fixture(scope="module")
def session() -> Session:
    """360 particles in one of three views each, at random in-plane angles; signal and noise are equal at 30 Å."""
    count = 360
    snr = ShellSnr(points=((60.0, 3.0), (30.0, 1.0), (10.0, 0.1)))
    dataset = draw_dataset(HEAD, DatasetSettings(particles=count, size=32, optics=OPTICS, snr=snr, micrographs=6, seed=3))
    view = np.random.default_rng(2).integers(0, VIEWS, count)
    angle = torch.as_tensor(np.random.default_rng(3).uniform(0, 2 * np.pi, count))
    spin = exponential(torch.stack([0 * angle, 0 * angle, angle], 1))
    rotation = (spin @ random_rotations(VIEWS, torch.Generator().manual_seed(8))[view]).numpy()
    dataset = replace(dataset, particles=dataset.particles.with_(rotation=rotation))
    return Session(torch.cat(list(dataset.images())).numpy(), dataset.particles.defocus, view)


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """One start only, of few passes, and a short list of recent images: seconds, not minutes."""
    monkeypatch.setattr(running, "RESTARTS", (200,))
    monkeypatch.setattr(running, "PASSES", 6)
    monkeypatch.setattr(online, "RECENT", 100)


def fed(averages: RunningAverages, session: Session, batch: int = 40) -> Sorted:
    """All images, a batch at a time."""
    told = [averages.add(session.images[a : a + batch], session.defocus[a : a + batch]) for a in range(0, len(session.view), batch)]
    return Sorted(*(np.concatenate(column) for column in zip(*told)))


def together(assignment: np.ndarray, kind: np.ndarray) -> float:
    """Share of the images whose kind is the commonest of their class; classes by chance give little over the largest kind's."""
    sorted_out = assignment >= 0
    mine, kind = assignment[sorted_out], np.unique(kind[sorted_out], return_inverse=True)[1]
    return sum(np.bincount(kind[mine == k]).max() for k in np.unique(mine)) / len(mine)


@pytest.mark.parametrize("order", [None, 1])
def test_views_get_classes_of_their_own_in_any_order(session: Session, order: int | None) -> None:
    shuffled = session.at(np.arange(360) if order is None else np.random.default_rng(order).permutation(360))
    averages = RunningAverages(OPTICS, HEAD.diameter, CLASSES)
    told = fed(averages, shuffled)
    # the first 160 are answered before there are classes
    assert (told.assignment[:160] == -1).all()
    assert np.isnan(told.quality[:160]).all()
    # at this signal two views are hardly ever mistaken for each other: chance gives about 0.4
    assert together(told.assignment, shuffled.view) > 0.9
    assert averages.seen == 360
    assert averages.averages().shape == (CLASSES, 32, 32)
    np.testing.assert_allclose(averages.weights().sum(), 1)
    assert averages.resolution().min() < 35


def test_junk_ends_in_classes_of_its_own(session: Session) -> None:
    chance = np.random.default_rng(5)
    junk = np.sort(chance.choice(360, 70, replace=False))
    images, view = session.images.copy(), session.view.copy()
    # the edge of a carbon film: one side of the image is darker
    across = np.arange(32) - 16
    for row in junk:
        angle = chance.uniform(0, 2 * np.pi)
        film = (np.cos(angle) * across + np.sin(angle) * across[:, None]) > chance.uniform(-4, 4)
        images[row] = chance.normal(0, 1, (32, 32)) - 3 * film
    view[junk] = JUNK
    told = fed(RunningAverages(OPTICS, HEAD.diameter, CLASSES), session._replace(images=images))
    assert together(told.assignment, view == JUNK) > 0.95


def test_noise_alone_shows_nothing(session: Session) -> None:
    noise = session._replace(images=np.random.default_rng(6).normal(0, 1, session.images.shape).astype(np.float32))
    of_noise, of_particles = (RunningAverages(OPTICS, HEAD.diameter, CLASSES) for _ in range(2))
    nothing, something = fed(of_noise, noise), fed(of_particles, session)
    assert of_noise.resolution().min() > 60, "no average shows more than a blob"
    power = [np.square(each.averages()).mean((1, 2)) @ each.weights() for each in (of_noise, of_particles)]
    assert power[0] < 0.05 * power[1]
    assert np.nanmedian(nothing.quality) < 0.1 * np.nanmedian(something.quality)


@pytest.mark.parametrize("stopped", [80, 240])
def test_saved_and_loaded_gives_the_same_bits(session: Session, stopped: int, tmp_path: Path) -> None:
    through = RunningAverages(OPTICS, HEAD.diameter, CLASSES, seed=4)
    first = RunningAverages(OPTICS, HEAD.diameter, CLASSES, seed=4)
    fed(first, session.at(slice(stopped)))
    first.save(tmp_path / "averages.npz")
    again = RunningAverages.load(tmp_path / "averages.npz")
    whole, rest = fed(through, session.at(slice(280))), fed(again, session.at(slice(stopped, 280)))
    np.testing.assert_array_equal(whole.assignment[stopped:], rest.assignment)
    np.testing.assert_array_equal(whole.quality[stopped:], rest.quality)
    np.testing.assert_array_equal(through.averages(), again.averages())
    np.testing.assert_array_equal(through.weights(), again.weights())
    assert (again.optics, again.seen) == (OPTICS, 280)
    assert list(tmp_path.iterdir()) == [tmp_path / "averages.npz"]


def test_what_is_kept_does_not_grow(session: Session, tmp_path: Path) -> None:
    averages = RunningAverages(OPTICS, HEAD.diameter, CLASSES)
    fed(averages, session.at(slice(320)))
    averages.save(tmp_path / "some.npz")
    fed(averages, session.at(slice(160)))
    averages.save(tmp_path / "more.npz")
    # but for the digits of a count in the file's headers
    assert abs((tmp_path / "more.npz").stat().st_size - (tmp_path / "some.npz").stat().st_size) < 64


def test_no_image_and_one_image_are_batches(session: Session) -> None:
    averages = RunningAverages(OPTICS, HEAD.diameter, CLASSES)
    assert averages.add(np.zeros((0, 32, 32)), np.zeros((0, 4))).assignment.shape == (0,)
    assert (averages.seen, averages.started, averages.averages().shape[0]) == (0, False, 0)
    assert averages.add(session.images[:1], session.defocus[:1]).assignment.tolist() == [-1]
    assert averages.seen == 1


def test_a_refused_batch_leaves_nothing_behind(session: Session) -> None:
    averages = RunningAverages(OPTICS, HEAD.diameter, CLASSES)
    averages.add(session.images[:10], session.defocus[:10])
    spoilt, lost = session.images[:10].copy(), session.defocus[:10].copy()
    spoilt[3, 5, 5], lost[2, 0] = np.nan, np.nan
    for images, defocus, said in (
        (spoilt, session.defocus[:10], "image 4 has NaN"),
        (session.images[:10, :30, :30], session.defocus[:10], r"must be \(n, 32, 32\)"),
        (session.images[0], session.defocus[:1], r"must be \(n, 32, 32\)"),
        (session.images[:10], session.defocus[:9], r"defocus must be \(10, 4\)"),
        (session.images[:10], lost, "defocus must be numbers"),
    ):
        with pytest.raises(InputError, match=said):
            averages.add(images, defocus)
    assert averages.seen == 10


@pytest.mark.parametrize(("diameter", "classes", "contrast", "said"), [
    (0, 6, "bright", "diameter"), (np.nan, 6, "bright", "diameter"), (150, 0, "bright", "classes"), (150, 101, "bright", "classes"),
    (150, 6, "grey", "contrast"),
])  # fmt: skip
def test_settings_out_of_range_are_refused(diameter: float, classes: int, contrast: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        RunningAverages(OPTICS, diameter, classes, contrast=contrast)  # type: ignore[arg-type]


def test_a_particle_larger_than_the_box_is_refused(session: Session) -> None:
    with pytest.raises(InputError, match="diameter must be at most the box, 240"):
        RunningAverages(OPTICS, 300).add(session.images[:2], session.defocus[:2])


def test_a_damaged_file_is_refused(session: Session, tmp_path: Path) -> None:
    averages = RunningAverages(OPTICS, HEAD.diameter, CLASSES)
    averages.add(session.images[:20], session.defocus[:20])
    averages.save(tmp_path / "averages.npz")
    whole = (tmp_path / "averages.npz").read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    np.savez(tmp_path / "other.npz", values=np.zeros(3))
    for damaged in (b"", b"text", whole[:200], whole[: len(whole) // 2], bytes(flipped), (tmp_path / "other.npz").read_bytes()):
        (tmp_path / "averages.npz").write_bytes(damaged)
        with pytest.raises(FormatError, match="running averages"):
            RunningAverages.load(tmp_path / "averages.npz")
