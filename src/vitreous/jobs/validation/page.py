"""The page and the numbers of a validation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vitreous.jobs.postprocess import figures as numbers_of
from vitreous.jobs.postprocess import told_thresholds
from vitreous.jobs.report.words import number, some
from vitreous.jobs.validation.findings import QUESTIONS, Finding

if TYPE_CHECKING:
    from vitreous.data.local_resolution import LocalResolution
    from vitreous.stages.postprocess import Postprocessed
    from vitreous.views.report import Headline, Provenance, Report, Section, Table

SIGNS = {"pass": "✓ pass", "warn": "! warn", "fail": "✗ fail", "not done": "– not done"}
INTRODUCTION = (
    "The good thing about electron microscopy is that it always gives a volume; the bad thing is that it always gives a volume. No single "
    "number tells a true map from a false one. What can be asked is whether the conditions hold that a true map must fulfil: one that "
    "fails is reason to doubt, and all that pass are no proof."
)
THRESHOLDS = (
    "One curve and what each criterion says of it. 0.143 is the field's convention: where half-maps correlate to 1/7 the whole map "
    "correlates to 1/2 with the truth. Those of bits take Fourier components for a channel, which they are not."
)
#: Words of the pictures that bring none along, and how wide they are.
WORDS = {
    "guinier.svg": {"width": "half"},
    "worst.png": {"title": "Images that fit worst", "caption": "Each as it is, as the map shows it, and what is left. What is left should "
                  "look like noise; a particle left over is at the wrong place or of another kind."},
    "best.png": {"title": "Images that fit best", "caption": "The same of those that fit best: overlaps of ice and gold do not hide here."},
}  # fmt: skip


def told(done: Postprocessed, findings: Sequence[Finding], local: LocalResolution | None) -> dict[str, Any]:
    """What ``validation.json`` holds."""
    from vitreous.data.check import worst
    from vitreous.stages.postprocess import threshold_table

    quantiles = [round(local.quantile(share), 3) for share in (0.1, 0.5, 0.9)] if local else None
    return {
        "verdict": worst([each.check for each in findings]), **numbers_of(done),
        "local_resolution_quantiles_angstrom": quantiles, "thresholds": told_thresholds(threshold_table(done.curves)),
        "checks": [each.told() for each in findings],
    }  # fmt: skip


def counted(findings: Sequence[Finding]) -> str:
    """ "9 pass, 1 warns, 6 not done"."""
    count = Counter(each.check.verdict for each in findings)
    words = {"pass": ("passes", "pass"), "warn": ("warns", "warn"), "fail": ("fails", "fail"), "not done": ("not done", "not done")}
    return ", ".join(f"{count[verdict]} {words[verdict][count[verdict] != 1]}" for verdict in words if count[verdict])


def page(
    done: Postprocessed, findings: Sequence[Finding], local: LocalResolution | None, *,
    title: str, folder: Path, provenance: Provenance, papers: Sequence[str],
) -> Report:  # fmt: skip
    """The whole page; pictures are read from ``folder``."""
    from vitreous.views.report import Report, Section
    from vitreous.views.surface_figure import surface_figure

    bad = [each.check for each in findings if each.check.verdict in ("fail", "warn")]
    bad.sort(key=lambda check: check.verdict)
    sections = [Section(title="The list", text=INTRODUCTION, items=(verdicts([each.told() for each in findings]),)),
                *(_group(group, findings, folder) for group in ("Maps", "Particles", "Model") if _any(group, findings)),
                Section(title="Thresholds", text=THRESHOLDS, items=(thresholds(done),))]  # fmt: skip
    return Report(
        title=title, subtitle=f"Conditions that a true map fulfils: {counted(findings)}.", headline=headline(done, findings, local),
        warnings=[f"{check.name} ({check.verdict}): {check.reason}" for check in bad],
        hero=surface_figure(done.sharpened.values.numpy(), done.sharpened.voxel_size) if done.resolution else None,
        sections=sections, provenance=provenance, papers=papers,
    )  # fmt: skip


def headline(done: Postprocessed, findings: Sequence[Finding], local: LocalResolution | None) -> list[Headline]:
    """The numbers asked for first."""
    from vitreous.views.report import Headline

    found, guinier = done.resolution, done.guinier
    between = f"; 95 %: {number(found.finer)} to {number(found.coarser)} Å" if found else ""
    b = guinier.b_factor if guinier else None
    error = f" ± {guinier.b_error:.0f}" if guinier and guinier.b_error else ""
    tiles = [
        Headline("Resolution", number(found.value) if found else "none", "Å" if found else "", f"FSC 0.143, masked, corrected{between}"),
        Headline("Checks", str(sum(each.check.verdict == "pass" for each in findings)), "pass", counted(findings)),
        Headline("B-factor", f"{b:.0f}{error}" if b is not None else "none", "Å²" if b is not None else "",
                 "fall of the amplitudes, exp(−B s² / 4)" if b is not None else "not determined"),
        Headline("Mask", f"{100 * float(done.mask.mean()):.1f}", "%", "of the box" + ("" if done.made else ", as given")),
    ]  # fmt: skip
    if local:
        tiles.append(Headline("Local resolution", number(local.quantile(0.5)), "Å",
                              f"median; 80 % of the mask: {number(local.quantile(0.1))} to {number(local.quantile(0.9))} Å"))  # fmt: skip
    return tiles


def verdicts(checks: Sequence[Mapping[str, Any]]) -> Table:
    """The checklist, of checks as ``validation.json`` holds them."""
    from vitreous.views.report import Table

    asked = {name: question for name, _, question in QUESTIONS}
    rows = [(each["name"], SIGNS[each["verdict"]], asked[each["name"]], each["reason"]) for each in checks]
    tones = [each["verdict"].replace(" ", "-") for each in checks]
    return Table(columns=("Condition", "Verdict", "Question", "Found"), rows=rows, tones=tones)


def thresholds(done: Postprocessed) -> Table:
    """What each criterion says."""
    from vitreous.stages.postprocess import threshold_table
    from vitreous.views.report import Table

    rows = [(row.name, row.meaning, number(row.found.value) if row.found else "–",
             f"{number(row.found.finer)} to {number(row.found.coarser)}" if row.found else "–")
            for row in threshold_table(done.curves)]  # fmt: skip
    return Table(columns=("Criterion", "What it asks", "Resolution (Å)", "95 % interval (Å)"), rows=rows)


def _any(group: str, findings: Sequence[Finding]) -> bool:
    names = {name for name, of, _ in QUESTIONS if of == group}
    return any(each.pictures for each in findings if each.name in names)


def _group(group: str, findings: Sequence[Finding], folder: Path) -> Section:
    """The pictures of a group, each once, with what was found from it."""
    from vitreous.views.report import Section, drawn

    names = [name for name, of, _ in QUESTIONS if of == group]
    shown = dict.fromkeys(picture for each in findings if each.name in names for picture in each.pictures)
    count = sum(each.name in names and each.check.verdict != "not done" for each in findings)
    text = f"{some(count, 'condition')} of {len(names)} could be looked at."
    return Section(title=group, text=text, items=[drawn(folder / picture, **WORDS.get(picture, {})) for picture in shown])
