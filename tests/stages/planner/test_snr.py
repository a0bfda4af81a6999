"""A chain of three stages, simulated."""

from __future__ import annotations

import numpy as np
import pytest

from vitreous.errors import InputError
from vitreous.stages.planner import composite_snr, snr_from_correlation


@pytest.mark.parametrize("gains", [None, (0.5, 3.0, 0.8)])
def test_three_stages(gains: tuple[float, ...] | None) -> None:
    chance, snrs = np.random.default_rng(0), (0.8, 2.0, 5.0)
    signal = chance.standard_normal(300_000)
    seen, kept = signal.copy(), signal.copy()
    for snr, gain in zip(snrs, gains or (1.0,) * 3):
        noise = chance.standard_normal(len(signal)) * np.sqrt(seen.var() / snr)
        seen, kept = np.sqrt(gain) * seen + noise, np.sqrt(gain) * kept
    assert composite_snr(snrs, gains) == pytest.approx(signal.var() / (seen - kept).var(), rel=0.02)
    assert composite_snr(snrs, gains) * np.prod(gains or 1.0) == pytest.approx(kept.var() / (seen - kept).var(), rel=0.02)


def test_two_measurements_correlate() -> None:
    chance = np.random.default_rng(1)
    signal = np.sqrt(0.6) * chance.standard_normal(200_000)
    both = [signal + chance.standard_normal(len(signal)) for _ in range(2)]
    assert snr_from_correlation(float(np.corrcoef(both)[0, 1])) == pytest.approx(0.6, rel=0.02)


def test_bad_numbers_are_refused() -> None:
    for words, call in (
        ("stages and gains must be as many of each", lambda: composite_snr([])),
        ("stages and gains must be as many of each", lambda: composite_snr([1.0], [1.0, 2.0])),
        ("stages and gains must be positive", lambda: composite_snr([1.0, -2.0])),
        ("correlation must be 0 or more and below 1", lambda: snr_from_correlation(1.0)),
    ):
        with pytest.raises(InputError, match=words):
            call()
