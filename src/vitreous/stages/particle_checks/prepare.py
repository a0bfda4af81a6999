"""From a table and its maps to images at their poses, ready to be asked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from vitreous.data.particles import Particles
from vitreous.data.volume import Volume
from vitreous.errors import InputError, require
from vitreous.inference.load import working_size
from vitreous.inference.reference import make_reference
from vitreous.io.stacks import open_stack
from vitreous.numerics.filters import soft_disc
from vitreous.numerics.slices import HalfBall, half_ball
from vitreous.stages.particle_checks.evidence import Posed, load_posed

#: Å: finer detail is not looked at unless the maps hold it; coarser maps are looked at as far as they go.
FINEST = 3.0
#: Relative difference of pixel sizes that rounding does not explain.
TOLERANCE = 0.002
#: Bytes: 100 000 images of 64 pixels, 20 000 of 128.
MEMORY = 4_000_000_000
#: Standard deviation of a map's values below which it holds nothing.
NOTHING = 1e-20


def pose_particles(
    particles: Particles, maps: Sequence[Volume], *, mask: Volume | None = None, finest: float = FINEST, memory: int = MEMORY
) -> Posed:
    """Read images and make the maps they are held against.

    Parameters
    ----------
    particles
        With images, defocus and poses.
    maps
        One map; or the half-maps 1 and 2, unfiltered: each image is then held against the map of the other half-set.
    mask
        1 on the particle, of the maps' size; a ball without it.
    finest
        Å: images are cropped in Fourier space to what this needs.
    memory
        Bytes that images may take; where they need more they are read again whenever they are asked for.

    Raises
    ------
    InputError
        If particles lack images, poses, defocus or (for half-maps) half-sets, a file is missing, or maps and images differ in box or
        pixel size.
    """
    _check(particles, maps)
    box, pixel = _box(particles), particles.pixel_size
    for number, volume in enumerate([*maps, *([] if mask is None else [mask])]):
        name = "mask" if number == len(maps) else f"map {number + 1}"
        require(volume.shape == (box,) * 3, f"box of {name}", volume.shape, f"that of the images, {(box,) * 3}",
                instead="vitreous convert --crop, or the map of these particles")  # fmt: skip
        require(abs(volume.voxel_size / pixel - 1) < TOLERANCE, f"voxel size of {name}", round(volume.voxel_size, 4),
                f"the images' pixel size, {pixel:.4f} Å", instead="--pixel-size, if the table is wrong")  # fmt: skip
        require(float(volume.values.std()) > NOTHING, name, "one value everywhere", "a map with something in it")
    size = working_size(box, pixel, max(finest, 2 * pixel))
    within = (soft_disc((box,) * 3, 0.45 * box, 0.04 * box) if mask is None else mask.values.clamp(0, 1)).float()
    return load_posed(particles, _balls(maps, within, size), own_half=len(maps) == 1, size=size, radius=size // 2 - 2, memory=memory)


def _check(particles: Particles, maps: Sequence[Volume]) -> None:
    require(len(maps) in (1, 2), "maps", len(maps), "one map, or two half-maps")
    if particles.rotation is None:
        raise InputError("particles must have poses (rlnAngleRot …); these have none. Try: vitreous refine first.")
    if not np.isfinite(particles.rotation).all() or (particles.shift is not None and not np.isfinite(particles.shift).all()):
        raise InputError("poses of particles must be numbers; some angles or shifts are NaN. Try: the table as the refinement wrote it.")
    if particles.defocus is None:
        raise InputError("particles must have defocus values (rlnDefocusU); these have none. Try: vitreous estimate-ctf first.")
    if len(maps) == 2 and (particles.half is None or not np.isin(particles.half, (1, 2)).all()):
        raise InputError("particles must name their half-set (rlnRandomSubset, 1 or 2) to be held against the other half's map; "
                         "some do not. Try: the table that the refinement wrote beside its half-maps, or the whole map alone.")  # fmt: skip


def _box(particles: Particles) -> int:
    if not particles.stack:
        raise InputError("particles must have images (rlnImageName); these are coordinates. Try: vitreous extract.")
    missing = [path for path in particles.stack if not path.exists()]
    if missing:
        raise InputError(f"images of particles must be there; {len(missing)} of {len(particles.stack)} files are missing, the first "
                         f"{missing[0]}. Try: work in the folder that rlnImageName is relative to.")  # fmt: skip
    return int(open_stack(particles.stack[0]).shape[-1])


def _balls(maps: Sequence[Volume], mask: Tensor, size: int) -> tuple[HalfBall, HalfBall]:
    """What images of half-set 1 and 2 are held against, to the last shell but one below Nyquist of ``size``."""
    pixel = maps[0].voxel_size
    if len(maps) == 1:
        whole = half_ball(maps[0].values.float() * mask, size // 2 - 2, scale=pixel)
        balls = (whole, whole)
    else:
        reference = make_reference(maps[0].values.float(), maps[1].values.float(), mask, pixel)
        first, second = (half_ball(reference.opposite(half), size // 2 - 2, scale=pixel) for half in range(2))
        balls = (first, second)
    return balls
