"""Particle STAR files: RELION's signs, units and names on one side, ours on the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from vitreous.data.particles import Contrast, Particles
from vitreous.errors import FormatError
from vitreous.io.optics import OpticsColumns, optics_table, read_optics
from vitreous.io.paths import common_root, named, resolve
from vitreous.io.stacks import read_header
from vitreous.io.star import Table, number_column, read_star, write_star
from vitreous.numerics.rotations import from_euler, to_euler

EULER = ("rlnAngleRot", "rlnAngleTilt", "rlnAnglePsi")
DEFOCUS = ("rlnDefocusU", "rlnDefocusV", "rlnDefocusAngle")
ORIGIN_ANGSTROM = ("rlnOriginXAngst", "rlnOriginYAngst")
ORIGIN_PIXELS = ("rlnOriginX", "rlnOriginY")
COORDINATE = ("rlnCoordinateX", "rlnCoordinateY")
CONTRAST = "vitreousContrast"
DECIMALS = 6


@dataclass(frozen=True)
class _Source:
    """A table on its way in: columns are taken out of it, what is left is kept as extra."""

    path: Path
    left: dict[str, np.ndarray]

    def take(self, label: str) -> np.ndarray | None:
        return self.left.pop(label, None)

    def numbers(self, labels: tuple[str, ...]) -> np.ndarray | None:
        """Columns ``(n, len(labels))``, None if none is there."""
        missing = [label for label in labels if label not in self.left]
        if len(missing) == len(labels):
            return None
        if missing:
            raise FormatError(self.path, f"columns {', '.join(labels)} come together; got no {', '.join(missing)}.")
        return np.stack([number_column(self.path, label, self.left.pop(label)) for label in labels], -1)


def read_particles(
    path: str | Path,
    *,
    stack: str | Path | None = None,
    contrast: Contrast | None = None,
    require_images: bool = True,
    **microscope: float | None,
) -> Particles:
    """Read a particle STAR file of RELION 3.0, 3.1, 4 or 5 (or of a program that writes like them).

    Parameters
    ----------
    path
        The file.
    stack
        The one file of pixels, where the names in the STAR file point nowhere; slice numbers are kept.
    contrast
        Of the stored images. By default what the file says in vitreousContrast; without that column "bright", as RELION's
        extraction makes protein.
    require_images
        Whether every image named must exist; with False, names that point nowhere are kept as they are.
    **microscope
        ``pixel_size`` (Å), ``voltage`` (kV), ``spherical_aberration`` (mm), ``amplitude_contrast``: overrule the file, for all
        optics groups; needed where the file is silent.

    Returns
    -------
    Particles
        Rows in the file's order. ``shift`` is minus RELION's origin, in Å; ``rotation`` comes from (rot, tilt, psi) if all
        three are there; columns that are not known are in ``extra`` and ``optics_extra`` by their foreign names.

    Raises
    ------
    FormatError
        If the file is broken, a column or stack is missing, or a slice is not in its stack; row and column are named.
    InputError
        If neither the file nor the caller gives a pixel size, voltage or spherical aberration.
    """
    path = Path(path)
    table, optics_rows = particle_blocks(path)
    source = _Source(path, dict(table.columns))
    optics = read_optics(path, source.left, len(table), optics_rows, microscope)
    stacks = _images(source, None if stack is None else Path(stack), require_images)
    micrographs = _micrographs(source)
    stated = _contrast(path, optics.extra.pop(CONTRAST, None))
    return Particles(
        optics=optics.groups, group=optics.index, optics_extra=optics.extra, contrast=contrast or stated, **stacks, **micrographs,
        defocus=_defocus(source, len(table)), rotation=_rotation(source), shift=_shift(source, optics),
        coordinate=source.numbers(COORDINATE), half=_integers(source, "rlnRandomSubset", np.int8),
        class_number=_integers(source, "rlnClassNumber", np.int32), extra=source.left,
    )  # fmt: skip


def _contrast(path: Path, stated: np.ndarray | None) -> Contrast:
    values = {"bright"} if stated is None else set(stated.tolist())
    if values not in ({"dark"}, {"bright"}):
        got = sorted(map(str, values))
        raise FormatError(path, f'{CONTRAST} must be "dark" or "bright", the same for all groups; got {got}.')
    return values.pop()


def particle_blocks(path: Path) -> tuple[Table, Table | None]:
    """The table of particles and that of optics (None in RELION 3.0's dialect)."""
    blocks = read_star(path)
    optics = blocks.pop("optics", None)
    table = blocks.get("particles")
    if table is None:
        loops = [t for t in blocks.values() if not t.single and t.columns]
        if len(loops) != 1:
            raise FormatError(path, f"a particle file must have a table data_particles, or one table alone; got {list(blocks)}.")
        table = loops[0]
    if not len(table):
        raise FormatError(path, "a particle file must have at least one row; got an empty table.")
    return table, optics


def _defocus(source: _Source, count: int) -> np.ndarray | None:
    defocus = source.numbers(DEFOCUS)
    if defocus is None:
        return None
    plate = source.take("rlnPhaseShift")
    plate = np.zeros(count) if plate is None else number_column(source.path, "rlnPhaseShift", plate)
    return np.concatenate([defocus, plate[:, None]], -1)


def _rotation(source: _Source) -> np.ndarray | None:
    if not all(label in source.left for label in EULER):
        return None
    return from_euler(torch.from_numpy(source.numbers(EULER))).numpy()


def _shift(source: _Source, optics: OpticsColumns) -> np.ndarray | None:
    angstrom = source.numbers(ORIGIN_ANGSTROM)
    if angstrom is not None:
        return 0.0 - angstrom
    pixels = source.numbers(ORIGIN_PIXELS)
    if pixels is None:
        return None
    sizes = np.array([group.pixel_size for group in optics.groups])
    return 0.0 - pixels * sizes[optics.index][:, None]


def _integers(source: _Source, label: str, kind: type) -> np.ndarray | None:
    values = source.take(label)
    return None if values is None else number_column(source.path, label, values).astype(kind)


def _micrographs(source: _Source) -> dict[str, object]:
    names = source.take("rlnMicrographName")
    if names is None:
        return {}
    codes: dict[str, int] = {}
    index = np.array([codes.setdefault(name, len(codes)) for name in names], np.int64)
    return {"micrograph": tuple(codes), "micrograph_index": index}


def _images(source: _Source, only: Path | None, required: bool) -> dict[str, object]:
    """Stack, file and slice of every image, each stack looked at once."""
    names = source.take("rlnImageName")
    if names is None:
        if required:
            raise FormatError(source.path, "a particle file must have a column rlnImageName; got none. It looks like a picking "
                              "file. Try: extract the particles first.")  # fmt: skip
        return {}
    codes: dict[str, int] = {}
    first_row: list[int] = []
    slices, files = np.empty(len(names), np.int64), np.empty(len(names), np.int64)
    for row, name in enumerate(names):
        number, at, file = name.rpartition("@")
        if at and not number.isdigit():
            raise FormatError(source.path, f"an image name must be NUMBER@FILE; got {name!r}.", _place(row))
        slices[row] = int(number) - 1 if at else 0
        code = codes.setdefault(file, len(codes))
        if code == len(first_row):
            first_row.append(row)
        files[row] = code
    stacks = [_found(source.path, name, only, row, required) for name, row in zip(codes, first_row)]
    _check_slices(source.path, stacks, files, slices)
    return {"stack": tuple(stacks), "stack_index": files, "slice_index": slices}


def _found(star: Path, name: str, only: Path | None, row: int, required: bool) -> Path:
    if only is not None:
        return only.absolute()
    found = resolve(name, star)
    if found is None and required:
        raise FormatError(star, f"the stack {name} must exist beside the STAR file, in a folder above it or in the working "
                          f"folder {Path.cwd()}; got nothing there. Try: run from the folder that the names start at.",
                          _place(row))  # fmt: skip
    return found or Path(name)


def _place(row: int) -> str:
    return f"row {row + 1}, column rlnImageName"


def _check_slices(star: Path, stacks: list[Path], files: np.ndarray, slices: np.ndarray) -> None:
    counts = np.array([read_header(p).shape[0] if p.is_file() else np.iinfo(np.int64).max for p in stacks])
    bad = np.flatnonzero((slices < 0) | (slices >= counts[files]))
    if len(bad):
        row = int(bad[0])
        file = stacks[files[row]]
        have = f"{counts[files[row]]} images" if file.is_file() else "no such file"
        raise FormatError(star, f"the image number must be from 1 to the number in its stack; got {slices[row] + 1} in {file} "
                          f"({have}).", _place(row))  # fmt: skip


def write_particles(path: str | Path, particles: Particles, *, root: str | Path | None = None) -> None:
    """Write particles as RELION 3.1 does: a table of optics groups and one of particles; RELION 4 and 5 read it too.

    Parameters
    ----------
    path
        The STAR file.
    particles
        Particles; lengths and angles are written to 1e-6 Å and 1e-6 degrees. Dark images are marked in the optics table's column
        vitreousContrast; RELION takes all for bright.
    root
        Folder that names of stacks are relative to, RELION's project folder. By default the deepest folder that holds both the
        STAR file and all stacks.
    """
    path = Path(path)
    root = common_root(path, particles.stack) if root is None else Path(root).absolute()
    extra = dict(particles.optics_extra)
    if particles.contrast != "bright":
        extra[CONTRAST] = np.array([particles.contrast] * len(particles.optics), object)
    optics = optics_table(particles.optics, extra, _image_size(particles))
    write_star(path, {"optics": optics, "particles": Table(_columns(particles, root))})


def _columns(p: Particles, root: Path | None) -> Mapping[str, np.ndarray]:
    columns: dict[str, np.ndarray] = {}

    def add(labels: tuple[str, ...], values: np.ndarray | None) -> None:
        if values is not None:
            columns.update((label, np.round(values[:, k].astype(np.float64), DECIMALS) + 0.0) for k, label in enumerate(labels))

    add(COORDINATE, p.coordinate)
    if p.stack_index is not None and p.slice_index is not None:
        names = [named(file, root) for file in p.stack]
        pairs = zip(p.slice_index.tolist(), p.stack_index.tolist())
        columns["rlnImageName"] = _text([f"{s + 1:06d}@{names[f]}" if f >= 0 else "" for s, f in pairs])
    if p.micrograph_index is not None:
        columns["rlnMicrographName"] = _text([p.micrograph[i] for i in p.micrograph_index.tolist()])
    columns["rlnOpticsGroup"] = np.asarray(p.group, np.int64) + 1
    add((*DEFOCUS, "rlnPhaseShift"), p.defocus)
    add(EULER, None if p.rotation is None else to_euler(torch.from_numpy(np.asarray(p.rotation, np.float64))).numpy())
    add(ORIGIN_ANGSTROM, None if p.shift is None else -np.asarray(p.shift))
    numbers = {"rlnClassNumber": p.class_number, "rlnRandomSubset": p.half}
    return columns | {label: values for label, values in numbers.items() if values is not None} | dict(p.extra)


def _text(values: list[str]) -> np.ndarray:
    array = np.empty(len(values), object)
    array[:] = values
    return array


def _image_size(p: Particles) -> list[int]:
    """Pixels a side of each optics group's images, read from the first stack of each; empty if there is none to look at."""
    sizes: list[int | None] = []
    for group in range(len(p.optics)):
        rows = np.flatnonzero((p.group == group) & (p.stack_index >= 0)) if p.stack_index is not None else []
        file = p.stack[p.stack_index[rows[0]]] if len(rows) else None
        sizes.append(read_header(file).shape[-1] if file is not None and file.is_file() else None)
    # RELION wants a size for every group, also for one that has no particles left.
    usual = next(filter(None, sizes), None)
    return [] if usual is None else [size or usual for size in sizes]

