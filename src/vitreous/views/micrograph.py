"""A micrograph as it is."""

from __future__ import annotations

from numpy.typing import ArrayLike

from vitreous.views.figure import Figure, Panel
from vitreous.views.pictures import micrograph_marks


def micrograph_figure(image: ArrayLike, *, pixel_size: float, name: str = "", resolution: float = 20.0) -> Figure:
    """The sum of a movie, weighted by dose or not, or any micrograph.

    Parameters
    ----------
    image
        ``(y, x)``.
    pixel_size
        Å.
    name
        Of the micrograph.
    resolution
        Å; finer detail, which is mostly noise, is left out.
    """
    panel = Panel(marks=micrograph_marks(image, pixel_size, resolution=resolution), equal=True)
    return Figure(
        name="micrograph", title=f"Micrograph {name}".strip(), panels=(panel,), width="half", height=5.3,
        caption=f"Detail coarser than {resolution:g} Å, grey values stretched. Particles should stand out evenly; look for "
        "ice crystals, carbon and cracks.",
    )  # fmt: skip
