"""Half-maps to their agreement by direction, and particles to the evenness of their views."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vitreous.errors import require
from vitreous.jobs.options import PixelSize
from vitreous.pipeline.context import Context
from vitreous.pipeline.job import Estimate, JobType, Result
from vitreous.pipeline.params import option, parameters
from vitreous.pipeline.ports import Input, Inputs, Output

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import Tensor

    from vitreous.stages.orientations import Coverage, Directions

#: Voxels a side of the ball's edge, as a share of the box, where no mask is given.
BALL_EDGE = 0.1
#: Grids differ where their scales do by more than this share.
SAME_SCALE = 1e-3


@parameters
class CompareDirections(PixelSize):
    """The scale of the maps, and the symmetry of the particles."""

    symmetry: str = option("C1", "", "point group imposed on the half-maps: Cn, Dn, T, O, I")


def run(inputs: Inputs, params: CompareDirections, context: Context) -> Result:
    """Compare by direction, measure the views if there are particles, and draw both."""
    from dataclasses import asdict

    import torch

    from vitreous.data.volume import Volume
    from vitreous.io.mrc import write_volume
    from vitreous.runtime.files import write_json
    from vitreous.stages.orientations import compare_directions, judge_directions, judge_orientations

    coverage = read_coverage(inputs, params.symmetry)
    first, second, voxel = masked_halves(inputs, params.pixel_size)
    with torch.inference_mode():
        found = compare_directions(first, second, voxel)
        checks = [judge_directions(found)] + ([judge_orientations(coverage)] if coverage else [])
        # The pixels of a picture of frequencies are 1 / length apart; a header has no unit but Å.
        write_volume(context.outputs / "fsc3d.mrc", Volume(found.volume(first.shape[0]), voxel))
    write_curves(found, context.outputs)
    draw(found, context.outputs)
    if coverage:
        draw_views(read_rotation(inputs["particles"]), coverage, context.outputs)
    told = {key: value for check in checks for key, value in check.figures.items()}
    write_json(context.outputs / "directions.json", {**told, "checks": [asdict(check) for check in checks]})
    return Result(figures=told, warnings=tuple(f"{each.name}: {each.reason}" for each in checks if each.verdict in ("warn", "fail")),
                  stop=checks[0].reason)  # fmt: skip


def masked_halves(inputs: Inputs, pixel_size: float | None) -> tuple[Tensor, Tensor, float]:
    """Both half-maps times the mask, or times the ball that fits the box, and their voxel size in Å.

    Raises
    ------
    InputError
        If the grids differ, the maps are constant or identical, or the mask is empty or not from 0 to 1.
    """
    import torch

    from vitreous.io.mrc import read_volume
    from vitreous.numerics.filters import soft_disc

    first, second = (read_volume(inputs[port], pixel_size) for port in ("half1", "half2"))
    require(first.shape == second.shape and len(set(first.shape)) == 1, "half-maps", (first.shape, second.shape), "cubes of one size")
    require(abs(first.voxel_size - second.voxel_size) < SAME_SCALE * first.voxel_size, "voxel sizes of the half-maps",
            (first.voxel_size, second.voxel_size), "equal, in Å", instead="--pixel-size, if a header is wrong")  # fmt: skip
    for name, volume in (("half-map 1", first), ("half-map 2", second)):
        require(float(volume.values.std()) > 0, name, "one number everywhere", "a map")
    require(not torch.equal(first.values, second.values), "half-maps", "the same map twice",
            "maps of two halves of the particles", instead="half1.mrc and half2.mrc of a refinement")  # fmt: skip
    size = first.shape[0]
    if not inputs.get("mask"):
        mask = soft_disc(first.shape, (0.5 - BALL_EDGE) * size, BALL_EDGE * size)
        return first.values * mask, second.values * mask, first.voxel_size
    given = read_volume(inputs["mask"], pixel_size)
    require(given.shape == first.shape, "mask", given.shape, f"of the half-maps' shape, {first.shape}")
    low, high = float(given.values.min()), float(given.values.max())
    require(low >= -0.05 and 0.5 < high < 1.05, "mask", (low, high), "of values from 0 (left out) to 1 (compared)")
    return first.values * given.values, second.values * given.values, first.voxel_size


def read_coverage(inputs: Inputs, symmetry: str) -> Coverage | None:
    """Evenness of the particles' views, ``None`` without particles.

    Raises
    ------
    InputError
        If they have no poses.
    """
    import torch

    from vitreous.numerics.symmetry import symmetry as point_group
    from vitreous.stages.orientations import orientation_coverage

    group = point_group(symmetry)
    if not inputs.get("particles"):
        return None
    return orientation_coverage(torch.as_tensor(read_rotation(inputs["particles"])), group)


def read_rotation(path: Path) -> NDArray:
    """Poses of the particles of a table, ``(n, 3, 3)``.

    Raises
    ------
    InputError
        If they have none.
    """
    from vitreous.io.particles import read_particles

    rotation = read_particles(path, require_images=False).rotation
    require(rotation is not None, "particles", "no rlnAngleRot, rlnAngleTilt, rlnAnglePsi", "with poses",
            instead="particles.star of a refinement")  # fmt: skip
    return rotation


def write_curves(found: Directions, folder: Path) -> None:
    """Write FSC, FSO, evenness and the range of the cones by shell, and the resolution by direction."""
    from vitreous.runtime.files import write_text

    cones, shares = found.cones, found.occupied.share
    rows = ["spatial_frequency_per_angstrom,fsc,fso,p_value_of_evenness,fsc_least,fsc_most"]
    for s in range(1, len(shares)):
        column = cones.curves[:, s]
        rows.append(f"{s / cones.length:.6g},{float(cones.average[s]):.5f},{float(shares[s]):.4f},{found.by_shell[s].p_value:.4g},"
                    f"{float(column.min()):.5f},{float(column.max()):.5f}")  # fmt: skip
    write_text(folder / "occupancy.csv", "\n".join(rows) + "\n")
    lines = [",".join(f"{value:.5f}" for value in (*unit, *pair)) for unit, *pair in
             zip(cones.directions.tolist(), cones.resolution().tolist(), cones.resolution(1 / 7).tolist())]  # fmt: skip
    write_text(folder / "directions.csv", "\n".join(["x,y,z,resolution_0.5_angstrom,resolution_0.143_angstrom", *lines]) + "\n")


def draw(found: Directions, folder: Path) -> None:
    """Draw the curves by direction, and the share of directions."""
    from vitreous.views.directional import directional_figure, occupancy_figure
    from vitreous.views.render import save_figure

    cones, occupied = found.cones, found.occupied
    save_figure(directional_figure(cones.directions.numpy(), cones.curves.numpy(), cones.average.numpy(), length=cones.length,
                                   resolution=cones.resolution().numpy()), folder / "directions.svg")  # fmt: skip
    save_figure(occupancy_figure(occupied.share.numpy(), [each.p_value for each in found.by_shell], length=cones.length,
                                 ends=(occupied.reached(0.9), occupied.reached(0.1)), average=cones.average.numpy()),
                folder / "occupancy.svg")  # fmt: skip


def draw_views(rotation: NDArray, coverage: Coverage, folder: Path) -> None:
    """Draw the views of particles, ``(n, 3, 3)``, and how often each direction was measured."""
    from vitreous.stages.orientations import TILTS
    from vitreous.views.orientations import orientation_figure, sampling_figure
    from vitreous.views.render import save_figure

    save_figure(orientation_figure(rotation, symmetry=coverage.symmetry), folder / "orientations.svg")
    save_figure(sampling_figure(coverage.sampled.directions.numpy(), coverage.sampled.relative.numpy(), tilts_deg=TILTS,
                                scf_star=[each.scf_star for each in coverage.tilted], advised=coverage.advised_tilt),
                folder / "sampling.svg")  # fmt: skip


def estimate(inputs: Inputs, params: CompareDirections) -> Estimate:
    """Expect some thirty bytes and two tenths of a microsecond a voxel, as measured at 256 voxels a side."""
    from math import prod

    from vitreous.io.mrc import read_header

    voxels = prod(read_header(inputs["half1"]).shape)
    return Estimate(seconds=5 + 2e-7 * voxels, memory=400_000_000 + 30 * voxels)


JOB = JobType(
    name="directions",
    summary="Agreement of half-maps by direction, and evenness of views",
    params=CompareDirections,
    inputs=(
        Input("half1", "half-map 1", "unfiltered map of one half of the particles", positional=True),
        Input("half2", "half-map 2", "that of the other half", positional=True),
        Input("mask", "mask", "1 on the particle, soft at its edge; a ball without it", optional=True),
        Input("particles", "particles", "a STAR file with the poses the maps were made with", optional=True),
    ),
    outputs=(
        Output("fsc3d", "fsc3d.mrc", "map", "correlation in the cone about each frequency, zero frequency in the middle"),
        Output("summary", "directions.json", "figures", "area ratio, sphericity, evenness, sampling, verdicts"),
        Output("occupancy", "occupancy.csv", "curve", "FSC, FSO, evenness and range of the cones by shell"),
        Output("by_direction", "directions.csv", "table", "resolution along each direction"),
        Output("directions_picture", "directions.svg", "picture", "curves and resolution by direction"),
        Output("occupancy_picture", "occupancy.svg", "picture", "share of directions that agree, and evenness"),
        Output("orientations", "orientations.svg", "picture", "viewing directions", optional=True),
        Output("sampling", "sampling.svg", "picture", "directions measured, and what a tilt would give", optional=True),
    ),
    run="vitreous.jobs.directions:run",
    estimate="vitreous.jobs.directions:estimate",
    papers=(
        "Tan et al., Nat. Methods 14, 793 (2017).",
        "Vilas & Tagare, Nat. Methods 20, 1469 (2023).",
        "Baldwin & Lyumkis, Prog. Biophys. Mol. Biol. 150, 160 (2020).",
        "Naydenova & Russo, Nat. Commun. 8, 629 (2017).",
    ),
)
