"""RELION's micrographs_ctf.star: micrographs, their optics and their defocus."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vitreous.data.micrograph import Defocus, Micrograph
from vitreous.errors import FormatError, require
from vitreous.io.optics import optics_table, read_optics
from vitreous.io.paths import common_root, named, resolve
from vitreous.io.star import Table, number_column, read_star, write_star

PIXEL_LABELS = ("rlnMicrographPixelSize", "rlnImagePixelSize", "rlnMicrographOriginalPixelSize")
DEFOCUS = ("rlnDefocusU", "rlnDefocusV", "rlnDefocusAngle")
SLOPE = ("vitreousDefocusSlopeX", "vitreousDefocusSlopeY")
NUMBERS = (*DEFOCUS, *SLOPE, "rlnPhaseShift", "rlnCtfMaxResolution", "rlnCtfFigureOfMerit")
TEXTS = ("rlnMicrographName", "rlnMicrographMetadata", "vitreousFlags")
KNOWN = {*NUMBERS, *TEXTS, "rlnOpticsGroup", "rlnCtfAstigmatism"}
OF_OPTICS = "optics."
BETWEEN_FLAGS = "; "


def read_micrographs(path: str | Path, **microscope: float | None) -> list[Micrograph]:
    """Read a STAR file of micrographs, with or without defocus, of RELION 3.0, 3.1, 4 or 5.

    Parameters
    ----------
    path
        The file.
    **microscope
        ``pixel_size`` (Å), ``voltage`` (kV), ``spherical_aberration`` (mm), ``amplitude_contrast``: overrule the file; needed
        where it is silent.

    Returns
    -------
    list
        In the file's order. Names of files are looked up beside the STAR file, above it and in the working folder; those that
        point nowhere are kept as they are. Where the file has U < V the two are exchanged and the angle turned by 90 degrees,
        which is the same CTF. A defocus that is not a number means none was fitted. Unknown columns are kept as text; those
        of the optics table with "optics." before their name.

    Raises
    ------
    FormatError
        If the file is broken or has no column rlnMicrographName.
    """
    path = Path(path)
    blocks = read_star(path)
    table = _micrograph_block(path, blocks)
    rows = dict(table.columns)
    optics = read_optics(path, rows, len(table), blocks.get("optics"), microscope, PIXEL_LABELS)
    numbers = {label: number_column(path, label, rows[label]) for label in NUMBERS if label in rows}
    known = {k: list(map(str, rows[k])) for k in TEXTS if k in rows}
    return [
        Micrograph(
            path=resolve(known["rlnMicrographName"][i], path) or Path(known["rlnMicrographName"][i]),
            optics=optics.groups[optics.index[i]],
            defocus=_defocus(numbers, i),
            defocus_slope=(_number(numbers, SLOPE[0], i) or 0.0, _number(numbers, SLOPE[1], i) or 0.0),
            fit_resolution=_number(numbers, "rlnCtfMaxResolution", i),
            fit_score=_number(numbers, "rlnCtfFigureOfMerit", i),
            flags=tuple(filter(None, known["vitreousFlags"][i].split(BETWEEN_FLAGS))) if "vitreousFlags" in known else (),
            motion=_file(known, "rlnMicrographMetadata", i, path),
            extra={k: str(v[i]) for k, v in rows.items() if k not in KNOWN}
            | {OF_OPTICS + k: str(v[optics.index[i]]) for k, v in optics.extra.items()},
        )
        for i in range(len(table))
    ]


def _micrograph_block(path: Path, blocks: dict[str, Table]) -> Table:
    table = next((t for name, t in blocks.items() if name != "optics" and "rlnMicrographName" in t), None)
    if table is None:
        raise FormatError(path, f"a file of micrographs must have a column rlnMicrographName; got none in {list(blocks)}.")
    return table


def _number(numbers: dict[str, np.ndarray], label: str, row: int) -> float | None:
    value = float(numbers[label][row]) if label in numbers else math.nan
    return value if math.isfinite(value) else None


def _defocus(numbers: dict[str, np.ndarray], row: int) -> Defocus | None:
    u, v = _number(numbers, DEFOCUS[0], row), _number(numbers, DEFOCUS[1], row)
    if u is None or v is None:
        return None
    angle = _number(numbers, DEFOCUS[2], row) or 0.0
    if u < v:
        u, v, angle = v, u, angle + 90
    return Defocus(u=u, v=v, angle_deg=angle % 180, phase_shift_deg=_number(numbers, "rlnPhaseShift", row) or 0.0)


def _file(known: dict[str, list[str]], label: str, row: int, star: Path) -> Path | None:
    name = known[label][row] if label in known else ""
    return (resolve(name, star) or Path(name)) if name else None


def write_micrographs(path: str | Path, micrographs: Sequence[Micrograph], *, root: str | Path | None = None) -> None:
    """Write micrographs as RELION's micrographs_ctf.star; a micrograph without defocus gets "nan" in its columns.

    Parameters
    ----------
    path
        The STAR file.
    micrographs
        At least one.
    root
        Folder that names of files are relative to, RELION's project folder. By default the deepest that holds them all.
    """
    path = Path(path)
    require(len(micrographs) > 0, "micrographs to write", 0, "at least one")
    files = [f for m in micrographs for f in (m.path, m.motion) if f is not None]
    root = common_root(path, files) if root is None else Path(root).absolute()
    groups = list(dict.fromkeys((m.optics, _optics_extra(m)) for m in micrographs))
    index = {group: k for k, group in enumerate(groups)}
    columns = _columns(micrographs, root)
    columns["rlnOpticsGroup"] = np.array([index[m.optics, _optics_extra(m)] + 1 for m in micrographs])
    labels = dict.fromkeys(label for _, extra in groups for label, _ in extra)
    extra = {label: np.array([dict(e).get(label, "") for _, e in groups], object) for label in labels}
    optics = optics_table([group for group, _ in groups], extra, pixel_label=PIXEL_LABELS[0])
    write_star(path, {"optics": optics, "micrographs": Table(columns)})


def _optics_extra(m: Micrograph) -> tuple[tuple[str, str], ...]:
    return tuple((k.removeprefix(OF_OPTICS), v) for k, v in m.extra.items() if k.startswith(OF_OPTICS))


def _columns(ms: Sequence[Micrograph], root: Path | None) -> dict[str, np.ndarray]:
    def numbers(values: list[float | None]) -> np.ndarray:
        return np.round(np.array([math.nan if v is None else v for v in values], float), 6)

    columns = {"rlnMicrographName": np.array([named(m.path, root) for m in ms], object)}
    if any(m.defocus for m in ms):
        fields = {"rlnDefocusU": "u", "rlnDefocusV": "v", "rlnCtfAstigmatism": "astigmatism", "rlnDefocusAngle": "angle_deg",
                  "rlnPhaseShift": "phase_shift_deg"}  # fmt: skip
        for label, name in fields.items():
            columns[label] = numbers([getattr(m.defocus, name) if m.defocus else None for m in ms])
    if any(any(m.defocus_slope) for m in ms):
        columns |= {label: numbers([m.defocus_slope[axis] for m in ms]) for axis, label in enumerate(SLOPE)}
    for label, name in (("rlnCtfMaxResolution", "fit_resolution"), ("rlnCtfFigureOfMerit", "fit_score")):
        if any(getattr(m, name) is not None for m in ms):
            columns[label] = numbers([getattr(m, name) for m in ms])
    if any(m.motion for m in ms):
        columns["rlnMicrographMetadata"] = np.array([named(m.motion, root) if m.motion else "" for m in ms], object)
    if any(m.flags for m in ms):
        columns["vitreousFlags"] = np.array([BETWEEN_FLAGS.join(m.flags) for m in ms], object)
    labels = dict.fromkeys(k for m in ms for k in m.extra if not k.startswith(OF_OPTICS))
    return columns | {label: np.array([m.extra.get(label, "") for m in ms], object) for label in labels}
