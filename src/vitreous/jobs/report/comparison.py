"""Every step of a simulated run against the truth, measured once and shown twice: in numbers and in pictures."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vitreous.jobs.report.truth import (
    DefocusErrors,
    TrueSession,
    defocus_errors,
    motion_errors,
    picking_agreement,
    read_truth,
)
from vitreous.jobs.report.truth_map import MapMatch, match
from vitreous.jobs.report.truth_poses import PoseErrors, pose_errors

if TYPE_CHECKING:
    from vitreous.data.volume import Volume
    from vitreous.jobs.report.run import Run
    from vitreous.stages.picking.metrics import Agreement

#: Degrees beyond which a pose is called wrong.
WRONG = 10.0
#: Å: finest detail of a first map that is compared.
FIRST = 12.0


@dataclass(frozen=True)
class Comparison:
    """Errors of the steps that were done; ``None`` or empty for the others."""

    truth: TrueSession
    motion: dict[str, tuple[float, float]]
    defocus: DefocusErrors | None
    picks: Agreement | None
    first_map: MapMatch | None
    map: MapMatch | None
    poses: PoseErrors | None

    def figures(self) -> dict[str, Any]:
        """The errors in numbers, by names that say their unit."""
        found = _motion(self.motion) | _defocus(self.defocus) | _picks(self.picks) | _first(self.first_map)
        return found | _poses(self.poses) | _map(self.map)


def compare(run: Run) -> Comparison | None:
    """Compare all that was found with the truth; ``None`` for recorded data."""
    truth = read_truth(run)
    if truth is None:
        return None
    found = _compare_map(run, run.map, run.mask, truth)
    particles = run.particles
    return Comparison(
        truth=truth,
        motion=motion_errors(run.tracks, truth),
        defocus=defocus_errors(run.micrographs, truth) if run.fits else None,
        picks=picking_agreement(run.picks, run.micrographs, truth) if run.picks else None,
        first_map=_compare_map(run, run.first_map and run.first_map.resized(_coarse(run.first_map)), None, truth),
        map=found,
        poses=pose_errors(particles, found, truth) if found and particles is not None else None,
    )


def _coarse(volume: Volume) -> int:
    """Voxels a side, even, that hold detail of ``FIRST`` Å."""
    extent = volume.shape[0] * volume.voxel_size
    return min(volume.shape[0], 2 * math.ceil(extent / FIRST))


def _compare_map(run: Run, found: Volume | None, mask: Volume | None, truth: TrueSession) -> MapMatch | None:
    import torch

    from vitreous.jobs.refine import read_reference

    if found is None:
        return None
    with torch.inference_mode():
        true = read_reference(truth.map, found.shape[0], found.voxel_size)
        return match(found, mask.values if mask else None, true, run.symmetry)


def _motion(errors: dict[str, tuple[float, float]]) -> dict[str, Any]:
    if not errors:
        return {}
    found, whole = ((sum(pair[k] ** 2 for pair in errors.values()) / len(errors)) ** 0.5 for k in (0, 1))
    return {"motion_rms_angstrom": round(found, 3), "motion_rms_uncorrected_angstrom": round(whole, 3)}


def _defocus(errors: DefocusErrors | None) -> dict[str, Any]:
    if errors is None or not len(errors.true):
        return {}
    apart = errors.found - errors.true
    return {
        "defocus_rms_angstrom": round(float((apart**2).mean() ** 0.5), 1),
        "defocus_greatest_angstrom": round(float(abs(apart).max()), 1),
        "astigmatism_rms_angstrom": round(float((errors.astigmatism**2).mean() ** 0.5), 1),
    }


def _picks(picks: Agreement | None) -> dict[str, Any]:
    if picks is None:
        return {}
    return {f"picking_{name}": round(getattr(picks, name), 4) for name in ("precision", "recall", "f1")}


def _poses(errors: PoseErrors | None) -> dict[str, Any]:
    import numpy as np

    if errors is None or not len(errors.angle_deg):
        return {}
    return {
        "pose_median_deg": round(float(np.median(errors.angle_deg)), 3),
        "pose_wrong_share": round(float((errors.angle_deg > WRONG).mean()), 4),
        "shift_median_angstrom": round(float(np.median(errors.shift)), 3),
        "false_particle_count": errors.false,
    }


def _first(found: MapMatch | None) -> dict[str, Any]:
    return {} if found is None else {"first_map_fsc_half_angstrom": None if found.resolution is None else round(found.resolution, 3)}


def _map(found: MapMatch | None) -> dict[str, Any]:
    if found is None:
        return {}
    resolution = None if found.resolution is None else round(found.resolution, 3)
    return {"map_fsc_half_angstrom": resolution, "map_mirrored": found.mirrored}
