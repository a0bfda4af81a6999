"""Accuracy budget and agreement of two defoci against numbers known beforehand and against the phases themselves."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vitreous.data.micrograph import Defocus
from vitreous.data.optics import Optics
from vitreous.errors import InputError
from vitreous.physics.ctf import phase
from vitreous.physics.ctf_accuracy import agreement_resolution, defocus_tolerance, worst_agreement_resolution

EVEN = Defocus(u=20_000, v=20_000)


def test_45_degrees_at_3_angstrom_allow_114_angstrom() -> None:
    assert defocus_tolerance(3.0) == pytest.approx(114.29, abs=0.005)  # 9 / (4 × 0.0196875)


def test_plain_difference_crosses_where_the_formula_says() -> None:
    """πλ k² 200 Å = π/2 at k = 1/√(2 λ 200)."""
    assert agreement_resolution(EVEN, Defocus(u=20_200, v=20_200)) == pytest.approx(math.sqrt(2 * 0.0196875 * 200), rel=1e-5)


def test_the_two_questions_are_each_others_inverse() -> None:
    error = defocus_tolerance(3.3, phase_deg=90.0)
    assert agreement_resolution(EVEN, Defocus(u=20_000 + error, v=20_000 + error)) == pytest.approx(3.3)


def test_equal_defoci_agree_for_ever_and_opposite_phases_never() -> None:
    assert agreement_resolution(EVEN, EVEN) == 0.0
    assert agreement_resolution(EVEN, Defocus(u=20_000, v=20_000, phase_shift_deg=90)) == math.inf


@settings(deadline=None, max_examples=25)
@given(du=st.floats(-900, 900), dv=st.floats(50, 900), angle=st.floats(0, 180), plate=st.floats(-60, 60))
def test_root_mean_square_phase_at_the_answer_is_the_limit(du: float, dv: float, angle: float, plate: float) -> None:
    first = Defocus(u=21_000, v=20_500, angle_deg=30, phase_shift_deg=60)
    second = Defocus(u=21_000 + du, v=20_500 + dv, angle_deg=angle, phase_shift_deg=60 + plate)
    k = 1 / agreement_resolution(first, second)
    azimuth = torch.arange(720, dtype=torch.float64) * math.pi / 720
    rows = torch.tensor([[d.u, d.v, d.angle_deg, d.phase_shift_deg] for d in (first, second)], dtype=torch.float64)
    chi = phase(rows, Optics(pixel_size=1.0), k * azimuth.cos(), k * azimuth.sin())
    assert float((chi[1] - chi[0]).square().mean().sqrt()) == pytest.approx(math.pi / 2, rel=1e-9)


@settings(deadline=None, max_examples=25)
@given(du=st.floats(-900, 900), dv=st.floats(50, 900), angle=st.floats(0, 180), plate=st.floats(-60, 60))
def test_the_worst_direction_reaches_the_limit_first(du: float, dv: float, angle: float, plate: float) -> None:
    """At the answer the largest phase difference of all azimuths is 90°, and a little coarser it is less."""
    first = Defocus(u=21_000, v=20_500, angle_deg=30, phase_shift_deg=60)
    second = Defocus(u=21_000 + du, v=20_500 + dv, angle_deg=angle, phase_shift_deg=60 + plate)
    worst = worst_agreement_resolution(first, second)
    azimuth = torch.arange(3600, dtype=torch.float64) * math.pi / 3600
    rows = torch.tensor([[d.u, d.v, d.angle_deg, d.phase_shift_deg] for d in (first, second)], dtype=torch.float64)
    for k, limit in ((1 / worst, math.pi / 2), (0.99 / worst, None)):
        chi = phase(rows, Optics(pixel_size=1.0), k * azimuth.cos(), k * azimuth.sin())
        most = float((chi[1] - chi[0]).abs().max())
        assert most == pytest.approx(limit, rel=1e-5) if limit else most < math.pi / 2
    assert worst >= agreement_resolution(first, second) - 1e-9


def test_worst_direction_of_equal_defoci_and_of_opposite_phases() -> None:
    assert worst_agreement_resolution(EVEN, EVEN) == 0.0
    assert worst_agreement_resolution(EVEN, Defocus(u=20_000, v=20_000, phase_shift_deg=90)) == math.inf


def test_nonsense_is_refused() -> None:
    with pytest.raises(InputError, match="resolution must be positive"):
        defocus_tolerance(0.0)
    with pytest.raises(InputError, match="phase_deg must be positive"):
        defocus_tolerance(3.0, phase_deg=0.0)
