"""Micrographs to verdicts, with reasons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vitreous.errors import InputError
from vitreous.jobs.micrograph_list import load, read_list, stem, unique_names, write_list
from vitreous.jobs.options import Microscope
from vitreous.jobs.overrides import overrule, read_overrides
from vitreous.pipeline.context import Context
from vitreous.pipeline.job import Estimate, JobType, Result
from vitreous.pipeline.params import option, parameters
from vitreous.pipeline.ports import Input, Inputs, Output

if TYPE_CHECKING:
    import numpy as np

    from vitreous.data.micrograph import Micrograph
    from vitreous.stages.quality import Regions

#: Flag of a micrograph that is left out from here on.
REJECTED = "rejected"
#: Pixels of the longer side of the small pictures.
THUMBNAIL = 512
#: Colours of the outlines of contamination and carbon.
OUTLINES = {"contamination": (255, 166, 43), "carbon": (247, 101, 216)}


@parameters
class Assess(Microscope):
    """What is judged, and what you have decided yourself."""

    diameter: float | None = option(None, "Å", "longest side of the particle: darker things of 1.5 of it are contamination", above=0,
                                    high=100000, if_none="things of 200 Å are")  # fmt: skip
    accept: tuple[str, ...] = option((), help="micrographs that you accept, whatever is measured")
    reject: tuple[str, ...] = option((), help="micrographs that you reject, whatever is measured")


def run(inputs: Inputs, params: Assess, context: Context) -> Result:
    """Judge every micrograph, alone and among the others; those that cannot be read are set aside."""
    micrographs = read_list(inputs.all("micrographs"), params)
    names = unique_names([m.path for m in micrographs])
    yours = read_overrides(inputs.get("overrides"), params.accept, params.reject, names)
    fits, tracks = _beside(inputs, "fits", "ctf"), _told(inputs.all("tracks"))
    items = [(name, m, fits.get(name), motion_of(tracks.get(name) or _track_beside(m), m)) for name, m in zip(names, micrographs)]
    done = context.map(partial(assess_one, params, context.outputs), items, step="assess", key=lambda item: item[0])
    judged = overrule(with_session([each.value for each in done]), yours)
    write_results(judged, [each.item[1] for each in done], context)
    return Result(figures=figures(judged), warnings=_warnings(judged))


def assess_one(
    params: Assess, outputs: Path, named: tuple[str, Micrograph, Mapping[str, Any] | None, Mapping[str, Any] | None]
) -> dict[str, Any]:
    """Judge one micrograph by itself, and draw it small with its spoiled areas outlined.

    Parameters
    ----------
    params
        Of the job.
    outputs
        Gets ``thumbnails/<name>.png``.
    named
        Its name, the micrograph, what :func:`vitreous.jobs.estimate_ctf.fit_one` said of it, and what :func:`motion_of` gives of its
        movie; None where there is none.

    Returns
    -------
    dict
        ``micrograph`` (its name), ``verdict``, ``score``, ``reasons`` (each ``name``, ``sentence``, ``grade``), ``by`` ("rules"),
        ``voltage`` (kV), ``spoiled`` (share of the field), ``descriptors``.

    Raises
    ------
    InputError
        If it cannot be read or is no picture.
    """
    from vitreous.pipeline.jsonable import jsonable
    from vitreous.runtime.devices import one_torch_thread
    from vitreous.stages.quality import assess
    from vitreous.stages.quality.areas import LUMP

    name, micrograph, fit, motion = named
    image = load(micrograph, params.pixel_size)
    lump = max(LUMP, 1.5 * params.diameter) if params.diameter else LUMP
    with one_torch_thread():
        verdict = assess(image, micrograph.optics, fit=fit or fit_in_list(micrograph), motion=motion, lump=lump)
        write_thumbnail(outputs / "thumbnails" / f"{name}.png", image, verdict.regions)
    told: dict[str, Any] = jsonable({
        "micrograph": name, "verdict": verdict.verdict, "score": round(verdict.score, 4), "by": "rules",
        "voltage": micrograph.optics.voltage,
        "reasons": [vars(reason) for reason in verdict.reasons],
        "spoiled": round(verdict.regions.fraction, 4) if verdict.regions else 0.0,
        "descriptors": {key: float(f"{value:.5g}") for key, value in verdict.descriptors.items()},
    })  # fmt: skip
    return told


def fit_in_list(micrograph: Micrograph) -> dict[str, Any]:
    """What a STAR file says of a micrograph's CTF, for want of the fit itself."""
    defocus, flags = micrograph.defocus, [flag for flag in micrograph.flags if flag != REJECTED]
    if defocus is None:
        return {"reasons": flags}
    return {"defocus": {"u": defocus.u, "v": defocus.v}, "resolution_angstrom": micrograph.fit_resolution,
            "score": micrograph.fit_score, "reasons": flags}  # fmt: skip


def motion_of(track: Mapping[str, Any] | None, micrograph: Micrograph | None = None) -> dict[str, float] | None:
    """Figures of a movie's motion in Å, from its file in ``tracks``, or else from the columns of a STAR file.

    ``motion_step_angstrom`` is the longest step from one frame to the next after the first fifth of the frames: the start, when
    ice always moves, is left out.
    """
    import numpy as np

    if track:
        way = np.asarray(track["global_angstrom"], float).reshape(-1, 2)
        steps = np.linalg.norm(np.diff(way, axis=0), axis=1)[len(way) // 5 :]
        return {**track["figures"], **({"motion_step_angstrom": float(steps.max())} if len(steps) else {})}
    columns = {f"motion_{part}_angstrom": f"rlnAccumMotion{part.capitalize()}" for part in ("total", "early", "late")}
    told = micrograph.extra if micrograph else {}
    found = {name: _number(told[column]) for name, column in columns.items() if column in told}
    return {name: value for name, value in found.items() if value is not None} or None


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def with_session(told: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The same, judged among the others too: ``ice_thickness`` among the descriptors, reasons where one is unlike the session."""
    from vitreous.pipeline.jsonable import jsonable
    from vitreous.stages.quality import GRADES, ice_thickness, outliers, thick

    found = [{key: float("nan") if value is None else value for key, value in each["descriptors"].items()} for each in told]
    thickness = ice_thickness([each["mean"] for each in found], [each["deviation"] for each in found],
                              [each["voltage"] for each in told])  # fmt: skip
    judged = []
    for each, beyond, more in zip(told, thickness.round(1).tolist(), outliers(found)):
        reasons = [*each["reasons"], *map(vars, (*thick(beyond), *more))]
        grade = max((reason["grade"] for reason in reasons), key=GRADES.index, default="good")
        descriptors = {**each["descriptors"], "ice_thickness": beyond}
        judged.append(jsonable({**each, "verdict": grade, "reasons": reasons, "descriptors": descriptors}))
    return judged


def write_results(judged: Sequence[Mapping[str, Any]], micrographs: Sequence[Micrograph], context: Context) -> None:
    """Write the lists, the verdicts and the pictures of a session."""
    from vitreous.runtime.files import write_json
    from vitreous.views.render import save_figure
    from vitreous.views.session_course import course_figure, spread_figure

    listed = [with_verdict(m, each) for m, each in zip(micrographs, judged)]
    write_list(context.outputs / "micrographs.star", listed, context)
    kept = [m for m, each in zip(listed, judged) if each["verdict"] != "bad"]
    if kept:
        write_list(context.outputs / "micrographs_good.star", kept, context)
    write_json(context.outputs / "verdicts.json", list(judged))
    save_figure(course_figure(judged), context.outputs / "session.png")
    save_figure(spread_figure(judged), context.outputs / "histograms.png")


def with_verdict(micrograph: Micrograph, told: Mapping[str, Any]) -> Micrograph:
    """The micrograph with its verdict as columns of a STAR file; a bad one is flagged, flags of one that you accepted come off."""
    columns = {
        "vitreousVerdict": told["verdict"],
        "vitreousScore": f"{told['score']:.3f}",
        "vitreousReasons": "; ".join(dict.fromkeys(reason["name"] for reason in told["reasons"])) or "none",
    }
    flags = tuple(flag for flag in micrograph.flags if flag != REJECTED)
    if told["verdict"] == "bad":
        flags = (*flags, REJECTED)
    elif told["by"] == "you":
        flags = ()
    return replace(micrograph, flags=flags, extra={**micrograph.extra, **columns})


def write_thumbnail(path: Path, image: np.ndarray, regions: Regions | None) -> None:
    """Write a micrograph small, y upwards, contamination outlined in amber, carbon in pink."""
    import numpy as np

    from vitreous.views.outlines import outlined
    from vitreous.views.png import stretch, thumbnail, write_png

    grey = stretch(thumbnail(image, THUMBNAIL))
    areas = {} if regions is None else {OUTLINES[name]: getattr(regions, name) for name in OUTLINES}
    write_png(path, np.ascontiguousarray(outlined(grey, areas)[::-1]))


def _beside(inputs: Inputs, port: str, folder: str) -> dict[str, Any]:
    """Fits by the micrograph's name: of a port, or of the folder beside the list that estimate-ctf wrote."""
    files = inputs.all(port) or [path for star in inputs.all("micrographs") if star.suffix == ".star"
                                 for path in sorted((star.parent / folder).glob("*.json"))]  # fmt: skip
    return {name: {key: value for key, value in fit.items() if key != "curves"} for name, fit in _told(files).items()}


def _told(files: Sequence[Path]) -> dict[str, Any]:
    from vitreous.runtime.files import read_json

    try:
        return {path.stem: read_json(path) for path in files}
    except (ValueError, OSError) as problem:
        raise InputError(f"fits and tracks must be the JSON files of estimate-ctf and align-movies; got {problem}.") from problem


def _track_beside(micrograph: Micrograph) -> Any:
    """The track that lies beside the motion file of align-movies, if there is one."""
    if micrograph.motion is None:
        return None
    path = micrograph.motion.parent.parent / "tracks" / f"{stem(micrograph.path)}.json"
    return _told([path])[path.stem] if path.is_file() else None


def figures(judged: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """How many of each verdict."""
    counts = {f"{grade}_count": sum(each["verdict"] == grade for each in judged) for grade in ("good", "doubtful", "bad")}
    yours = sum(each["by"] == "you" for each in judged)
    return {"micrograph_count": len(judged), **counts, "decided_by_you": yours}


def _warnings(judged: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    bad = [(each["micrograph"], each["reasons"][0]["name"]) for each in judged if each["verdict"] == "bad"]
    shown = "; ".join(f"{name}: {why}" for name, why in bad[:8])
    more = f"; and {len(bad) - 8} more" if len(bad) > 8 else ""
    be = "is" if len(bad) == 1 else "are"
    told = [f"{len(bad)} of {len(judged)} micrographs {be} left out: {shown}{more}"] if bad else []
    if len(bad) == len(judged):
        told.append("no micrograph passes. Try: look at session.png and thumbnails, then vitreous assess --accept NAME for those that "
                    "are usable; vitreous run goes on with --start pick.")  # fmt: skip
    return (*told, *mostly_doubtful(judged))


def mostly_doubtful(judged: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """What to say where more than half are doubtful: then the session is, or the rules do not suit it."""
    doubtful = [each["reasons"][0]["name"] for each in judged if each["verdict"] == "doubtful"]
    if 2 * len(doubtful) <= len(judged):
        return ()
    why, count = Counter(doubtful).most_common(1)[0]
    be = "is" if len(doubtful) == 1 else "are"
    return (f"{len(doubtful)} of {len(judged)} micrographs {be} doubtful, {count} first for {why}; kept all the same. Try: look at "
            "session.png and thumbnails, then vitreous assess --reject NAME for those that are not usable.",)  # fmt: skip


def estimate(inputs: Inputs, params: Assess) -> Estimate:
    """Expect a second a micrograph."""
    return Estimate(seconds=1.0 * len(read_list(inputs.all("micrographs"), params)), memory=10**9)


JOB = JobType(
    name="assess",
    summary="Judge micrographs, good, doubtful or bad, and say why",
    params=Assess,
    inputs=(
        Input("micrographs", "micrographs", "a STAR file, or images; best with their CTF", many=True),
        Input("fits", "curves", "files of estimate-ctf; those beside the STAR file without it", many=True, optional=True),
        Input("tracks", "curves", "files of align-movies; those beside the motion without it", many=True, optional=True),
        Input("overrides", "overrides", "your decisions: CSV or JSON with micrograph, verdict and reason", optional=True),
    ),
    outputs=(
        Output("good", "micrographs_good.star", "micrographs", "those that are not bad: for what comes next", optional=True),
        Output("micrographs", "micrographs.star", "micrographs", "all, with verdict, score and reasons"),
        Output("verdicts", "verdicts.json", "verdicts", "verdict, score, reasons and descriptors of each"),
        Output("thumbnails", "thumbnails/*.png", "picture", "small pictures, spoiled areas outlined, y upwards"),
        Output("session", "session.png", "picture", "the session in its order, bad ones marked"),
        Output("histograms", "histograms.png", "picture", "the spread of what was measured"),
    ),
    run="vitreous.jobs.assess:run",
    estimate="vitreous.jobs.assess:estimate",
    papers=("Vargas et al., J. Struct. Biol. 195, 93 (2016).",),
)
