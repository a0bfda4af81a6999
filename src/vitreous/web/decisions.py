"""What a person decides while looking at micrographs: kept in the project as a list that ``vitreous assess --overrides`` takes."""

from __future__ import annotations

import csv
import io
import threading
from pathlib import Path

from vitreous.errors import require
from vitreous.jobs.overrides import WORDS
from vitreous.runtime.files import write_text

#: From the project's folder.
FILE = "decisions/micrographs.csv"
HEADING = ("micrograph", "verdict", "reason")
_WRITING = threading.Lock()


def read_decisions(root: Path) -> dict[str, tuple[str, str]]:
    """Give verdict ("good", "doubtful" or "bad") and reason by micrograph; nothing if nobody has decided anything."""
    path = root / FILE
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    return {row["micrograph"]: (WORDS[row["verdict"]], row["reason"]) for row in rows if row.get("verdict") in WORDS}


def decide(root: Path, micrograph: str, verdict: str, reason: str = "") -> None:
    """Keep a decision.

    Parameters
    ----------
    root
        Folder of the project.
    micrograph
        Its name.
    verdict
        "accept", "reject", or "" to take back what was decided.
    reason
        One line.

    Raises
    ------
    InputError
        If ``verdict`` is another word.
    """
    require(verdict in ("accept", "reject", ""), "verdict", verdict, "accept, reject or empty")
    with _WRITING:
        found = read_decisions(root)
        found.pop(micrograph, None)
        if verdict:
            found[micrograph] = WORDS[verdict], " ".join(reason.split())
        text = io.StringIO()
        out = csv.writer(text, lineterminator="\n")
        out.writerow(HEADING)
        words = {"good": "accept", "bad": "reject"}
        out.writerows((name, words.get(grade, grade), why) for name, (grade, why) in sorted(found.items()))
        write_text(root / FILE, text.getvalue())
