"""Verdicts on particles: how many, how sure, and what to do."""

from __future__ import annotations

from torch import Tensor

from vitreous.data.check import Check, Verdict
from vitreous.stages.particle_checks.checks import ParticleChecks

#: Standard errors by which a share must exceed its bound: fewer than 3 % of good projects do by chance.
SURE = 2.0
#: Particles in a wrong pose. Refinements of good simulated particles leave under 1 %; 2 % cost nothing that is seen, and each
#: wrong one is noise of the full amplitude: 15 % cost as much as 28 % of the particles.
MISPOSED = (0.02, 0.15)
#: Images without the particle. Every picker brings a few in a hundred; a quarter is a job for a 2-D classification.
JUNK = (0.10, 0.25)
#: Micrographs whose defocus is wrong for sure and at a cost. None is in a good project; one or two of a hundred may be bad ice.
WRONG_DEFOCUS = (0.05, 0.20)
#: Images that know their direction better than 95 % of images of noise do, over the 5 % of chance: their best directions lie near each
#: other, or near the one they were given. Noise gives 0.00 ± 0.02 of 150; particles of a signal-to-noise √P of 8, with which a
#: refinement only just succeeds, 0.18 by the first. Of a particle that looks alike from several sides the best directions lie apart
#: however good its images are: 40 good sets had 0.00 to 0.63 by the first measure and 0.39 to 1.00 by the second.
ALIGNABLE = (0.15, 0.07)
#: Spread of the directions that fit noise best, over that of even directions, below which noise itself prefers some views: good sets at low
#: resolution that were blamed had 0.2 and 0.5, others 0.7 to 1.
LEAST_ROOM = 0.6
#: Precision above which an image knows its direction.
PRECISE = 0.95

ABSENT = (
    "The images do not show the map at the poses they have ({sigma:.1f} standard deviations, 6 are needed), so single particles cannot "
    "be judged. See alignability."
)


def judge_residuals(found: ParticleChecks) -> Check:
    """Whether particles lie in the poses they were given."""
    share, error = found.misposed_share
    figures = {
        "particles": len(found), "misposed_share": _round(share), "misposed_share_error": _round(error), "fitting_badly": found.low,
        "searched_again": len(found.searched), "signal_to_noise_median": _round(float(found.fit.power.median().sqrt())),
        "grey_scale_spread": _round(found.presence.spread), "significance_sigma": round(found.fit.significance, 1),
    }  # fmt: skip
    if not found.fit.present:
        return Check("residuals", "not done", ABSENT.format(sigma=found.fit.significance), figures)
    verdict = _over(share - SURE * error, MISPOSED)
    said = (f"{100 * share:.1f} ± {100 * error:.1f} % of the particles fit far better in another pose than in their own "
            f"(warned of above {100 * MISPOSED[0]:.0f} %).")  # fmt: skip
    if verdict != "pass":
        said += " Try: refine again with a global search, or leave out the worst of the table (z_fit below -3)."
    return Check("residuals", verdict, said, figures)


def judge_correlation(found: ParticleChecks) -> Check:
    """Whether images hold the particle, and micrographs the defocus they say."""
    share, error = found.presence.share, found.presence.error
    figures = {"particles": len(found), "junk_share": _round(share), "junk_share_error": _round(error),
               "correlation_median": _round(float(found.fit.correlation.median()))}  # fmt: skip
    if not found.fit.present:
        return Check("correlation", "not done", ABSENT.format(sigma=found.fit.significance), figures)
    wrong, focus = _defocus(found, figures)
    junk = _over(share - SURE * error, JUNK)
    said = f"{100 * share:.1f} ± {100 * error:.1f} % of the images hold no particle in any pose (warned of above {100 * JUNK[0]:.0f} %)."
    if junk != "pass":
        said += " Try: vitreous classify2d and select, or leave out those with z_fit below -3 that no other pose explains."
    verdict = max(wrong, junk, key=("pass", "warn", "fail").index)
    return Check("correlation", verdict, f"{focus} {said}", figures)


def _defocus(found: ParticleChecks, figures: dict[str, object]) -> tuple[Verdict, str]:
    """Verdict on the micrographs, and its sentence; its numbers go into ``figures``."""
    if found.defocus is None:
        return "pass", "The defocus was not judged: the particles do not name their micrographs, or their CTF was corrected before."
    wrong = found.defocus.wrong
    count, total = int(wrong.sum()), int((found.defocus.particles > 0).sum())
    error = _round(float(found.defocus.error[wrong].abs().median()), 0) if count else 0.0
    figures |= {"micrographs": total, "wrong_defocus_micrographs": count, "wrong_defocus_median_error_angstrom": error}
    verdict = _over(count / max(1, total), WRONG_DEFOCUS) if count > 1 else "pass"
    said = f"Particles of {count} of {total} micrographs fit far better with another defocus"
    said += f" by {error:.0f} Å (" if count else " ("
    said += f"warned of above {100 * WRONG_DEFOCUS[0]:.0f} %)."
    return verdict, said + ("" if verdict == "pass" else " Try: vitreous estimate-ctf again, or vitreous refine-ctf.")


def judge_alignability(found: ParticleChecks) -> Check:
    """Whether images know their direction, or might be noise."""
    precision, accuracy = found.alignability.precision, found.alignability.accuracy
    together, near = over_chance(precision), over_chance(accuracy)
    share = max(together, near)
    figures = {"particles": len(precision), "alignable_share": _round(share), "precision_median": _round(float(precision.median())),
               "near_each_other_share": _round(together), "near_assigned_share": _round(near),
               "spread_median_deg": _round(float(found.alignability.spread_deg.median()), 1),
               "noise_spread_median_deg": _round(float(found.alignability.noise_spread_deg.median()), 1)}  # fmt: skip
    verdict: Verdict = "fail" if share < ALIGNABLE[1] else "warn" if share < ALIGNABLE[0] else "pass"
    if verdict != "pass" and found.alignability.room < LEAST_ROOM:
        return Check("alignability", "not done", f"images of noise, too, are drawn to a few views of this map (their best ones lie "
                     f"{found.alignability.noise_spread_deg.median():.0f}° apart, even ones {found.alignability.even_deg:.0f}°): nothing "
                     "can be told from where images agree. Try: the check better-than-noise.", figures)  # fmt: skip
    said = (f"{100 * share:.0f} % of the images know their direction better than images of noise do "
            f"(warned of below {100 * ALIGNABLE[0]:.0f} %).")  # fmt: skip
    if verdict == "fail":
        said += (" Images of noise would do as well: the map may be made of noise and its reference. Try: vitreous classify2d, which "
                 "needs no reference.")  # fmt: skip
    elif verdict == "warn":
        said += " Try: larger or better particles, or 2-D classification; poses of most images are guesses."
    return Check("alignability", verdict, said, figures)


def over_chance(probability: Tensor) -> float:
    """Share of images above ``PRECISE``, less those that are by chance."""
    above = float((probability > PRECISE).double().mean())
    return max(0.0, (above - (1 - PRECISE)) / PRECISE)


def _over(value: float, bounds: tuple[float, float]) -> Verdict:
    return "fail" if value > bounds[1] else "warn" if value > bounds[0] else "pass"


def _round(value: float, digits: int = 3) -> float:
    return round(float(value), digits)
