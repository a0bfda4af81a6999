"""Sections on movies and on the defocus of micrographs."""

from __future__ import annotations

from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from vitreous.jobs.micrograph_list import load, stem
from vitreous.jobs.report.words import number, some

if TYPE_CHECKING:
    import numpy as np

    from vitreous.data.micrograph import Defocus, Micrograph
    from vitreous.jobs.report.comparison import Comparison
    from vitreous.jobs.report.run import Run
    from vitreous.views.figure import Figure
    from vitreous.views.report import Section, Table

#: Rows of a table of micrographs.
ROWS = 40


def motion_section(run: Run, compared: Comparison | None) -> Section | None:
    """Tracks of the movie that moved most and of a usual one."""
    from vitreous.views.report import Section

    tracks = run.tracks
    if not tracks:
        return None
    shown = examples({name: told["figures"]["motion_total_angstrom"] for name, told in tracks.items()})
    weighted = run.param("align-movies", "dose") is not None
    moved = [told["figures"]["motion_total_angstrom"] for told in tracks.values()]
    text = (f"The frames of {some(len(tracks), 'movie')} were aligned, {_frames(tracks)}, "
            f"{'weighted by exposure, ' if weighted else ''}and summed. The way of the specimen, all steps from frame to frame added up, "
            f"is {number(median(moved))} Å long in the median movie and {number(max(moved))} Å in the worst.")  # fmt: skip
    items = [_motion(run, name, tracks[name], compared) for name in shown]
    return Section(title="Motion", text=text, items=items)


def _frames(tracks: dict[str, dict[str, Any]]) -> str:
    counts = sorted({len(told["global_angstrom"]) for told in tracks.values()})
    return f"{counts[0]} frames each" if len(counts) == 1 else f"{counts[0]} to {counts[-1]} frames each"


def examples(badness: dict[str, float], count: int = 2) -> list[str]:
    """Names of a usual item (the median) and of the worst; the latter last."""
    order = sorted(badness, key=lambda name: (badness[name], name))
    return list(dict.fromkeys([order[(len(order) - 1) // 2], order[-1]]))[-count:]


def _motion(run: Run, name: str, told: dict[str, Any], compared: Comparison | None) -> Figure:
    import numpy as np

    from vitreous.views.motion import motion_figure

    way = np.asarray(told["global_angstrom"], dtype=float)
    true = compared.truth.drift(name) if compared else None
    width, height = told["size_pixels"]
    return motion_figure(
        way - way[0], pixel_size=told["pixel_size_angstrom"], shape=(height, width), tracks=told["tracks_angstrom"],
        places=told["places_pixels"], dose_per_frame=told["dose_per_frame"] or 0.0, picture=image_of(run, name),
        truth=None if true is None else true - true[0], name=name,
    )  # fmt: skip


def image_of(run: Run, name: str) -> np.ndarray | None:
    """The micrograph called ``name``; ``None`` if it is not there any more."""
    found = next((m for m in run.micrographs if stem(m.path) == name), None)
    return load(found, None) if found is not None and Path(found.path).is_file() else None


def defocus_section(run: Run) -> Section | None:
    """Rings of a usual micrograph and of the worst, and a table of all."""
    from vitreous.views.report import Section
    from vitreous.views.session import defocus_figure

    fits = run.fits
    if not fits:
        return None
    shown = examples({name: told["resolution_angstrom"] or 1e9 for name, told in fits.items()})
    flagged = [m for m in run.micrographs if m.flags]
    text = (f"Defocus and astigmatism were fitted to the rings of {some(len(fits), 'micrograph')}. "
            + (f"{some(len(flagged), 'micrograph')} flagged: the table says why." if flagged else "None is flagged.")
            + " Values after ± are half of a 95 % interval; a second, independent method agrees to the resolution beside.")  # fmt: skip
    items: list[Any] = [_rings(run, name, fits[name]) for name in shown]
    fitted = [m for m in run.micrographs if m.defocus]
    if len(fitted) > 2:
        items.append(defocus_figure(
            [m.defocus.mean for m in fitted], astigmatism=[m.defocus.astigmatism for m in fitted],
            resolution=[m.fit_resolution or float("nan") for m in fitted], kept=[not m.flags for m in fitted]))  # fmt: skip
    return Section(title="Defocus", text=text, items=[*items, micrograph_table(run)])


def _rings(run: Run, name: str, told: dict[str, Any]) -> Figure:
    import numpy as np

    from vitreous.views.thon import thon_figure

    curves, defocus = told["curves"], told["defocus"]
    power = {key: curves.get(name) for key, name in (("power", "power"), ("power_fit", "fit"), ("background", "background"))}
    mean, across, angle = _with_error(told)
    summary = f"Defocus {mean} µm, astigmatism {across} Å at {angle}°{_phase_and_tilt(told)}"
    if told["reasons"]:
        summary += f"; flagged: {'; '.join(told['reasons'])}"
    return thon_figure(
        _picture(run, name), k_most=told["picture_edge_per_angstrom"], k=curves["k"], measured=np.array(curves["rings"], float),
        fitted=np.array(curves["rings_fit"], float), correlation=np.array(curves["correlation"], float),
        resolution=told["resolution_angstrom"] or 1 / told["picture_edge_per_angstrom"], angle_deg=defocus["angle_deg"],
        summary=summary, name=name, **{key: np.array(values, float) for key, values in power.items() if values},
    )  # fmt: skip


def _with_error(told: dict[str, Any]) -> tuple[str, str, str]:
    """Mean defocus (µm), astigmatism (Å) and its angle (degrees), each with half of its 95 % interval where the fit gave one."""
    u, v, angle = (told["defocus"][name] for name in ("u", "v", "angle_deg"))
    half = {name: 0.5 * (ends[1] - ends[0]) for name, ends in told.get("intervals_95", {}).items()}
    values = (("mean", 5e-5 * (u + v), 1e-4, 3), ("astigmatism", u - v, 1, 0), ("angle_deg", angle, 1, 0))
    return tuple(f"{value:.{digits}f}" + (f" ± {unit * half[name]:.{digits}f}" if name in half else "")
                 for name, value, unit, digits in values)  # type: ignore[return-value] # fmt: skip


def _phase_and_tilt(told: dict[str, Any]) -> str:
    """The phase shift and the tilt, where there are any, in words."""
    shift, tilt = told["defocus"]["phase_shift_deg"], told.get("tilt")
    said = f", phase shift {shift:.1f}°" if shift else ""
    return said + (f", tilted by {tilt['angle_deg']:.1f}° about an axis at {tilt['axis_deg']:.0f}°" if tilt else "")


def _picture(run: Run, name: str) -> np.ndarray:
    """The rings as the fit drew them, grey about zero; row 0 is the lowest ky."""
    import numpy as np
    from matplotlib.image import imread

    record = run.last("estimate-ctf")
    files = record.files("pictures") if record and "pictures" in record.outputs else ()
    path = next((path for path in files if path.stem == f"{name}_spectrum"), None)
    return np.zeros((3, 3)) if path is None else np.asarray(imread(path), dtype=float)[::-1] - 0.5


def micrograph_table(run: Run) -> Table:
    """Every micrograph in a row, flagged ones first."""
    from vitreous.views.report import Table

    order = sorted(range(len(run.micrographs)), key=lambda index: (not run.micrographs[index].flags, index))
    picks = {index: len(found.place) for index, found in run.picks.items()}
    rows = [_row(run.micrographs[index], run, picks.get(index)) for index in order[:ROWS]]
    hidden = f"The first {ROWS} of {len(order)} micrographs, flagged ones first" if len(order) > ROWS else "All micrographs"
    columns = ("Micrograph", "Motion (Å)", "Defocus (µm)", "Astigmatism (Å)", "Angle (°)", "Rings to (Å)",
               "Methods agree to (Å)", "Particles", "Verdict")  # fmt: skip
    return Table(columns=columns, rows=rows, caption=hidden)


def _row(micrograph: Micrograph, run: Run, picked: int | None) -> tuple[str, ...]:
    name, defocus = stem(micrograph.path), micrograph.defocus
    told, fit = run.tracks.get(name), run.fits.get(name, {})
    second = fit.get("second_method")
    reasons = "; ".join(fit.get("reasons", ())) or "; ".join(micrograph.flags)
    return (
        name,
        f"{told['figures']['motion_total_angstrom']:.1f}" if told else "–",
        *(_with_error(fit) if fit else _of_list(defocus) if defocus else ("–",) * 3),
        f"{micrograph.fit_resolution:.1f}" if micrograph.fit_resolution else "–",
        f"{second['agreement']:.1f}" if second else "–",
        "–" if picked is None else str(picked),
        f"flagged: {reasons}" if micrograph.flags else "good",
    )


def _of_list(defocus: Defocus) -> tuple[str, str, str]:
    """The same as :func:`_with_error` of a list of micrographs, which has no intervals."""
    return f"{defocus.mean / 1e4:.3f}", f"{defocus.astigmatism:.0f}", f"{defocus.angle_deg:.0f}"
