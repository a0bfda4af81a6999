"""Sections that hold a simulated run against its truth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vitreous.jobs.report.comparison import WRONG
from vitreous.jobs.report.words import number

if TYPE_CHECKING:
    from vitreous.jobs.report.comparison import Comparison
    from vitreous.views.report import Section

#: Å: maps are shown to where they agree, and no coarser than this.
COARSEST = 20.0


def truth_sections(compared: Comparison) -> list[Section]:
    """A table of every step, then pictures of defocus, poses and map."""
    from vitreous.views.report import Section, Table

    rows = every_step(compared)
    table = Table(columns=("Step", "Error", "In words"), rows=rows)
    sections = [Section(title="Every step", items=(table,)), _defocus(compared), _poses(compared), _map(compared)]
    return [section for section in sections if section is not None]


def every_step(compared: Comparison) -> list[tuple[str, str, str]]:
    """(step, error, what it means) of what was done."""
    told, rows = compared.figures(), []

    def row(step: str, needs: str, error: str, words: str) -> None:
        if told.get(needs) is not None:
            rows.append((step, error.format(**told), words.format(**told)))

    row("Motion", "motion_rms_angstrom", "{motion_rms_angstrom:.2f} Å r.m.s.",
        "of {motion_rms_uncorrected_angstrom:.1f} Å before alignment")  # fmt: skip
    row("Defocus", "defocus_rms_angstrom", "{defocus_rms_angstrom:.0f} Å r.m.s.", "{defocus_greatest_angstrom:.0f} Å at most")
    row("Astigmatism", "astigmatism_rms_angstrom", "{astigmatism_rms_angstrom:.0f} Å r.m.s.", "size and direction together")
    row("Picking", "picking_f1", "F1 {picking_f1:.3f}", "{picking_precision:.1%} of the picks are particles, {picking_recall:.1%} of the "
        "particles were picked")  # fmt: skip
    row("Selection", "false_particle_count", "{false_particle_count} false", "images in the final map that are no particle")
    row("First map", "first_map_fsc_half_angstrom", "{first_map_fsc_half_angstrom:.1f} Å", "FSC 0.5 with the true map")
    row("Orientations", "pose_median_deg", "{pose_median_deg:.2f}° median", f"{{pose_wrong_share:.1%}} are more than {WRONG:g}° off")
    row("Positions", "shift_median_angstrom", "{shift_median_angstrom:.2f} Å median", "of each particle in its micrograph")
    row("Map", "map_fsc_half_angstrom", "{map_fsc_half_angstrom:.2f} Å", "FSC 0.5 with the true map")
    if compared.map:
        rows.append(("Hand", "mirrored" if compared.map.mirrored else "right", "projections alone cannot tell it"))
    return [tuple(cell.replace("%", " %") for cell in each) for each in rows]


def _defocus(compared: Comparison) -> Section | None:
    from vitreous.views.report import Section
    from vitreous.views.truth import recovery_figure

    errors = compared.defocus
    if errors is None or len(errors.true) < 2:
        return None
    return Section(title="Defocus of each micrograph", items=(recovery_figure(errors.true, errors.found, label="Defocus", unit="Å"),))


def _poses(compared: Comparison) -> Section | None:
    from vitreous.views.report import Section
    from vitreous.views.truth import pose_error_figure

    errors = compared.poses
    if errors is None or not len(errors.angle_deg):
        return None
    text = ("The map was turned onto the true one" + (", and mirrored" if compared.map and compared.map.mirrored else "")
            + "; the poses turned with it are compared with the true poses.")  # fmt: skip
    return Section(title="Poses", text=text, items=(pose_error_figure(errors.angle_deg, errors.shift),))


def _map(compared: Comparison) -> Section | None:
    from vitreous.numerics.filters import low_pass
    from vitreous.views.maps import slices_figure
    from vitreous.views.report import Section

    found = compared.map
    if found is None:
        return None
    voxel = 1 / (found.turned.shape[0] * float(found.k[1]))
    limit = max(min(found.resolution or 0.0, COARSEST), 2.1 * voxel)
    items: list[Any] = []
    for values, name, title in ((found.turned, "turned-slices", "This map, turned onto the truth"),
                                (found.true, "true-slices", f"The true map, to {number(limit)} Å")):  # fmt: skip
        items.append(slices_figure(low_pass(values, limit, voxel, axes=3).numpy(), voxel, name=name, title=title))
    return Section(title="The map beside the true one", items=items)
