"""What lessons are written with: opening and closing, questions, figures, claims, derivations, and the learner's own numbers."""

from __future__ import annotations

import math
from html import escape

import marimo as mo

from vitreous.errors import VitreousError, require
from vitreous.learning import syllabus
from vitreous.views.figure import Figure
from vitreous.views.quick.sheet import quick_svg

#: What a page may hand to a lesson, and the range each is clipped to. Names are those of the jobs' parameters.
OWN_NUMBERS: dict[str, tuple[float, float]] = {
    "pixel_size": (0.2, 20.0),  # Å
    "defocus": (-60000.0, 60000.0),  # Å
    "voltage": (60.0, 1250.0),  # kV
    "spherical_aberration": (0.0, 10.0),  # mm
    "amplitude_contrast": (0.0, 1.0),
    "b_factor": (-500.0, 1000.0),  # Å²
    "dose": (0.0, 500.0),  # e/Å²
    "box": (8.0, 2048.0),  # pixels
    "diameter": (10.0, 5000.0),  # Å
    "resolution": (0.5, 500.0),  # Å
    "tilt": (-80.0, 80.0),  # degrees
    "particles": (1.0, 1e8),
}


class BrokenClaim(VitreousError):
    """A lesson says something that is not so."""


def opening(lesson: str) -> mo.Html:
    """Title, stream, days, objectives and reading of a lesson."""
    taught = syllabus.lesson(lesson)
    days = " and ".join(dict.fromkeys(f"{meeting.date.day} {meeting.date:%B %Y}" for meeting in taught.meetings))
    streams = " ".join(f'<span class="vitreous-stream stream-{stream}">{stream}</span>' for stream in taught.streams)
    aims = dict.fromkeys(aim for meeting in taught.meetings for aim in meeting.objectives)
    listed = "".join(f"<li>{escape(aim)}</li>" for aim in aims)
    head = f'<p class="vitreous-back"><a href="../">← The learning room</a></p><h1 class="vitreous-title">{escape(taught.title)}</h1>'
    about = f'<p class="vitreous-about">{streams} study group of {days}</p>'
    wanted = f'<div class="vitreous-aims"><strong>Afterwards you can</strong><ul>{listed}</ul></div>' if aims else ""
    return mo.vstack([mo.Html(head + about + wanted), _reading(taught)])


def _reading(taught: syllabus.Lesson) -> mo.Html:
    rows = dict.fromkeys(item for meeting in taught.meetings for item in meeting.reading)
    listed = "\n".join(f"- [{item.text}]({item.link})" if item.link else f"- {item.text}" for item in rows)
    return mo.accordion({"Reading": mo.md(listed or "None.")})


def question(id_: str) -> mo.Html:
    """A question of the syllabus as a heading, with its id as the anchor."""
    asked = syllabus.question(id_)
    return mo.md(f'<h3 id="{escape(asked.id)}" class="vitreous-question"><small>{escape(asked.id)}</small> {escape(asked.text)}</h3>')


def show(figure: Figure) -> mo.Html:
    """A figure with its caption; its colours follow the reader's light or dark setting."""
    return mo.Html(f'<figure class="vitreous-figure">{quick_svg(figure)}<figcaption>{escape(figure.caption)}</figcaption></figure>')


def claim(text: str, holds: bool) -> mo.Html:
    """A statement with the number it rests on, and a tick.

    Raises
    ------
    BrokenClaim
        If it does not hold. Claims must not depend on what a learner moves.
    """
    if not holds:
        raise BrokenClaim(f"a claim of this lesson does not hold: {text}")
    return mo.md(f'<div class="vitreous-claim">✓\n\n{text}\n\n</div>')


def steps(*each: tuple[str, str]) -> mo.Html:
    """A derivation, opened step by step: (title, Markdown) each."""
    require(len(each) > 0, "steps", "none", "at least one")
    return mo.accordion({f"{number}. {title}": mo.md(text) for number, (title, text) in enumerate(each, 1)}, multiple=True)


def start(name: str, default: float, low: float | None = None, high: float | None = None) -> float:
    """A learner's own number from the page's address (``?defocus=12000``), or the default.

    Parameters
    ----------
    name
        One of :data:`OWN_NUMBERS`.
    default
        Taken if the address does not name it, or not as a number.
    low, high
        The range it is clipped to: that of the slider it starts. Without them, that of :data:`OWN_NUMBERS`.
    """
    require(name in OWN_NUMBERS, "number", name, f"one of {', '.join(OWN_NUMBERS)}")
    least, most = OWN_NUMBERS[name]
    given = mo.query_params().get(name)
    try:
        value = float(given[0] if isinstance(given, list) else given)  # type: ignore[arg-type]
    except (TypeError, ValueError, IndexError):
        return default
    if not math.isfinite(value):
        return default
    return min(max(value, least if low is None else low), most if high is None else high)


def closing(lesson: str) -> mo.Html:
    """The lessons that build on this one."""
    following = [each for each in syllabus.lessons() if lesson in each.needs]
    listed = "\n".join(f"- [{each.title}](../{each.id}/)" for each in following)
    return mo.md("---\n\n" + (f"**Next**\n\n{listed}" if listed else "**This path ends here.**") + "\n\n[Back to the learning room](../)")
