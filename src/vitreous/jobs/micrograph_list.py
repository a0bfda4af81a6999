"""The micrographs a job is given: a STAR file, or image files and what the user says of the microscope."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from vitreous.errors import InputError, VitreousError
from vitreous.jobs.options import Microscope, check_pixel_size, stated_pixel_size

if TYPE_CHECKING:
    import numpy as np

    from vitreous.data.micrograph import Micrograph
    from vitreous.pipeline.context import Context

#: Endings that are cut off a file's name one after the other.
ENDINGS = {".mrc", ".mrcs", ".tif", ".tiff", ".gz", ".bz2", ".zst", ".eer", ".gain"}


def stem(path: Path) -> str:
    """Give the name of an image file without its endings: "a.b.mrc.gz" is "a.b"."""
    while path.suffix.lower() in ENDINGS:
        path = path.with_suffix("")
    return path.name


def unique_names(paths: Sequence[Path]) -> list[str]:
    """Give each file a name of its own: its stem, with the folders above it where that is not enough.

    Raises
    ------
    InputError
        If a file is given twice.
    """
    names = [stem(path) for path in paths]
    for depth in range(1, 6):
        counts: dict[str, int] = {}
        for name in names:
            counts[name] = counts.get(name, 0) + 1
        if len(counts) == len(names):
            return names
        names = [_with_folder(path, name, depth) if counts[name] > 1 else name for path, name in zip(paths, names)]
    twice = next(path for path, name in zip(paths, names) if names.count(name) > 1)
    raise InputError(f"files must have different names; got {twice} and another like it.")


def _with_folder(path: Path, name: str, depth: int) -> str:
    folders = path.absolute().parent.parts[1:]
    return f"{folders[-depth]}_{name}" if depth <= len(folders) else name


def read_list(paths: Sequence[Path], microscope: Microscope) -> list[Micrograph]:
    """Give the micrographs named by STAR files, or the image files themselves.

    Parameters
    ----------
    paths
        STAR files, or images, of which each may hold one micrograph.
    microscope
        Overrules what a STAR file says.

    Raises
    ------
    InputError
        If both kinds are mixed, nothing says what the microscope was, or a STAR file cannot be read.
    """
    stars = [path for path in paths if path.suffix.lower() == ".star"]
    if not stars:
        return [_micrograph(path, microscope) for path in paths]
    if len(stars) < len(paths):
        other = next(path for path in paths if path not in stars)
        raise InputError(f"micrographs must be STAR files or images, not both; got {stars[0]} and {other}.")
    from vitreous.io.micrographs import read_micrographs

    return [each for path in stars for each in read_micrographs(path, **microscope.given())]


def _micrograph(path: Path, microscope: Microscope) -> Micrograph:
    from vitreous.data.micrograph import Micrograph

    known = microscope if microscope.pixel_size else replace(microscope, pixel_size=_header(path))
    return Micrograph(path=path, optics=known.optics(str(path)))


def _header(path: Path) -> float | None:
    """Pixel size of an MRC header; a file that cannot be read is found out later, by itself."""
    from vitreous.io.mrc import read_header
    from vitreous.io.stacks import square_pixel

    try:
        return stated_pixel_size(square_pixel(read_header(path), path))
    except (VitreousError, OSError):
        return None


def load(micrograph: Micrograph, given_pixel_size: float | None) -> np.ndarray:
    """Read the image of a micrograph, float32 ``(y, x)``.

    Raises
    ------
    InputError
        If the file is damaged, not finite, or contradicts the pixel size that the user gave.
    """
    from vitreous.io.mrc import read_image

    if not micrograph.path.is_file():
        raise InputError(f"{micrograph.path} must be an image file; there is none.")
    image, header = read_image(micrograph.path)
    check_pixel_size(given_pixel_size, header, micrograph.path)
    return image


def write_list(path: Path, micrographs: Iterable[Micrograph], context: Context) -> None:
    """Write micrographs as a STAR file, by names that hold when the job is done."""
    from vitreous.io.micrographs import write_micrographs

    def named(file: Path | None) -> Path | None:
        return None if file is None else Path(context.name(file))

    write_micrographs(path, [replace(m, path=named(m.path), motion=named(m.motion)) for m in micrographs], root=context.project)
