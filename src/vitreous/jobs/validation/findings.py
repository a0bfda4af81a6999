"""Findings with the pictures that show them, and the list of all that is looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from vitreous.data.check import Check
from vitreous.errors import InputError

#: What is looked at, in the order of the page: name, group, and the question behind it.
QUESTIONS: tuple[tuple[str, str, str], ...] = (
    ("halves", "Maps", "Are the half-maps independent, of one kind, unmasked and unfiltered?"),
    ("mask", "Maps", "Is the agreement the particle's, not the mask's?"),
    ("resolution", "Maps", "Does the curve fall once and stay down, and how well is the resolution known?"),
    ("amplitudes", "Maps", "Do amplitudes fall as a molecule's do, neither filtered nor raised too far?"),
    ("directions", "Maps", "Do the halves agree equally far along all directions?"),
    ("local-resolution", "Maps", "Is the whole map as good as its one number says?"),
    ("hand", "Maps", "Is it the map, or its mirror image?"),
    ("orientations", "Particles", "Do the views fill Fourier space evenly?"),
    ("residuals", "Particles", "Does what is left of each image, its view taken away, look like noise?"),
    ("correlation", "Particles", "Do images of every defocus agree with the map, and are there images without the particle?"),
    ("alignability", "Particles", "Does an image know its own direction?"),
    ("better-than-noise", "Particles", "Do particles agree with the map better than noise that was aligned to it?"),
    ("overfitting", "Particles", "Is any of the agreement fitted noise?"),
    ("homogeneity", "Particles", "Is it one structure?"),
    ("particles-needed", "Particles", "Does the resolution grow with the number of particles as it should?"),
    ("model", "Model", "Does the atomic model explain the map?"),
)
NEEDS = {"Particles": "no particles were given. Try: --particles particles.star of the refinement.",
         "Model": "no atomic model was given. Try: --model model.pdb."}  # fmt: skip
UNKNOWN_HAND = ("projections are the same for both hands, and nothing else was given that could tell. Try: --model, or look at the turn of "
                "a helix (right-handed).")  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """A check and the pictures that show it.

    Parameters
    ----------
    check
        What was found.
    pictures
        File names inside the folder of pictures, the most telling first.
    """

    check: Check
    pictures: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Of the check."""
        return self.check.name

    def told(self) -> dict[str, Any]:
        """As ``validation.json`` holds it; ``figure`` is a path beside that file, or None."""
        check = self.check
        return {"name": check.name, "verdict": check.verdict, "reason": check.reason,
                "figure": f"pictures/{self.pictures[0]}" if self.pictures else None, "numbers": dict(check.figures)}  # fmt: skip


def look(name: str, judge: Callable[[], Check], *pictures: str) -> Finding:
    """What ``judge`` finds; where the input does not let it be judged, that and why, so that the rest goes on."""
    try:
        return Finding(judge(), pictures)
    except InputError as problem:
        return Finding(Check(name, "not done", str(problem)))


def not_done(names: Iterable[str], reason: str) -> list[Finding]:
    """Findings that something stood in the way of."""
    return [Finding(Check(name, "not done", reason)) for name in names]


def complete(found: Iterable[Finding]) -> list[Finding]:
    """All that is looked at, in the order of the page; what was not found is said to be not done."""
    known = {each.name: each for each in found}
    return [known.get(name) or Finding(Check(name, "not done", UNKNOWN_HAND if name == "hand" else NEEDS[group]))
            for name, group, _ in QUESTIONS]  # fmt: skip
