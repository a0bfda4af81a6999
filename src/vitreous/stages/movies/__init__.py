"""Movies: align the frames, weigh them by exposure, sum them."""

from vitreous.stages.movies.align import align_movie
from vitreous.stages.movies.alignment import Alignment
from vitreous.stages.movies.field import ShiftField
from vitreous.stages.movies.frames import ArrayFrames, Frames
from vitreous.stages.movies.params import AlignmentParams

__all__ = ["Alignment", "AlignmentParams", "ArrayFrames", "Frames", "ShiftField", "align_movie"]
