"""What was recovered against what is known, for simulated data."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from vitreous.views.figure import PURE, Axis, Figure, Panel
from vitreous.views.histogram import histogram
from vitreous.views.marks import Line, Rule, Scatter


def _errors(values: np.ndarray, label: str, unit: str) -> Panel:
    finite = values[np.isfinite(values)]
    median, most = (float(np.median(finite)), float(np.percentile(finite, 95))) if finite.size else (float("nan"), 1.0)
    bars = histogram(values, limits=(0.0, max(2.0 * most, 1e-3)), bins=30)
    rule = Rule(at=median, text=f"median {median:.2f} {unit}".replace(" °", "°"), colour="orange", words="beside")
    return Panel(title=label, marks=(bars, rule), x=Axis("Error", unit, limits=(0, None)), y=Axis("Particles", PURE))


def pose_error_figure(angle_deg: ArrayLike, shift: ArrayLike) -> Figure:
    """Histograms of the errors of orientations (degrees, the nearest of symmetric copies) and of shifts (Å).

    Values beyond twice the 95th percentile are counted in the last bin.
    """
    angles, shifts = np.ravel(np.asarray(angle_deg, dtype=float)), np.ravel(np.asarray(shift, dtype=float))
    wrong = 100 * float(np.mean(angles[np.isfinite(angles)] > 10)) if np.isfinite(angles).any() else 0.0
    return Figure(
        name="pose-errors", title="Errors of the poses", height=3.0, columns=2,
        panels=(_errors(angles, "Orientation", "°"), _errors(shifts, "Position", "Å")),
        caption=f"Against the true poses of the simulated particles; {wrong:.1f} % are more than 10° off. One narrow hump "
        "near zero is what the noise allows; a second hump far out is particles that found a wrong view (all beyond the "
        "axis are counted in its last bar).",
    )  # fmt: skip


def recovery_figure(truth: ArrayLike, estimate: ArrayLike, *, label: str, unit: str, caption: str = "") -> Figure:
    """Estimates against true values of any quantity, and the differences.

    Parameters
    ----------
    truth, estimate
        ``(n,)`` in ``unit``.
    label, unit
        What it is: "Defocus", "Å".
    caption
        What to look for; a general sentence without it.
    """
    true, found = np.asarray(truth, dtype=float), np.asarray(estimate, dtype=float)
    both = np.concatenate([true, found])
    ends = [float(np.nanmin(both)), float(np.nanmax(both))] if np.isfinite(both).any() else [0.0, 1.0]
    difference = found - true
    median = float(np.nanmedian(difference)) if np.isfinite(difference).any() else float("nan")
    words = f"median {median:.3g} {unit}".replace("-", "−")
    return Figure(
        name=f"recovery-{label.lower().replace(' ', '-')}", title=f"{label}: found and true", height=3.2, columns=2, width="full",
        panels=(
            Panel(marks=(Line(x=ends, y=ends, colour="muted", style="dashed", width=1.0), Scatter(x=true, y=found, size=20)),
                  x=Axis(f"True {label.lower()}", unit), y=Axis(f"Found {label.lower()}", unit)),
            Panel(marks=(histogram(difference), Rule(at=median, text=words, colour="orange", words="beside"),
                         Rule(at=0.0, style="dotted")),
                  x=Axis("Found minus true", unit), y=Axis("Number", PURE)),
        ),
        caption=caption or "Points should lie on the dashed line, and the differences about zero.",
    )  # fmt: skip
