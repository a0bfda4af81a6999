"""Pairs of images of the same particles, the stage tilted in between: is the map right, and which hand has it?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vitreous.errors import InputError, require
from vitreous.jobs.options import PixelSize
from vitreous.pipeline.context import Context
from vitreous.pipeline.job import Estimate, JobType, Result
from vitreous.pipeline.params import option, parameters
from vitreous.pipeline.ports import Input, Inputs, Output

if TYPE_CHECKING:
    from pathlib import Path

    from vitreous.data.particles import Particles
    from vitreous.stages.particle_checks import TiltCluster, TiltSearch

#: Probability by chance below which a cluster is one.
SURE = 0.01


@parameters
class TiltPairs(PixelSize):
    """What is known of the microscope."""

    symmetry: str = option("C1", "", "point group of the map: Cn, Dn, T, O, I")
    tilt: float | None = option(None, "°", "true tilt from the first to the second image, positive about the axis", low=-80, high=80,
                                if_none="not known: the hand is not told")  # fmt: skip
    axis: float | None = option(None, "°", "true direction of the tilt axis in the images, from +x towards +y", low=-360, high=360,
                                if_none="not known: the hand is not told")  # fmt: skip
    resolution: float = option(20.0, "Å", "finest detail compared with a map", above=0, high=500)


def run(inputs: Inputs, params: TiltPairs, context: Context) -> Result:
    """Find the cluster, and with a map the phase residual of every tilt."""
    import math

    import torch

    from vitreous.io.particles import read_particles
    from vitreous.numerics.symmetry import symmetry
    from vitreous.runtime.files import write_json, write_text
    from vitreous.stages.particle_checks import tilt_cluster
    from vitreous.stages.particle_checks.tilt_pairs import CAP_DEG
    from vitreous.views.assignments import tilt_pair_figure
    from vitreous.views.render import save_figure

    require((params.tilt is None) == (params.axis is None), "tilt and axis", (params.tilt, params.axis), "both given, or neither")
    untilted, tilted = (read_particles(inputs[port], pixel_size=params.pixel_size) for port in ("untilted", "tilted"))
    for name, table in (("untilted", untilted), ("tilted", tilted)):
        if table.rotation is None:
            raise InputError(f"{name} particles must have poses (rlnAngleRot …); these have none. Try: vitreous refine first.")
    first, second = torch.from_numpy(untilted.rotation), torch.from_numpy(tilted.rotation)
    cluster = tilt_cluster(first, second, symmetry(params.symmetry))
    search = searched(first, tilted, inputs, params, context)
    told = tell(cluster, search, params)
    write_json(context.outputs / "tilt_pairs.json", told)
    rows = (f"{number + 1},{tilt:.4f},{axis:.4f}" for number, (tilt, axis) in enumerate(zip(cluster.tilt_deg, cluster.axis_deg)))
    write_text(context.outputs / "tilt_pairs.csv", "\n".join(["pair,tilt_degrees,axis_degrees", *rows]) + "\n")

    def place(tilt: float, axis: float) -> tuple[float, float]:
        return tilt * math.cos(math.radians(axis)), tilt * math.sin(math.radians(axis))

    expected = None if params.tilt is None or params.axis is None else place(params.tilt, params.axis)
    residual = search and (search.line_deg.numpy(), search.residual_deg.numpy())
    middle = place(cluster.mean_tilt_deg, cluster.mean_axis_deg)
    figure = tilt_pair_figure(cluster.points.numpy(), middle, cap_deg=CAP_DEG, expected_deg=expected, residual=residual)
    save_figure(figure, context.outputs / "tilt_pairs.svg")
    return Result(figures=told, warnings=said(cluster, told))


def searched(untilted: object, tilted: Particles, inputs: Inputs, params: TiltPairs, context: Context) -> TiltSearch | None:
    """Phase residuals of the tilted images, where there is a map to hold them against."""
    import torch

    from vitreous.io.mrc import read_volume
    from vitreous.stages.particle_checks import pose_particles, search_tilt

    path: Path | None = inputs.get("map")
    if path is None:
        return None
    posed = pose_particles(tilted, [read_volume(path, params.pixel_size)], finest=params.resolution, memory=context.memory // 2)
    with torch.inference_mode():
        return search_tilt(untilted, posed, radius=posed.images.shell(params.resolution))  # type: ignore[arg-type]


def tell(cluster: TiltCluster, search: TiltSearch | None, params: TiltPairs) -> dict[str, object]:
    """The numbers of the result."""
    told: dict[str, object] = {
        "pairs": len(cluster.tilt_deg), "tilt_degrees": round(cluster.mean_tilt_deg, 3), "axis_degrees": round(cluster.mean_axis_deg, 3),
        "within_5_degrees": round(cluster.within, 4), "p_value": float(f"{cluster.p_value:.3g}"), "hand": "not told",
    }  # fmt: skip
    if params.tilt is not None and params.axis is not None:
        told["hand"] = cluster.hand(params.tilt, params.axis)
    if search is not None:
        tilt, axis = search.best
        told |= {"search_tilt_degrees": round(tilt, 2), "search_axis_degrees": round(axis, 2),
                 "phase_residual_degrees": round(float(search.residual_deg.min()), 2)}  # fmt: skip
    return told


def said(cluster: TiltCluster, told: dict[str, object]) -> tuple[str, ...]:
    """Warnings: no cluster, or the wrong hand."""
    if cluster.p_value > SURE:
        return (f"the pairs do not cluster (probability {cluster.p_value:.2g} by chance): the poses, or the map, are not right. "
                "Try: larger particles, or a map from other data.",)  # fmt: skip
    if told["hand"] == "wrong":
        return ("the pairs cluster about the opposite of the true tilt: the map has the wrong hand. Try: vitreous convert --mirror.",)
    return ()


def estimate(inputs: Inputs, params: TiltPairs) -> Estimate:
    """Expect a twentieth of a second a pair where there is a map."""
    from vitreous.jobs.particle_table import quick_count

    return Estimate(seconds=3 + 0.05 * quick_count(inputs["tilted"]), memory=10**9)


JOB = JobType(
    name="tilt-pairs",
    summary="Tilt-pair validation: is the map right, and which hand has it",
    params=TiltPairs,
    inputs=(
        Input("untilted", "untilted particles", "a STAR file of particles with poses, one row a pair", positional=True),
        Input("tilted", "tilted particles", "the same particles in the same order after the stage was tilted", positional=True),
        Input("map", "map", "held against the tilted images at every tilt", optional=True),
    ),
    outputs=(
        Output("summary", "tilt_pairs.json", "figures", "tilt, axis, how many pairs agree, hand"),
        Output("pairs", "tilt_pairs.csv", "table", "tilt and axis of every pair"),
        Output("picture", "tilt_pairs.svg", "picture", "the polar plot, and the phase residual of every tilt"),
    ),
    run="vitreous.jobs.tilt_pairs:run",
    estimate="vitreous.jobs.tilt_pairs:estimate",
    papers=("Rosenthal & Henderson, J. Mol. Biol. 333, 721 (2003).", "Wasilewski & Rosenthal, J. Struct. Biol. 186, 122 (2014)."),
)
