"""Recorded micrographs, against a human."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from vitreous.io.coordinates import read_picks
from vitreous.io.mrc import read_image
from vitreous.stages.picking import Agreement, PickParams, agreement, match_picks, pick_blobs, pick_templates

pytestmark = pytest.mark.real_data
RADIUS = 20.0


def human(real_data: Path) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Micrographs, centres, and which of these the edge cuts (class 1)."""
    out = []
    for star in sorted((real_data / "micrographs" / "apoferritin_EMPIAR-10146").glob("*_picks.star")):
        centre, extra = read_picks(star)
        out.append((read_image(str(star).replace("_picks.star", "_avg50.mrc"))[0], centre, extra["rlnClassNumber"] == 1))
    return out


def without_cut(found: np.ndarray, centre: np.ndarray, cut: np.ndarray) -> Agreement:
    """Neither particles cut by the edge nor picks of them count."""
    pairs = match_picks(found, centre, RADIUS)
    of_cut = cut[pairs[:, 1]]
    return Agreement(int((~of_cut).sum()), len(found) - int(of_cut.sum()), int((~cut).sum()))


def test_apoferritin_agrees_with_the_human(real_data: Path) -> None:
    every = whole = Agreement(0, 0, 0)
    offsets = []
    for image, centre, cut in human(real_data):
        found = pick_blobs(image, 1.5, 130.0).coordinate
        every, whole = every + agreement(found, centre, RADIUS), whole + without_cut(found, centre, cut)
        pairs = match_picks(found, centre, RADIUS)
        offsets.append(found[pairs[:, 0]] - centre[pairs[:, 1]])
    assert every.true == 2138
    assert every.f1 > 0.925
    assert whole.f1 > 0.96
    # The human's centres are known to be off by about (2, -0.7) pixels; ours must not follow them.
    np.testing.assert_allclose(np.concatenate(offsets).mean(0), [-2.0, 0.7], atol=0.4)


def test_a_diameter_that_is_a_sixth_off_still_serves(real_data: Path) -> None:
    images = human(real_data)[:4]
    for diameter in (110.0, 150.0):
        total = sum((without_cut(pick_blobs(i, 1.5, diameter).coordinate, c, k) for i, c, k in images), Agreement(0, 0, 0))
        assert total.f1 > 0.92


def test_an_average_of_picks_is_a_template(real_data: Path) -> None:
    (first, *_), (image, centre, cut) = human(real_data)[:2]
    found = pick_blobs(first, 1.5, 130.0, PickParams(edge=0.8)).coordinate.round().astype(int)
    average = np.mean([first[y - 60 : y + 60, x - 60 : x + 60] for x, y in found], axis=0)
    picks = pick_templates(image, average, 1.5, 130.0, template_contrast="dark")
    assert without_cut(picks.coordinate, centre, cut).f1 > 0.95


def test_the_four_top_views_of_klh_score_highest(real_data: Path) -> None:
    image, _ = read_image(real_data / "micrographs" / "KLH_crop_xmipp.tif")
    tops = np.array([[210.0, 611], [518, 700], [482, 241], [231, 93]])
    found = pick_blobs(image, 1.0, 140.0).coordinate
    assert len(match_picks(found[:4], tops, 12.0)) == 4
    assert len(found) <= 10


def test_nothing_is_picked_on_a_crystal(real_data: Path) -> None:
    folder = real_data / "micrographs"
    image, _ = read_image(folder / "k2_contaminated_1142.mrc")
    raw = gzip.decompress((folder / "k2_contaminated_1142_mask.mrc.gz").read_bytes())
    dirt = np.frombuffer(raw[-image.size :], np.int8).reshape(image.shape)
    crystal = dirt >= 95
    picks = pick_blobs(image, 1.0, 40.0)
    x, y = picks.coordinate.round().astype(int).T
    assert not crystal[y, x].any()
    assert picks.bad_fraction == pytest.approx(crystal.mean(), abs=0.05)
