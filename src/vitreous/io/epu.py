"""The XML that EPU writes beside each exposure: ``FoilHole_<hole>_Data_…xml``, in SI units."""

from __future__ import annotations

import math
import re
from itertools import pairwise
from pathlib import Path

from vitreous.data.acquisition import Acquisition
from vitreous.errors import FormatError, InputError
from vitreous.io.numbers_in_text import iso_time, number, positive
from vitreous.io.xml_leaves import MOST_BYTES, Leaf, xml_leaves

ANGSTROM_PER_METRE = 1e10
MICROMETRES_PER_METRE = 1e6
SQUARE_METRES_PER_SQUARE_ANGSTROM = 1e-20
HOLE, SQUARE = re.compile(r"FoilHole_(\d+)_"), re.compile(r"GridSquare_(\d+)$")


def read_epu(path: str | Path) -> Acquisition:
    """Read the XML of one exposure.

    Parameters
    ----------
    path
        The file. Hole and square are taken from its name and the folders above it.

    Raises
    ------
    FormatError
        If it is no XML of an EPU image, or unsafe (:func:`~vitreous.io.xml_leaves.xml_leaves`).
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path} must be an XML file that exists; got {'a folder' if path.is_dir() else 'nothing there'}.")
    with path.open("rb") as handle:
        leaves = xml_leaves(handle.read(MOST_BYTES + 1), path)
    if not leaves or leaves[0].path[0] != "MicroscopeImage":
        raise FormatError(path, f"EPU's XML of an exposure must be a MicroscopeImage; got {leaves[0].path[0] if leaves else 'nothing'!r}.")
    told, custom = _told(leaves), _custom(leaves)
    size = (number(told.get("camera/ReadoutArea/height")), number(told.get("camera/ReadoutArea/width")))
    frames, tilt = positive(told.get("NumberOffractions")), number(told.get("stage/Position/A"), 180 / math.pi)
    hole = HOLE.search(path.name)
    square = next((found.group(1) for found in map(SQUARE.search, path.absolute().parent.parts[::-1]) if found), None)
    return Acquisition(
        source=path, pixel_size=positive(told.get("pixelSize/x/numericValue"), ANGSTROM_PER_METRE),
        image_size=(int(size[0]), int(size[1])) if size[0] and size[1] and min(size) >= 1 else None,
        voltage=positive(told.get("gun/AccelerationVoltage"), 1e-3),
        exposure=positive(custom.get("Dose"), SQUARE_METRES_PER_SQUARE_ANGSTROM), frames=int(frames) if frames else None,
        time=iso_time(told.get("acquisition/acquisitionDateTime")),
        nominal_defocus=number(custom.get("AppliedDefocus"), -ANGSTROM_PER_METRE), stage_tilt_deg=tilt,
        stage_position=_vector(told, "stage/Position/", "XYZ", MICROMETRES_PER_METRE),
        beam_shift=_vector(told, "optics/BeamShift/_", "xy"),
        image_shift=_vector(told, "optics/ImageShift/_", "xy", MICROMETRES_PER_METRE),
        hole=hole.group(1) if hole else None, square=square,
    )  # fmt: skip


def _told(leaves: list[Leaf]) -> dict[str, str]:
    """First values by the last one, two and three names of their path."""
    told: dict[str, str] = {}
    for leaf in leaves:
        for depth in (1, 2, 3):
            told.setdefault("/".join(leaf.path[-depth:]), leaf.text)
    return told


def _custom(leaves: list[Leaf]) -> dict[str, str]:
    """Pairs of Key and Value."""
    pairs = [leaf for leaf in leaves if leaf.path[-1] in ("Key", "Value")]
    return {key.text: value.text for key, value in pairwise(pairs) if (key.path[-1], value.path[-1]) == ("Key", "Value")}


def _vector(told: dict[str, str], name: str, axes: str, unit: float = 1.0) -> tuple[float, ...] | None:
    """Numbers along some axes; None where one is missing."""
    values = tuple(number(told.get(name + axis), unit) for axis in axes)
    return None if None in values else values  # type: ignore[return-value]
