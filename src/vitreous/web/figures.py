"""Figures for the pages: drawn when first asked for, kept until a file they are made from changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from vitreous.web.kept import kept_at

if TYPE_CHECKING:
    from vitreous.views.figure import Figure


def kept_figure(cache: Path, name: str, sources: Iterable[Path], make: Callable[[], Figure]) -> Path:
    """Give the SVG of a figure.

    Parameters
    ----------
    cache
        The page's folder for what is worked out once.
    name
        What figure it is, with all that it depends on besides its sources.
    sources
        Files it is made from.
    make
        Makes it.
    """
    kept = kept_at(cache / "figures", ".svg", sources, name)
    if not kept.exists():
        from vitreous.runtime.files import write_text
        from vitreous.views.quick.sheet import quick_svg

        write_text(kept, quick_svg(make()))
    return kept
