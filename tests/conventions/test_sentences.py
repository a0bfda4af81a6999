"""Every sentence of vitreous.conventions stands in CONVENTIONS.md and is held by tests that exist. Also: contrast and dose."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch

from vitreous.conventions import SENTENCES
from vitreous.data.optics import Optics
from vitreous.data.particles import Particles
from vitreous.inference.load import Band, load_images
from vitreous.io.stacks import open_stack, write_stack
from vitreous.physics.dose import exposure_weight
from vitreous.stages.movies.exposure import doses

HERE = Path(__file__).parent
PAGE = (HERE.parents[1] / "CONVENTIONS.md").read_text()
TESTS = {name: path.name for path in HERE.glob("test_*.py") for name in re.findall(r"^def (test_\w+)\(", path.read_text(), re.M)}


@pytest.mark.parametrize("key", SENTENCES)
def test_every_sentence_has_a_test_and_stands_on_the_page(key: str):
    assert any(name.startswith(f"test_{key}_") for name in TESTS), f"no test_{key}_… in tests/conventions"
    assert f"**{SENTENCES[key]}**" in PAGE
    section = PAGE.split(f"**{SENTENCES[key]}**")[1].split("\n## ")[0]
    assert f"::test_{key}_" in section, "the page names a test of this sentence"


def test_the_page_names_tests_that_exist_and_no_other_sentences():
    named = re.findall(r"`(test_\w+\.py)::(test_\w+)`", PAGE)
    assert named
    for file, name in named:
        assert TESTS.get(name) == file
    assert len(re.findall(r"^\*\*", PAGE, re.M)) == len(SENTENCES)


def test_contrast_is_kept_in_files_and_turned_dark_for_the_engine(tmp_path: Path):
    images = np.random.default_rng(0).normal(size=(2, 16, 16)).astype(np.float32)
    write_stack(tmp_path / "a.mrcs", images, 2.0)
    np.testing.assert_array_equal(open_stack(tmp_path / "a.mrcs").read(), images)
    dark = Particles(
        optics=(Optics(pixel_size=2.0),), group=np.zeros(2, int), stack=(tmp_path / "a.mrcs",), stack_index=np.zeros(2, int),
        slice_index=np.arange(2), defocus=np.full((2, 4), 1e4), contrast="dark",
    )  # fmt: skip
    a, b = (load_images(p, Band(size=16)).values for p in (dark, dark.with_(contrast="bright")))
    torch.testing.assert_close(a, -b)
    assert float((images[0] * np.asarray(load_images(dark, Band(size=16)).disc.image(a)[0])).sum()) > 0


def test_dose_is_cumulative_at_the_end_of_a_frame():
    np.testing.assert_allclose(doses(3, 1.2, 4.0), [5.2, 6.4, 7.6])
    # e⁻¹ of the power is left after the critical exposure, 4.34 e/Å² at 3 Å.
    assert float(exposure_weight(torch.tensor([1 / 3]), torch.tensor(4.34))) ** 2 == pytest.approx(np.exp(-1), rel=1e-3)
