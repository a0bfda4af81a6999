"""Colours by role, each for light and for dark paper; hues that remain distinct for colour-blind readers.

Hues follow Okabe & Ito (2008, "Color Universal Design"), darkened for light and lightened for dark paper to a contrast of at
least 3 : 1 with it. No figure tells two things apart by colour alone: line styles, symbols or words repeat it.
"""

from __future__ import annotations

from typing import Literal

Colour = Literal["ink", "muted", "faint", "blue", "orange", "green", "purple", "yellow", "sky", "red", "white", "black",
                 "lime", "amber", "pink"]  # fmt: skip
Theme = Literal["light", "dark"]

#: Role to its (light, dark) value.
COLOURS: dict[str, tuple[str, str]] = {
    "ink": ("#1c2530", "#e7ecf2"),
    "muted": ("#5d6876", "#9ba8b7"),
    "faint": ("#dde3ea", "#2f3945"),
    "blue": ("#0a65a8", "#5fb2f0"),
    "orange": ("#c8520d", "#ff9a5a"),
    "green": ("#0b7a5c", "#3cc79d"),
    "purple": ("#8b4aa0", "#d29be3"),
    "yellow": ("#9a7400", "#f0c64a"),
    "sky": ("#3c8dc2", "#93d2ff"),
    "red": ("#b4271f", "#ff8b81"),
    "white": ("#ffffff", "#ffffff"),
    "black": ("#000000", "#000000"),
    # On pictures, whose grey is the same on any paper.
    "lime": ("#2fd67c", "#2fd67c"),
    "amber": ("#ffa62b", "#ffa62b"),
    "pink": ("#f765d8", "#f765d8"),
}

#: Order in which curves without a role of their own take their colours.
SERIES: tuple[Colour, ...] = ("blue", "orange", "green", "purple", "yellow", "sky")


def colour(role: str, theme: Theme) -> str:
    """Hex value of a role on light or dark paper."""
    return COLOURS[role][0 if theme == "light" else 1]


def variables(selector: str) -> str:
    """A style sheet that gives what ``selector`` chooses each role as a variable, ``--ink``: light by default, dark where the reader's
    surroundings are.
    """
    themed = {role: pair for role, pair in COLOURS.items() if pair[0] != pair[1]}
    light, dark = ("".join(f"--{role}:{pair[index]};" for role, pair in themed.items()) for index in (0, 1))
    return f"{selector}{{{light}}}@media (prefers-color-scheme:dark){{{selector}{{{dark}}}}}"
