"""From numbers to reasons, probabilities and what is unlike the session."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
import torch

from vitreous.data.optics import Optics
from vitreous.errors import InputError
from vitreous.stages.quality import assess, ice_thickness, outliers, thick
from vitreous.stages.quality.probability import WORDS, contributions, probability, unusual, weights
from vitreous.stages.quality.rules import RULES, judge

OPTICS = Optics(pixel_size=1.3)


def noise(shape: tuple[int, int] = (512, 512), seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).poisson(20, shape).astype(np.float32)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.name}-{rule.descriptor}")
def test_each_rule_has_two_limits_and_a_sentence_with_both_numbers(rule):
    assert judge({rule.descriptor: rule.doubtful}) == ()
    between, beyond = 0.5 * (rule.doubtful + rule.bad), 1.5 * rule.bad
    (doubt,), (bad,) = judge({rule.descriptor: between}), judge({rule.descriptor: beyond})
    assert (doubt.name, doubt.grade, bad.grade) == (rule.name, "doubtful", "bad")
    for reason in (doubt, bad):
        assert "limit" in reason.sentence
        assert "{" not in reason.sentence
    assert judge({rule.descriptor: math.nan}) == ()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.name}-{rule.descriptor}")
def test_a_value_a_hundredth_past_its_limit_does_not_read_like_the_limit(rule):
    for limit in (rule.doubtful, rule.bad):
        (reason,) = judge({rule.descriptor: 1.01 * limit})
        shown = limit * (100 if rule.unit == "%" else 1)
        sentence, _, told = reason.sentence.partition(" (limit ")
        assert told == f"{shown:g}{rule.unit})"
        numbers = [float(number) for number in re.findall(r"\d+(?:\.\d+)?", sentence)]
        assert min(abs(number / shown - 1.01) for number in numbers) < 0.004  # three digits
        assert f"{rule.unit} " in f"{sentence} "


def test_what_makes_one_unusual_is_said_in_words():
    assert set(weights()["descriptors"]) <= set(WORDS)
    (reason,) = unusual({"ring_power": 0.919, "coarse_peak": 1.1, "bragg_share": 0.029}, 0.3)
    assert "detail of 12-4.5 Å, where Thon rings are, is only 0.919 times as strong as shot noise" in reason.sentence
    assert "spots of ice crystals in 2.90% of the field" in reason.sentence
    (one,) = unusual({"ring_power": 0.919, "bragg_share": 0.0}, 0.3)
    assert "crystals" not in one.sentence  # it adds next to nothing


def test_flags_of_the_fit_are_reasons_and_the_gravest_comes_first():
    reasons = judge({"contamination": 0.2, "directional_loss": 2.9}, ["ice ring: 12 %", "drift: rings are lost", "new: something"])
    assert [reason.name for reason in reasons] == ["drift", "contamination", "ice ring", "new"]
    assert reasons[0].grade == "bad"
    assert str(reasons[0]) == "drift: rings are lost"
    assert judge({}, ["odd"])[0].sentence


def test_nothing_there_is_empty():
    assert [reason.name for reason in judge({"coarse_peak": 1.7, "ring_power": 1.0})] == ["empty"]
    assert judge({"coarse_peak": 1.2, "ring_power": 1.2}) == ()
    assert judge({"coarse_peak": 2.4, "ring_power": 1.0}) == ()
    assert judge({"coarse_peak": 1.2}) == ()
    assert judge({"coarse_peak": 1.2, "ring_power": 1.0, "significance": 20.0}) == ()


def test_probability_falls_with_every_fault_and_stays_without_measurement():
    usual = {name: (math.exp(each["mean"]) if each["kind"] == "log" else each["mean"]) for name, each in weights()["descriptors"].items()}
    before = probability(usual)
    for name, each in weights()["descriptors"].items():
        changed = {**usual, name: usual[name] * (30 if each["weight"] > 0 else 1 / 30) + 0.1 * (each["weight"] > 0)}
        assert probability(changed) <= before + 1e-9, name
        assert contributions({})[name] == 0
    assert 0 < probability(dict.fromkeys(usual, 1e30)) < probability({})
    assert unusual(usual, 0.9) == ()
    (reason,) = unusual(dict.fromkeys(usual, 1e6), 0.1)
    assert "probability 0.10 (limit 0.5)" in reason.sentence


def test_pictures_of_noise_are_empty_and_scale_does_not_matter():
    one, other = assess(noise(), OPTICS), assess(torch.from_numpy(1e-3 * noise() - 7), OPTICS)
    assert one.verdict == other.verdict == "bad"
    assert [reason.name for reason in one.reasons] == ["empty"]
    for name in set(one.descriptors) - {"mean", "deviation", "range"}:
        assert other.descriptors[name] == pytest.approx(one.descriptors[name], rel=0.02, abs=0.02, nan_ok=True), name
    assert assess(noise(), OPTICS).descriptors == one.descriptors


def test_what_alignment_and_fit_say_counts():
    fit = {"defocus": {"u": 15300.0, "v": 14900.0}, "resolution_angstrom": 15.0, "score": None, "measures": {"significance": 6.0},
           "reasons": ["strong astigmatism: u - v is 1600 Å"]}  # fmt: skip
    verdict = assess(noise(), OPTICS, fit=fit, motion={"motion_total_angstrom": 30.0, "motion_step_angstrom": 11.0, "defects": 3})
    names = {reason.name: reason.grade for reason in verdict.reasons}
    assert names == {"empty": "bad", "drift": "bad", "poor fit": "doubtful", "strong astigmatism": "doubtful"}
    assert verdict.descriptors["defocus"] == 15100
    assert verdict.descriptors["astigmatism"] == 400
    assert "fit_score" not in verdict.descriptors


def test_a_beam_that_was_off():
    verdict = assess(np.zeros((200, 200), np.float32), OPTICS)
    assert (verdict.verdict, verdict.score, verdict.regions) == ("bad", 0.0, None)
    assert verdict.reasons[0].sentence == "every pixel is 0: beam off, or a dead camera"
    dark = assess(np.random.default_rng(1).poisson(0.02, (300, 300)), OPTICS)
    assert "saturated or dark" in [reason.name for reason in dark.reasons]
    assert "saturated or dark" in [reason.name for reason in assess(np.minimum(noise(), 21), OPTICS).reasons]


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (np.zeros((4, 200, 200)), r"two-dimensional \(y, x\)"),
        (np.zeros((200, 200), complex), "must be real"),
        (np.full((200, 200), np.nan), "finite in every pixel"),
        (np.ones((100, 300)), "at least 128 pixels"),
    ],
)
def test_what_is_no_micrograph_is_refused(image: np.ndarray, words: str):
    with pytest.raises(InputError, match=words):
        assess(image, OPTICS)


def session(count: int) -> list[dict[str, float]]:
    chance = np.random.default_rng(5)
    draws = zip(chance.lognormal(0, 0.05, count), chance.lognormal(0, 0.1, count))
    return [{"mean": 40 * a, "deviation": 6.0, "fit_resolution": 4 * b} for a, b in draws]


def test_one_unlike_its_session_is_named_and_none_in_an_even_session():
    even = session(40)
    assert outliers(even) == [()] * 40
    odd = [*even, {"mean": 41.0, "deviation": 6.0, "fit_resolution": 11.0}, {"mean": 12.0, "deviation": 4.0, "fit_resolution": 4.0}]
    found = outliers(odd)
    assert found[:40] == [()] * 40
    assert "reach of the rings is 11 Å" in found[40][0].sentence
    assert "brightness is 12" in found[41][0].sentence
    assert outliers([*session(18), odd[-1]]) == [()] * 19
    assert outliers([{"mean": -1.0}] * 30) == [()] * 30


def test_a_session_as_even_as_can_be_has_no_outlier_for_a_trifle():
    assert outliers([*([{"mean": 40.0}] * 30), {"mean": 42.0}]) == [()] * 31


def test_thickness_of_ice_from_what_is_lost():
    mean = 40 * np.exp(-np.array([0.0, 400.0, 3950.0]) / 3950)
    assert ice_thickness(mean, [6.0, 6.0, 4.0]) == pytest.approx([0, 400, 3950])
    # Λ at 200 kV: 3950 Å · (0.6953 / 0.7765)² · 10.80 / 10.45
    assert ice_thickness(mean, [6.0, 6.0, 4.0], 200.0)[2] == pytest.approx(3274, rel=2e-3)
    assert ice_thickness(mean[1:], [6.0, 4.0], [300.0, 200.0])[1] == pytest.approx(3274 * 3550 / 3950, rel=2e-3)
    assert np.isnan(ice_thickness([0.01, -0.02], [1.0, 1.0])).all()
    assert len(ice_thickness([], [])) == 0


def test_ice_is_thick_beside_the_brightest_of_the_session():
    # 3000 Å at 300 kV let exp(−3000 / 3950) = 47 % through unharmed
    (thin, usual, much), (reason,) = ice_thickness([40.0, 36.0, 18.7], [6.0] * 3), thick(3000.4)
    assert much == pytest.approx(3000, abs=10)
    assert thick(thin) == thick(usual) == thick(math.nan) == ()
    assert thick(much)[0].grade == "doubtful"
    assert "3000 Å more" in reason.sentence
    assert "limit 2000 Å" in reason.sentence
