"""Your own decisions on micrographs, which win over what was measured."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vitreous.errors import FormatError, InputError
from vitreous.jobs.micrograph_list import stem
from vitreous.pipeline.params import suggestion

#: Words that a file of decisions may use, and what they mean.
WORDS = {"accept": "good", "good": "good", "doubtful": "doubtful", "reject": "bad", "bad": "bad"}


@dataclass(frozen=True)
class Override:
    """A decision: the verdict, and the reason that you gave, which may be empty."""

    verdict: str
    reason: str = ""


def read_overrides(
    path: Path | None, accept: Sequence[str], reject: Sequence[str], names: Sequence[str]
) -> dict[str, Override]:
    """Give your decisions by the name of the micrograph; what is said on the command line wins over a file.

    Parameters
    ----------
    path
        CSV with a heading, or a JSON list of objects: ``micrograph``, ``verdict`` (accept or good, doubtful, reject or bad) and, if you
        like, ``reason``.
    accept, reject
        Micrographs by their name, with or without folder and ending.
    names
        Those there are.

    Raises
    ------
    FormatError
        If the file is neither, or a row lacks a micrograph or a verdict.
    InputError
        If a name is no micrograph's, or one is both accepted and rejected.
    """
    found = {_known(name, names): each for name, each in (_file(path) if path else ())}
    accepted, rejected = ({_known(name, names) for name in given} for given in (accept, reject))
    if both := sorted(accepted & rejected):
        raise InputError(f"a micrograph must be accepted or rejected, not both; got {both[0]} twice.")
    return found | dict.fromkeys(accepted, Override("good")) | dict.fromkeys(rejected, Override("bad"))


def _known(name: str, names: Sequence[str]) -> str:
    for tried in (name, stem(Path(name))):
        if tried in names:
            return tried
    raise InputError(f"a decision must name a micrograph of the list; got {name!r}.{suggestion(stem(Path(name)), names)}")


def _file(path: Path) -> Iterable[tuple[str, Override]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
        rows: Any = json.loads(text) if text.lstrip().startswith(("[", "{")) else list(csv.DictReader(text.splitlines()))
    except (ValueError, csv.Error) as problem:
        raise FormatError(path, f"decisions must be CSV or JSON; got {problem}.") from problem
    if not isinstance(rows, list):
        raise FormatError(path, f"decisions must be a list of objects; got {type(rows).__name__}.")
    return [_row(path, number, row) for number, row in enumerate(rows, start=1)]


def _row(path: Path, number: int, row: Any) -> tuple[str, Override]:
    told = {str(key).strip().lower(): str(value or "").strip() for key, value in row.items()} if isinstance(row, Mapping) else {}
    if not told.get("micrograph"):
        raise FormatError(path, "a decision must have a column micrograph; got none.", f"row {number}")
    word = told.get("verdict", "").lower()
    if word not in WORDS:
        raise FormatError(path, f"a verdict must be one of {', '.join(WORDS)}; got {word!r}.", f"row {number}")
    return told["micrograph"], Override(WORDS[word], told.get("reason", ""))


def overrule(judged: Sequence[Mapping[str, Any]], yours: Mapping[str, Override]) -> list[dict[str, Any]]:
    """Put your verdicts over those measured; these and their reasons are kept as ``measured`` and behind your reason."""
    return [_overruled(each, yours.get(each["micrograph"])) for each in judged]


def _overruled(told: Mapping[str, Any], yours: Override | None) -> dict[str, Any]:
    if yours is None:
        return dict(told)
    sentence = yours.reason or {"good": "accepted", "bad": "rejected"}.get(yours.verdict, yours.verdict)
    own = {"name": "your decision", "sentence": sentence, "grade": yours.verdict}
    return {**told, "verdict": yours.verdict, "by": "you", "measured": told["verdict"], "reasons": [own, *told["reasons"]]}
