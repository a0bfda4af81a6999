"""Maps, stacks and particle lists into another form: mirrored, rescaled, cropped, inverted, in today's dialect."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vitreous.errors import InputError, require
from vitreous.jobs.options import Microscope, stated_pixel_size
from vitreous.pipeline.context import Context
from vitreous.pipeline.job import JobType, Result
from vitreous.pipeline.params import option, parameters
from vitreous.pipeline.ports import Input, Inputs, Output

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from vitreous.data.particles import Particles

STACKS = (".mrcs", ".mrcs.gz", ".mrcs.bz2", ".mrcs.zst")
#: Images of a stack that are handled at a time.
CHUNK = 64


@parameters
class Convert(Microscope):
    """What is changed."""

    mirror: bool = option(False, help="mirror a map: x becomes -x, and the hand the other one")
    crop: int | None = option(None, "voxels", "side to cut to, or pad to, about the centre; first", low=4, high=4096,
                              if_none="the side stays")  # fmt: skip
    to_size: int | None = option(None, "voxels", "side to rescale to, by Fourier cropping or padding", low=4, high=4096,
                                 if_none="the scale stays")  # fmt: skip
    invert: bool = option(False, help="turn the contrast over: dark becomes bright")

    @property
    def changes_images(self) -> bool:
        """Whether the pixels of a particle list have to be written again."""
        return self.invert or self.crop is not None or self.to_size is not None


def run(inputs: Inputs, params: Convert, context: Context) -> Result:
    """Convert what the file's name says it is."""
    path = inputs["file"]
    if path.suffix.lower() == ".star":
        return convert_particles(path, params, context)
    return convert_stack(path, params, context) if path.name.lower().endswith(STACKS) else convert_map(path, params, context)


def reshaped(values: Tensor, params: Convert, axes: int) -> Tensor:
    """Cut or pad, rescale and invert the last ``axes`` axes; the origin n // 2 stays the origin."""
    from vitreous.numerics.fourier import centred_irfft2, centred_irfftn, centred_rfft2, centred_rfftn
    from vitreous.numerics.resample import centre_resize, resize_spectrum

    if params.crop is not None:
        values = centre_resize(values, params.crop, axes=axes)
    if params.to_size is not None and params.to_size != values.shape[-1]:
        have, size = values.shape[-1], (params.to_size,) * axes
        forward, backward = (centred_rfft2, centred_irfft2) if axes == 2 else (centred_rfftn, centred_irfftn)
        values = backward(resize_spectrum(forward(values), size), size) * (params.to_size / have) ** axes
    return -values if params.invert else values


def scaled(pixel_size: float, size: int, params: Convert) -> float:
    """Pixel size of what :func:`reshaped` makes of ``size`` pixels."""
    return pixel_size if params.to_size is None else pixel_size * (params.crop or size) / params.to_size


def convert_map(path: Path, params: Convert, context: Context) -> Result:
    """Convert a map; its corner is kept where that still means something."""
    from vitreous.data.volume import Volume
    from vitreous.io.mrc import read_volume, write_volume
    from vitreous.numerics.map_align import mirror

    volume = read_volume(path, params.pixel_size)
    if params.crop is not None or params.to_size is not None:
        require(len(set(volume.shape)) == 1, "a map to cut or rescale", volume.shape, "a cube")
    values = mirror(volume.values) if params.mirror else volume.values
    moved = params.mirror or params.crop is not None
    made = Volume(reshaped(values, params, 3), scaled(volume.voxel_size, volume.shape[0], params),
                  (0.0, 0.0, 0.0) if moved else volume.corner)  # fmt: skip
    write_volume(context.outputs / "map.mrc", made)
    lost = moved and any(volume.corner)
    warnings = ("the map's place in the model's coordinates is not kept.",) if lost else ()
    return Result(figures={"size": made.shape[0], "voxel_size_angstrom": made.voxel_size}, warnings=warnings)


def convert_stack(path: Path, params: Convert, context: Context) -> Result:
    """Convert a stack of images."""
    from vitreous.io.mrc import open_stack

    _refuse_mirror(params)
    stack = open_stack(path)
    pixel_size = params.pixel_size or stated_pixel_size(stack.pixel_size)
    images = _converted([(path, range(stack.count))], params)
    scale = None if pixel_size is None else scaled(pixel_size, stack.shape[0], params)
    return Result(figures={"image_count": _write(context, images, scale), "pixel_size_angstrom": scale})


def convert_particles(path: Path, params: Convert, context: Context) -> Result:
    """Write a particle list in RELION 3.1's dialect, and its images again if they change."""
    from vitreous.io.particles import read_particles, write_particles

    _refuse_mirror(params)
    particles = read_particles(path, require_images=params.changes_images, **params.given())
    if params.changes_images:
        particles = _with_images(particles, params, context)
    else:
        particles = particles.with_(stack=tuple(Path(context.name(file)) for file in particles.stack))
    write_particles(context.outputs / "particles.star", particles, root=context.project)
    return Result(figures={"particle_count": len(particles), "group_count": len(particles.optics)})


def _refuse_mirror(params: Convert) -> None:
    if params.mirror:
        raise InputError("mirror must be left out unless the file is a map; images of particles have no hand of their own.")


def _with_images(particles: Particles, params: Convert, context: Context) -> Particles:
    import numpy as np

    from vitreous.io.mrc import open_stack

    stacks = [open_stack(file) for file in particles.stack]
    sizes = {stack.shape for stack in stacks}
    require(len(sizes) == 1, "sizes of the stacks", sorted(sizes), "one for all", instead="one STAR file a size")
    size = stacks[0].shape[0]
    rows = zip(particles.stack_index.tolist(), particles.slice_index.tolist())
    images = _converted(((particles.stack[file], [image]) for file, image in rows), params)
    optics = tuple(replace(each, pixel_size=scaled(each.pixel_size, size, params)) for each in particles.optics)
    count = _write(context, images, optics[0].pixel_size)
    square = {"rlnImageSize": params.to_size or params.crop or size, "rlnImageDimensionality": 2}
    columns = {label: np.full(len(optics), value) for label, value in square.items()}
    other = {"bright": "dark", "dark": "bright"}[particles.contrast]
    return particles.with_(
        optics=optics,
        stack=(Path(context.name(context.outputs / "particles.mrcs")),),
        stack_index=np.zeros(count, np.int64),
        slice_index=np.arange(count),
        contrast=other if params.invert else particles.contrast,
        optics_extra={**particles.optics_extra, **columns},
    )


def _converted(parts: Any, params: Convert) -> Iterator[np.ndarray]:
    """Images of (stack, indices) in order, changed."""
    import torch

    from vitreous.io.mrc import open_stack

    for path, indices in parts:
        stack, wanted = open_stack(path), list(indices)
        require(stack.shape[0] == stack.shape[1], f"images of {path}", stack.shape, "square")
        for start in range(0, len(wanted), CHUNK):
            yield from reshaped(torch.from_numpy(stack.read(wanted[start : start + CHUNK])), params, 2).numpy()


def _write(context: Context, images: Iterator[np.ndarray], pixel_size: float | None) -> int:
    from vitreous.io.mrc import write_stack

    return write_stack(context.outputs / "particles.mrcs", images, pixel_size)


JOB = JobType(
    name="convert",
    summary="Mirror, rescale, crop or invert maps and stacks; bring particle lists into RELION 3.1's dialect",
    params=Convert,
    inputs=(Input("file", "file", "a map (.mrc, .map), a stack (.mrcs) or a particle list (.star)", positional=True),),
    outputs=(
        Output("map", "map.mrc", "map", "the map", optional=True),
        Output("particles", "particles.star", "particles", "the particle list", optional=True),
        Output("stack", "particles.mrcs", "stack", "the images", optional=True),
    ),
    run="vitreous.jobs.convert:run",
    group="Data",
)
