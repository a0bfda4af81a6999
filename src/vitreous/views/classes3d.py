"""Three-dimensional classes: their middles, what differs from the consensus, and how particles move between them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from vitreous.errors import require
from vitreous.views.figure import Figure, Panel
from vitreous.views.marks import Mark, Note, Picture
from vitreous.views.pictures import common_limits, scale_bar


def classes3d_figure(maps: ArrayLike, consensus: ArrayLike, shares: ArrayLike, moved: ArrayLike, *, voxel_size: float) -> Figure:
    """A column a class: a section where classes differ most, and its difference from the consensus; then the migration matrix.

    Parameters
    ----------
    maps, consensus
        ``(K, z, y, x)`` and ``(z, y, x)``, density bright.
    shares
        ``(K,)`` of the particles.
    moved
        ``(K, K)``: share of the particles of the row's class by one half's maps that are in the column's class in the end.
    voxel_size
        Å.
    """
    stack, whole = np.asarray(maps, np.float32), np.asarray(consensus, np.float32)
    require(stack.shape[1:] == whole.shape, "shape of the class maps", stack.shape[1:], f"that of the consensus, {whole.shape}")
    at = int(((stack - whole) ** 2).sum((0, 2, 3)).argmax())
    sections, differences = stack[:, at], stack[:, at] - whole[at]
    grey = common_limits(sections, high=99.9)
    most = max(float(np.abs(differences).max()), 1e-12)
    side = whole.shape[-1] * voxel_size
    extent = (0.0, side, 0.0, side)
    top = [_panel(Picture(values=s, extent=extent, limits=grey), side, f"class {k}: {100 * share:.1f} %")
           for k, (s, share) in enumerate(zip(sections, np.asarray(shares)), start=1)]  # fmt: skip
    below = [_panel(Picture(values=d, extent=extent, limits=(-most, most), colours="diverging"), side, f"class {k} − consensus")
             for k, d in enumerate(differences, start=1)]  # fmt: skip
    return Figure(
        name="classes3d", title="Three-dimensional classes", columns=len(stack) + 1, height=3.0,
        panels=(*top, _matrix(np.asarray(moved, float)), *below),
        caption=f"Sections across z at voxel {at}, where classes differ most, and what each has more (red) or less (blue) than all "
        "particles together. A real difference is a compact part; specks all over are noise. "
        "The matrix says how many particles of each class by maps of the other half stay in it.",
    )  # fmt: skip


def _panel(picture: Picture, side: float, title: str) -> Panel:
    return Panel(title=title, marks=(picture, scale_bar(side, "white" if picture.colours == "grey" else "ink")), equal=True)


def _matrix(moved: np.ndarray) -> Panel:
    """The migration matrix, the first class in the upper left."""
    count = len(moved)
    marks: list[Mark] = [Picture(values=moved[::-1], extent=(0, count, 0, count), limits=(0, 1), colours="viridis", smooth=False)]
    marks += [
        Note(x=to + 0.5, y=count - k - 0.5, text=f"{100 * moved[k, to]:.0f} %", colour="ink" if moved[k, to] > 0.6 else "white")
        for k in range(count)
        for to in range(count)
    ]
    return Panel(title="migration between halves", marks=tuple(marks), equal=True)
