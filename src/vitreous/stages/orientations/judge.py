"""Verdicts on evenness: of the agreement by direction, and of the views."""

from __future__ import annotations

from vitreous.data.check import Check
from vitreous.numerics.directional import UNLIKE
from vitreous.stages.orientations.coverage import Coverage
from vitreous.stages.orientations.directions import Directions

#: Conical area ratio below which the map is not to be trusted along some directions.
UNTRUSTED = 0.3
#: Chance below which a ratio is not put down to noise.
SIGNIFICANT = 0.01
#: With fewer shells resolved there are no directions to speak of.
LEAST_SHELLS = 6
#: SCF below which half the particles or more are spent on directions already known, and below which directions are all but missing.
COSTLY, MISSING = 0.5, 0.1
#: A tilt is worth its thicker ice where it raises SCF* by this factor.
WORTH = 1.3


def judge_directions(found: Directions) -> Check:
    """Say whether the half-maps agree alike in all directions.

    Not "pass" needs both a size and significance: an area ratio below 0.6, and a test of evenness below 1 %.
    """
    cones, test = found.cones, found.test
    if found.last < LEAST_SHELLS:
        return Check("directions", "not done", f"the half-maps agree over {found.last} shells only; directions need {LEAST_SHELLS}.",
                     {"shells": found.last})  # fmt: skip
    resolution = cones.resolution()
    ratio, best, worst = cones.area_ratio, float(resolution.min()), float(resolution.max())
    figures = {
        "conical_area_ratio": round(ratio, 3), "sphericity": round(cones.sphericity(), 3), "evenness_p_value": test.p_value,
        "resolution_best_direction_angstrom": round(best, 3), "resolution_worst_direction_angstrom": round(worst, 3),
        "occupancy_0.9_angstrom": round(found.occupied.reached(0.9), 3), "occupancy_0.1_angstrom": round(found.occupied.reached(0.1), 3),
        "worst_axis_xyz": [round(each, 3) for each in test.worst.tolist()], "worst_axis_error_deg": round(test.axis_error_deg, 1),
    }  # fmt: skip
    said = f"cones of 20° reach FSC 0.5 at {best:.1f} Å along the best and {worst:.1f} Å along the worst direction; area ratio {ratio:.2f}"
    if ratio >= UNLIKE or test.p_value >= SIGNIFICANT:
        return Check("directions", "pass", f"{said} (unlike below {UNLIKE}).", figures)
    axis = ", ".join(f"{each:.2f}" for each in test.worst.tolist())
    return Check("directions", "fail" if ratio < UNTRUSTED else "warn", f"{said}, below {UNLIKE}: the map is smeared along ({axis}). "
                 "Try: a tilted stage, another grid or a detergent, or fewer of the commonest views.", figures)  # fmt: skip


def judge_orientations(found: Coverage | None) -> Check:
    """Say whether the particles were seen evenly enough; ``None`` for particles without poses."""
    if found is None:
        return Check("orientations", "not done", "the particles have no poses, or fewer than 20 were given.")
    sampled, tilt = found.sampled, found.advised_tilt
    tilted = max(each.scf_star for each in found.tilted)
    figures = {
        "scf": round(sampled.scf, 3), "scf_star": round(sampled.scf_star, 3), "unsampled_share": round(sampled.unsampled, 4),
        "efficiency": round(found.efficiency, 3), "advised_tilt_deg": tilt, "scf_star_at_best_tilt": round(tilted, 3),
        "particle_count": found.count, "symmetry": found.symmetry,
    }  # fmt: skip
    if sampled.scf >= COSTLY:
        return Check("orientations", "pass", f"sampling factor SCF {sampled.scf:.2f} (1 is even, costly below {COSTLY}).", figures)
    worth = tilt > 0 and tilted > WORTH * sampled.scf_star
    way = f"a stage tilted by {tilt:.0f}°, which would raise SCF* from {sampled.scf_star:.2f} to about {tilted:.2f}" if worth else (
        "another grid, a support film or a detergent")  # fmt: skip
    gone = f"; {100 * sampled.unsampled:.1f} % of directions were never measured" if sampled.unsampled else ""
    cost = f", so that {1 / sampled.scf:.0f} times as many particles are needed as of even views" if sampled.scf else ""
    alone = "the symmetry, if one was imposed (views were counted without); " if found.symmetry == "C1" else ""
    return Check("orientations", "fail" if sampled.scf_star < MISSING else "warn",
                 f"sampling factor SCF {sampled.scf:.2f}, below {COSTLY}{gone}{cost}. Try: {alone}{way}.", figures)  # fmt: skip
