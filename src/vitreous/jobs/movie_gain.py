"""What a session's frames say of its gain reference: how it lies over them, whether one is missing, and what it would be."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vitreous.errors import FormatError, InputError, VitreousError, require
from vitreous.pipeline.context import Context

if TYPE_CHECKING:
    from vitreous.io.gain import Flip
    from vitreous.stages.movies.gain_estimate import GainEstimate
    from vitreous.stages.movies.gain_orientation import Orientation, Verdict

#: Movies whose frames are summed to see how a gain lies, and to see whether one is missing.
LOOKED_AT = 4
#: Blocks of movies that are summed apart: enough to share the work, few enough that their sums fit in memory.
BLOCKS = 16


def sum_frames(path: Path, shape: tuple[int, int]) -> np.ndarray:
    """Sum of the frames of a movie as recorded, float32 ``(y, x)``.

    Raises
    ------
    VitreousError
        If it cannot be read, has another size, or holds values that are not finite.
    """
    from vitreous.io.movies import open_movie_of

    movie = open_movie_of(path, shape)
    require(movie.shape == shape, f"size of {path.name}", movie.shape, f"that of most of the movies, {shape} pixels (y, x)")
    total = np.zeros(shape, np.float32)
    for frame in movie.frames():
        total += frame
    if not np.isfinite(total).all():
        raise FormatError(path, "frames must be finite everywhere; got NaN or infinity. Try: leaving this movie out.")
    return total


def spread_out(movies: Sequence[Path], most: int) -> list[Path]:
    """At most ``most`` movies, evenly over the list."""
    return [movies[i] for i in np.unique(np.linspace(0, len(movies) - 1, min(most, len(movies))).round().astype(int))]


def some_sums(movies: Sequence[Path], shape: tuple[int, int]) -> list[np.ndarray]:
    """Sums of the frames of a few movies; those that cannot be read are left to the job to complain of."""
    sums = []
    for path in spread_out(movies, LOOKED_AT):
        try:
            sums.append(sum_frames(path, shape))
        except (VitreousError, OSError):
            continue
    return sums


def orientation_of(gain: np.ndarray, path: Path, movies: Sequence[Path], shape: tuple[int, int], uses: Sequence[Any]) -> Verdict:
    """How a gain reference lies over the movies.

    Raises
    ------
    InputError
        If it is another detector's.
    """
    from vitreous.stages.movies.gain_orientation import find_orientation

    sums = some_sums(movies, shape)
    require(bool(sums), "movies", len(movies), "of which at least one can be read, to see how the gain lies", instead="--gain-turns 0")
    found = find_orientation(np.sum(sums, axis=0), gain, uses)
    if found.kind == "foreign":
        raise InputError(
            f"gain must be of the detector that took the movies; {path} has a pattern that their frames do not show in any of its "
            f"orientations (agreement {found.best.slope:.2f} ± {found.best.error:.2f}, 1 is right). It is of another detector or "
            "binning, or the movies are corrected already. Try: no gain if they are, --gain-turns 0 to apply it as it is."
        )
    return found


def told_of(found: Verdict) -> str:
    """A warning, or nothing."""
    if found.kind == "faint":
        return ("frames hold too few electrons to show how the gain lies; it is taken as it is stored. Try: --gain-turns 0 if that is "
                "known to be right.")  # fmt: skip
    if found.kind == "flat" or found.best.is_plain:
        return ""
    return (f"the gain fits the frames when it is {in_words(found.best)}, and is taken so (agreement {found.best.slope:.2f}, 1 is right; "
            f"{found.margin:.0f} standard deviations above any other way). To say so yourself: {flags(found.best)}.")  # fmt: skip


def in_words(best: Orientation) -> str:
    """ "turned by 90 degrees counter-clockwise, turned upside down, divided by"."""
    turns, flip = _shortest(best)
    parts = [f"turned by {90 * turns} degrees counter-clockwise"] if turns else []
    parts += [{"rows": "turned upside down (rows)", "columns": "mirrored left to right (columns)"}[flip]] if flip != "none" else []
    parts += ["divided by, not multiplied with"] if best.use == "divided" else []
    return ", ".join(parts)


def flags(best: Orientation) -> str:
    """The options that say the same."""
    use = " --gain-use divided" if best.use == "divided" else ""
    turns, flip = _shortest(best)
    return f"--gain-turns {turns} --gain-flip {flip}{use}"


def _shortest(best: Orientation) -> tuple[int, Flip]:
    """Turns and flip that say the same with the fewest turns: rows flipped after half a turn are columns flipped."""
    is_longer = best.flip == "rows" and best.quarter_turns >= 2
    return (best.quarter_turns - 2, "columns") if is_longer else (best.quarter_turns, best.flip)


def missing_gain(movies: Sequence[Path], shape: tuple[int, int]) -> str:
    """A warning if frames that nobody gave a gain for show a pattern that stays with the detector."""
    from vitreous.stages.movies.gain_estimate import estimate_gain

    sums = some_sums(movies, shape)
    if len(sums) < 2:
        return ""
    try:
        found = estimate_gain(np.stack([np.sum(sums[half::2], axis=0) for half in (0, 1)]))
    except InputError:
        return ""
    if not found.is_there:
        return ""
    return (f"frames show a pattern of {100 * found.spread:.1f} % that stays with the detector, and no gain was given. Try: --gain "
            f"gain.mrc, or --estimate-gain if there is none (it needs {found.electrons_needed:.0f} electrons a pixel).")  # fmt: skip


def session_gain(movies: Sequence[Path], shape: tuple[int, int], most: int, context: Context, known: Path | None = None) -> GainEstimate:
    """Estimate the gain from the frames of all movies, or ``most`` of them evenly over the session; bad ones are set aside.

    Parameters
    ----------
    movies, shape
        The files, and (y, x) of their frames.
    most
        How many are used.
    context
        Of the job.
    known
        A map or list of defects.

    Raises
    ------
    InputError
        If fewer than two can be used.
    """
    from vitreous.io.defects import read_defects
    from vitreous.stages.movies.gain_estimate import estimate_gain

    used = spread_out(movies, most)
    require(len(used) >= 2, "movies", len(used), "two or more: what stays between movies is the detector's")
    blocks = [used[first :: min(BLOCKS, len(used))] for first in range(min(BLOCKS, len(used)))]
    reasons, halves = context.map_reduce(sum_block, list(enumerate(blocks)), shared=shape, combine=add_halves, step="sum frames",
                                         key=lambda block: f"movies {block[0] + 1}, …")  # fmt: skip
    for name, reason in (each for block in reasons for each in block):
        context.quarantine(name, reason)
    require(len(halves) == 2, "movies that can be read", len(used) - len(context.quarantined), "two or more")
    return estimate_gain(np.stack([halves[0], halves[1]]), None if known is None else read_defects(known, shape))


def sum_block(shape: tuple[int, int], block: tuple[int, list[Path]]) -> tuple[list[tuple[str, str]], dict[int, np.ndarray]]:
    """Sum the frames of some movies into one half of the session: reasons why some cannot be used, and the half's sum."""
    number, paths = block
    reasons: list[tuple[str, str]] = []
    total: np.ndarray | None = None
    for path in paths:
        try:
            one = sum_frames(path, shape)
        except (VitreousError, OSError) as problem:
            reasons.append((path.name, str(problem)))
            continue
        total = one if total is None else total + one
    return reasons, {} if total is None else {number % 2: total}


def add_halves(left: dict[int, np.ndarray], right: dict[int, np.ndarray]) -> dict[int, np.ndarray]:
    """Add sums half by half."""
    both = {half: left[half] + right[half] for half in left.keys() & right.keys()}
    return left | right | both


def told_of_estimate(found: GainEstimate) -> tuple[str, ...]:
    """Warnings about an estimated gain."""
    if not found.is_there:
        return ("frames show no pattern that stays with the detector: they are corrected already, or too few. The gain is 1 everywhere.",)
    if not found.helps:
        return (f"{found.electrons:.0f} electrons a pixel are too few to estimate the gain: {100 * found.error:.1f} % would be left of a "
                f"pattern of {100 * found.spread:.1f} %. The gain is 1 everywhere but at defects. Try: movies with "
                f"{found.electrons_needed:.0f} electrons a pixel or more in all.",)  # fmt: skip
    return ()


def write_gain(found: GainEstimate, folder: Path) -> Path:
    """Write ``gain.mrc`` and ``defects.tif``; a gain that would not help is 1 but at defects, where it is 0."""
    from vitreous.io.defects import write_defects
    from vitreous.io.mrc import write_image

    usable = found.gain if found.helps else np.where(found.defects, 0, 1).astype(np.float32)
    write_image(folder / "gain.mrc", usable, None)
    write_defects(folder / "defects.tif", found.defects)
    return folder / "gain.mrc"
