"""Many micrographs to one stack of particles, a micrograph at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from vitreous.data.micrograph import Micrograph
from vitreous.data.optics import Optics
from vitreous.data.particles import Particles
from vitreous.errors import InputError, VitreousError, require
from vitreous.io.mrc import read_image
from vitreous.io.stacks import write_stack
from vitreous.physics.defocus import at_places
from vitreous.runtime.chance import numpy_generator
from vitreous.runtime.progress import Progress, Reporter, silent
from vitreous.stages.particles.extraction import BoxParams, Extracted, extract


@dataclass(frozen=True)
class Picked:
    """A micrograph and where its particles are, (x, y) in pixels, ``(n, 2)``; further columns ``(n,)`` by RELION's labels."""

    micrograph: Micrograph
    coordinate: np.ndarray
    extra: Mapping[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True)
class Extraction:
    """What came of it.

    Parameters
    ----------
    particles
        One row an image of the stack.
    cut_off
        Particles without an image because their box leaves the micrograph.
    quarantined
        Micrographs that could not be used, and why.
    """

    particles: Particles
    cut_off: int
    quarantined: tuple[tuple[str, str], ...]


@dataclass
class _Rows:
    """Columns of the particle table while they grow."""

    micrograph: list[str] = field(default_factory=list)
    index: list[np.ndarray] = field(default_factory=list)
    group: list[np.ndarray] = field(default_factory=list)
    defocus: list[np.ndarray] = field(default_factory=list)
    centre: list[np.ndarray] = field(default_factory=list)
    shift: list[np.ndarray] = field(default_factory=list)
    extra: dict[str, list[np.ndarray]] = field(default_factory=dict)
    quarantined: list[tuple[str, str]] = field(default_factory=list)
    cut_off: int = 0

    def add(self, picked: Picked, group: int, got: Extracted, shape: tuple[int, int]) -> None:
        micrograph, count = picked.micrograph, len(got.images)
        self.index.append(np.full(count, len(self.micrograph)))
        self.micrograph.append(str(micrograph.path))
        self.group.append(np.full(count, group))
        self.defocus.append(at_places(micrograph, picked.coordinate[got.kept], shape))
        self.centre.append(got.centre.astype(np.float64))
        self.shift.append(got.shift)
        for label, column in picked.extra.items():
            self.extra.setdefault(label, []).append(np.asarray(column)[got.kept])
        self.cut_off += int((~got.kept).sum())


def extract_stack(
    picked: Sequence[Picked], stack: str | Path, params: BoxParams, *, seed: int = 0, report: Reporter = silent
) -> Extraction:
    """Cut the particles out of many micrographs and write them to one stack.

    A micrograph that cannot be read or used is quarantined with its reason; the rest goes on.

    Parameters
    ----------
    picked
        Micrographs, all of one pixel size, with coordinates; all with the same further columns.
    stack
        The MRC stack (``.mrcs``) to write; it appears whole or not at all.
    params
        Box, output size, normalisation.
    seed
        Seed of the noise in place of outlying pixels; each micrograph has its own stream.
    report
        Takes progress.

    Returns
    -------
    Extraction
        Particles at the pixel size of the stack, with the defocus at their places if the micrographs have one.

    Raises
    ------
    InputError
        If pixel sizes differ, or no particle at all could be cut out.
    """
    groups = tuple(dict.fromkeys(p.micrograph.optics for p in picked))
    sizes = sorted({o.pixel_size for o in groups})
    require(len(sizes) == 1, "pixel sizes of the micrographs", sizes, "one for all, in Å", instead="one stack a pixel size")
    rows = _Rows()
    images = _images(picked, groups, params, rows, seed, report)
    write_stack(stack, images, sizes[0] * params.box / params.size)
    return Extraction(_table(rows, groups, Path(stack), params), rows.cut_off, tuple(rows.quarantined))


def _images(
    picked: Sequence[Picked], groups: tuple[Optics, ...], params: BoxParams, rows: _Rows, seed: int, report: Reporter
) -> Iterator[np.ndarray]:
    """Images in order; rows are filled in as a side effect, so that one micrograph at a time is in memory."""
    fitted = any(p.micrograph.defocus for p in picked)
    for done, item in enumerate(picked):
        name = str(item.micrograph.path)
        try:
            require(not fitted or item.micrograph.defocus is not None, "defocus", None, "known, as for the other micrographs")
            pixels, _ = read_image(item.micrograph.path)
            generator = numpy_generator(seed, "outlying pixels", Path(name).name)
            got = extract(pixels, item.coordinate, params, item.micrograph.optics.pixel_size, generator)
        except (VitreousError, OSError, ValueError) as error:
            rows.quarantined.append((name, str(error)))
            report(Progress("extract", done + 1, len(picked), message=f"left out {name}: {error}"))
            continue
        rows.add(item, groups.index(item.micrograph.optics), got, pixels.shape)
        yield from got.images
        report(Progress("extract", done + 1, len(picked)))
    if not sum(map(len, rows.index)):
        reasons = "; ".join(f"{name}: {why}" for name, why in rows.quarantined[:3]) or "every box leaves its micrograph"
        raise InputError(f"particles must number at least one; got none from {len(picked)} micrographs ({reasons}).")


def _table(rows: _Rows, groups: tuple[Optics, ...], stack: Path, params: BoxParams) -> Particles:
    scale = params.box / params.size
    group = np.concatenate(rows.group).astype(np.int64)
    defocus = np.concatenate(rows.defocus)
    return Particles(
        optics=tuple(replace(o, pixel_size=o.pixel_size * scale) for o in groups),
        group=group,
        stack=(stack,),
        stack_index=np.zeros(len(group), dtype=np.int64),
        slice_index=np.arange(len(group), dtype=np.int64),
        defocus=None if np.isnan(defocus).any() else defocus,
        shift=np.concatenate(rows.shift),
        micrograph=tuple(rows.micrograph),
        micrograph_index=np.concatenate(rows.index).astype(np.int64),
        coordinate=np.concatenate(rows.centre),
        contrast="bright" if params.invert else "dark",
        extra={label: np.concatenate(columns) for label, columns in rows.extra.items()},
        optics_extra={"rlnMicrographOriginalPixelSize": np.array([o.pixel_size for o in groups])},
    )
