"""What follows from something graver is said to follow from it, so that the cause is read first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from vitreous.jobs.validation.findings import Finding

#: A finding that did not pass, and what then need not pass either, whatever its own cause: causes before their effects.
FOLLOWS: tuple[tuple[str, tuple[str, ...]], ...] = (
    # Noise that was aligned is no particle: nothing that particles or their map say of themselves means anything.
    ("better-than-noise", ("alignability", "residuals", "correlation", "overfitting", "homogeneity", "particles-needed", "halves",
                           "resolution", "directions", "local-resolution", "amplitudes", "mask", "orientations")),
    # Halves that share particles, or were filtered or masked, agree where their particles would not.
    ("halves", ("resolution", "mask", "overfitting", "local-resolution", "amplitudes", "directions", "particles-needed")),
    ("mask", ("resolution", "local-resolution", "amplitudes", "directions")),
    # Views that are missing leave the agreement uneven, the map smeared and its parts unlike.
    ("orientations", ("directions", "local-resolution", "amplitudes", "resolution", "particles-needed")),
    # Images without the particle, or with the wrong defocus, fit in no pose, make a class of their own, and stop the growth.
    ("correlation", ("residuals", "homogeneity", "particles-needed", "alignability", "overfitting", "resolution", "local-resolution")),
    ("residuals", ("homogeneity", "particles-needed", "overfitting")),
    # What moves is seen less sharply, and its images fit the mean badly.
    ("homogeneity", ("local-resolution", "particles-needed", "overfitting")),
    # Noise that was fitted raises the curve, and the share that free poses bear out.
    ("overfitting", ("resolution", "directions", "local-resolution", "particles-needed")),
    ("resolution", ("local-resolution", "directions", "amplitudes", "model")),
    ("hand", ("model",)),
)  # fmt: skip
BAD = ("warn", "fail")


def explained(findings: Iterable[Finding]) -> list[Finding]:
    """The same findings; one that did not pass and follows from another that did not is "not done", and names it.

    Its own words and numbers stay, with the verdict it had by itself in ``verdict_alone``.
    """
    found = {each.name: each for each in findings}
    for cause, effects in FOLLOWS:
        if cause in found and found[cause].check.verdict in BAD:
            for name in effects:
                if name in found and found[name].check.verdict in BAD:
                    found[name] = _because(found[name], cause)
    return list(found.values())


def _because(finding: Finding, cause: str) -> Finding:
    check = finding.check
    reason = f"explained by {cause}: mend that first. By itself it would {check.verdict}: {check.reason}"
    figures = {**check.figures, "verdict_alone": check.verdict}
    return replace(finding, check=replace(check, verdict="not done", reason=reason, figures=figures))
