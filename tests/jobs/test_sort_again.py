"""Two planted kinds, 60 to 40, are found in a set that was refined as one."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from lobed_particles import DIAMETER, make_known, particle

from vitreous.jobs.placed_particles import sort_again
from vitreous.numerics.symmetry import symmetry
from vitreous.stages.controls.homogeneity import judge_homogeneity
from vitreous.stages.controls.placed import placed


@pytest.mark.long
@pytest.mark.parametrize(("shares", "verdict"), [([1.0, 0.0], "pass"), ([0.6, 0.4], "fail")])
def test_kinds_are_found_where_planted(shares: list[float], verdict: str, tmp_path: Path) -> None:
    known = make_known(tmp_path, [particle(0), particle(None)], shares, 400, 0.3)
    task = placed(known.images, known.half, known.rotation, known.shift, diameter=DIAMETER, symmetry=symmetry("C1"))
    with torch.inference_mode():
        found = sort_again(task, DIAMETER, 1)
    assert judge_homogeneity(found).verdict == verdict
    if verdict == "fail":
        assert max(found.shares) == pytest.approx(0.6, abs=0.06)
