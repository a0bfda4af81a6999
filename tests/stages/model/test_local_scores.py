"""Rotamers, segments, ensembles, rigid fits, decisions, and the band of the correlation with a model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from atoms_at_random import helix
from model_maps import clean, noisy, protein
from scipy.spatial.transform import Rotation

from vitreous.data.volume import Volume
from vitreous.errors import InputError
from vitreous.numerics.correlation_statistics import interval, variance_against_truth
from vitreous.stages.model import decisions, displaced_z, fit_variability, rigid_fit, segments, side_chains
from vitreous.stages.model.q_score import spiral
from vitreous.stages.model.side_chains import dihedral, ringer_score


def test_dihedral_has_the_sign_of_the_textbook():
    """Looking along b to c, d is a quarter turn clockwise from a: +90°."""
    a, b, c = np.array([0.0, 1, 0]), np.zeros(3), np.array([0.0, 0, 1])
    assert dihedral(a, b, c, np.array([-1.0, 0, 1])) == pytest.approx(90.0)


def test_a_helix_where_it_belongs_and_two_angstroms_beside():
    """Z is 5.9 at 2.5 Å in place, and after 2 Å 0.9 on average over directions, 1.2 at most; at 3 Å 4.9, 1.0 and 1.4."""
    volume, model = noisy(2.5, ratio=0.3), protein()
    backbone = model.positions[(model.chains == "A") & np.isin(model.names, ["N", "CA", "C", "O"])]
    assert displaced_z(volume, backbone) > 4
    beside = [displaced_z(volume, backbone + 2.0 * direction) for direction in spiral(16)]
    assert np.mean(beside) < 1
    assert max(beside) < 1.5
    noise = Volume(torch.randn(48, 48, 48, generator=torch.Generator().manual_seed(3)), 1.25)
    assert abs(displaced_z(noise, backbone)) < 3


def test_helices_are_found_by_their_alpha_carbons():
    found = segments(clean(), protein())
    assert [(each.kind, each.chain) for each in found] == [("helix", "A"), ("helix", "B"), ("helix", "C")]
    assert [each.last - each.first + 1 for each in found] == [18, 15, 12]
    assert segments(clean(), replace(protein(), names=np.empty(0, "U4"))) == []


def test_side_chains_in_their_density_and_in_noise():
    model = protein()
    good = side_chains(clean(), model)
    noise = Volume(torch.randn(48, 48, 48, generator=torch.Generator().manual_seed(4)), 1.25)
    assert np.median(good.z) > 1.5
    assert abs(np.median(side_chains(noise, model).z)) < 1.0
    assert side_chains(clean(), model.take(model.residue_index < 4)).score is None


def test_side_chains_built_the_wrong_way():
    """Every other side chain turned by 120° about Cα–Cβ: those fall below the lowest quarter of the others."""
    model = protein()
    places = model.positions.copy()
    for index in range(0, 45, 2):
        at = {name: np.flatnonzero((model.residue_index == index) & (model.names == name))[0] for name in ("CA", "CB", "CG", "CD")}
        axis = places[at["CB"]] - places[at["CA"]]
        turn = Rotation.from_rotvec(np.deg2rad(120) * axis / np.linalg.norm(axis))
        for name in ("CG", "CD"):
            places[at[name]] = turn.apply(places[at[name]] - places[at["CB"]]) + places[at["CB"]]
    found = side_chains(noisy(3.0, ratio=0.3), replace(model, positions=places))
    wrong = found.residue % 2 == 0
    assert np.median(found.z[wrong]) < 0.5
    assert np.median(found.z[wrong]) < np.quantile(found.z[~wrong], 0.25)


def test_score_of_rotamers_by_hand_and_by_chance():
    """64 of 64 rotameric: Z = 64 · 33/72 / √(64 · 39/72 · 33/72) and the score 10 Z / √64; random ones stay near 0."""
    perfect = ringer_score(np.ones(64, bool), np.ones(64))
    assert perfect == pytest.approx(10 / 8 * 64 * (33 / 72) / np.sqrt(64 * 39 / 72 * 33 / 72))
    chance = np.random.default_rng(0)
    scores = [ringer_score(chance.uniform(size=400) < 39 / 72, chance.uniform(size=400)) for _ in range(40)]
    assert abs(np.mean(scores)) < 1.0


def test_variability_of_an_ensemble_is_its_spread():
    """N copies with Gaussian shifts of 0.5 Å along each axis: √3 · 0.5 Å = 0.87 Å."""
    chance = np.random.default_rng(1)
    model = helix(20)
    models = [replace(model, positions=model.positions + chance.normal(0, 0.5, model.positions.shape)) for _ in range(20)]
    assert fit_variability(models).mean() == pytest.approx(np.sqrt(3) * 0.5, rel=0.05)
    with pytest.raises(InputError, match="two or more"):
        fit_variability(models[:1])
    with pytest.raises(InputError, match="model 2 of the ensemble"):
        fit_variability([model, helix(19)])


@pytest.mark.parametrize("move", [(1.5, 0, 0), (0, -2.0, 1.5)])
def test_a_misplaced_model_comes_back(move: tuple[float, float, float]):
    model = protein()
    turn = np.deg2rad(5.0)
    centre = model.positions.mean(0)
    rotation = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    off = (model.positions - centre) @ rotation.T + centre + move
    found = rigid_fit(noisy(), off, 3.0)
    assert np.sqrt(((found.positions - model.positions) ** 2).sum(1).mean()) < 0.15
    assert found.turned_deg == pytest.approx(5.0, abs=0.5)


def test_band_of_the_correlation_with_a_fixed_model_holds_its_expectation():
    """T = a M + N, 60 numbers, 4 000 repeats at three strengths: 95 % intervals hold the limit r in 93 to 97 % of them."""
    chance = torch.Generator().manual_seed(0)
    n, repeats = 60, 4000
    model = torch.ones(n, dtype=torch.float64)
    for strength in (0.15, 0.6, 2.0):
        target = strength * model + torch.randn(repeats, n, generator=chance, dtype=torch.float64)
        r = target.sum(1) / (target.norm(dim=1) * model.norm())
        low, high = interval(r, variance_against_truth(r, torch.tensor(float(n))), torch.tensor(float(n)))
        want = strength / np.sqrt(1 + strength**2)
        assert 0.93 < float(((low <= want) & (want <= high)).double().mean()) < 0.97


def test_decisions_say_what_differs():
    rows = decisions(d_99=3.1, d_model=3.0, d_fsc_model=3.2, d_fsc=3.0)
    assert all(row.expected for row in rows)
    blurred = decisions(d_99=6.0, d_model=5.5, d_fsc_model=3.3, d_fsc=3.0)
    said = {(row.estimate, row.action) for row in blurred if not row.expected}
    assert ("d_model", "sharpen the map") in said
    assert ("d_FSC_model", "sharpen the map") in said
    overfitted = decisions(d_99=2.4, d_model=2.4, d_fsc_model=2.4, d_fsc=3.0)
    assert sum("verify d_FSC" in row.action for row in overfitted) == 3
    nowhere = decisions(d_99=3.0, d_model=3.0, d_fsc_model=None, d_fsc=None)
    assert nowhere[-1].action.startswith("check the model")
