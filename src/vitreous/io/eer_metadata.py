"""What an EER movie says of its exposure: ``<item name="…" unit="…">`` in the tag 65001 of its first page."""

from __future__ import annotations

from pathlib import Path

from vitreous.data.acquisition import Acquisition
from vitreous.errors import FormatError
from vitreous.io.numbers_in_text import iso_time, positive
from vitreous.io.xml_leaves import xml_leaves

ANGSTROM_PER_METRE = 1e10
#: A pixel size above this is that of the sensor itself.
LARGEST_PIXEL = 1000.0


def parse_eer_metadata(raw: bytes, path: str | Path) -> Acquisition:
    """Make sense of the acquisition metadata of an EER movie.

    Parameters
    ----------
    raw
        The XML.
    path
        The movie.

    Returns
    -------
    Acquisition
        ``frames`` and the exposure are those of the detector; the pixel size is the detector's at the specimen.

    Raises
    ------
    FormatError
        If it is no XML.
    """
    items = {leaf.attributes.get("name", ""): leaf.text for leaf in xml_leaves(raw.rstrip(b"\0"), path)}
    size = positive(items.get("sensorPixelSize.width"), ANGSTROM_PER_METRE)
    size = size if size is not None and size < LARGEST_PIXEL else None
    dose, frames = positive(items.get("totalDose")), positive(items.get("numberOfFrames"))
    gain = next((items[name] for name in ("eerGainReference", "gainReference") if items.get(name)), None)
    return Acquisition(
        source=Path(path), movie=Path(path).name, pixel_size=size, frames=int(frames) if frames else None,
        exposure=dose / size**2 if dose and size else None, time=iso_time(items.get("timestamp")), gain=gain,
    )  # fmt: skip


def eer_pixel_size(raw: bytes) -> float | None:
    """Å per pixel of the detector, None where the XML is absent, damaged or silent."""
    try:
        return parse_eer_metadata(raw, "").pixel_size if raw else None
    except FormatError:
        return None
