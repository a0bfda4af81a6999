"""Figures of jobs in words: a label, a value, a unit."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from vitreous.jobs.report.words import number, thousands

#: Endings of the names of figures, and the unit each stands for; longer ones first.
UNITS = {
    "_angstrom2": "Å²", "_angstrom": "Å", "_deg": "°", "_seconds": "s", "_percent": "%",
}  # fmt: skip
#: What is counted, one and many.
NOUNS = {each: each + "s" for each in ("particle", "micrograph", "movie", "start", "item")} | {"class": "classes"}
#: Words that are not spelled as in names.
SHORT = {"b": "B", "cs": "Cs", "ctf": "CTF", "dqe": "DQE", "eer": "EER", "fsc": "FSC", "snr": "SNR", "half1": "half-map 1",
         "half2": "half-map 2"}  # fmt: skip
#: Figures that say most of a job, in this order.
FIRST = ("verdict", "resolution_angstrom", "median_defocus_angstrom", "median_motion_total_angstrom", "good_count", "class_count",
         "particle_count", "micrograph_count", "movie_count", "b_factor_angstrom2")  # fmt: skip
#: Figures in the row of a job, at most.
SHOWN = 3


class Shown(NamedTuple):
    """A figure as a person reads it; one that is ``counted`` stands before its label: "5 movies"."""

    label: str
    value: str
    unit: str = ""
    counted: bool = False


def spelled(name: str) -> str:
    """Write the name of a parameter or figure as words, short forms as the field spells them.

    >>> spelled("eer_grouping"), spelled("b_factor"), spelled("half1")
    ('EER grouping', 'B factor', 'half-map 1')
    """
    return " ".join(SHORT.get(word, word) for word in name.split("_"))


def label(name: str) -> tuple[str, str]:
    """Part the name of a figure into words and its unit.

    >>> label("median_defocus_angstrom"), label("particle_count"), label("b_factor_angstrom2"), label("rejected_count")
    (('median defocus', 'Å'), ('particles', ''), ('B factor', 'Å²'), ('rejected', ''))
    """
    if name.endswith("_count"):
        words = spelled(name.removesuffix("_count"))
        return next((f"{words.removesuffix(one)}{many}" for one, many in NOUNS.items() if words.endswith(one)), words), ""
    ending = next((each for each in UNITS if name.endswith(each)), "")
    return spelled(name.removesuffix(ending)), UNITS.get(ending, "")


def shown(name: str, value: Any) -> Shown:
    """Give a figure with its unit; lists as their members, nothing as a dash."""
    words, unit = label(name)
    return Shown(words, value_text(value), unit if value is not None else "", name.endswith("_count"))


def value_text(value: Any) -> str:
    """Write a value as a person does.

    >>> value_text(8.95999), value_text(12345), value_text([8.9, 9.7]), value_text(None), value_text(True)
    ('8.96', '12\\u2009345', '8.90 to 9.70', '–', 'yes')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "–"
    if isinstance(value, int):
        return thousands(value)
    if isinstance(value, float):
        return number(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return (" to " if len(value) == 2 else ", ").join(map(value_text, value))
    return str(value)


def row_figures(figures: Mapping[str, Any]) -> list[Shown]:
    """Choose the figures that a row of the graph has room for."""
    short = {name: value for name, value in figures.items() if isinstance(value, (int, float)) or name == "verdict"}
    names = [name for name in FIRST if name in short] + [name for name in short if name not in FIRST]
    return [shown(name, short[name]) for name in names[:SHOWN]]


def size(count: float) -> str:
    """Write a count of bytes.

    >>> size(512), size(3_200_000)
    ('512 bytes', '3.2 MB')
    """
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} GB"


def job_title(name: str) -> tuple[str, str]:
    """Part a job's folder name into its number and its kind.

    >>> job_title("0010-refine"), job_title("refine")
    (('10', 'refine'), ('', 'refine'))
    """
    found = re.fullmatch(r"0*(\d+)-(.+)", name)
    return (found[1], found[2]) if found else ("", name)
