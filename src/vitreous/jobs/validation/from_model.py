"""What an atomic model says of the map, and what helices say of its hand where there is no model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vitreous.jobs.validation.findings import Finding, look, not_done

if TYPE_CHECKING:
    from pathlib import Path

    from vitreous.data.atomic_model import AtomicModel
    from vitreous.data.check import Check
    from vitreous.stages.model import ModelComparison
    from vitreous.stages.postprocess import Postprocessed


def examine(model: AtomicModel, done: Postprocessed, folder: Path) -> list[Finding]:
    """Hold the sharpened map against a model; pictures go into ``folder``."""
    from vitreous.errors import InputError
    from vitreous.jobs.check_model import draw
    from vitreous.stages.model import compare, judge_model

    resolution = done.resolution.value if done.resolution else None
    try:
        found = compare(done.sharpened, model, resolution=resolution)
    except InputError as problem:
        return not_done(("model", "hand"), str(problem))
    draw(found, done.sharpened, done, resolution, folder)
    pictures = ("model_fsc.svg", "q_residues.svg", "model_slices.svg", "resolutions.svg")
    return [look("model", lambda: judge_model(found), *pictures), look("hand", lambda: _hand(found), "model_slices.svg")]


def hand_alone(done: Postprocessed) -> Finding:
    """The hand by the turn of the map's own helices, where they can be seen."""
    from vitreous.stages.model.helices import judge_hand_of_helices

    return look("hand", lambda: judge_hand_of_helices(done.sharpened, done.mask, done.resolution.value))


def _hand(found: ModelComparison) -> Check:
    from vitreous.data.check import Check

    hand = found.hand
    numbers = {"agreement": round(hand.own, 3), "agreement_of_mirror_image": round(hand.mirrored, 3)}
    beside = f"the model agrees with it by {hand.own:.2f}, its mirror image by {hand.mirrored:.2f}"
    if hand.verdict == "wrong":
        return Check("hand", "fail", f"the map is the mirror image of the particle: {beside}. Try: vitreous convert --mirror.", numbers)
    if hand.verdict == "right":
        return Check("hand", "pass", f"the map has the model's hand: {beside}.", numbers)
    return Check("hand", "not done", "the model does not tell the map from its mirror image at this resolution. Try: finer detail, or a "
                 "tilt pair.")  # fmt: skip
