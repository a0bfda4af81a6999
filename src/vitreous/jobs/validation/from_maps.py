"""What two half-maps say of themselves."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vitreous.jobs.validation.findings import Finding, look, not_done
from vitreous.runtime.progress import Progress, Reporter

if TYPE_CHECKING:
    from vitreous.data.check import Check
    from vitreous.data.local_resolution import LocalResolution
    from vitreous.data.volume import Volume
    from vitreous.stages.postprocess import Postprocessed

#: Local resolution is looked for on maps whose finest detail is this part of the resolution: finer pixels cost time and tell nothing.
REACH, LEAST_SIDE = 0.65, 64
STEPS = ("compare half-maps", "judge amplitudes", "compare directions", "local resolution", "widen and narrow the mask")


@dataclass(frozen=True, eq=False)
class Maps:
    """The half-maps and what goes with them.

    Parameters
    ----------
    first, second
        Unfiltered half-maps.
    mask
        Given by the user, or None.
    symmetry_order
        Of the point group that was imposed.
    seed
        Of the random phases.
    """

    first: Volume
    second: Volume
    mask: Volume | None
    symmetry_order: int
    seed: int


@dataclass(frozen=True, eq=False)
class FromMaps:
    """What was found, and what later steps go on with.

    Parameters
    ----------
    done
        Curves, mask, sharpened map.
    findings
        One a question.
    local
        Local resolution, where the halves agree.
    """

    done: Postprocessed
    findings: list[Finding]
    local: LocalResolution | None


def examine(maps: Maps, folder: Path, report: Reporter) -> FromMaps:
    """Ask the questions that need no more than half-maps; pictures go into ``folder``."""
    from vitreous.jobs.postprocess import draw
    from vitreous.runtime.chance import torch_generator
    from vitreous.stages.local_resolution import judge_local_resolution
    from vitreous.stages.postprocess import postprocess
    from vitreous.stages.sharpen import judge_amplitudes

    def step(number: int) -> None:
        report(Progress(STEPS[min(number, len(STEPS) - 1)], number, len(STEPS)))

    step(0)
    first, second, order = maps.first, maps.second, maps.symmetry_order
    done = postprocess(first, second, torch_generator(maps.seed, "phases"), mask=maps.mask, symmetry_order=order)
    found = done.resolution
    draw(done, folder)
    step(1)
    guinier = ("guinier.svg",) if (folder / "guinier.svg").exists() else ()
    findings = [
        look("amplitudes", lambda: judge_amplitudes(first, second, done.mask, found and found.value, sharpened=done.sharpened), *guinier)
    ]
    step(2)
    findings.append(look("directions", lambda: _directions(maps, done, folder), "directions.svg", "occupancy.svg"))
    step(3)
    local = None
    if found:
        local = local_resolution(maps, done, folder)
        size = smaller(first, found.value).voxel_size
        findings.append(look("local-resolution", lambda: judge_local_resolution(local, found.value, size), "local_resolution.svg"))
    else:
        findings += not_done(("local-resolution",), "the halves agree nowhere: there is no resolution to compare places with.")
    step(4)
    swept = ("mask_sweep.svg",) if found and _sweep(maps, done, folder) else ()
    findings += [Finding(check, swept if check.name == "mask" else ("fsc.svg",)) for check in done.checks]
    step(5)
    return FromMaps(done, findings, local)


def _directions(maps: Maps, done: Postprocessed, folder: Path) -> Check:
    from vitreous.jobs.directions import draw
    from vitreous.stages.orientations import compare_directions, judge_directions

    mask = done.mask.to(maps.first.values)
    found = compare_directions(maps.first.values * mask, maps.second.values * mask, maps.first.voxel_size)
    draw(found, folder)
    return judge_directions(found)


def local_resolution(maps: Maps, done: Postprocessed, folder: Path) -> LocalResolution:
    """Correlation in windows, on maps no finer than it needs; drawn."""
    from dataclasses import replace

    from vitreous.stages.local_resolution import windowed_fsc
    from vitreous.views.local_resolution import local_resolution_figure
    from vitreous.views.render import save_figure

    inside = replace(done.total, values=done.mask)
    first, second, mask = (smaller(each, done.resolution.value) for each in (maps.first, maps.second, inside))
    found = windowed_fsc(first, second, mask.values)
    density = 0.5 * (first.values + second.values)
    save_figure(local_resolution_figure(density, found.values, first.voxel_size, resolution=done.resolution.value),
                folder / "local_resolution.svg")  # fmt: skip
    return found


def smaller(volume: Volume, resolution: float) -> Volume:
    """The map on as few voxels as detail a little finer than ``resolution`` (Å) needs."""
    from vitreous.numerics.fourier import good_size

    size = volume.shape[0]
    side = max(LEAST_SIDE, good_size(int(2 * size * volume.voxel_size / (REACH * resolution))))
    return volume if side >= size else volume.resized(side)


def _sweep(maps: Maps, done: Postprocessed, folder: Path) -> bool:
    """Draw the resolution under masks from tight to wide; whether that could be done."""
    from dataclasses import replace
    from math import nan

    from vitreous.errors import InputError
    from vitreous.runtime.chance import torch_generator
    from vitreous.stages.postprocess.mask_sweep import sweep_masks
    from vitreous.views.mask_sweep import mask_sweep_figure
    from vitreous.views.render import save_figure

    try:
        rows = sweep_masks(maps.first, maps.second, replace(done.total, values=done.mask), torch_generator(maps.seed, "sweep"),
                           resolution_hint=done.resolution.value, symmetry_order=maps.symmetry_order)  # fmt: skip
    except InputError:
        return False
    ends = [(row.corrected.value, row.corrected.finer, row.corrected.coarser) if row.corrected else (nan,) * 3 for row in rows]
    corrected, finer, coarser = zip(*ends)
    save_figure(mask_sweep_figure([row.offset for row in rows], [row.masked or nan for row in rows], corrected,
                                  [row.randomised for row in rows], finer=finer, coarser=coarser), folder / "mask_sweep.svg")  # fmt: skip
    return True
