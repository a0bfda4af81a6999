"""Several assignments of poses to the particles on which they agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vitreous.errors import require
from vitreous.pipeline.context import Context
from vitreous.pipeline.job import Estimate, JobType, Result
from vitreous.pipeline.params import option, parameters
from vitreous.pipeline.ports import Input, Inputs, Output

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from vitreous.data.particles import Particles

#: What the job takes.
HELP = "two or more STAR files of the same particles, each with its own poses"
#: Share kept that is hardly better than chance: no frame brings the assignments together.
NOTHING = 3.0


@parameters
class Consensus:
    """What counts as agreement."""

    symmetry: str = option("C1", "", "point group of the maps: Cn, Dn, T, O, I")
    angle: float = option(10.0, "°", "largest angle between poses", above=0, high=180)
    distance: float = option(5.0, "Å", "largest difference of shifts", above=0, high=1000)


def run(inputs: Inputs, params: Consensus, context: Context) -> Result:
    """Bring all assignments into the frame of the first; keep the particles on which every one agrees with it."""
    import numpy as np

    from vitreous.io.particles import read_particles
    from vitreous.jobs.particle_table import write_table
    from vitreous.numerics.symmetry import symmetry
    from vitreous.runtime.chance import torch_generator
    from vitreous.runtime.files import write_json
    from vitreous.stages.particle_checks import agreement, in_common
    from vitreous.views.assignments import consensus_figure
    from vitreous.views.render import save_figure

    paths, group = inputs.all("particles"), symmetry(params.symmetry)
    require(len(paths) >= 2, "assignments", len(paths), "at least two STAR files of the same particles",
            instead="vitreous consensus a.star b.star")  # fmt: skip
    tables = [read_particles(path) for path in paths]
    rows = in_common(tables)
    poses = [assigned(table, own) for table, own in zip(tables, rows)]
    found = [agreement(poses[0], other, group, angle_deg=params.angle, distance=params.distance,
                       generator=torch_generator(context.seed, "votes", number)) for number, other in enumerate(poses[1:])]  # fmt: skip
    kept = np.logical_and.reduce([each.kept.numpy() for each in found])
    angle = np.max([each.angle_deg.numpy() for each in found], 0)
    away = np.max([each.distance.numpy() for each in found], 0)
    first = tables[0].take(rows[0])
    own = {"vitreousConsensusAngle": angle.round(4), "vitreousConsensusDistance": away.round(4)}
    scored = first.with_(extra={**first.extra, **own})
    if kept.any():
        write_table(scored.take(kept), context.outputs / "particles.star", context)
    if not kept.all():
        write_table(scored.take(~kept), context.outputs / "rejected.star", context)
    write_json(context.outputs / "consensus.json", [
        {"assignment": path.name, "particles_in_common": len(angle), "kept": int(each.kept.sum()), "share_by_chance": each.by_chance,
         "turn": each.frame.turn.tolist(), "move_angstrom": each.frame.move.tolist(), "mirrored": bool(each.frame.mirrored)}
        for path, each in zip(paths[1:], found)])  # fmt: skip
    save_figure(consensus_figure(angle, away, most_deg=params.angle, farthest=params.distance), context.outputs / "consensus.svg")
    share, chance = float(kept.mean()), found[0].by_chance
    told = {"in_common": len(kept), "kept": int(kept.sum()), "kept_share": round(share, 4), "share_by_chance": round(chance, 6),
            "angle_median_degrees": round(float(np.median(angle)), 3),
            "mirrored": [bool(each.frame.mirrored) for each in found]}  # fmt: skip
    return Result(figures=told, warnings=said(share, chance, [len(table) for table in tables], len(kept)))


def assigned(table: Particles, rows: np.ndarray) -> tuple[Tensor, Tensor]:
    """Rotations, and shifts in Å, of some rows."""
    import numpy as np
    import torch

    shift = np.zeros((len(table), 2)) if table.shift is None else table.shift
    return torch.from_numpy(table.rotation[rows]), torch.from_numpy(shift[rows])


def said(share: float, chance: float, sizes: list[int], common: int) -> tuple[str, ...]:
    """Warnings: nothing agrees, or much is not in all tables."""
    warnings = []
    if share < max(NOTHING * chance, 0.05):
        warnings.append(f"the assignments do not agree: {100 * share:.1f} % of the particles are kept, {100 * chance:.2f} % would be "
                        "by chance. Try: another --symmetry, or refinements that start from one map.")  # fmt: skip
    if common < 0.5 * max(sizes):
        warnings.append(f"{common} particles are in all tables, of {', '.join(map(str, sizes))}. The rest was left out.")
    return tuple(warnings)


def estimate(inputs: Inputs, params: Consensus) -> Estimate:
    """Expect seconds: poses are read, no images."""
    from vitreous.jobs.particle_table import quick_count

    return Estimate(seconds=3 + 2e-5 * sum(map(quick_count, inputs.all("particles"))), memory=10**9)


JOB = JobType(
    name="consensus",
    summary="Particles on whose poses independent refinements agree",
    params=Consensus,
    inputs=(Input("particles", "assignments", HELP, many=True, positional=True),),
    outputs=(
        Output("particles", "particles.star", "particles", "those that agree, with the poses of the first", optional=True),
        Output("rejected", "rejected.star", "rejected particles", "those that do not", optional=True),
        Output("summary", "consensus.json", "figures", "how every assignment lies to the first, and how many agree"),
        Output("picture", "consensus.svg", "picture", "angles and distances, with what chance gives"),
    ),
    run="vitreous.jobs.consensus:run",
    estimate="vitreous.jobs.consensus:estimate",
)
