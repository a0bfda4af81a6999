"""The classifier of assess: simulate micrographs of every class, weigh their descriptors, and judge others blind.

Weights are made from every second micrograph of the training seed and looked at on the others. ``--blind SEED`` shares no chance with
those, neither of settings nor of faults nor of electrons, and judges by the weights and rules in the package: for each fault the area
under the curve of false against true alarms (AUC) of the probability and of the score (rules included), and the false alarms on good
micrographs, with 95 % intervals (Newcombe 2006, Stat. Med. 25:559, method 5; Wilson).

    python benchmarks/quality_weights.py [--count 40] [--table table.json] [--write]
    python benchmarks/quality_weights.py --blind 2 [--count 24] [--good 100] [--table blind.json]

``--table`` keeps the descriptors, as they are made, so that they can be weighed and judged again without simulating, and goes on
where it was left; ``--write`` puts the weights into the package.
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
from vitreous.errors import require
from vitreous.numerics.areas import blurred
from vitreous.runtime.chance import derived_seed, numpy_generator, torch_generator
from vitreous.simulate.faults import Faults
from vitreous.simulate.micrograph import expected_micrograph
from vitreous.simulate.scene import draw_scene
from vitreous.simulate.settings import SessionSettings
from vitreous.simulate.specimens import specimen
from vitreous.stages.quality import Verdict, assess
from vitreous.stages.quality.assess import concluded
from vitreous.stages.quality.probability import CLIP, WEIGHTS, probability, transformed

SIDE = 768
#: Seed of the micrographs from which the weights are made; not to be judged by.
TRAINING = 1
#: Normal deviate of a two-sided interval of 95 %.
NORMAL_95 = 1.96
#: Descriptor, how it is transformed, and the sign that its weight may have: 1 where more is worse, −1 where less is.
FEATURES: tuple[tuple[str, str, int], ...] = (
    ("directional_loss", "excess", 1), ("ice_line", "log", 1), ("bragg_share", "log", 1), ("carbon", "log", 1), ("carbon_step", "log", 1),
    ("contamination", "log", 1), ("dark_tail", "log", 1), ("level_spread", "log", 1), ("rough_spread", "log", 1),
    ("correlation_length", "log", 1), ("coarse_peak", "excess", -1), ("ring_power", "excess", -1), ("clipped", "log", 1),
)  # fmt: skip
#: Strength of the preference for small weights, in observations: the simulated classes are cleaner than recorded ones.
RIDGE = 0.5
#: Share of micrographs that are bad, beforehand: most of a session are not.
PRIOR = 0.2

Found = dict[str, list[dict[str, float]]]


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


Drawn = Callable[[np.random.Generator], tuple[dict, Faults]]
CLASSES: dict[str, Drawn] = {
    "good": lambda chance: ({}, Faults(blur=way(chance, 0, 4))),
    "crystalline ice": lambda chance: ({}, crystals(chance)),
    "carbon": lambda chance: ({}, Faults(carbon=float(chance.uniform(0.1, 0.7)), carbon_thickness=float(chance.uniform(100, 250)))),
    "empty": lambda chance: ({"particles": 0, "ice_thickness": float(chance.uniform(0, 60))}, Faults()),
    "contamination": lambda chance: ({"contaminants": int(chance.integers(2, 5)), "particles": 1}, Faults()),
    "drift": lambda chance: ({}, Faults(blur=way(chance, 12, 50))),
}
#: Judged, and no part of the weights.
UNTRAINED: dict[str, Drawn] = {
    "double exposure": lambda chance: ({}, Faults(twin=way(chance, 25, 60))),
    "thick ice": lambda chance: ({"ice_thickness": float(chance.uniform(2500, 3500))}, Faults()),
    "all carbon": lambda chance: ({}, Faults(carbon=1.0, carbon_thickness=float(chance.uniform(100, 250)))),
}


def uneven(expected: torch.Tensor, pixel: float, seed: int) -> torch.Tensor:
    """Uneven ice and illumination: a smooth field of up to 4 % r.m.s. over some 600 Å, and a slope of up to 10 %."""
    chance = numpy_generator(seed, "field")
    small = torch.randn(96, 96, generator=torch_generator(seed, "field"))
    smooth = blurred(small, 600 / (pixel * SIDE / 96) / 2)
    field = torch.nn.functional.interpolate((smooth / smooth.std())[None, None], size=expected.shape, mode="bilinear")[0, 0]
    slope = torch.linspace(-0.5, 0.5, SIDE) * float(chance.uniform(-0.1, 0.1))
    return expected * (1 + float(chance.uniform(0, 0.04)) * field + slope).clamp_min(0.05)


def simulated(kind: str, index: int, root: int) -> tuple[np.ndarray, SessionSettings, Faults]:
    """Electrons counted of one micrograph of ``kind``, and what it was made from; all of its chance is its own."""
    seed = derived_seed(root, "quality", kind, index)
    changes, faults = (CLASSES | UNTRAINED)[kind](numpy_generator(seed, "fault"))
    settings = SessionSettings(**{**common(numpy_generator(seed, "settings")), **changes}, seed=seed)
    what = specimen(settings.specimen)
    expected = expected_micrograph(settings, what, draw_scene(settings, what, index), faults)
    expected = uneven(expected, settings.optics.pixel_size, seed)
    return numpy_generator(seed, "electrons").poisson(expected.numpy()).astype(np.float32), settings, faults


def table(counts: dict[str, int], root: int, path: Path | None) -> Found:
    """Descriptors of as many micrographs of each kind as ``counts`` says; those that the file at ``path`` lacks are added to it."""
    found: Found = json.loads(path.read_text()) if path and path.exists() else {}
    for kind, count in counts.items():
        rows = found.setdefault(kind, [])
        for index in range(len(rows), count):
            counted, settings, _ = simulated(kind, index, root)
            rows.append(dict(assess(counted, settings.optics).descriptors))
        if path:
            path.write_text(json.dumps(found))
        print(f"{kind}: {len(rows)} simulated", flush=True)
    return found


def rows(found: list[dict[str, float]], half: int) -> np.ndarray:
    """Transformed descriptors of every second micrograph, ``(n, features)``."""
    return np.array([[transformed(each.get(name, math.nan), kind) for name, kind, _ in FEATURES] for each in found[half::2]])


def one_sided(standard: np.ndarray) -> np.ndarray:
    """Only what is worse than in the median good micrograph counts."""
    signs = np.array([sign for _, _, sign in FEATURES])
    return signs * np.nan_to_num(standard * signs).clip(0, CLIP)


def fit(found: Found) -> dict:
    """Logistic regression with a ridge, signs kept, one in five taken to be bad."""
    from scipy.optimize import minimize

    good = rows(found["good"], 0)
    bad = np.concatenate([rows(found[kind], 0) for kind in CLASSES if kind != "good"])
    values = np.concatenate([good, bad])
    mean, deviation = np.nanmedian(good, 0), np.maximum(np.nanstd(values, 0), 0.05)
    x = one_sided((values - mean) / deviation)
    y = np.concatenate([np.zeros(len(good)), np.ones(len(bad))])
    share = np.where(y > 0, PRIOR / len(bad), (1 - PRIOR) / len(good)) * len(y)

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


def area_interval(seen: float, bad: int, good: int) -> tuple[float, float]:
    """95 % interval of an AUC ``seen`` among so many: where |seen − θ| ≤ 1.96 σ(θ), Hanley and McNeil's σ with both numbers balanced.

    Unlike DeLong's, it does not shrink to nothing where all are told apart.
    """
    theta = np.linspace(0, 1, 20001)
    pairs = (bad + good) / 2 - 1
    variance = theta * (1 - theta) * (1 + pairs * (1 - theta) / (2 - theta) + pairs * theta / (1 + theta)) / (bad * good)
    inside = theta[np.abs(seen - theta) <= NORMAL_95 * np.sqrt(variance)]
    return float(inside.min()), float(inside.max())


def share_interval(hits: int, of: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share."""
    square = NORMAL_95**2
    middle, half = (hits + square / 2) / (of + square), NORMAL_95 * math.sqrt(hits * (of - hits) / of + square / 4) / (of + square)
    return middle - half, middle + half


def told_area(bad: np.ndarray, good: np.ndarray) -> str:
    """AUC with its interval, in words."""
    seen = area(bad, good)
    low, high = area_interval(seen, len(bad), len(good))
    return f"{seen:.3f} ({low:.3f}-{high:.3f})"


def told_share(which: list[bool]) -> str:
    """Share with its interval, in words."""
    low, high = share_interval(sum(which), len(which))
    return f"{sum(which)} of {len(which)} ({100 * low:.1f}-{100 * high:.1f} %)"


def judge_blind(found: Found) -> None:
    """Print how the package judges each kind."""
    verdicts: dict[str, list[Verdict]] = {kind: [concluded(each) for each in rows] for kind, rows in found.items()}
    chance = {kind: np.array([probability(each.descriptors) for each in rows]) for kind, rows in verdicts.items()}
    score = {kind: np.array([each.score for each in rows]) for kind, rows in verdicts.items()}
    for kind, each in verdicts.items():
        if kind != "good":
            print(f"{kind}: AUC {told_area(-chance[kind], -chance['good'])}, with rules {told_area(-score[kind], -score['good'])}")
        bad, doubtful = ([v.verdict == grade for v in each] for grade in ("bad", "doubtful"))
        print(f"{kind}: bad {told_share(bad)}, doubtful {told_share(doubtful)}, below probability 0.5 "
              f"{told_share((chance[kind] < 0.5).tolist())}")  # fmt: skip


def judge_training(found: Found, told: dict) -> None:
    """Print how weights just made do on the half that they were not made from."""
    good = odds(told, found["good"], 1)
    print(f"good: {(good > 0).mean():.3f} below probability 0.5, of {len(good)}")
    for kind in found:
        if kind != "good":
            bad = odds(told, found[kind], 1)
            print(f"{kind}: AUC {told_area(bad, good)}, {(bad > 0).mean():.3f} below probability 0.5, of {len(bad)}")


def main() -> None:
    """Simulate or read; then fit, or judge what is shipped."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, help="of each fault; 40, or 24 to judge blind")
    parser.add_argument("--good", type=int, help="of good ones; three times as many, or 100 to judge blind")
    parser.add_argument("--blind", type=int, metavar="SEED", help="judge micrographs of this seed by what is shipped")
    parser.add_argument("--table", type=Path)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    torch.set_num_threads(1)
    require(given.blind != TRAINING, "--blind", given.blind, f"another seed than that of training, {TRAINING}")
    count = given.count or (40 if given.blind is None else 24)
    good = given.good or (3 * count if given.blind is None else 100)
    kinds = CLASSES if given.blind is None else CLASSES | UNTRAINED
    counts = {kind: good if kind == "good" else count for kind in kinds}
    found = table(counts, TRAINING if given.blind is None else given.blind, given.table)
    if given.blind is not None:
        judge_blind(found)
        return
    told = fit(found)
    judge_training(found, told)
    if given.write:
        WEIGHTS.write_text(json.dumps(told, indent=1) + "\n")


if __name__ == "__main__":
    main()
