"""Motion of a movie's frames: one shift a frame, and a polynomial for what differs over the field.

The local model is that of MotionCor2 as RELION writes it (Zheng et al. 2017, Nature Methods 14:331, eq. 1, with the 18
product coefficients free; Zivanov et al. 2019, IUCrJ 6:5, section 2.2):

    d(x, y, t) = Σ_s Σ_p c[s, p] X_s(x, y) t^(p+1),   X = (1, x, x², y, y², x y),   p = 0, 1, 2

with x, y in fractions of the frame from its centre (−½ to ½) and t in frames from the first one.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vitreous.errors import require

#: Coefficients of the local model for each of x and y, in RELION's order: space slowest, time fastest.
LOCAL_TERMS = 18


def local_basis(x: ArrayLike, y: ArrayLike, t: ArrayLike) -> NDArray[np.float64]:
    """The 18 products X_s(x, y) t^(p+1).

    Parameters
    ----------
    x, y
        Position as a fraction of the frame, −½ to ½; any shapes that broadcast with ``t``.
    t
        Frames since the first.

    Returns
    -------
    ndarray
        ``(..., 18)``; zero at ``t`` = 0.
    """
    x, y, t = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in (x, y, t)))
    space = np.stack([np.ones_like(x), x, x * x, y, y * y, x * y], axis=-1)
    time = np.stack([t, t * t, t * t * t], axis=-1)
    return (space[..., :, None] * time[..., None, :]).reshape(*x.shape, LOCAL_TERMS)


@dataclass(frozen=True, kw_only=True)
class Motion:
    """The shifts that bring the frames of a movie together.

    A shift is what is *added* to the position of something in a frame to find it in the sum: minus the motion of the
    specimen, RELION's sign. Both parts are zero in the first frame.

    Parameters
    ----------
    shape
        (y, x) of a frame in pixels, unbinned.
    pixel_size
        Å per pixel of a frame.
    global_shifts
        ``(frames, 2)`` as (x, y) in Å.
    local
        ``(2, 18)``, for x and y, in Å: the coefficients of :func:`local_basis`; zeros without a local model.
    dose_per_frame, pre_exposure
        e/Å².
    voltage
        kV.
    binning
        Factor by which the sum was binned.
    first_frame
        Number of the first frame used, counted from 1.
    defects
        ``(n, 2)`` as (x, y): pixels that were mended.
    patches
        ``(n, 5)``: frame (from 1), x, y of a patch's centre in pixels, and its measured local shift x, y in Å.
    """

    shape: tuple[int, int]
    pixel_size: float
    global_shifts: NDArray[np.float64]
    local: NDArray[np.float64] = field(default_factory=lambda: np.zeros((2, LOCAL_TERMS)))
    dose_per_frame: float = 0.0
    pre_exposure: float = 0.0
    voltage: float = 300.0
    binning: float = 1.0
    first_frame: int = 1
    defects: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 2), dtype=np.int64))
    patches: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 5)))

    def __post_init__(self) -> None:
        require(self.pixel_size > 0, "pixel_size", self.pixel_size, "positive, in Å", instead="--pixel-size 0.83")
        require(np.ndim(self.global_shifts) == 2 and np.shape(self.global_shifts)[1] == 2, "global_shifts",
                np.shape(self.global_shifts), "of shape (frames, 2)")  # fmt: skip
        require(np.shape(self.local) == (2, LOCAL_TERMS), "local", np.shape(self.local), f"of shape (2, {LOCAL_TERMS})")

    @property
    def frames(self) -> int:
        """Number of frames."""
        return len(self.global_shifts)

    def local_shift(self, frame: ArrayLike, x: ArrayLike, y: ArrayLike) -> NDArray[np.float64]:
        """Local part of the shift.

        Parameters
        ----------
        frame
            From 0.
        x, y
            Position in pixels of the unbinned frame.

        Returns
        -------
        ndarray
            ``(..., 2)`` as (x, y) in Å.
        """
        across = np.asarray(x, dtype=np.float64) / self.shape[1] - 0.5
        down = np.asarray(y, dtype=np.float64) / self.shape[0] - 0.5
        return local_basis(across, down, frame) @ self.local.T

    def shift(self, frame: ArrayLike, x: ArrayLike, y: ArrayLike) -> NDArray[np.float64]:
        """Global and local shift together; arguments and result as in :meth:`local_shift`."""
        return self.global_shifts[np.asarray(frame)] + self.local_shift(frame, x, y)
