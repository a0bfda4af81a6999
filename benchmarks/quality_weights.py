"""The classifier of assess: simulate micrographs of every class, weigh their descriptors, and judge by some that were not seen.

Prints, for each fault, the area under the curve of false against true alarms (AUC), of the probability alone and what the rules say,
and the false alarms on good micrographs; all of the second half, from which the weights were not made.

    python benchmarks/quality_weights.py [--count 40] [--table table.json] [--write]

``--table`` keeps the descriptors, so that the weights can be fitted again without simulating; ``--write`` puts the weights into
the package.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from vitreous.data.optics import Optics
from vitreous.numerics.areas import blurred
from vitreous.runtime.chance import numpy_generator, torch_generator
from vitreous.simulate.faults import Faults
from vitreous.simulate.micrograph import expected_micrograph
from vitreous.simulate.scene import draw_scene
from vitreous.simulate.settings import SessionSettings
from vitreous.simulate.specimens import specimen
from vitreous.stages.quality import assess
from vitreous.stages.quality.probability import CLIP, WEIGHTS, transformed

SIDE = 768
#: Descriptor, how it is transformed, and the sign that its weight may have: 1 where more is worse, −1 where less is.
FEATURES: tuple[tuple[str, str, int], ...] = (
    ("directional_loss", "excess", 1), ("smear", "plain", 1), ("ice_line", "log", 1), ("bragg_share", "log", 1), ("bragg_peak", "log", 1),
    ("carbon", "log", 1), ("carbon_step", "log", 1), ("contamination", "log", 1), ("dark_tail", "log", 1), ("level_spread", "log", 1),
    ("rough_spread", "log", 1), ("correlation_length", "log", 1), ("coarse_power", "excess", -1), ("ring_power", "excess", -1),
    ("clipped", "log", 1),
)  # fmt: skip
#: Strength of the preference for small weights, in observations: the simulated classes are cleaner than recorded ones.
RIDGE = 0.5


def common(chance: np.random.Generator) -> dict:
    """Settings that differ between grids and microscopes."""
    return {
        "optics": Optics(pixel_size=float(chance.uniform(1.0, 1.6))), "shape": (SIDE, SIDE), "specimen": "ribosome head", "frames": 1,
        "dose_per_frame": float(chance.uniform(20, 60)), "particles": int(chance.integers(3, 9)), "contaminants": 0,
        "ice_thickness": float(chance.uniform(150, 900)), "b_factor": float(chance.uniform(40, 150)), "spacing": 1.02,
        "defocus": (float(chance.uniform(7000, 18000)), 28000.0), "astigmatism": float(chance.uniform(0, 800)),
    }  # fmt: skip


def way(chance: np.random.Generator, low: float, high: float) -> tuple[float, float]:
    """A displacement of ``low`` to ``high`` Å in any direction."""
    length, turn = chance.uniform(low, high), chance.uniform(0, 2 * math.pi)
    return float(length * math.cos(turn)), float(length * math.sin(turn))


def crystals(chance: np.random.Generator) -> Faults:
    """Single crystals, or powder."""
    if chance.random() < 0.5:
        return Faults(crystals=int(chance.integers(1, 5)), crystal_thickness=float(chance.uniform(30, 120)))
    return Faults(powder=float(chance.uniform(0.1, 0.6)))


CLASSES: dict[str, Callable[[np.random.Generator], tuple[dict, Faults]]] = {
    "good": lambda chance: ({}, Faults(blur=way(chance, 0, 4))),
    "crystalline ice": lambda chance: ({}, crystals(chance)),
    "carbon": lambda chance: ({}, Faults(carbon=float(chance.uniform(0.1, 0.7)), carbon_thickness=float(chance.uniform(100, 250)))),
    "empty": lambda chance: ({"particles": 0, "ice_thickness": float(chance.uniform(0, 60))}, Faults()),
    "contamination": lambda chance: ({"contaminants": int(chance.integers(2, 5)), "particles": 1}, Faults()),
    "drift": lambda chance: ({}, Faults(blur=way(chance, 12, 50))),
}


def uneven(expected: torch.Tensor, pixel: float, index: int) -> torch.Tensor:
    """Uneven ice and illumination: a smooth field of up to 4 % r.m.s. over some 600 Å, and a slope of up to 10 %."""
    chance = numpy_generator(3, "field", index)
    small = torch.randn(96, 96, generator=torch_generator(3, "field", index))
    smooth = blurred(small, 600 / (pixel * SIDE / 96) / 2)
    field = torch.nn.functional.interpolate((smooth / smooth.std())[None, None], size=expected.shape, mode="bilinear")[0, 0]
    slope = torch.linspace(-0.5, 0.5, SIDE) * float(chance.uniform(-0.1, 0.1))
    return expected * (1 + float(chance.uniform(0, 0.04)) * field + slope).clamp_min(0.05)


def described(kind: str, index: int) -> dict[str, float]:
    """Descriptors of one simulated micrograph, and what the rules say."""
    chance = numpy_generator(1, kind, index)
    base = common(chance)
    changes, faults = CLASSES[kind](chance)
    settings = SessionSettings(**{**base, **changes}, seed=1000 + index)
    what = specimen("ribosome head")
    scene = draw_scene(settings, what, index)
    expected = uneven(expected_micrograph(settings, what, scene, faults), settings.optics.pixel_size, index)
    counts = chance.poisson(expected.numpy()).astype(np.float32)
    verdict = assess(counts, settings.optics)
    return {**verdict.descriptors, "score": verdict.score, "passes": float(not [r for r in verdict.reasons if r.name != "unusual"])}


def table(count: int) -> dict[str, list[dict[str, float]]]:
    """Descriptors of ``count`` micrographs of each fault, and three times as many good ones."""
    found: dict[str, list[dict[str, float]]] = {}
    for kind in CLASSES:
        found[kind] = [described(kind, index) for index in range(count * (3 if kind == "good" else 1))]
        print(f"{kind}: {len(found[kind])} simulated", flush=True)
    return found


def rows(found: list[dict[str, float]], half: int) -> np.ndarray:
    """Transformed descriptors of every second micrograph, ``(n, features)``."""
    return np.array([[transformed(each.get(name, math.nan), kind) for name, kind, _ in FEATURES] for each in found[half::2]])


def one_sided(standard: np.ndarray) -> np.ndarray:
    """Only what is worse than in the median good micrograph counts."""
    signs = np.array([sign for _, _, sign in FEATURES])
    return signs * np.nan_to_num(standard * signs).clip(0, CLIP)


def fit(found: dict[str, list[dict[str, float]]]) -> dict:
    """Logistic regression with a ridge, signs kept, good and bad counted alike."""
    from scipy.optimize import minimize

    good = rows(found["good"], 0)
    bad = np.concatenate([rows(each, 0) for kind, each in found.items() if kind != "good"])
    values = np.concatenate([good, bad])
    mean, deviation = np.nanmedian(good, 0), np.maximum(np.nanstd(values, 0), 0.05)
    x = one_sided((values - mean) / deviation)
    y = np.concatenate([np.zeros(len(good)), np.ones(len(bad))])
    share = np.where(y > 0, 0.5 / len(bad), 0.5 / len(good)) * len(y)

    def cost(w: np.ndarray) -> tuple[float, np.ndarray]:
        z = x @ w[1:] + w[0]
        p = 1 / (1 + np.exp(-z))
        value = float((share * (np.logaddexp(0, z) - y * z)).sum() + 0.5 * RIDGE * (w[1:] ** 2).sum())
        slope = share * (p - y)
        return value, np.concatenate([[slope.sum()], x.T @ slope + RIDGE * w[1:]])

    bounds = [(None, None), *((0, None) if sign > 0 else (None, 0) for _, _, sign in FEATURES)]
    best = minimize(cost, np.zeros(len(FEATURES) + 1), jac=True, method="L-BFGS-B", bounds=bounds).x
    weighed = {name: {"kind": kind, "mean": round(float(m), 5), "deviation": round(float(d), 5), "weight": round(float(w), 4)}
               for (name, kind, _), m, d, w in zip(FEATURES, mean, deviation, best[1:])}  # fmt: skip
    return {"bias": round(float(best[0]), 4), "descriptors": weighed}


def odds(told: dict, found: list[dict[str, float]], half: int) -> np.ndarray:
    """Logarithm of the odds of being bad."""
    each = told["descriptors"]
    mean, deviation, weight = (np.array([each[name][part] for name, _, _ in FEATURES]) for part in ("mean", "deviation", "weight"))
    return one_sided((rows(found, half) - mean) / deviation) @ weight + told["bias"]


def area(bad: np.ndarray, good: np.ndarray) -> float:
    """Probability that a bad one scores higher than a good one (Mann-Whitney)."""
    return float(((bad[:, None] > good) + 0.5 * (bad[:, None] == good)).mean())


def main() -> None:
    """Simulate or read, fit, judge."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--table", type=Path)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    torch.set_num_threads(1)
    found = json.loads(given.table.read_text()) if given.table and given.table.exists() else table(given.count)
    if given.table:
        given.table.write_text(json.dumps(found))
    told = fit(found)
    good = odds(told, found["good"], 1)
    scores = {kind: np.array([each["score"] for each in rows[1::2]]) for kind, rows in found.items()}
    print(f"good: {(good > 0).mean():.3f} below probability 0.5, {np.mean([not each['passes'] for each in found['good'][1::2]]):.3f} "
          f"break a rule, of {len(good)}")  # fmt: skip
    for kind in list(found)[1:]:
        bad = odds(told, found[kind], 1)
        broken = np.mean([not each["passes"] for each in found[kind][1::2]])
        with_rules = area(-scores[kind], -scores["good"])
        print(f"{kind}: AUC {area(bad, good):.3f}, with rules {with_rules:.3f}, {(bad > 0).mean():.3f} below probability 0.5, "
              f"{broken:.3f} break a rule, of {len(bad)}")  # fmt: skip
    if given.write:
        WEIGHTS.write_text(json.dumps(told, indent=1) + "\n")


if __name__ == "__main__":
    main()
