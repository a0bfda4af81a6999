"""SerialEM's mdoc files: one beside each movie, or one for a tilt series with a section a tilt.

Lines of ``name = value``; those before the first section are of the file, and hold for every section that does not say otherwise.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from vitreous.data.acquisition import Acquisition
from vitreous.errors import FormatError, InputError
from vitreous.io.numbers_in_text import number, numbers, positive, serialem_time

MOST_BYTES = 64 << 20
ANGSTROM_PER_MICROMETRE = 1e4
SECTIONS = ("ZValue", "FrameSet", "MontSection", "Image")
TILT_AXIS = re.compile(r"Tilt\s*axis\s*angle\s*=\s*([-+.0-9]+)", re.IGNORECASE)


@dataclass(frozen=True)
class Mdoc:
    """The lines of an mdoc file.

    Parameters
    ----------
    common
        Names and values of the file.
    titles
        Free text.
    sections
        Names and values of each section.
    """

    common: dict[str, str] = field(default_factory=dict)
    titles: list[str] = field(default_factory=list)
    sections: list[dict[str, str]] = field(default_factory=list)


def read_mdoc(path: str | Path) -> list[Acquisition]:
    """Exposures of an mdoc file, in its order: one a section.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    list
        ``movie`` is the name of the frames' file without its folder. The nominal defocus is the target where there is one, turned
        to underfocus positive. An exposure of 0 means that SerialEM's dose was not calibrated, and is not known.

    Raises
    ------
    FormatError
        If it has no section, or a line is neither blank, a section nor ``name = value``.
    """
    path = Path(path)
    mdoc = parse_mdoc(path)
    axis = next((number(found.group(1)) for found in map(TILT_AXIS.search, mdoc.titles) if found), None)
    return [_acquisition(path, {**mdoc.common, **section}, axis) for section in mdoc.sections]


def parse_mdoc(path: str | Path) -> Mdoc:
    """The lines of an mdoc file; see :func:`read_mdoc`."""
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path} must be an mdoc file that exists; got {'a folder' if path.is_dir() else 'nothing there'}.")
    if path.stat().st_size > MOST_BYTES:
        raise FormatError(path, f"an mdoc file must have at most {MOST_BYTES} bytes; got {path.stat().st_size}.")
    raw = path.read_bytes()
    if b"\0" in raw:
        raise FormatError(path, "an mdoc file must be text; got binary data.")
    mdoc = Mdoc()
    for line, text in enumerate(raw.decode("utf-8", "replace").splitlines(), 1):
        _take(mdoc, text.strip(), path, line)
    if not mdoc.sections:
        raise FormatError(path, f"an mdoc file must have a section ([ZValue = 0] or [FrameSet = 0]); got {len(mdoc.common)} values.")
    return mdoc


def _take(mdoc: Mdoc, text: str, path: Path, line: int) -> None:
    name, equals, value = (part.strip() for part in text.strip("[]").partition("="))
    if not text:
        return
    if not equals:
        raise FormatError(path, f"a line must be a section or name = value; got {text[:60]!r}.", f"line {line}")
    if name == "T":
        mdoc.titles.append(value)
    elif text.startswith("["):
        if name not in SECTIONS:
            raise FormatError(path, f"a section must be one of {', '.join(SECTIONS)}; got {name[:60]!r}.", f"line {line}")
        mdoc.sections.append({})
    else:
        (mdoc.sections[-1] if mdoc.sections else mdoc.common)[name] = value


def _acquisition(path: Path, told: dict[str, str], axis: float | None) -> Acquisition:
    asked = number(told.get("TargetDefocus", told.get("Defocus")), -ANGSTROM_PER_MICROMETRE)
    frames, stage = positive(told.get("NumSubFrames")), numbers(told.get("StagePosition"), 2)
    height = number(told.get("StageZ"))
    return Acquisition(
        source=path, movie=_last(told.get("SubFramePath")), pixel_size=positive(told.get("PixelSpacing")),
        voltage=positive(told.get("Voltage")), exposure=positive(told.get("ExposureDose")),
        prior_exposure=number(told.get("PriorRecordDose")), frames=int(frames) if frames else None,
        time=serialem_time(told.get("DateTime")), nominal_defocus=asked, stage_tilt_deg=number(told.get("TiltAngle")),
        tilt_axis_deg=axis, stage_position=(*stage, height) if stage and height is not None else None,
        image_shift=numbers(told.get("ImageShift"), 2), gain=_last(told.get("GainReference")),
    )  # fmt: skip


def _last(name: str | None) -> str | None:
    """Name of a file without its folder, which may be Windows'."""
    return re.split(r"[\\/]", name)[-1] or None if name else None
