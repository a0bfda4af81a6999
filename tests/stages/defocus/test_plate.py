"""Phase plates: the shift that was put in comes out, and its drift over a movie."""

from __future__ import annotations

import numpy as np
import pytest

from vitreous.data.optics import Optics
from vitreous.errors import InputError
from vitreous.stages.defocus import CtfParams, estimate_ctf, phase_drift

OPTICS = Optics(pixel_size=1.5)
FIT = CtfParams(phase_shift_range=(0.0, 180.0))


@pytest.mark.parametrize(("u", "plate", "seed"), [(7_000.0, 60.0, 1), (12_000.0, 110.0, 2), (9_000.0, 160.0, 3)])
def test_phase_shift_and_defocus_are_found_together(micrograph, u: float, plate: float, seed: int) -> None:
    """Within 4 standard deviations each, which are below 2.5° and 40 Å here."""
    fit = estimate_ctf(micrograph(1200, 1.5, u, u - 300, 50.0, seed, plate=plate), OPTICS, FIT)
    assert fit.uncertainty.phase_shift_deg < 2.5
    assert abs(fit.defocus.phase_shift_deg - plate) < 4 * fit.uncertainty.phase_shift_deg
    assert abs(fit.defocus.mean - u + 150) < 4 * fit.uncertainty.mean < 160
    assert fit.flags == ()


def test_a_wrong_amplitude_contrast_goes_into_the_phase_shift(micrograph) -> None:
    """Only φ + asin Q shows: Q = 0.2 assumed for 0.1 takes asin 0.2 − asin 0.1 = 5.8° off, and leaves the defocus alone."""
    image = micrograph(1200, 1.5, 9_000.0, 8_700.0, 50.0, 4, plate=80.0)
    right, wrong = (estimate_ctf(image, Optics(pixel_size=1.5, amplitude_contrast=q), FIT).defocus for q in (0.1, 0.2))
    assert right.phase_shift_deg - wrong.phase_shift_deg == pytest.approx(5.8, abs=0.3)
    assert wrong.mean == pytest.approx(right.mean, abs=5.0)


def test_a_phase_shift_that_drifts_is_followed(micrograph) -> None:
    """Planted 60, 70, 85° in three groups of 25 e/Å²: each within 3° of the truth."""
    planted = [60.0, 70.0, 85.0]
    groups = [micrograph(1200, 1.5, 9_000.0, 8_700.0, 50.0, 5 + i, plate=p, dose=25.0) for i, p in enumerate(planted)]
    fit = estimate_ctf(sum(groups), OPTICS, FIT)
    drift = phase_drift(groups, fit)
    np.testing.assert_allclose(drift.phase_shift_deg, planted, atol=3.0)
    assert (drift.sigma < 2.0).all()
    with pytest.raises(InputError, match="dose groups must be at least one"):
        phase_drift([], fit)


@pytest.mark.parametrize("span", [(10.0, 10.0), (0.0, 200.0), (90.0, 10.0)])
def test_ranges_that_cannot_be_searched(span: tuple[float, float]) -> None:
    with pytest.raises(InputError, match="phase_shift_range must be"):
        CtfParams(phase_shift_range=span)
