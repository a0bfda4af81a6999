"""What one may choose about the alignment of a movie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from vitreous.errors import require
from vitreous.stages.movies.stretched import checked_matrix

#: The microscope magnifies alike in all directions.
UNSTRETCHED = (1.0, 0.0, 0.0, 1.0)
Model = Literal["smooth", "polynomial", "flow", "global"]


@dataclass(frozen=True, kw_only=True)
class AlignmentParams:
    """Choices of :func:`vitreous.stages.movies.align_movie`.

    Parameters
    ----------
    dose_per_frame
        e/Å² a frame; 0 leaves the frames unweighted.
    pre_exposure
        e/Å² before the first frame.
    patches
        Patches along (x, y), or None to let the size of the frame decide (about 1000 Å, overlapping by half).
    model
        What the sum is made with: "smooth" (a regularised field in space and time), "polynomial" (RELION's 18
        coefficients), "flow" (optical flow, for comparison) or "global" (one shift a frame).
    bin_factor
        Factor, 1 or more, by which the sums are Fourier-cropped.
    align_pixel
        Å; frames are shrunk by the whole factor that comes nearest below this for the alignment.
    coarsest
        Å; detail coarser than this (illumination, ice gradients) does not take part in the alignment.
    iterations
        Rounds of measuring and fitting the local field.
    mend
        Whether hot and dead pixels are found and replaced.
    early_dose
        e/Å² that part early from late motion in the figures.
    unweighted
        Whether the plain sum is made even where the weighted one is.
    keep_bytes
        Frames that take more than this are read again when summed instead of being kept in memory.

    halves
        Whether odd and even frames are summed apart as well.
    envelopes
        Whether the scale and the B-factor of every frame are measured.
    magnification
        The matrix a b c d by which frequencies of the recorded frames are to be multiplied; the sums are free of it.

    Raises
    ------
    InputError
        If a value is out of its range.
    """

    dose_per_frame: float = 0.0
    pre_exposure: float = 0.0
    patches: tuple[int, int] | None = None
    model: Model = "smooth"
    bin_factor: float = 1.0
    align_pixel: float = 4.0
    coarsest: float = 400.0
    iterations: int = 4
    mend: bool = True
    early_dose: float = 4.0
    unweighted: bool = True
    keep_bytes: int = 1 << 30
    halves: bool = False
    envelopes: bool = False
    magnification: tuple[float, ...] = UNSTRETCHED

    def __post_init__(self) -> None:
        require(self.dose_per_frame >= 0, "dose_per_frame", self.dose_per_frame, "0 or more, in e/Å² a frame",
                instead="--dose 1.2")  # fmt: skip
        require(self.pre_exposure >= 0, "pre_exposure", self.pre_exposure, "0 or more, in e/Å²")
        require(self.patches is None or min(self.patches) >= 1, "patches", self.patches, "1 or more along x and y",
                instead="(5, 5)")  # fmt: skip
        require(self.model in get_args(Model), "model", self.model, "smooth, polynomial, flow or global")
        require(self.bin_factor >= 1, "bin_factor", self.bin_factor, "1 or more", instead="2 for super-resolution")
        require(self.align_pixel > 0, "align_pixel", self.align_pixel, "positive, in Å")
        require(self.coarsest > 2 * self.align_pixel, "coarsest", self.coarsest, "above twice align_pixel, in Å")
        require(self.iterations >= 1, "iterations", self.iterations, "1 or more")
        checked_matrix(np.array(self.magnification))
