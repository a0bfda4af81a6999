"""Maps of several runs of the same particles, pair by pair: does it come out again?"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from vitreous.errors import require
from vitreous.jobs.options import PixelSize
from vitreous.pipeline.context import Context
from vitreous.pipeline.job import Estimate, JobType, Result
from vitreous.pipeline.params import option, parameters
from vitreous.pipeline.ports import Input, Inputs, Output

if TYPE_CHECKING:
    from torch import Tensor

    from vitreous.stages.controls.reproducibility import Pair

#: Last shell by which maps are turned onto each other.
RADIUS = 24


@parameters
class CompareRuns(PixelSize):
    """What the runs are of."""

    diameter: float = option(..., "Å", "longest side of the particle", above=0, high=100000)
    resolution: float = option(..., "Å", "that is claimed of the map", above=0, high=1000)
    symmetry: str = option("C1", "", "point group of the maps")


def run(inputs: Inputs, params: CompareRuns, context: Context) -> Result:
    """Compare every pair of runs and judge."""
    from dataclasses import asdict

    import torch

    from vitreous.io.mrc import read_volume
    from vitreous.numerics.filters import soft_disc
    from vitreous.numerics.symmetry import symmetry
    from vitreous.runtime.files import write_json
    from vitreous.stages.controls.reproducibility import compare_pair, judge_reproducibility

    paths = inputs.all("maps")
    require(len(paths) >= 2, "maps", len(paths), "two or more, one a run", instead="refine again with another --seed")
    maps = [read_volume(path, params.pixel_size) for path in paths]
    voxel, size = maps[0].voxel_size, maps[0].shape[0]
    for path, each in zip(paths, maps):
        same = abs(each.voxel_size - voxel) < 1e-3 * voxel
        require(same, f"voxel size of {path}", each.voxel_size, f"that of the first map, {voxel:g} Å")
    poses = read_poses(inputs, len(paths))
    ball = soft_disc((size,) * 3, min(0.55 * params.diameter / voxel, 0.45 * size), max(3.0, 0.05 * size))
    with torch.inference_mode():
        pairs = [
            compare_pair((paths[a].name, paths[b].name) if paths[a].name != paths[b].name else (f"run {a + 1}", f"run {b + 1}"),
                         (maps[a].values, maps[b].values), (poses[a], poses[b]) if poses else None, ball, voxel,
                         symmetry(params.symmetry), radius=min(RADIUS, size // 2 - 1))
            for a, b in combinations(range(len(maps)), 2)
        ]  # fmt: skip
        check = judge_reproducibility(pairs, params.resolution)
    write_json(context.outputs / "runs.json", {"check": asdict(check), "pairs": [told(pair) for pair in pairs]})
    figures = {"verdict": check.verdict, **check.figures}
    return Result(figures=figures, warnings=() if check.verdict == "pass" else (check.reason,))


def read_poses(inputs: Inputs, count: int) -> list[Tensor] | None:
    """Rotations of the same particles in each run, in one order; None without tables.

    Raises
    ------
    InputError
        If tables are not as many as maps, or do not hold the same images with poses.
    """
    import numpy as np
    import torch

    from vitreous.io.particles import read_particles
    from vitreous.jobs.placed_particles import require_poses

    tables = [read_particles(path) for path in inputs.all("particles")]
    if not tables:
        return None
    require(len(tables) == count, "tables of particles", len(tables), f"as many as maps, {count}, in the same order")
    names = []
    for each in tables:
        require_poses(each)
        names.append([(each.stack[s].name, i) for s, i in zip(each.stack_index, each.slice_index)])
    common = set(names[0]).intersection(*names[1:])
    require(len(common) >= 10, "particles that all runs share", len(common), "at least 10", instead="tables of the same stacks")
    first = [name for name in names[0] if name in common]
    rows = [dict(zip(each, range(len(each)))) for each in names]
    return [torch.from_numpy(np.stack([table.rotation[row[name]] for name in first])) for table, row in zip(tables, rows)]


def told(pair: Pair) -> dict[str, object]:
    """One pair as plain numbers."""
    return {"runs": list(pair.names), "identical": pair.identical, "opposite_hands": pair.mirrored, "turned_degrees": pair.turned,
            "agreement_angstrom": pair.resolution, "angle_degrees_by_share_of_particles": pair.quantiles,
            "fsc": [round(float(v), 4) for v in pair.fsc]}  # fmt: skip


def estimate(inputs: Inputs, params: CompareRuns) -> Estimate:
    """Expect some seconds a pair."""
    from vitreous.io.mrc import read_header

    count, voxels = len(inputs.all("maps")), read_header(inputs["maps"]).shape[0] ** 3
    return Estimate(seconds=5 + count * (count - 1) / 2 * (5 + 1e-6 * voxels), memory=5 * 10**8 + 100 * voxels)


JOB = JobType(
    name="compare-runs",
    summary="Maps and poses of several runs, pair by pair: does it come out again?",
    params=CompareRuns,
    inputs=(
        Input("maps", "maps", "a map of each run", many=True),
        Input("particles", "particles", "the particles of each run, in the same order", many=True, optional=True),
    ),
    outputs=(Output("checks", "runs.json", "checks", "the finding, and every pair with its correlation and angles"),),
    run="vitreous.jobs.compare_runs:run",
    estimate="vitreous.jobs.compare_runs:estimate",
    papers=("Rosenthal and Henderson, J. Mol. Biol. 333, 721 (2003).",),
)
