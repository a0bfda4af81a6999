"""Class averages of a project, for their gallery."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vitreous.runtime.files import read_json
from vitreous.web.kept import kept_at
from vitreous.web.project_view import ProjectView

#: Averages a row of the sheet.
COLUMNS = 10
#: Averages that are shown.
MOST = 500


@dataclass(frozen=True)
class Classification:
    """Class averages: the job that made them ("live" for a session), the stack, verdicts and particles, where there are any."""

    job: str
    averages: Path
    verdicts: Path | None = None
    particles: Path | None = None
    diameter: float | None = None


def classifications(project: ProjectView) -> list[Classification]:
    """List the classifications, the last first; averages of a session after them."""
    found = [
        Classification(record.job, record["classes"], record["verdicts"], record["particles"], record.params.get("diameter"))
        for record in reversed(project.records())
        if record.type == "classify2d" and record.status == "done" and record["classes"].exists()
    ]
    live = project.root / "live" / "averages.mrcs"
    return [*found, *([Classification("live", live)] if live.exists() else [])]


def described(one: Classification) -> dict[str, Any]:
    """Give side, scale and what is said of each class."""
    from vitreous.io.stacks import open_stack

    stack = open_stack(one.averages)
    count = min(stack.count, MOST)
    told: Any = read_json(one.verdicts) if one.verdicts else [{"class": k + 1} for k in range(count)]
    return {"job": one.job, "side": stack.shape[0], "pixel_size": stack.pixel_size, "columns": COLUMNS, "classes": told[:count],
            "selects": one.particles is not None}  # fmt: skip


def sheet(one: Classification, cache: Path) -> Path:
    """Give a PNG of all averages in rows, each stretched by itself, y upwards; kept once made."""
    from vitreous.io.stacks import open_stack
    from vitreous.views.png import montage, write_png

    kept = kept_at(cache / "classes", ".png", [one.averages], COLUMNS)
    if not kept.exists():
        images = open_stack(one.averages).read(slice(0, MOST))
        write_png(kept, montage(images[:, ::-1], COLUMNS, gap=0))
    return kept
