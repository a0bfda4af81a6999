"""RELION's STAR file of one movie's motion: pixels of the movie there, Å here; the sign is the same."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vitreous.data.motion import LOCAL_TERMS, Motion
from vitreous.errors import FormatError
from vitreous.io.star import Table, number_column, read_star, write_star

NOT_OBSERVED = -9999.0
POLYNOMIAL = 1
#: Pixels along a side, frames of a movie.
MOST = 1 << 20
COUNT = 2 * LOCAL_TERMS
SHIFTS = ("rlnMicrographFrameNumber", "rlnMicrographShiftX", "rlnMicrographShiftY")
COEFFICIENTS = ("rlnMotionModelCoeffsIdx", "rlnMotionModelCoeff")
PATCHES = ("rlnMicrographFrameNumber", "rlnCoordinateX", "rlnCoordinateY", "rlnMicrographShiftX", "rlnMicrographShiftY")
DEFECTS = ("rlnCoordinateX", "rlnCoordinateY")


@dataclass(frozen=True, kw_only=True)
class MotionFile:
    """A movie's motion, and the files it was found in.

    Parameters
    ----------
    motion
        The motion. Frames that were not used (RELION's -9999) have NaN for their global shift.
    movie
        The movie, as named in the file.
    gain
        The gain reference that was applied, None if none was.
    """

    motion: Motion
    movie: Path
    gain: Path | None = None


def read_motion(path: str | Path, *, pixel_size: float | None = None) -> MotionFile:
    """Read the motion of one movie.

    Parameters
    ----------
    path
        RELION's file.
    pixel_size
        Å per pixel of the movie; overrules the file, needed where it is silent.

    Raises
    ------
    FormatError
        If a block or a value is missing or out of range.
    InputError
        If neither the file nor the caller gives a pixel size.
    """
    path = Path(path)
    blocks = read_star(path)
    general = _block(path, blocks, "general")
    columns, rows, frames = (_count(path, general, f"rlnImageSize{axis}") for axis in "XYZ")
    scale = pixel_size or _optional(path, general, "rlnMicrographOriginalPixelSize") or 0.0
    gain = str(general["rlnMicrographGainName"][0]) if "rlnMicrographGainName" in general else ""
    patches = _table(path, blocks, "local_shift", PATCHES) * np.array([1, 1, 1, scale, scale])
    motion = Motion(
        shape=(rows, columns), pixel_size=scale, global_shifts=_global(path, blocks, frames) * scale,
        local=_local(path, blocks) * scale, patches=patches, defects=_defects(path, blocks),
        dose_per_frame=_optional(path, general, "rlnMicrographDoseRate") or 0.0,
        pre_exposure=_optional(path, general, "rlnMicrographPreExposure") or 0.0,
        voltage=_optional(path, general, "rlnVoltage") or 300.0, binning=_optional(path, general, "rlnMicrographBinning") or 1.0,
        first_frame=int(min(_optional(path, general, "rlnMicrographStartFrame") or 1, MOST)),
    )  # fmt: skip
    movie = Path(str(_value(path, general, "rlnMicrographMovieName")))
    return MotionFile(motion=motion, movie=movie, gain=Path(gain) if gain else None)


def _block(path: Path, blocks: dict[str, Table], name: str) -> Table:
    if name not in blocks:
        raise FormatError(path, f"a file of a movie's motion must have a block data_{name}; got {list(blocks)}.")
    return blocks[name]


def _value(path: Path, general: Table, label: str) -> object:
    if label not in general or not len(general):
        raise FormatError(path, f"the block data_general must have {label}; got {list(general.columns)}.")
    return general[label][0]


def _number(path: Path, general: Table, label: str) -> float:
    _value(path, general, label)
    return float(number_column(path, label, general[label])[0])


def _count(path: Path, general: Table, label: str) -> int:
    """A number of frames or pixels; bounded, because memory is taken for it."""
    value = _number(path, general, label)
    if not 1 <= value <= MOST:
        raise FormatError(path, f"{label} must be from 1 to {MOST}; got {value:g}.")
    return int(value)


def _optional(path: Path, general: Table, label: str) -> float | None:
    """A number, None where it is absent or RELION's -1 for unknown."""
    value = _number(path, general, label) if label in general else -1.0
    return value if value >= 0 else None


def _table(path: Path, blocks: dict[str, Table], name: str, labels: tuple[str, ...]) -> np.ndarray:
    """Columns ``(n, len(labels))`` of a block; no rows where there is no such block."""
    table = blocks.get(name)
    if table is None or not table.columns:
        return np.zeros((0, len(labels)))
    missing = [label for label in labels if label not in table]
    if missing:
        raise FormatError(path, f"data_{name} must have {', '.join(labels)}; got no {', '.join(missing)}.")
    return np.stack([number_column(path, label, table[label]) for label in labels], -1)


def _global(path: Path, blocks: dict[str, Table], frames: int) -> np.ndarray:
    _block(path, blocks, "global_shift")
    table = _table(path, blocks, "global_shift", SHIFTS)
    numbers = table[:, 0]
    if len(set(numbers.tolist())) != len(numbers) or not ((numbers >= 1) & (numbers <= frames)).all():
        raise FormatError(path, f"frames of data_global_shift must be from 1 to {frames}, each once; got {len(table)} rows.")
    shifts = np.full((frames, 2), np.nan)
    shifts[numbers.astype(np.int64) - 1] = table[:, 1:]
    shifts[(shifts == NOT_OBSERVED).any(-1)] = np.nan
    return shifts


def _defects(path: Path, blocks: dict[str, Table]) -> np.ndarray:
    places = _table(path, blocks, "hot_pixels", DEFECTS)
    if not (np.abs(places) <= MOST).all():
        raise FormatError(path, f"places of data_hot_pixels must be from 0 to {MOST}; got others.")
    return places.astype(np.int64)


def _local(path: Path, blocks: dict[str, Table]) -> np.ndarray:
    table = _table(path, blocks, "local_motion_model", COEFFICIENTS)
    flat = np.zeros(COUNT)
    if not len(table):
        return flat.reshape(2, LOCAL_TERMS)
    if sorted(table[:, 0].tolist()) != list(range(COUNT)):
        raise FormatError(path, f"data_local_motion_model must have coefficients 0 to {COUNT - 1} once; got {len(table)} rows.")
    flat[table[:, 0].astype(np.int64)] = table[:, 1]
    return flat.reshape(2, LOCAL_TERMS)


def write_motion(
    path: str | Path, motion: Motion, movie: str | Path, gain: str | Path | None = None, *, eer: tuple[int, int] | None = None
) -> None:
    """Write the motion of one movie as RELION's motion correction does, so that its polishing can go on from it.

    Parameters
    ----------
    path
        The STAR file.
    motion
        The motion; a global shift of NaN is a frame that was not used.
    movie, gain
        Names to write, relative to where RELION will run.
    eer
        Of an EER movie: frames of the detector in a frame, and pixels along a pixel of the detector.
    """
    scale, has_local = motion.pixel_size, bool(motion.local.any())
    general: dict[str, object] = {
        "rlnImageSizeX": motion.shape[1], "rlnImageSizeY": motion.shape[0], "rlnImageSizeZ": motion.frames,
        "rlnMicrographMovieName": Path(movie).as_posix(), "rlnMicrographGainName": Path(gain).as_posix() if gain else None,
        "rlnMicrographBinning": float(motion.binning), "rlnMicrographOriginalPixelSize": float(scale),
        "rlnMicrographDoseRate": float(motion.dose_per_frame), "rlnMicrographPreExposure": float(motion.pre_exposure),
        "rlnVoltage": float(motion.voltage), "rlnMicrographStartFrame": motion.first_frame,
        "rlnMotionModelVersion": POLYNOMIAL if has_local else 0,
    }  # fmt: skip
    if eer is not None:
        general |= {"rlnEERGrouping": eer[0], "rlnEERUpsampling": eer[1]}
    shifts = np.nan_to_num(motion.global_shifts / scale, nan=NOT_OBSERVED)
    numbered = np.column_stack([np.arange(1, motion.frames + 1), shifts])
    blocks = {"general": Table({k: _cell(v) for k, v in general.items() if v is not None}, single=True),
              "global_shift": _columns(SHIFTS, numbered)}  # fmt: skip
    if has_local:
        blocks["local_motion_model"] = _columns(COEFFICIENTS, np.column_stack([np.arange(COUNT), motion.local.ravel() / scale]))
    if len(motion.defects):
        blocks["hot_pixels"] = _columns(DEFECTS, motion.defects.astype(np.float64))
    if len(motion.patches):
        blocks["local_shift"] = _columns(PATCHES, motion.patches / [1, 1, 1, scale, scale])
    write_star(path, blocks)


def _cell(value: object) -> np.ndarray:
    return np.array([value], object if isinstance(value, str) else None)


def _columns(labels: tuple[str, ...], table: np.ndarray) -> Table:
    whole = ("rlnMicrographFrameNumber", "rlnMotionModelCoeffsIdx")
    return Table({label: table[:, k].astype(np.int64) if label in whole else table[:, k] for k, label in enumerate(labels)})
