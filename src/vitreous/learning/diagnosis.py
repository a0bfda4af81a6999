"""What is wrong with an array: the mistakes that everyone makes, told apart.

A learner whose answer differs from the right one is helped by *how* it differs. Each usual mistake turns the right array into another
one in a known way (its negative, its conjugate, its mirror image, a multiple of it, ...); undoing these one at a time, and asking
whether what is left is the right array, names the mistake.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Verdict:
    """Whether an answer is right, and what to say about it (Markdown)."""

    right: bool
    text: str


def compare(got: Any, expected: ArrayLike, what: str, *, tolerance: float = 1e-6) -> Verdict:
    """Hold an answer against the right one.

    Parameters
    ----------
    got
        What the learner's function returned: anything at all.
    expected
        The right array (or number).
    what
        Its name in a sentence: "the transform".
    tolerance
        Largest difference allowed anywhere, relative to the largest magnitude of ``expected``.

    Returns
    -------
    Verdict
        Right, or wrong with the likeliest reason in words: not numbers, shape, not finite, real instead of complex, sign, conjugate,
        transposed, mirrored, a factor (named if it is N, √N, 2π, ...), shifted, right but for its ends; or where it differs most.
    """
    expected = np.asarray(expected)
    if got is None:
        return Verdict(False, f"Your function gave back nothing (`None`) where {what} is wanted. Is there a `return`?")
    array = _numbers(got)
    if array is None:
        return Verdict(False, f"{_opening(what)} should be an array of numbers; yours is a `{type(got).__name__}`.")
    if array.shape != expected.shape:
        return Verdict(False, _shapes(array, expected, what))
    if not np.isfinite(array).all():
        bad = int((~np.isfinite(array)).sum())
        return Verdict(False, f"{_opening(what)} has {bad} of {array.size} values that are not finite (NaN or ∞): a division by zero, "
                              "or a logarithm or root of something negative?")  # fmt: skip
    near = tolerance * max(float(np.abs(expected).max(initial=0.0)), 1e-300)
    if _same(array, expected, near):
        return Verdict(True, f"Right: {what} agrees with Vitreous' own within {tolerance:g}.")
    return Verdict(False, _reason(array, expected, what, near))


def _opening(what: str) -> str:
    return what[:1].upper() + what[1:]


def _numbers(got: Any) -> NDArray | None:
    """As an array of numbers; ``None`` if it is none. Tensors too."""
    try:
        array = np.asarray(got.detach().cpu() if hasattr(got, "detach") else got)
    except (ValueError, TypeError):
        return None
    return array if array.dtype.kind in "biufc" else None


def _shapes(got: NDArray, expected: NDArray, what: str) -> str:
    said = f"{_opening(what)} should have the shape {expected.shape}; yours has {got.shape}."
    if got.shape == expected.shape[::-1]:
        return f"{said} Are its axes transposed? Rows (y) come first."
    if got.size == expected.size:
        return f"{said} The number of values is right: only their arrangement in axes is not."
    if got.ndim == expected.ndim and any(abs(a - b) == 1 for a, b in zip(got.shape, expected.shape)):
        return f"{said} One too many or one too few: does the last sample belong to it?"
    return said


def _same(a: NDArray, b: NDArray, near: float) -> bool:
    return bool(np.abs(a - b).max(initial=0.0) <= near)


def _reason(got: NDArray, expected: NDArray, what: str, near: float) -> str:
    if np.iscomplexobj(expected) and not np.iscomplexobj(got):
        lost = " The real part is right: what became of the imaginary part?" if _same(got, expected.real, near) else ""
        lost = lost or (" It is the magnitude of the right answer." if _same(got, np.abs(expected), near) else "")
        return f"{_opening(what)} should be complex; yours is real.{lost}"
    for undone, words in _undone(got):
        factor = _factor(undone, expected)
        if factor is not None and _same(undone, factor * expected, near * max(1.0, abs(factor))):
            return f"{_opening(what)} is nearly there, but {_and(words, _factor_words(factor, expected.size))}."
    return _ends(got, expected, what, near) or _where(got, expected, what)


def _undone(got: NDArray) -> Iterator[tuple[NDArray, str]]:
    """The answer with each usual mistake undone, and that mistake in words; the plainest first."""
    yield got, ""
    if np.iscomplexobj(got):
        yield got.conj(), "it is the complex conjugate of the right one (the sign in the exponent?)"
    if got.ndim >= 2 and got.shape[-1] == got.shape[-2]:
        yield np.swapaxes(got, -1, -2), "it is transposed: rows are y, columns are x"
    axes = range(max(0, got.ndim - 3), got.ndim)
    for axis in axes:
        yield np.flip(got, axis), f"it is mirrored along axis {axis}: it runs backwards"
        yield np.roll(np.flip(got, axis), 1, axis), f"it is mirrored along axis {axis} about the origin: x has become −x"
    middle = tuple(got.shape[axis] // 2 for axis in axes)
    for sign in (1, -1):
        moved = np.roll(got, [sign * each for each in middle], tuple(axes))
        yield moved, "its origin is at the wrong place: shifted by half the length (`fftshift` or `ifftshift` missing, or one too many)"
    for axis in axes:
        for step in (1, -1):
            yield np.roll(got, step, axis), f"it is shifted by one sample along axis {axis}: does counting begin at 0?"


def _factor(got: NDArray, expected: NDArray) -> complex | None:
    """The number that ``expected`` is best multiplied by to give ``got``; ``None`` if it is next to nothing."""
    power = float(np.vdot(expected, expected).real)
    factor = complex(np.vdot(expected, got)) / power if power else 0j
    return factor if abs(factor) > 1e-9 else None


def _factor_words(factor: complex, size: int) -> str:
    if abs(factor - 1) < 1e-6:
        return ""
    if abs(factor + 1) < 1e-6:
        return "its sign is wrong: it is −1 times the right one"
    for phase, unit in ((1, ""), (-1, "−"), (1j, "i · "), (-1j, "−i · ")):
        for value, name in _known_factors(size):
            if abs(factor - phase * value) < 1e-6 * value:
                whole = f"it is {unit}{name} times the right one" if value != 1 else f"it is {unit[:-3]} times the right one"
                return f"its normalisation is off: {whole}" if value != 1 else whole
    shown = f"{factor.real:.4g}" if abs(factor.imag) < 1e-9 * abs(factor) else f"({factor.real:.3g} {factor.imag:+.3g}i)"
    return f"its normalisation is off: it is {shown} times the right one"


def _known_factors(size: int) -> Iterator[tuple[float, str]]:
    yield 1.0, "1"
    for value, name in ((2.0, "2"), (4.0, "4"), (math.pi, "π"), (2 * math.pi, "2π"), (math.sqrt(2 * math.pi), "√(2π)"),
                        (float(size), f"N = {size}"), (math.sqrt(size), f"√N = √{size}")):  # fmt: skip
        if value != 1:
            yield value, name
            yield 1 / value, f"1/({name})" if " " in name else f"1/{name}"


def _and(first: str, second: str) -> str:
    return " and ".join(each for each in (first, second) if each)


def _ends(got: NDArray, expected: NDArray, what: str, near: float) -> str:
    """In words, if a vector is wrong in its first or last samples only."""
    if got.ndim != 1 or got.size < 8:
        return ""
    wrong = np.flatnonzero(np.abs(got - expected) > near)
    few = max(1, got.size // 16)
    if wrong[0] >= got.size - few:
        return f"{_opening(what)} is right up to its last {_samples(got.size - wrong[0])}: does the loop, or the slice, end one too early?"
    if wrong[-1] < few:
        return f"{_opening(what)} is right but for its first {_samples(wrong[-1] + 1)}."
    if all(index < few or index >= got.size - few for index in wrong):
        return f"{_opening(what)} is right but for its two ends: how should it go on beyond them?"
    return ""


def _samples(count: int) -> str:
    return "sample" if count == 1 else f"{count} samples"


def _where(got: NDArray, expected: NDArray, what: str) -> str:
    gap = np.abs(got - expected)
    worst = np.unravel_index(int(gap.argmax()), gap.shape)
    scale = float(np.abs(expected).max(initial=0.0)) or 1.0
    place = f" at index {', '.join(str(int(each)) for each in worst)}" if worst else ""
    return (f"{_opening(what)} is not right yet. It differs most{place}: {got[worst]:.5g} where {expected[worst]:.5g} is right "
            f"({gap.max() / scale:.1%} of the largest value).")  # fmt: skip
