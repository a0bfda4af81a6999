"""The section on whether the map is true."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vitreous.runtime.files import read_json

if TYPE_CHECKING:
    from vitreous.jobs.report.run import Run
    from vitreous.views.report import Section

TEXT = ("Conditions that a true map fulfils; each is explained, with its pictures, in validation.html beside this page. One that fails is "
        "reason to doubt; all that pass are no proof.")  # fmt: skip


def validation_section(run: Run) -> Section | None:
    """The list of conditions, their verdicts and what was found."""
    from vitreous.jobs.validation.page import verdicts
    from vitreous.views.report import Section

    checks = findings(run)
    return Section(title="Is it true?", text=TEXT, items=(verdicts(checks),)) if checks else None


def findings(run: Run) -> list[dict[str, Any]]:
    """The checks of ``validation.json``; none where nothing was validated."""
    path = run.file("validate", "findings")
    return read_json(path)["checks"] if path else []
