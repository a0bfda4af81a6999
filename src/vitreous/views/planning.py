"""What an experiment will need."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from vitreous.views.figure import PURE, Axis, Figure, Panel
from vitreous.views.marks import Band, Line, Rule


def planning_figure(
    resolution: ArrayLike, particles: ArrayLike, fewer: ArrayLike, more: ArrayLike, *, wanted: float, b_factors: tuple[float, float, float],
    mass: ArrayLike, seen: ArrayLike, told: ArrayLike, specimen: float, given: float,
) -> Figure:  # fmt: skip
    """Particles against resolution, and the dose that shows a particle against its mass.

    Parameters
    ----------
    resolution
        Å, ``(s,)``.
    particles, fewer, more
        With the B-factor expected, a smaller and a larger one, ``(s,)``.
    wanted
        Å.
    b_factors
        The smaller, the expected and the larger one, Å².
    mass, seen, told
        kDa, and the doses in e/Å² at which phase contrast shows it and a count tells it from ice, ``(m,)``.
    specimen, given
        The particle's mass in kDa, and the dose of the experiment in e/Å².
    """
    found = np.asarray(resolution, dtype=float)
    needed, low, high = (np.asarray(each, dtype=float) for each in (particles, fewer, more))
    least, middle, most = b_factors
    counts = (
        Band(x=found, low=low, high=high, colour="blue", label=f"B from {least:.0f} to {most:.0f} Å²"),
        Line(x=found, y=needed, colour="blue", width=2.3, label=f"B = {middle:.0f} Å²"),
        Rule(at=wanted, text=f"{wanted:g} Å", colour="orange"),
    )
    doses = (
        Line(x=mass, y=seen, colour="purple", width=2.3, label="seen by phase contrast"),
        Line(x=mass, y=told, colour="green", style="dashed", label="told from ice by a count"),
        Rule(at=given, axis="y", text=f"dose {given:g}"), Rule(at=specimen, text=f"{specimen:g} kDa", colour="orange"),
    )  # fmt: skip
    finest = (float(found.max()), float(found.min()))
    return Figure(
        name="planning", title="What it will take", height=3.9, columns=2,
        panels=(
            Panel(title="Particles for a resolution", marks=counts, x=Axis("Resolution", "Å", limits=finest),
                  y=Axis("Particles", PURE, limits=(10.0, 1e8), scale="log"), legend="upper left"),
            Panel(title="Dose that shows a particle", marks=doses, x=Axis("Mass", "kDa", scale="log"), y=Axis("Dose", "e/Å²", scale="log"),
                  legend="lower left"),
        ),
        caption="Left: particles that reach a resolution, evenly seen; the band says what the B-factor's uncertainty makes of it. Right: "
        "the dose at which a molecule of known shape stands five standard deviations above the noise; where it exceeds the dose given, "
        "particles are hard to find and harder to align.",
    )  # fmt: skip
