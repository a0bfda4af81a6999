"""Particle tables as jobs read and write them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vitreous.data.particles import Particles
    from vitreous.pipeline.context import Context


#: Two halves of five.
FEWEST = 10


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


def check_particles(particles: Particles, diameter: float) -> None:
    """Refuse particles that nothing can be learnt from.

    Raises
    ------
    InputError
        If there are fewer than ten, the particle is as large as its box, or the scale of the images is not that of their header.
    """
    from vitreous.errors import require
    from vitreous.io.stacks import open_stack
    from vitreous.jobs.options import check_pixel_size

    require(len(particles) >= FEWEST, "number of particles", len(particles), f"at least {FEWEST}", instead="pick or select more")
    side = box_of(particles) * particles.pixel_size
    require(diameter < side, "diameter", diameter, f"smaller than the box, {side:.0f} Å",
            instead="a larger box, or the particle's true size")  # fmt: skip
    for path in particles.stack:
        check_pixel_size(particles.pixel_size, open_stack(path).pixel_size, path)


def write_table(particles: Particles, path: Path, context: Context) -> None:
    """Write particles by names that hold when the job is done: relative to the project for what lies in it."""
    from vitreous.io.particles import write_particles

    named = particles.with_(stack=tuple(Path(context.name(each)) for each in particles.stack))
    write_particles(path, named, root=context.project)


def quick_count(path: Path) -> int:
    """Rows of a particle STAR, about: lines that hold an image name."""
    with Path(path).open("rb") as handle:
        return sum(b"@" in line for line in handle)
