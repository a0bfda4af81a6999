"""Particles and a first map to half-maps: gold-standard refinement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from vitreous.errors import InputError
from vitreous.jobs.checkpoints import ArrayCheckpoint
from vitreous.jobs.options import PixelSize
from vitreous.pipeline.context import Context
from vitreous.pipeline.job import Estimate, JobType, Result
from vitreous.pipeline.params import option, parameters
from vitreous.pipeline.ports import Input, Inputs, Output

if TYPE_CHECKING:
    from torch import Tensor

    from vitreous.data.particles import Particles
    from vitreous.stages.refine.iterate import Setup
    from vitreous.stages.refine.state import State
    from vitreous.stages.refine.sweep import Block


#: Å: detail at which the twist of a map is judged.
TWIST_RESOLUTION = 10.0
#: Bytes for tables of scores.
TABLE = 400_000_000
#: Said where half-maps agree although the images do not say how the particles lie.
LOST = (
    "no resolution is claimed: poses are uncertain by {sigma:.0f}°, too much for the {resolution:.0f} Å at which the half-maps agree, "
    "so the map shows what it started from and not the data. Try: look at the class averages; better picks, or more particles."
)


@parameters
class Refine(PixelSize):
    """How particles are refined."""

    diameter: float = option(..., "Å", "longest side of the particle", above=0, high=100000)
    symmetry: str = option("C1", "", "point group: Cn, Dn, T, O, I")
    initial_lowpass: float = option(40.0, "Å", "the reference is smoothed to this first", above=0, high=500)
    hand: Literal["convention", "found"] = option(
        "convention", help="which mirror image to give: the one of positive twist, so that reruns agree, or as it was found"
    )
    local: bool = option(False, help="start from the particles' own poses, without a global search")
    turn_prior: float = option(0.0, "°", "how near to those given a local refinement's poses stay; 0: any", low=0, high=180)
    shift_prior: float = option(0.0, "Å", "the same for shifts", low=0, high=1000)
    join: float = option(0.0, "Å", "detail coarser than this is shared by the half-sets; 0 keeps them wholly apart", low=0, high=1000)
    keep_duplicates: bool = option(False, help="put particles that are there twice into one half-set, where the table parts them")
    regulariser: Literal["shells", "local"] = option(
        "shells", help="what the half-maps' agreement decides: a filter by shells, or gains by place as well, for floppy parts or a micelle"
    )


def run(inputs: Inputs, params: Refine, context: Context) -> Result:
    """Refine, going on where an earlier run was stopped; then reconstruct from unmasked images."""
    from functools import partial

    import numpy as np
    import torch

    from vitreous.inference.load import Band
    from vitreous.inference.stored import open_images
    from vitreous.io.particles import read_particles
    from vitreous.jobs.particle_table import box_of, check_particles
    from vitreous.jobs.refine_checks import check_reference, half_sets, judge_directions, judge_symmetry
    from vitreous.jobs.sound_images import load_sound
    from vitreous.numerics.symmetry import symmetry
    from vitreous.runtime.devices import device
    from vitreous.stages.refine.iterate import refine
    from vitreous.stages.refine.settings import RefineSettings
    from vitreous.stages.refine.state import Stop

    particles = read_particles(inputs["particles"], pixel_size=params.pixel_size)
    box = box_of(particles)
    check_particles(particles, params.diameter)
    reference = read_reference(inputs["reference"], box, particles.pixel_size)
    beware = check_reference(reference, particles.pixel_size, params.initial_lowpass)
    band = Band(size=box, mask_diameter=1.2 * params.diameter)
    # Other processes read the images themselves: coefficients are never sent.
    room = context.memory // 2 if context.executor.at_home else 0
    particles, images = load_sound(particles, partial(open_images, band=band, memory=room, report=context.report), context)
    images = images.to(device(context.device))
    half, twins = half_sets(particles, context.seed, keep_duplicates=params.keep_duplicates)
    settings = RefineSettings(
        diameter=params.diameter, symmetry=symmetry(params.symmetry), initial_lowpass=params.initial_lowpass, local_only=params.local,
        join=params.join, turn_prior_deg=params.turn_prior, shift_prior=params.shift_prior, regulariser=params.regulariser,
        seed=context.seed, memory=min(TABLE, context.memory // 4),
    )  # fmt: skip
    poses = own_poses(particles, params.local, images.pixel_size)
    wide = Band(size=box, mask_diameter=undelocalised(particles, params.diameter, 2 * particles.pixel_size))
    with torch.inference_mode():
        setup, state = refine(
            images, torch.from_numpy(half.astype(np.int64)) - 1, reference, settings, poses=poses,
            mask=read_mask(inputs, box, particles.pixel_size), fine=lambda: open_images(particles, wide, memory=room).to(images.device),
            map_reduce=partial(context.map_reduce, step="particles", key=block_name), report=context.report,
            checkpoint=ArrayCheckpoint(context, "refine"),
        )  # fmt: skip
        maps = reconstruct(particles, setup, state)
        if params.hand == "convention" and not params.local:
            maps, state = settle_hand(maps, setup, state)
        hand, other_hand = compare_hand(maps[2], reference, setup, state)
        even, uneven = judge_directions(*(each * setup.ball for each in maps[:2]), images.pixel_size, state.best_radius, context)
        free, doubtful = judge_symmetry(particles, setup.images.group, half, setup.ball, state, settings, seed=context.seed)
    write_maps(maps, images.pixel_size, context)
    write_poses(particles, setup, state, half, context)
    write_figures(state, setup, context)
    resolution, sigma = images.resolution(max(1, state.best_radius)), pose_sigma(state)
    warnings = (() if state.stop == "converged" else (Stop[state.stop].value,)) + doubtful + uneven + other_hand
    stop = Stop[state.stop]
    if lost := poses_are_lost(sigma, params.diameter, resolution):
        stop = Stop.no_signal
        warnings = (LOST.format(sigma=sigma, resolution=resolution),)
    figures = {
        "resolution_angstrom": None if lost else resolution, "particle_count": len(particles), "iterations": state.iteration,
        "pose_sigma_deg": sigma, "symmetry": settings.symmetry.name, **({} if lost else even), **free,
        "hand_of_reference": hand,
    }  # fmt: skip
    return Result(figures=figures, warnings=(*warnings, *beware, *twins), stop=stop.value)


def read_reference(path: object, box: int, pixel_size: float) -> Tensor:
    """Read a reference and bring it to the particles' box and pixels.

    Raises
    ------
    InputError
        If its extent differs from the particles' by more than its own voxel.
    """
    from vitreous.io.mrc import read_volume
    from vitreous.numerics.resample import centre_resize, fourier_resize

    volume = read_volume(path)
    if len(set(volume.shape)) != 1:
        raise InputError(f"reference must be a cube; got {volume.shape} in {path}.")
    values, voxel = volume.values, volume.voxel_size
    if abs(voxel - pixel_size) > 1e-3 * pixel_size:
        size = round(values.shape[0] * voxel / pixel_size / 2) * 2
        values = fourier_resize(values, (max(8, size),) * 3)
    return centre_resize(values, box, axes=3)


def read_mask(inputs: Inputs, box: int, pixel_size: float) -> Tensor | None:
    """The mask of what is refined, in the particles' box and pixels.

    Raises
    ------
    InputError
        If its values are not from 0 to 1.
    """
    if not inputs.get("mask"):
        return None
    mask = read_reference(inputs["mask"], box, pixel_size)
    low, high = float(mask.min()), float(mask.max())
    if low < -0.05 or not 0.5 < high < 1.05:
        raise InputError(f"mask must hold values from 0 (left out) to 1 (refined); got {low:.3g} to {high:.3g} in {inputs['mask']}.")
    return mask.clamp(0, 1)


def undelocalised(particles: Particles, diameter: float, finest: float) -> float:
    """Å: the diameter of a mask that keeps the particle's signal of ``finest`` Å, or 0 where that is as wide as any box.

    Defocus z moves signal of spatial frequency k by λ z k away from where it belongs.
    """
    import numpy as np

    from vitreous.physics.wavelength import wavelength

    reach = 2 * wavelength(particles.optics[0].voltage) * float(np.quantile(particles.defocus[:, :2].mean(1), 0.9)) / finest
    return 0.0 if reach > diameter else 1.2 * diameter + reach


def block_name(block: Block) -> str:
    """What a block of particles is called in messages."""
    return f"half-set {block.half + 1}, particles {int(block.rows[0]) + 1} to {int(block.rows[-1]) + 1}"


def own_poses(particles: Particles, local: bool, pixel_size: float) -> tuple[Tensor, Tensor] | None:
    """Poses to start from, in pixels.

    Raises
    ------
    InputError
        If a local refinement has none.
    """
    import torch

    if particles.rotation is None or not local:
        if local:
            raise InputError("particles must have poses (rlnAngleRot …) for a local refinement. Try: without --local.")
        return None
    shift = torch.zeros(len(particles), 2) if particles.shift is None else torch.from_numpy(particles.shift) / pixel_size
    return torch.from_numpy(particles.rotation), shift


def reconstruct(particles: Particles, setup: Setup, state: State) -> list[Tensor]:
    """Both halves and the whole, from unmasked images, to Nyquist, without a prior."""
    from vitreous.inference.load import Band
    from vitreous.inference.stored import open_images
    from vitreous.reconstruct.fourier import solve
    from vitreous.stages.refine.iterate import final_sums

    size, radius, voxel = setup.images.disc.size, setup.images.disc.radius, setup.images.pixel_size
    whole = open_images(particles, Band(size=size), memory=0).with_group(setup.images.group).to(setup.images.device)
    first, second = final_sums(setup, state, whole)
    both = (first[0] + second[0], first[1] + second[1])
    return [solve(*each, size, ssnr=None, radius=radius, voxel_size=voxel).cpu() for each in (first, second, both)]


def settle_hand(maps: list[Tensor], setup: Setup, state: State) -> tuple[list[Tensor], State]:
    """Give the mirror image of positive twist, with the poses that belong to it."""
    from dataclasses import replace

    import torch

    from vitreous.numerics.chirality import invert, twist_index

    resolution = max(TWIST_RESOLUTION, 1.2 * setup.images.resolution(max(1, state.best_radius)))
    if twist_index(maps[2] * setup.ball, setup.images.pixel_size, resolution) >= 0:
        return maps, state
    turn = torch.diag(torch.tensor([-1.0, -1.0, 1.0], dtype=torch.float64))
    return [invert(each) for each in maps], replace(state, rotation=turn @ state.rotation)


def compare_hand(volume: Tensor, reference: Tensor, setup: Setup, state: State) -> tuple[str, tuple[str, ...]]:
    """Say whether the map has the hand of the reference, and warn where it has the other."""
    from vitreous.stages.refine.judge import MIRRORED, hand_of

    resolution = 1.2 * setup.images.resolution(max(1, state.best_radius))
    hand = hand_of(volume, reference, setup.ball, setup.images.pixel_size, resolution)
    warned = hand.verdict == "mirrored"
    return hand.verdict, (MIRRORED.format(same=hand.same, other=hand.other),) if warned else ()


def write_maps(maps: list[Tensor], voxel_size: float, context: Context) -> None:
    """Write half-maps and map."""
    from vitreous.data.volume import Volume
    from vitreous.io.mrc import write_volume

    for name, values in zip(("half1.mrc", "half2.mrc", "map.mrc"), maps):
        write_volume(context.outputs / name, Volume(values, voxel_size))


def pose_sigma(state: State) -> float:
    """Median standard deviation of a pose about one axis, degrees, by the normal equations."""
    import math

    variance = state.covariance[:, :3, :3].diagonal(dim1=1, dim2=2).mean(1)
    return math.degrees(float(variance.median().sqrt()))


def poses_are_lost(sigma_deg: float, diameter: float, resolution: float) -> bool:
    """Whether errors of the poses move the particle's rim by more than the resolution, all in Å: σ D / 2 > d.

    Such poses cannot have made detail of that resolution. Half-maps that agree all the same agree on the reference they began
    with: noise aligned to a picture averages to the picture (Henderson 2013, PNAS 110, 18037).
    """
    import math

    return math.radians(sigma_deg) * diameter / 2 > resolution


def write_poses(particles: Particles, setup: Setup, state: State, half: object, context: Context) -> None:
    """Write the particles with their poses and how sure they are."""
    import numpy as np
    import torch

    from vitreous.jobs.particle_table import write_table

    variance = state.covariance.diagonal(dim1=1, dim2=2)
    extra = {
        **particles.extra,
        "rlnMaxValueProbDistribution": state.confidence.double().numpy(),
        "vitreousAngleSigma": torch.rad2deg(variance[:, :3].mean(1).sqrt()).numpy(),
        "vitreousShiftSigma": (variance[:, 3:].mean(1).sqrt() * setup.images.pixel_size).numpy(),
    }
    table = particles.with_(rotation=state.rotation.numpy(), shift=state.shift.numpy() * setup.images.pixel_size,
                            half=np.asarray(half), class_number=None, extra=extra)  # fmt: skip
    write_table(table, context.outputs / "particles.star", context)


def write_figures(state: State, setup: Setup, context: Context) -> None:
    """Write the FSC of the halves under the ball mask, and the orientations."""
    from vitreous.runtime.files import write_text
    from vitreous.views.orientations import orientation_figure
    from vitreous.views.render import save_figure

    length = setup.images.disc.size * setup.images.pixel_size
    rows = [f"{s / length:.6f},{float(v):.5f}" for s, v in enumerate(state.fsc)]
    write_text(context.outputs / "fsc.csv", "\n".join(["frequency [1/Å],FSC [1]", *rows]) + "\n")
    figure = orientation_figure(state.rotation.numpy(), symmetry=setup.settings.symmetry.name)
    save_figure(figure, context.outputs / "orientations.svg")


def estimate(inputs: Inputs, params: Refine) -> Estimate:
    """Expect some tens of milliseconds a particle, and what :func:`vitreous.stages.refine.plan.plan` says."""
    from vitreous.io.mrc_header import HEADER_BYTES, parse_header
    from vitreous.jobs.particle_table import quick_count
    from vitreous.runtime.memory import default_budget
    from vitreous.runtime.threads import threads
    from vitreous.stages.refine.plan import plan

    count = quick_count(inputs["particles"])
    with inputs["reference"].open("rb") as handle:
        header = parse_header(handle.read(HEADER_BYTES), inputs["reference"], None)
    needed = plan(count, header.shape[0], memory=default_budget() // 2, table=TABLE, threads=threads())
    return Estimate(seconds=30 + 0.04 * count, memory=needed.memory)


JOB = JobType(
    name="refine",
    summary="Refine poses and map, two half-sets apart (gold standard)",
    params=Refine,
    inputs=(
        Input("particles", "particles", "a STAR file of particles with images and defocus"),
        Input("reference", "map", "a map to start from"),
        Input("mask", "mask", "a soft mask of the part that is refined", optional=True),
    ),
    outputs=(
        Output("map", "map.mrc", "map", "map of all particles, neither sharpened nor masked"),
        Output("half1", "half1.mrc", "half-map 1", "map of half-set 1"),
        Output("half2", "half2.mrc", "half-map 2", "map of half-set 2"),
        Output("particles", "particles.star", "particles", "particles with poses, their uncertainty and half-set"),
        Output("fsc", "fsc.csv", "curve", "Fourier shell correlation of the half-maps under a ball"),
        Output("orientations", "orientations.svg", "picture", "viewing directions"),
        Output("directions", "directions.svg", "picture", "agreement of the half-maps by direction"),
    ),
    run="vitreous.jobs.refine:run",
    estimate="vitreous.jobs.refine:estimate",
    papers=(
        "Scheres, J. Struct. Biol. 180, 519 (2012).",
        "Rosenthal and Henderson, J. Mol. Biol. 333, 721 (2003).",
        "Henderson, PNAS 110, 18037 (2013).",
        "Tan et al., Nat. Methods 14, 793 (2017).",
        "Punjani, Zhang and Fleet, Nat. Methods 17, 1214 (2020).",
    ),
)
