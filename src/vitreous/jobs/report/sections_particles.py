"""Sections on picked particles and their classes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from vitreous.jobs.micrograph_list import load, stem
from vitreous.jobs.report.sections_movies import examples
from vitreous.jobs.report.words import number, some, thousands
from vitreous.runtime.files import read_json

if TYPE_CHECKING:
    from vitreous.jobs.report.comparison import Comparison
    from vitreous.jobs.report.run import Run
    from vitreous.views.figure import Figure
    from vitreous.views.report import Section, Table


def picks_section(run: Run, compared: Comparison | None) -> Section | None:
    """What was found on two micrographs, and all scores."""
    from vitreous.views.report import Section

    picks = run.picks
    if not picks:
        return None
    total, rounds = sum(len(found.place) for found in picks.values()), len(run.all("pick"))
    cut = run.figure("extract", "particle_count")
    text = f"{some(total, 'particle')} were found on {some(len(picks), 'micrograph')}"
    text += ", by templates made from the first classes. " if rounds > 1 else ". "
    if cut is not None and cut < total:
        text += f"{thousands(total - cut)} lie so near the edge that their box leaves the micrograph; {thousands(cut)} were cut out."
    counts = {str(index): float(len(found.place)) for index, found in picks.items()}
    shown = [int(name) for name in reversed(examples(counts))]
    items = [_picks(run, index, compared, whole=number == 0) for number, index in enumerate(shown)]
    return Section(title="Particles", text=text, items=[item for item in items if item is not None])


def _picks(run: Run, index: int, compared: Comparison | None, *, whole: bool) -> Figure | None:
    """Circles on a micrograph; ``whole`` adds the scores of the whole session."""
    import numpy as np

    from vitreous.views.picks import picks_figure

    micrograph, diameter = run.micrographs[index], run.param("pick", "diameter") or run.diameter
    if diameter is None or not Path(micrograph.path).is_file():
        return None
    name, pixel = stem(micrograph.path), micrograph.optics.pixel_size
    scores = np.concatenate([found.score for found in run.picks.values()]) if whole else None
    return picks_figure(
        load(micrograph, None), run.picks[index].place, pixel_size=pixel, diameter=diameter, name=name,
        scores=scores if scores is not None and np.isfinite(scores).any() else None,
        truth=compared.truth.places(name, pixel) if compared else None,
    )  # fmt: skip


def classes_section(run: Run) -> Section | None:
    """Averages with their verdicts, and the reasons for those that were rejected."""
    from vitreous.views.report import Section

    rows, averages = run.file("classify2d", "verdicts"), run.file("classify2d", "classes")
    if rows is None or averages is None:
        return None
    told: Any = read_json(rows)
    kept, total = run.figure("select", "particle_count"), run.figure("classify2d", "particle_count")
    text = f"{some(total, 'image')} were sorted into {some(len(told), 'class')}" if total else f"{some(len(told), 'class')} were made"
    text += f"; {thousands(kept)} images in good classes were kept." if kept is not None else "."
    items: list[Any] = [_classes(averages, told)]
    if any(row["reasons"] for row in told):
        items.append(_reasons(told))
    return Section(title="Classes in two dimensions", text=text, items=items)


def _classes(path: Path, told: list[dict[str, Any]]) -> Figure:
    from vitreous.io.stacks import open_stack
    from vitreous.views.classes import classes_figure

    stack = open_stack(path)
    notes = [f"{row['resolution_angstrom']:.0f} Å" if row["resolution_angstrom"] else "" for row in told]
    return classes_figure(
        stack.read([row["class"] - 1 for row in told]), [row["share"] for row in told], pixel_size=stack.pixel_size or 1.0,
        kept=[row["kept"] for row in told], notes=notes,
    )  # fmt: skip


def _reasons(told: list[dict[str, Any]]) -> Table:
    from vitreous.views.report import Table

    rows = [(str(row["class"]), str(row["count"]), number(row["resolution_angstrom"]), "; ".join(row["reasons"]))
            for row in sorted(told, key=lambda row: -row["share"]) if row["reasons"]]  # fmt: skip
    return Table(columns=("Class", "Particles", "Detail (Å)", "Why it was rejected"), rows=rows)
