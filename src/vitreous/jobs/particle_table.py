"""Particle tables as jobs read and write them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vitreous.data.particles import Particles
    from vitreous.pipeline.context import Context


def box_of(particles: Particles) -> int:
    """Side of the stored images, pixels.

    Raises
    ------
    InputError
        If the particles have no images.
    """
    from vitreous.errors import InputError
    from vitreous.io.stacks import open_stack

    if not particles.stack:
        raise InputError("particles must have images (rlnImageName); these are coordinates. Try: vitreous extract.")
    return int(open_stack(particles.stack[0]).shape[-1])


def write_table(particles: Particles, path: Path, context: Context) -> None:
    """Write particles by names that hold when the job is done: relative to the project for what lies in it."""
    from vitreous.io.particles import write_particles

    named = particles.with_(stack=tuple(Path(context.name(each)) for each in particles.stack))
    write_particles(path, named, root=context.project)


def quick_count(path: Path) -> int:
    """Rows of a particle STAR, about: lines that hold an image name."""
    with Path(path).open("rb") as handle:
        return sum(b"@" in line for line in handle)
