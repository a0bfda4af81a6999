"""A verdict on a map and its model."""

from __future__ import annotations

import math
from typing import Any

from vitreous.data.check import SEVERITY, Check, Verdict
from vitreous.stages.model.compare import ModelComparison

#: CC_mask: deposited models lie between 0.6 and 0.9; below 0.5 Afonine et al. 2018 call the fit poor, and 0.3 helices reach anywhere.
POOR, WORTHLESS = 0.5, 0.3
#: Mean Q below that of good maps at the resolution: three times the scatter of well refined entries about the line (0.05).
Q_SHORT = 0.15
#: Pixel size: calibrations are good to a few tenths of a per cent, and a model notices half of one. Standard errors it must exceed too.
SCALE_OFF, SCALE_SIGMA = 0.005, 4.0
#: How much coarser than claimed the map may agree with its model, at a correlation of 0.5.
COARSER = 1.5
#: Å, and share of the resolution, by which a model may be moved to fit better.
MOVED, MOVED_SHARE = 1.0, 0.3


def judge_model(found: ModelComparison) -> Check:
    """Name what is wrong between a map and its model, gravest first.

    A map of the wrong hand is said alone: all else that is bad then follows from it.
    """
    findings = _hand(found) or [*_place(found), *_agreement(found), *_q(found), *_scale(found), *_fsc(found)]
    findings.sort(key=lambda each: -SEVERITY[each[0]])
    verdict: Verdict = findings[0][0] if findings else "pass"
    return Check("model", verdict, " ".join(text for _, text in findings) or _praise(found), figures(found))


def _praise(found: ModelComparison) -> str:
    usual = "" if found.q_expected is None else f" (good maps of {found.resolution:.1f} Å: {found.q_expected:.2f})"
    return f"Map and model correlate {found.correlations.mask:.2f} about the atoms ({POOR:g} is wanted), mean Q {found.q.mean:.2f}{usual}."


def _hand(found: ModelComparison) -> list[tuple[Verdict, str]]:
    if found.hand.verdict != "wrong":
        return []
    return [("fail", f"The map has the wrong hand: the mirrored model agrees {found.hand.mirrored:.2f} with it, the model "
             f"{found.hand.own:.2f}. Try: vitreous convert --mirror.")]  # fmt: skip


def _place(found: ModelComparison) -> list[tuple[Verdict, str]]:
    said: list[tuple[Verdict, str]] = []
    bound = max(MOVED, MOVED_SHARE * found.resolution)
    if found.misplaced and found.placed.moved > bound:
        said.append(("warn", f"The model fits better {found.placed.moved:.1f} Å from where it lies (up to {bound:.1f} Å is passed over); "
                     "all figures are for the better place. Try: refine its position, or correct the map's origin."))  # fmt: skip
    if found.outside_share > 0:
        said.append(("warn", f"{100 * found.outside_share:.1f} % of the atoms lie outside the map. Try: a larger box, or a shorter model."))
    return said


def _agreement(found: ModelComparison) -> list[tuple[Verdict, str]]:
    cc = found.correlations.mask
    if cc >= POOR:
        return []
    verdict: Verdict = "fail" if cc < WORTHLESS else "warn"
    return [(verdict, f"Map and model correlate {cc:.2f} about the atoms, below {POOR:g}. "
             "Try: look where the model lies, whether it is of this molecule, and whether the map is bright.")]  # fmt: skip


def _q(found: ModelComparison) -> list[tuple[Verdict, str]]:
    if found.q_expected is None or found.q.mean >= found.q_expected - Q_SHORT:
        return []
    return [("warn", f"Mean Q is {found.q.mean:.2f}, good maps of {found.resolution:.1f} Å have {found.q_expected:.2f} "
             f"(a lack of {Q_SHORT:g} is passed over). Try: refine the model; verify the resolution; sharpen the map.")]  # fmt: skip


def _scale(found: ModelComparison) -> list[tuple[Verdict, str]]:
    off, error = found.magnification.factor - 1, found.magnification.error
    if not abs(off) > max(SCALE_OFF, SCALE_SIGMA * error):
        return []
    return [("warn", f"The model fits best enlarged by {100 * off:+.2f} ± {100 * error:.2f} % (up to {100 * SCALE_OFF:g} % is "
             f"passed over). Try: a pixel size {1 / found.magnification.factor:.4f} times the present one.")]  # fmt: skip


def _fsc(found: ModelComparison) -> list[tuple[Verdict, str]]:
    value = found.fsc.resolution(0.5)
    if not found.claimed or (value is not None and value <= COARSER * found.resolution):
        return []
    where = "nowhere" if value is None else f"only to {value:.1f} Å"
    return [("warn", f"Map and model correlate 0.5 {where}, while {found.resolution:.1f} Å is claimed (up to {COARSER:g} times is "
             "passed over). Try: verify the resolution, and refine the model.")]  # fmt: skip


def figures(found: ModelComparison) -> dict[str, Any]:
    """All single numbers of a comparison, plain JSON; None for what is not known."""
    near = found.correlations
    return {
        "atom_count": len(found.model),
        "resolution_of_comparison_angstrom": _rounded(found.resolution),
        "cc_box": _rounded(near.box), "cc_mask": _rounded(near.mask), "cc_vr_mask": _rounded(near.vr_mask),
        "cc_volume": _rounded(near.volume), "cc_peaks": _rounded(near.peaks),
        "d_99_angstrom": _rounded(found.d_99), "d_99_masked_angstrom": _rounded(found.d_99_masked),
        "d_model_angstrom": _rounded(found.d_model.resolution),
        "d_model_range_angstrom": [_rounded(end) for end in found.d_model.plateau],
        "d_model_b_as_given_angstrom": _rounded(found.d_model_as_given.resolution),
        "overall_b_factor_angstrom2": _rounded(found.d_model.b_factor, 1),
        **{f"d_fsc_model_{name}_angstrom": _rounded(found.fsc.resolution(level))
           for name, level in (("0", 0.0), ("0143", 1 / 7), ("05", 0.5))},
        "d_fsc_model_05_unmasked_angstrom": _rounded(found.fsc.resolution(0.5, found.fsc.unmasked)),
        "q_mean": _rounded(found.q.mean), "q_expected": _rounded(found.q_expected),
        "q_chains": {name: _rounded(value) for name, value in found.q.chains.items()},
        "contour": _rounded(found.contour, 6), "atom_inclusion": _rounded(float(found.inclusion.mean())),
        "ringer_score": _rounded(found.side_chains.score), "rotamer_share": _rounded(found.side_chains.rotameric),
        "hand": found.hand.verdict, "agreement": _rounded(found.hand.own), "agreement_mirrored": _rounded(found.hand.mirrored),
        "magnification": _rounded(found.magnification.factor, 5), "magnification_error": _rounded(found.magnification.error, 5),
        "moved_angstrom": _rounded(found.placed.moved if found.misplaced else 0.0),
        "turned_degrees": _rounded(found.placed.turned_deg if found.misplaced else 0.0),
        "outside_share": _rounded(found.outside_share, 4),
    }  # fmt: skip


def _rounded(value: float | None, digits: int = 3) -> float | None:
    return None if value is None or not math.isfinite(value) else round(float(value), digits)
