"""Particles as a table of columns: where the pixels are, and what is known of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Literal

import numpy as np

from vitreous.data.optics import Optics
from vitreous.errors import InputError, require

Contrast = Literal["dark", "bright"]


@dataclass(frozen=True, kw_only=True)
class Particles:
    """A set of particle images and what is known of each; columns are numpy arrays of one length n.

    Parameters
    ----------
    optics
        Optics groups.
    group
        Index into ``optics``, int64 ``(n,)``.
    stack
        Files of pixels.
    stack_index
        Index into ``stack``, int64 ``(n,)``; -1 where a particle has no image yet.
    slice_index
        Image within the file, 0-based, int64 ``(n,)``.
    defocus
        float64 ``(n, 4)``: u and v in Å, angle and phase shift in degrees; or None.
    rotation
        float64 ``(n, 3, 3)``, r_lab = R r_object; or None.
    shift
        float64 ``(n, 2)``: where the particle sits relative to the box centre, (x, y) in Å; or None.
    micrograph
        Names of micrographs.
    micrograph_index
        Index into ``micrograph``, int64 ``(n,)``, or None.
    coordinate
        float64 ``(n, 2)``: (x, y) in pixels of the micrograph, 0-based; or None.
    half
        Half-set 1 or 2, 0 for not assigned, int8 ``(n,)``; or None.
    class_number
        1-based, 0 for none, int32 ``(n,)``; or None.
    contrast
        "dark" where protein is dark in the stored images, "bright" where it is bright (RELION's habit).
    extra
        Columns this version does not know, by their foreign name, object or number arrays ``(n,)``.
    optics_extra
        The same for the optics table.

    Raises
    ------
    InputError
        If two columns differ in length.
    """

    optics: tuple[Optics, ...]
    group: np.ndarray
    stack: tuple[Path, ...] = ()
    stack_index: np.ndarray | None = None
    slice_index: np.ndarray | None = None
    defocus: np.ndarray | None = None
    rotation: np.ndarray | None = None
    shift: np.ndarray | None = None
    micrograph: tuple[str, ...] = ()
    micrograph_index: np.ndarray | None = None
    coordinate: np.ndarray | None = None
    half: np.ndarray | None = None
    class_number: np.ndarray | None = None
    contrast: Contrast = "bright"
    extra: Mapping[str, np.ndarray] = field(default_factory=dict)
    optics_extra: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, column in self._columns().items():
            if len(column) != len(self):
                raise InputError(f"column {name} must have one row a particle ({len(self)}); got {len(column)}.")

    def _columns(self) -> dict[str, np.ndarray]:
        own = {f.name: getattr(self, f.name) for f in fields(self)}
        return {k: v for k, v in own.items() if isinstance(v, np.ndarray)} | dict(self.extra)

    def __len__(self) -> int:
        return len(self.group)

    def take(self, rows: np.ndarray) -> Particles:
        """The particles at ``rows`` (indices or a mask), in that order."""
        own = {k: v[rows] for k, v in self._columns().items() if k not in self.extra}
        return replace(self, **own, extra={k: v[rows] for k, v in self.extra.items()})

    def with_(self, **columns: object) -> Particles:
        """A copy with other columns."""
        return replace(self, **columns)  # type: ignore[arg-type]

    @property
    def pixel_size(self) -> float:
        """Å per pixel, if all groups agree.

        Raises
        ------
        InputError
            If they do not.
        """
        sizes = {o.pixel_size for o in self.optics}
        require(len(sizes) == 1, "pixel_size", sorted(sizes), "one value for all optics groups, in Å")
        return sizes.pop()
