"""What the report says of micrographs and their fits."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

from vitreous.jobs.report.sections_movies import _phase_and_tilt, _with_error
from vitreous.jobs.report.sections_quality import quality_section
from vitreous.runtime.files import write_json


def judged(name: str, verdict: str, *, by: str = "rules", reason: str = "") -> dict:
    reasons = [{"name": reason, "sentence": "4.2 is above 3", "grade": verdict}] if reason else []
    return {"micrograph": name, "verdict": verdict, "score": 0.5, "reasons": reasons, "by": by,
            "descriptors": {"brightness": 1.0, "contrast": 1.0}}  # fmt: skip


def run_of(verdicts: list[dict] | None, folder: Path) -> SimpleNamespace:
    if verdicts is None:
        return SimpleNamespace(file=lambda kind, port: None)
    write_json(folder / "verdicts.json", verdicts)
    return SimpleNamespace(file=lambda kind, port: folder / "verdicts.json")


def test_the_quality_section_counts_and_gives_reasons_worst_first(tmp_path: Path):
    told = [judged("a", "good"), judged("b", "doubtful", reason="ice ring"), judged("c", "bad", reason="drift"),
            judged("d", "good", by="you")]  # fmt: skip
    section = quality_section(run_of(told, tmp_path))
    assert "Of 4 micrographs 2 are good, 1 doubtful and 1 bad" in section.text
    assert "1 by your decision" in section.text
    table = section.items[-1]
    assert [row[0] for row in table.rows] == ["c", "b", "d"]
    assert table.rows[0][3] == "drift: 4.2 is above 3"


def test_nothing_is_said_where_nothing_was_judged(tmp_path: Path):
    assert quality_section(run_of(None, tmp_path)) is None
    section = quality_section(run_of([judged("a", "good")], tmp_path))
    assert section.items == []


def test_a_fit_is_told_with_its_intervals_where_it_has_them():
    fit = {"defocus": {"u": 15200.0, "v": 14800.0, "angle_deg": 31.8, "phase_shift_deg": 90.0}}
    assert _with_error(fit) == ("1.500", "400", "32")
    fit |= {"intervals_95": {"mean": [14980.0, 15020.0], "astigmatism": [350.0, 450.0], "angle_deg": [28.0, 36.0]}}
    assert _with_error(fit) == ("1.500 ± 0.002", "400 ± 50", "32 ± 4")
    assert _phase_and_tilt(fit) == ", phase shift 90.0°"
    fit |= {"tilt": {"angle_deg": 30.04, "axis_deg": 85.2}}
    assert _phase_and_tilt(fit).endswith(", tilted by 30.0° about an axis at 85°")
