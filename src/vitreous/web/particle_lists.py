"""Lists of particles as the page shows them: which there are, what their columns mean, and which rows an outline holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vitreous.errors import InputError, require
from vitreous.numerics.polygon import inside_polygon
from vitreous.pipeline.params import suggestion
from vitreous.web.columns import Columns

#: Corners of an outline, at most.
MOST = 500
#: Columns in words, with their unit.
MEANING = {
    "rlnDefocusU": ("defocus u", "Å"), "rlnDefocusV": ("defocus v", "Å"), "rlnDefocusAngle": ("astigmatism angle", "°"),
    "rlnAngleRot": ("rot", "°"), "rlnAngleTilt": ("tilt", "°"), "rlnAnglePsi": ("psi", "°"),
    "rlnOriginXAngst": ("origin x", "Å"), "rlnOriginYAngst": ("origin y", "Å"), "rlnCoordinateX": ("x in the micrograph", "pixels"),
    "rlnCoordinateY": ("y in the micrograph", "pixels"), "rlnAutopickFigureOfMerit": ("picking score", ""),
    "rlnClassNumber": ("class", ""), "rlnRandomSubset": ("half", ""), "rlnMaxValueProbDistribution": ("greatest probability", ""),
    "rlnPhaseShift": ("phase shift", "°"), "rlnOpticsGroup": ("optics group", ""), "rlnLogLikeliContribution": ("log-likelihood", ""),
    "rlnNormCorrection": ("scale", ""), "rlnCtfMaxResolution": ("rings to", "Å"), "rlnNrOfSignificantSamples": ("poses that matter", ""),
    "vitreousAngleSigma": ("angular error", "°"), "vitreousShiftSigma": ("error of the shift", "Å"),
}  # fmt: skip
#: Pairs that say most, the best first, for what is shown at first.
TELLING = (("rlnAngleRot", "rlnAngleTilt"), ("rlnDefocusU", "rlnAutopickFigureOfMerit"), ("rlnCoordinateX", "rlnCoordinateY"))


@dataclass(frozen=True)
class Column:
    """A column of numbers: its label in the list, in words, its unit."""

    label: str
    words: str
    unit: str


def columns_of(columns: Columns) -> list[Column]:
    """List the columns that may be drawn: those of numbers that are not all the same; those with a meaning known here come first."""
    found = [Column(label, *MEANING.get(label, (words(label), ""))) for label in columns.numbers if _varies(columns.number(label))]
    return sorted(found, key=lambda each: each.label not in MEANING)


def words(label: str) -> str:
    """A label without the program's name before it.

    >>> words("rlnBeamTiltX"), words("vitreousLatent1"), words("umap_1")
    ('BeamTiltX', 'Latent1', 'umap_1')
    """
    return next((label.removeprefix(each) for each in ("rln", "vitreous") if label.startswith(each)), label)


def _varies(values: NDArray[np.float64]) -> bool:
    finite = values[np.isfinite(values)]
    return len(finite) > 0 and bool(finite.min() < finite.max())


def first_pair(found: Iterable[Column]) -> tuple[str, str]:
    """The columns shown at first: a latent space, if the list has one."""
    labels = [each.label for each in found]
    latent = [label for label in labels if any(word in label.lower() for word in ("latent", "umap", "pca", "embedding"))]
    pairs = [tuple(latent[:2])] if len(latent) > 1 else [pair for pair in TELLING if set(pair) <= set(labels)]
    return pairs[0] if pairs else (labels[0], labels[min(1, len(labels) - 1)])


def number(columns: Columns, label: str) -> NDArray[np.float64]:
    """A column of numbers.

    Raises
    ------
    InputError
        If the list has none of that label.
    """
    if label not in columns.numbers:
        raise InputError(f"a column must be one of numbers of the list; got {label!r}.{suggestion(label, columns.numbers)}")
    return columns.number(label)


def members(columns: Columns, x: str, y: str, corners: Any) -> NDArray[np.bool_]:
    """Say which rows lie inside an outline, as ``vitreous select --lasso`` does.

    Parameters
    ----------
    columns
        The list.
    x, y
        Labels.
    corners
        ``(m, 2)``, at least three.

    Raises
    ------
    InputError
        If a label is not of numbers, or the corners are no outline.
    """
    try:
        outline = np.array(corners, np.float64)
    except (ValueError, TypeError) as problem:
        raise InputError("corners must be pairs of numbers.") from problem
    fits = outline.ndim == 2 and outline.shape[-1] == 2 and 3 <= len(outline) <= MOST and bool(np.isfinite(outline).all())
    require(fits, "corners", outline.shape, f"3 to {MOST} pairs of finite numbers")
    return inside_polygon(number(columns, x), number(columns, y), outline)
