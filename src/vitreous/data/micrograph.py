"""Micrographs and their defocus, as a table that files and stages share."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from vitreous.data.optics import Optics


@dataclass(frozen=True, kw_only=True)
class Defocus:
    """Defocus of one image.

    Parameters
    ----------
    u, v
        Å, positive is underfocus; ``u`` along the angle, ``v`` across it, u >= v.
    angle_deg
        Direction of u from +x towards +y, degrees, [0, 180).
    phase_shift_deg
        Of a phase plate, degrees.
    """

    u: float
    v: float
    angle_deg: float = 0.0
    phase_shift_deg: float = 0.0

    @property
    def mean(self) -> float:
        """(u + v) / 2 in Å."""
        return 0.5 * (self.u + self.v)

    @property
    def astigmatism(self) -> float:
        """u - v in Å."""
        return self.u - self.v


@dataclass(frozen=True, kw_only=True)
class Micrograph:
    """One micrograph, as far as it is known.

    Parameters
    ----------
    path
        The image file.
    optics
        Its microscope's constants and pixel size.
    defocus
        The fitted CTF, or None before the fit. Of a tilted specimen: in the middle of the micrograph.
    defocus_slope
        By how much u and v grow along x and along y, Å per Å; (0, 0) of a level specimen.
    fit_resolution
        Å to which the Thon rings agree with the fit, or None.
    fit_score
        Correlation of the rings with the fit, 0 to 1, or None.
    flags
        Reasons to distrust it, in words; empty is good.
    motion
        The file with its motion (RELION's per-movie STAR), or None.
    extra
        Columns of a STAR file that Vitreous does not know, kept.
    """

    path: Path
    optics: Optics
    defocus: Defocus | None = None
    defocus_slope: tuple[float, float] = (0.0, 0.0)
    fit_resolution: float | None = None
    fit_score: float | None = None
    flags: tuple[str, ...] = ()
    motion: Path | None = None
    extra: dict[str, str] = field(default_factory=dict)
