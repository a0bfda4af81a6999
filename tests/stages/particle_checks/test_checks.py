"""Each fault trips its own flag and no other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from vitreous.data.particles import Particles
from vitreous.errors import InputError
from vitreous.numerics.symmetry import symmetry
from vitreous.stages.particle_checks import (
    Posed,
    check_particles,
    judge_alignability,
    judge_correlation,
    judge_residuals,
    sample_rows,
)
from vitreous.stages.particle_checks.defocus import defocus_errors
from vitreous.stages.particle_checks.evidence import shell_sums
from vitreous.stages.particle_checks.fit import fit_images

pytestmark = pytest.mark.usefixtures("coarse")
C1 = symmetry("C1")
JUDGES = (judge_residuals, judge_correlation, judge_alignability)


def test_good_particles_pass(posed: Posed) -> None:
    found = check_particles(posed, C1, torch.Generator().manual_seed(3))
    assert [judge(found).verdict for judge in JUDGES] == ["pass"] * 3


@pytest.mark.parametrize(("fault", "share", "expected"), [
    ("poses", 0.08, ("warn", "pass", "pass")),
    ("poses", 0.20, ("warn|fail", "pass", "pass")),
    ("defocus", 1 / 3, ("pass", "fail", "pass")),
    ("junk", 0.30, ("pass", "warn|fail", "pass")),
    ("junk", 1.0, ("not done", "not done", "fail")),
])  # fmt: skip
def test_a_fault_trips_its_own_flag(posed: Posed, breaks: dict, fault: str, share: float, expected: tuple[str, ...]) -> None:
    broken, bad = breaks[fault](posed, share, torch.Generator().manual_seed(1))
    found = check_particles(broken, C1, torch.Generator().manual_seed(3))
    said = [judge(found) for judge in JUDGES]
    for check, verdict in zip(said, expected):
        assert check.verdict in verdict.split("|"), check.reason
    if fault == "poses":
        assert np.isin(found.misposed.numpy(), bad.numpy()).all()
        assert len(found.misposed) > 0.8 * len(bad)
        assert "Try: refine again" in said[0].reason
    if fault == "defocus":
        assert set(torch.nonzero(found.defocus.wrong).flatten().tolist()) == set(bad.tolist())
        assert found.defocus.error[bad].numpy() == pytest.approx(5500.0, abs=500.0)  # 8 Å detail tells no better
        assert "4 of 12 micrographs" in said[1].reason
    if fault == "junk" and share < 1:
        assert found.presence.share == pytest.approx(share, abs=0.05)
        assert "estimate-ctf" not in said[1].reason


def test_a_map_of_the_other_contrast_is_refused(posed: Posed) -> None:
    inverted = replace(posed, images=replace(posed.images, values=-posed.images.values))
    with pytest.raises(InputError, match="own contrast; they show it inverted"):
        check_particles(inverted, C1, torch.Generator())


def test_few_particles_are_refused(posed: Posed) -> None:
    with pytest.raises(InputError, match="number of particles must be at least 50; got 49"):
        check_particles(posed.take(torch.arange(49)), C1, torch.Generator())


def test_a_sample_takes_whole_handfuls_of_micrographs() -> None:
    owner = np.repeat(np.arange(100), 50)
    table = Particles(optics=(), group=np.zeros(5000, np.int64), micrograph=tuple(map(str, range(100))), micrograph_index=owner)
    rows = sample_rows(table, 1000, np.random.default_rng(0))
    count = np.bincount(owner[rows], minlength=100)
    assert len(np.unique(rows)) == 1000
    assert sorted(set(count)) == [0, 20]
    assert len(sample_rows(table, 3000, np.random.default_rng(0))) == 3000
    assert len(sample_rows(table, 9000, np.random.default_rng(0))) == 5000


def test_images_that_hold_less_than_foretold_have_no_other_defocus_for_that(posed: Posed) -> None:
    """What wrong poses leave: seven tenths of the correlation. At a fixed grey scale another defocus, that foretells less, is likelier."""
    sums = shell_sums(posed)
    fit = fit_images(sums, posed.images.group)
    micrograph = torch.from_numpy(np.unique(posed.particles.micrograph_index, return_inverse=True)[1])
    faint = replace(sums, cross=0.7 * sums.cross, quadrature=0.7 * sums.quadrature)
    found = defocus_errors(faint, fit, posed.particles, micrograph, posed.disc.size * posed.pixel_size, 1.3)
    assert not found.wrong.any()
