"""The files of the final folder, taken from the jobs that made them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from vitreous.jobs.report.run import Run

#: Name in the final folder: kinds of job and output ports that have it, the best first.
PRODUCTS: dict[str, tuple[tuple[str, str], ...]] = {
    "map.mrc": (("postprocess", "map"), ("refine", "map")),
    "map_sharpened.mrc": (("postprocess", "sharpened"),),
    "half1.mrc": (("refine", "half1"),),
    "half2.mrc": (("refine", "half2"),),
    "mask.mrc": (("postprocess", "mask_used"),),
    "fsc.csv": (("postprocess", "fsc"), ("refine", "fsc")),
    "particles.star": (("refine", "particles"),),
    "local_resolution.mrc": (("validate", "local_resolution"),),
    "validation.html": (("validate", "page"),),
    "validation.json": (("validate", "findings"),),
}


def place(run: Run, folder: Path) -> list[Path]:
    """Put every product into ``folder``: as a link where the disk allows, so that it takes no room.

    Names of stacks and micrographs inside ``particles.star`` are relative to the project's folder, as the jobs write them.
    """
    placed = []
    for name, sources in PRODUCTS.items():
        found = next(filter(None, (run.file(kind, port) for kind, port in sources)), None)
        if found is not None:
            placed.append(folder / name)
            _link(found, placed[-1])
    return placed


def _link(path: Path, place: Path) -> None:
    try:
        os.link(path, place)
    except OSError:
        shutil.copy2(path, place)
