"""Images that hold no numbers are set aside, and the rest goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from vitreous.errors import InputError
from vitreous.pipeline.context import Context

if TYPE_CHECKING:
    import numpy as np

    from vitreous.data.particles import Particles

Loaded = TypeVar("Loaded")


def load_sound(particles: Particles, load: Callable[[Particles], Loaded], context: Context) -> tuple[Particles, Loaded]:
    """Load images; where that is refused because some hold no numbers, set those aside and load the rest.

    Raises
    ------
    InputError
        If loading is refused for another reason, or no image is left.
    """
    from vitreous.inference.screen import not_finite
    from vitreous.inference.stored import StoredImages

    refused: InputError | None = None
    try:
        images = load(particles)
    except InputError as problem:
        refused = problem
    # What stays on disk has not been looked at yet.
    if refused is None and not isinstance(images, StoredImages):
        return particles, images
    bad = not_finite(particles)
    if not len(bad):
        if refused is not None:
            raise refused
        return particles, images
    if len(bad) == len(particles):
        raise InputError(f"particle images must be numbers; all {len(particles)} have NaN or infinities. Try: extract again.")
    kept = set_aside(particles, bad, context)
    return kept, load(kept)


def set_aside(particles: Particles, bad: np.ndarray, context: Context) -> Particles:
    """The particles without those at ``bad``, which are listed as set aside."""
    import numpy as np

    assert particles.stack_index is not None  # noqa: S101  their images were read
    assert particles.slice_index is not None  # noqa: S101
    for row in bad:
        image = f"{particles.slice_index[row] + 1}@{particles.stack[particles.stack_index[row]].name}"
        context.quarantine(f"particle {row + 1} ({image})", "its image has NaN or infinities")
    return particles.take(np.delete(np.arange(len(particles)), bad))
