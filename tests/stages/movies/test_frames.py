"""Which frames take part, and why others do not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from vitreous.errors import FormatError, InputError
from vitreous.stages.movies.frames import ArrayFrames, read_stack

SHAPE = (80, 96)


def counts(frames: int = 10, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).poisson(3.0, (frames, *SHAPE)).astype(np.uint8)


@dataclass(frozen=True)
class Damaged(ArrayFrames):
    """A movie whose frame 4 cannot be decoded."""

    def frame(self, index: int) -> np.ndarray:
        if index == 4:
            raise FormatError("movie.tif", "the frame cannot be decoded.", "frame 5")
        return self.values[index]


@pytest.mark.parametrize("keep", [0, 1 << 30])
def test_sound_frames_all_take_part(keep: int):
    frames = counts(11)
    stack, total, faults = read_stack(ArrayFrames(frames), keep)
    assert not faults
    assert stack.numbers.tolist() == list(range(11))
    np.testing.assert_array_equal(total, frames.sum(axis=0))
    np.testing.assert_array_equal(np.concatenate([run for _, run in stack.batches()]), frames)


def spoiled(kind: str, frames: np.ndarray) -> np.ndarray:
    if kind == "dark":
        frames[4] = 0
    elif kind == "saturated":
        frames[4, :20] = 255
    elif kind == "exposed twice":
        frames[4] += np.random.default_rng(8).poisson(3.0, SHAPE).astype(np.uint8)
    elif kind == "cut off":
        frames[4] = np.random.default_rng(9).poisson(0.4, SHAPE)
    return frames


@pytest.mark.parametrize("keep", [0, 1 << 30])
@pytest.mark.parametrize("kind", ["dark", "saturated", "exposed twice", "cut off"])
def test_a_spoiled_frame_is_left_out_with_the_reason(kind: str, keep: int):
    frames = spoiled(kind, counts())
    stack, total, faults = read_stack(ArrayFrames(frames), keep)
    assert [fault.number for fault in faults] == [5]
    assert kind in str(faults[0])
    assert stack.numbers.tolist() == [0, 1, 2, 3, 5, 6, 7, 8, 9]
    np.testing.assert_array_equal(total, np.delete(frames, 4, axis=0).sum(axis=0))
    np.testing.assert_array_equal(np.concatenate([run for _, run in stack.batches()]), np.delete(frames, 4, axis=0))


def test_a_frame_that_cannot_be_decoded_is_left_out():
    stack, total, faults = read_stack(Damaged(counts()), 1 << 30)
    assert "frame 5: " in str(faults[0])
    assert "cannot be decoded" in str(faults[0])
    assert len(stack) == 9
    np.testing.assert_array_equal(total, np.delete(counts(), 4, axis=0).sum(axis=0))


def test_numbers_that_are_none_and_constants_are_left_out_of_floats():
    frames = counts().astype(np.float32)
    frames[2, 5, 5], frames[7] = np.nan, 3.5
    _, _, faults = read_stack(ArrayFrames(frames), 1 << 30)
    assert [(fault.number, fault.reason[:8]) for fault in faults] == [(3, "it holds"), (8, "it is 3.")]


@pytest.mark.parametrize("level", [0.5, 1.5])
def test_a_frame_of_half_or_one_and_a_half_exposures_takes_part(level: float):
    frames = counts()
    frames[0] = np.random.default_rng(7).poisson(3.0 * level, SHAPE)
    assert not read_stack(ArrayFrames(frames), 1 << 30)[2]


def test_levels_say_nothing_where_numbers_can_be_negative():
    frames = counts().astype(np.float32) - 3.0
    frames[3] += 1.0
    assert not read_stack(ArrayFrames(frames), 1 << 30)[2]


def test_a_movie_with_more_bad_frames_than_good_ones_is_refused():
    frames = counts()
    frames[:6] = 0
    with pytest.raises(InputError, match=r"half of all; got 4 of 10. Frame 1: it is 0 everywhere: dark, or the beam was off"):
        read_stack(ArrayFrames(frames), 1 << 30)
