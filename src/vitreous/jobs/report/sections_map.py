"""Sections on the first map, the refinement, the final map and its resolution."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from vitreous.jobs.report.run import table_columns
from vitreous.jobs.report.sampling import Sampling
from vitreous.jobs.report.words import number, some
from vitreous.runtime.files import read_json

if TYPE_CHECKING:
    from vitreous.jobs.report.comparison import Comparison
    from vitreous.jobs.report.run import Run
    from vitreous.views.figure import Figure
    from vitreous.views.report import Section, Table

HAND = ("Projections cannot tell a particle from its mirror image, so nothing here determines the hand of the map: of the two, one was "
        "taken by chance. Look at the turn of helices (right-handed) or at a known structure; if the map is the wrong one, "
        "vitreous convert --mirror turns it over: vitreous convert {map} --mirror --out mirrored.")  # fmt: skip


def first_map_section(run: Run) -> Section | None:
    """The starts, how they agree, and the map that was chosen."""
    from vitreous.views.maps import slices_figure
    from vitreous.views.report import Section

    volume, starts = run.first_map, run.file("initial-model", "starts")
    if volume is None or starts is None:
        return None
    told: Any = read_json(starts)
    count, agreeing = len(told["evidence"]), run.figure("initial-model", "agreeing_starts")
    text = (f"{some(count, 'random start')} were tried, with detail to {number(told['resolution_angstrom'])} Å; the one that makes the "
            "images most probable was kept. ")  # fmt: skip
    if count > 1 and agreeing is not None:
        text += (f"{agreeing} of the {count - 1} others found the same map, which makes luck unlikely." if agreeing else
                 "No other start found the same map: it may be wrong.")  # fmt: skip
    figure = slices_figure(volume.values.numpy(), volume.voxel_size, name="first-map", title="Central slices of the first map")
    return Section(title="First map", text=text, items=(_starts(told), figure))


def _starts(told: dict[str, Any]) -> Table:
    from vitreous.views.report import Table

    rows = [
        (f"{index + 1}{' (chosen)' if index + 1 == told['chosen'] else ''}", f"{evidence:.2f}", f"{agreement:.2f}", f"{sure:.2f}")
        for index, (evidence, agreement, sure) in enumerate(zip(told["evidence"], told["agreement"], told["confidence"]))
    ]
    columns = ("Start", "Evidence of an image (ln)", "Agreement with the chosen one", "Certainty of poses")
    return Table(columns=columns, rows=[tuple(cell.replace("-", "−") for cell in row) for row in rows])


def refinement_section(run: Run, views: Sampling | None) -> Section | None:
    """How it converged, and from where the particle was seen."""
    from vitreous.views.orientations import orientation_figure
    from vitreous.views.report import Section

    record, particles = run.last("refine"), run.particles
    if record is None or particles is None or particles.rotation is None:
        return None
    text = (f"Two halves of {some(len(particles), 'particle')} were refined apart from each other with symmetry {run.symmetry}. "
            f"{record.stop}".strip())  # fmt: skip
    sure = record.figures.get("pose_sigma_deg")
    text += f" Orientations are sure to {number(sure, 2)}° in the median, as far as noise goes." if sure else ""
    text += f" The views fill Fourier space with evenness {views.evenness:.2f} (1: all directions alike)." if views else ""
    items = [each for each in (_convergence(run), orientation_figure(particles.rotation, symmetry=run.symmetry)) if each is not None]
    return Section(title="Refinement", text=text, items=items)


def _convergence(run: Run) -> Figure | None:
    """From the log of the refinement: resolution and certainty by iteration."""
    from vitreous.pipeline.events import read_events
    from vitreous.views.convergence import convergence_figure

    record = run.last("refine")
    told = {event["done"]: event["figures"] for event in read_events(record.folder / "log.jsonl") if "figures" in event} if record else {}
    rows = [figures for _, figures in sorted(told.items()) if "resolution_angstrom" in figures]
    if len(rows) < 2:
        return None
    sure = [figures.get("certainty", figures.get("confidence")) for figures in rows]
    return convergence_figure(
        [figures["resolution_angstrom"] for figures in rows], certainty=None if None in sure else sure
    )


def map_section(run: Run, compared: Comparison | None) -> Section | None:
    """Slices and projections, and what is known of the hand."""
    from vitreous.views.maps import projections_figure, slices_figure
    from vitreous.views.report import Section

    if run.map is None or run.best_map is None:
        return None
    best, raw = run.best_map, run.map
    items = (slices_figure(best.values.numpy(), best.voxel_size, title="Central slices of the map, sharpened and masked"),
             slices_figure(raw.values.numpy(), raw.voxel_size, name="raw-slices", title="Central slices as reconstructed"),
             projections_figure(best.values.numpy(), best.voxel_size))  # fmt: skip
    return Section(title="The map", text=hand_text(run, compared), items=items)


def hand_text(run: Run, compared: Comparison | None) -> str:
    """Say what is known of the hand, and how to turn the map over."""
    if compared and compared.map:
        known = "is the mirror image of" if compared.map.mirrored else "has the hand of"
        return (f"Against the truth, this map {known} the simulated particle. With recorded data nothing would tell: projections "
                "are the same for both hands.")  # fmt: skip
    record = run.last("postprocess") or run.last("refine")
    sharpened = "final/map_sharpened.mrc" if record and record.type == "postprocess" else "final/map.mrc"
    return HAND.format(map=sharpened)


def resolution_section(run: Run, compared: Comparison | None) -> Section | None:
    """The correlation of the halves with its band, and the Guinier plot."""
    from vitreous.views.report import Section, Table, drawn

    record = run.last("postprocess")
    if record is None:
        return None
    told, items = record.figures, []
    items.append(_fsc(run, compared))
    if record.outputs.get("guinier_picture"):
        items.append(drawn(record["guinier_picture"], width="half"))
    text = ("Half-maps of particles that never met are compared inside a soft mask; what the mask itself adds is taken away by "
            "randomising phases (Chen et al. 2013). The band is the 95 % interval of the corrected curve.")  # fmt: skip
    if not run.claims_resolution:
        text += "\n\nNo resolution is claimed: the halves agree, but on what they began with and not on the data. See the warnings."
    made = told.get("mask_origin")
    text += f"\n\nThe mask: {made}." if made else ""
    table = Table(columns=("Measure", "Value"), rows=_statements(_claimed(run, told), compared))
    return Section(title="Resolution", text=text, items=[*items, table])


def _fsc(run: Run, compared: Comparison | None) -> Figure:
    import numpy as np

    from vitreous.views.fsc import FscCurves, fsc_figure

    record = run.last("postprocess")
    assert record is not None  # noqa: S101  the caller looked
    table = table_columns(record["fsc"])
    k = table["spatial_frequency_per_angstrom"]
    truth = np.interp(k, compared.map.k.numpy(), compared.map.fsc.numpy()) if compared and compared.map else None
    curves = FscCurves(
        k=k, corrected=table["fsc_corrected"], masked=table["fsc_masked"], unmasked=table["fsc_unmasked"],
        randomised=table["fsc_phase_randomised"], low=table["fsc_low"], high=table["fsc_high"], truth=truth,
    )  # fmt: skip
    told = _claimed(run, record.figures)
    interval = told.get("resolution_interval_angstrom")
    return fsc_figure(curves, resolution=told.get("resolution_angstrom"), interval=tuple(interval) if interval else None)


def _claimed(run: Run, told: Mapping[str, Any]) -> dict[str, Any]:
    """The figures, less every resolution where none is claimed."""
    return {name: value for name, value in told.items() if run.claims_resolution or not name.startswith("resolution")}


def _statements(told: Any, compared: Comparison | None) -> list[tuple[str, str]]:
    interval, b = told.get("resolution_interval_angstrom"), told.get("b_factor_angstrom2")
    between = f", 95 % from {number(interval[0])} to {number(interval[1])} Å" if interval else ""
    rows = [
        ("Masked and corrected, FSC 0.143", _angstrom(told.get("resolution_angstrom")) + between),
        ("Masked and corrected, FSC 0.5", _angstrom(told.get("resolution_half_angstrom"))),
        ("Without a mask, FSC 0.143", _angstrom(told.get("resolution_unmasked_angstrom"))),
        ("Phases made random beyond", _angstrom(told.get("phases_randomised_from_angstrom"))),
        ("B-factor", "not determined" if b is None else f"{number(b)} ± {number(told.get('b_factor_error_angstrom2'), 2)} Å²"),
        ("Share of the box inside the mask", f"{100 * told['mask_fraction']:.1f} %" if told.get("mask_fraction") else "–"),
    ]
    if compared and compared.map:
        rows.insert(3, ("Against the true map, FSC 0.5", _angstrom(compared.map.resolution)))
    return rows


def _angstrom(value: float | None) -> str:
    return "not determined" if value is None else f"{number(value)} Å"
