"""Where the metadata of a movie are, and reading them."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from vitreous.data.acquisition import Acquisition
from vitreous.io.eer import is_eer, open_eer
from vitreous.io.eer_metadata import parse_eer_metadata
from vitreous.io.epu import read_epu
from vitreous.io.mdoc import read_mdoc

#: What EPU and Tomo put after the name of an exposure in the name of its movie.
OF_MOVIE = re.compile(r"_(fractions|eer)$", re.IGNORECASE)


def read_acquisition(movie: str | Path) -> Acquisition | None:
    """What the microscope wrote down about a movie.

    Parameters
    ----------
    movie
        The file of the frames. Looked for beside it: ``<name>.mdoc`` and ``<name without ending>.mdoc`` of SerialEM, and
        ``<name>.xml`` of EPU, without ``_Fractions`` or ``_EER``; what those do not say is taken from an EER movie itself.

    Returns
    -------
    Acquisition or None
        None where there is nothing. Of an mdoc of several sections that which names the movie counts, or none.

    Raises
    ------
    FormatError
        If a file of metadata is damaged.
    """
    movie = Path(movie)
    found = [each for each in (_mdoc(movie), _epu(movie), _own(movie)) if each is not None]
    if not found:
        return None
    told = found[0]
    for other in found[1:]:
        told = told.filled(other)
    return told


def _mdoc(movie: Path) -> Acquisition | None:
    path = next((p for p in (movie.with_name(movie.name + ".mdoc"), movie.with_suffix(".mdoc")) if p.is_file()), None)
    if path is None:
        return None
    sections = read_mdoc(path)
    named = [each for each in sections if each.movie == movie.name]
    if len(named) == 1:
        return named[0]
    return sections[0] if len(sections) == 1 else None


def _epu(movie: Path) -> Acquisition | None:
    path = movie.with_name(OF_MOVIE.sub("", movie.stem) + ".xml")
    return read_epu(path) if path.is_file() else None


def _own(movie: Path) -> Acquisition | None:
    if not is_eer(movie):
        return None
    events = open_eer(movie)
    return replace(parse_eer_metadata(events.acquisition, movie), image_size=events.detector) if events.acquisition else None
