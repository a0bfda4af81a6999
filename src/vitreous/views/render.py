"""Figures to PNG or SVG, with matplotlib's Agg and SVG backends; no window, no global state left behind."""

from __future__ import annotations

import io
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from vitreous.errors import InputError
from vitreous.runtime.files import replacing
from vitreous.views.draw import Pen, draw
from vitreous.views.figure import Axis, Figure, Panel
from vitreous.views.palette import Theme, colour
from vitreous.views.svg import adaptive

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DOTS_PER_INCH = 150
#: Settings of matplotlib belong to the process, so one figure is drawn at a time.
_ONE_AT_A_TIME = threading.Lock()


def _settings(theme: Theme) -> dict[str, Any]:
    ink, muted, faint = (colour(role, theme) for role in ("ink", "muted", "faint"))
    return {
        "font.family": "sans-serif", "font.sans-serif": ["DejaVu Sans"], "font.size": 9, "text.color": ink,
        "svg.fonttype": "none", "svg.hashsalt": "vitreous", "mathtext.default": "regular", "axes.unicode_minus": True,
        "figure.facecolor": "none", "axes.facecolor": "none", "savefig.facecolor": "none", "savefig.edgecolor": "none",
        "axes.edgecolor": muted, "axes.linewidth": 0.8, "axes.labelcolor": ink, "axes.labelsize": 9,
        "axes.titlesize": 9.5, "axes.titleweight": "bold", "axes.titlelocation": "left", "axes.titlecolor": ink,
        "axes.titlepad": 7, "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "axes.axisbelow": True,
        "grid.color": faint, "grid.linewidth": 0.7, "xtick.color": muted, "ytick.color": muted, "xtick.labelcolor": ink,
        "ytick.labelcolor": ink, "xtick.labelsize": 8.5, "ytick.labelsize": 8.5, "xtick.major.size": 3, "ytick.major.size": 3,
        "xtick.major.width": 0.8, "ytick.major.width": 0.8, "legend.frameon": False, "legend.fontsize": 8.5,
        "legend.handlelength": 1.9, "legend.borderaxespad": 0.3, "legend.labelspacing": 0.35,
    }  # fmt: skip


def _set_axis(axes: Axes, axis: Axis, along: Literal["x", "y"]) -> None:
    axes.set(**{f"{along}label": axis.text})
    if axis.limits is not None:
        low, high = axis.limits
        getattr(axes, f"set_{along}lim")(low, high)
        if low is not None and high is None and axis.scale == "linear":
            # The margin that was found for the data alone is next to nothing on an axis that begins at zero.
            bottom, top = getattr(axes, f"get_{along}lim")()
            getattr(axes, f"set_{along}lim")(bottom, top + 0.04 * (top - bottom))
    if axis.whole:
        getattr(axes, f"{along}axis").get_major_locator().set_params(integer=True)
    if axis.ticks:
        positions, words = zip(*axis.ticks)
        getattr(axes, f"set_{along}ticks")(positions, words)
        getattr(axes, f"{along}axis").minorticks_off()


def _set_top(axes: Axes, axis: Axis) -> None:
    low, high = sorted(axes.get_xlim())
    upper = axes.secondary_xaxis("top")
    shown = [(position, word) for position, word in axis.ticks if low <= position <= high]
    upper.set_xticks([position for position, _ in shown], [word for _, word in shown])
    upper.minorticks_off()
    upper.set_xlabel(axis.text, labelpad=5)
    upper.spines["top"].set_visible(False)
    upper.tick_params(length=3, pad=2)


PLACES: dict[str, dict[str, Any]] = {
    "bottom": {"loc": "lower center", "ncols": 4, "columnspacing": 1.2},
    "above": {"loc": "lower left", "bbox_to_anchor": (0, 1.0), "ncols": 4, "columnspacing": 1.2},
    "above, beside the title": {"loc": "lower right", "bbox_to_anchor": (1, 1.0), "ncols": 4, "columnspacing": 1.0, "handlelength": 1.0},
}


def _draw_panel(axes: Axes, panel: Panel, theme: Theme, *, vector: bool) -> None:
    pen = Pen(axes, theme, vector)
    axes.set_title(panel.title)
    if panel.x is None or panel.y is None:
        axes.set_axis_off()
        # Ticks that nobody sees are laid out all the same: half the time of a picture.
        axes.set(xticks=(), yticks=())
    else:
        axes.set(xscale=panel.x.scale, yscale=panel.y.scale)
    for mark in panel.marks:
        draw(pen, mark)
    if panel.x is not None and panel.y is not None:
        _set_axis(axes, panel.x, "x")
        _set_axis(axes, panel.y, "y")
    if panel.equal:
        axes.set_aspect("equal", adjustable="box" if panel.x is None else "datalim")
    if panel.top is not None:
        _set_top(axes, panel.top)
    if panel.legend != "none" and axes.get_legend_handles_labels()[1]:
        place = "above, beside the title" if panel.legend == "above" and panel.title else panel.legend
        axes.legend(**PLACES.get(place, {"loc": place}))


def _rows(panels: tuple[Panel, ...], columns: int) -> list[tuple[Panel, ...]]:
    return [panels[start : start + columns] for start in range(0, len(panels), columns)]


def render(figure: Figure, form: Literal["svg", "png"] = "svg", *, theme: Theme = "light") -> bytes:
    """Draw a figure.

    Parameters
    ----------
    figure
        What to draw.
    form
        "svg": words stay words, colours follow the reader's light or dark setting by themselves. "png": 150 dots per inch on
        opaque paper of ``theme``, with the figure's title.
    theme
        Paper of a PNG.

    Returns
    -------
    bytes
        The file. Title and caption are inside it, as SVG's ``title`` and ``desc`` or PNG's ``Title`` and ``Description``.

    Raises
    ------
    InputError
        If ``form`` is neither.
    """
    if form not in ("svg", "png"):
        raise InputError(f"form must be svg or png; got {form!r}.")
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Sheet

    with _ONE_AT_A_TIME, mpl.rc_context(_settings(theme)):
        rows = _rows(figure.panels, figure.columns)
        sheet = Sheet(figsize=(figure.inches, figure.height * len(rows)), layout="constrained")
        FigureCanvasAgg(sheet)
        sheet.get_layout_engine().set(w_pad=0.08, h_pad=0.06, wspace=0.03, hspace=0.04)
        strips = sheet.subfigures(len(rows), 1, squeeze=False)[:, 0] if len(rows) > 1 else [sheet]
        for strip, row in zip(strips, rows):
            weights = [panel.weight for panel in row]
            missing = figure.columns - len(row) if len(rows) > 1 else 0
            grid = strip.subplots(1, len(row) + missing, squeeze=False, width_ratios=weights + [1.0] * missing)[0]
            for axes in grid[len(row) :]:
                axes.set_axis_off()
            for axes, panel in zip(grid, row):
                _draw_panel(axes, panel, theme, vector=form == "svg")
        if form == "png":
            sheet.suptitle(figure.title, x=0.012, ha="left", fontsize=11.5, fontweight="bold")
        return _saved(sheet, figure, form, theme)


def _saved(sheet: Any, figure: Figure, form: str, theme: Theme) -> bytes:
    held = io.BytesIO()
    if form == "svg":
        sheet.savefig(held, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
        return adaptive(held.getvalue().decode(), figure.title, figure.caption).encode()
    words = {"Software": None, "Title": figure.title, "Description": figure.caption}
    paper = "#ffffff" if theme == "light" else "#10161d"
    sheet.savefig(held, format="png", dpi=DOTS_PER_INCH, facecolor=paper, metadata=words)
    return held.getvalue()


def save_figure(figure: Figure, path: str | Path) -> None:
    """Draw a figure into a file, atomically; ``.svg`` or ``.png`` by its name.

    Raises
    ------
    InputError
        If the name ends otherwise.
    """
    suffix = Path(path).suffix.lower().lstrip(".")
    content = render(figure, suffix)  # type: ignore[arg-type]
    with replacing(path) as aside:
        aside.write_bytes(content)
