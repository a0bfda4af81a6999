"""What the report says of which micrographs can be used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from vitreous.jobs.report.words import some
from vitreous.runtime.files import read_json

if TYPE_CHECKING:
    from vitreous.jobs.report.run import Run
    from vitreous.views.report import Section, Table

#: Rows of the table at most; ``verdicts.json`` has the rest.
ROWS = 40


def quality_section(run: Run) -> Section | None:
    """The verdicts on the micrographs, over the session, and the reasons for those that are not good."""
    from vitreous.views.report import Section
    from vitreous.views.session_course import course_figure

    path = run.file("assess", "verdicts")
    if path is None:
        return None
    judged: Sequence[Mapping[str, Any]] = read_json(path)
    count = Counter(each["verdict"] for each in judged)
    yours = sum(each["by"] == "you" for each in judged)
    text = (f"Of {some(len(judged), 'micrograph')} {count['good']} are good, {count['doubtful']} doubtful and {count['bad']} bad; bad ones "
            "are left out of what follows" + (f"; {yours} by your decision." if yours else "."))  # fmt: skip
    spoiled = [each for each in judged if each["verdict"] != "good" or each["by"] == "you"]
    items: list[Any] = [course_figure(judged)] if len(judged) > 1 else []
    return Section(title="Quality", text=text, items=[*items, *([reasons_table(spoiled)] if spoiled else [])])


def reasons_table(judged: Sequence[Mapping[str, Any]]) -> Table:
    """Micrographs with the reasons for their verdicts, bad ones first."""
    from vitreous.views.report import Table

    order = sorted(judged, key=lambda each: (("bad", "doubtful", "good").index(each["verdict"]), each["micrograph"]))
    rows = [(each["micrograph"], each["verdict"], f"{each['score']:.2f}", _reasons(each)) for each in order[:ROWS]]
    shown = f"The first {ROWS} of {len(order)} micrographs" if len(order) > ROWS else "Micrographs"
    return Table(columns=("Micrograph", "Verdict", "Score", "Reasons"), rows=rows,
                 caption=f"{shown} that are not good, or decided by you")  # fmt: skip


def _reasons(judged: Mapping[str, Any]) -> str:
    return "; ".join(f"{reason['name']}: {reason['sentence']}" for reason in judged["reasons"]) or "–"
