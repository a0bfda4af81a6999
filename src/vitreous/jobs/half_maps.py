"""Half-maps as what images of known pose are compared with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from vitreous.errors import InputError

if TYPE_CHECKING:
    from vitreous.inference.reference import Reference

#: Å: half-maps that agree to no better than this say nothing of single images.
POOREST = 20.0


def read_halves(half1: Path, half2: Path, mask: Path | None, box: int, pixel_size: float) -> Reference:
    """Read half-maps and mask; without a mask, a soft ball as wide as the box allows.

    Parameters
    ----------
    half1, half2
        Unfiltered maps of the half-sets.
    mask
        1 on the particle, or None.
    box, pixel_size
        Those of the particle images, pixels and Å, to which the maps are brought.

    Raises
    ------
    InputError
        If a map is no cube, or the maps agree to no better than 20 Å.
    """
    from vitreous.inference.reference import make_reference
    from vitreous.jobs.refine import read_reference
    from vitreous.numerics.filters import soft_disc

    first, second = (read_reference(path, box, pixel_size) for path in (half1, half2))
    inside = soft_disc((box,) * 3, 0.42 * box, 0.06 * box) if mask is None else read_reference(mask, box, pixel_size)
    reference = make_reference(first, second, inside, pixel_size)
    if reference.resolution > POOREST:
        raise InputError(f"half-maps must agree to better than {POOREST:g} Å to say anything of single images; they agree to "
                         f"{reference.resolution:.0f} Å. Try: refine further, or more particles.")  # fmt: skip
    return reference
