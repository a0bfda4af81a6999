"""The loop of a refinement: what one iteration is, what comes after it, and when it ends."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from vitreous.inference.calibrate import error_ratio
from vitreous.inference.images import FourierImages
from vitreous.inference.noise import NoiseSpectra, initial_noise
from vitreous.inference.scale import best_scale
from vitreous.inference.stored import Images
from vitreous.numerics.filters import low_pass, soft_disc
from vitreous.numerics.map_register import Placement, register, unmoved
from vitreous.numerics.rotations import geodesic_deg
from vitreous.numerics.slices import half_ball, slices, symmetrised
from vitreous.numerics.so3_grid import orientations, shift_disc
from vitreous.runtime.progress import Progress, Reporter, silent
from vitreous.stages.refine.settings import RefineSettings, reach, step_for
from vitreous.stages.refine.state import Checkpoint, Forget, State
from vitreous.stages.refine.sweep import Block, Found, MapReduce, Sums, Sweep, combine, here, put_in, spans, sweep
from vitreous.stages.refine.update import Half, References, is_small, put, references

#: A pose is settled when so much of the posterior is about it, and not before so many passes.
CONFIDENT, EARLIEST = 0.9, 3
#: Local iterations in which half 2 is turned onto half 1: later it stays there.
PLACED = 2
#: Last shell by which the result is turned onto the first map: enough for a hundredth of a degree.
FRAMED = 40
#: Least weight in the map of a particle whose pose never settled.
LEAST_WEIGHT = 0.05
#: Images from which the first noise is estimated, and images of each half from which errors are calibrated.
SAMPLE, CALIBRATED = 2000, 400


@dataclass(frozen=True, eq=False)
class Setup:
    """What does not change while iterating.

    Parameters
    ----------
    images
        All particles, in memory or on disk.
    half
        0 or 1 for each.
    settings
        The user's.
    ball
        Soft ball that holds the particle, float32 ``(n, n, n)``.
    reference
        The first map, low-passed.
    frame
        The first map as it was given: where the result is to lie. None to leave it where it came to lie.
    mask
        Soft mask of what is refined, or None for all of the particle.
    given
        Poses the particles came with, as rotations and shifts in pixels, or None.
    map_reduce
        Does blocks of particles.
    fine
        Gives the images of the local stage, masked so widely that no signal is lost; None to keep ``images``.
    """

    images: Images
    half: Tensor
    settings: RefineSettings
    ball: Tensor
    reference: Tensor
    frame: Tensor | None = None
    mask: Tensor | None = None
    given: tuple[Tensor, Tensor] | None = None
    map_reduce: MapReduce = here
    fine: Callable[[], Images] | None = None

    @property
    def relative_diameter(self) -> float:
        """Particle diameter over box."""
        return self.settings.diameter / (self.images.disc.size * self.images.pixel_size)

    def rows(self, half: int) -> Tensor:
        """Indices of one half-set."""
        return torch.nonzero(self.half == half).flatten()


def ball_mask(size: int, pixel_size: float, diameter: float) -> Tensor:
    """Soft ball a tenth wider than the particle, with an edge of a twentieth of the box."""
    return soft_disc((size,) * 3, min(0.55 * diameter / pixel_size, 0.45 * size), max(3.0, 0.05 * size))


def start(setup: Setup) -> State:
    """First state: the reference with its grey scale fitted, both halves alike."""
    images, settings = setup.images, setup.settings
    n, size = len(images), images.disc.size
    groups = int(images.group.max()) + 1
    some = images.take(_sample(n, SAMPLE))
    noise = initial_noise(some)
    if len(noise.variance) < groups:
        noise = NoiseSpectra(torch.cat([noise.variance, noise.variance.mean(0).expand(groups - len(noise.variance), -1)]))
    radius = max(4, images.shell(settings.initial_lowpass))
    first = setup.reference
    if not settings.local_only:
        first = first * _grey_scale(setup, some, noise, radius)
    rotation, shift = setup.given or (torch.eye(3, dtype=torch.float64).repeat(n, 1, 1), torch.zeros(n, 2, dtype=torch.float64))
    return State(
        iteration=0, stage="local" if settings.local_only else "global", halves=torch.stack([first, first]),
        rotation=rotation.double(), shift=shift.double(), confidence=torch.full((n,), float(settings.local_only)),
        settled=torch.full((n,), settings.local_only), noise=noise.variance, scale=torch.ones(groups, dtype=torch.float64),
        fsc=torch.zeros(size // 2 + 1, dtype=torch.float64), radius=radius, best_radius=radius, stalled=0, step=0.0,
        covariance=torch.zeros(n, 5, 5, dtype=torch.float64),
    )  # fmt: skip


def _sample(count: int, most: int) -> Tensor:
    return torch.linspace(0, count - 1, min(most, count)).round().long().unique()


def _grey_scale(setup: Setup, some: FourierImages, noise: NoiseSpectra, radius: int) -> float:
    """Grey scale of the reference by evidence over at most 200 images."""
    few = some.take(_sample(len(some), 200))
    grid = orientations(20.0, setup.settings.symmetry)
    ball = half_ball(setup.reference.to(few.device), radius, scale=few.pixel_size)
    return best_scale(few, noise, slices(ball, grid, few.disc, few.disc.within(radius)), shift_disc(4.0, 8.0))


def passed(setup: Setup, state: State, *, wide: int) -> tuple[State, Sums]:
    """One pass over all particles: what is known of each afterwards, and the sums."""
    images, settings = setup.images, setup.settings
    balls = tuple(half_ball(volume.to(images.device), state.radius, scale=images.pixel_size) for volume in state.halves)
    step = step_for(state.radius, setup.relative_diameter, settings.symmetry, settings.most_orientations)
    spacing = max(1.0, images.disc.size / state.radius / 4)
    prior = None
    if settings.turn_prior_deg or settings.shift_prior:
        turn, move = math.radians(settings.turn_prior_deg) or math.inf, settings.shift_prior / images.pixel_size or math.inf
        prior = (turn, move)
    shared = Sweep(
        images=images, balls=balls, noise=NoiseSpectra(state.noise), scale=state.scale, grid=orientations(step, settings.symmetry),
        shifts=shift_disc(spacing, spacing * (3 if state.iteration < 2 else 2)), step=step, wide=wide, symmetry=settings.symmetry,
        memory=settings.memory, prior=prior,
    )  # fmt: skip
    blocks = [_block(setup, state, half, rows) for half in (0, 1) for rows in spans(setup.rows(half))]
    found, sums = setup.map_reduce(sweep, blocks, shared=shared, combine=combine)
    after = _gathered(state, blocks, found)
    scale = state.scale * sums.misfit.scale()
    share = sums.misfit.images.clamp_min(1e-9)
    return replace(
        after, step=step if not bool(state.settled.all()) else state.step, noise=shared.noise.updated(sums.misfit).variance,
        scale=scale / ((scale * share).sum() / share.sum()),
    ), sums  # fmt: skip


def _block(setup: Setup, state: State, half: int, rows: Tensor) -> Block:
    given = setup.given
    return Block(
        half=half, rows=rows, rotation=state.rotation[rows], shift=state.shift[rows], settled=state.settled[rows],
        weight=state.confidence[rows].clamp_min(LEAST_WEIGHT), anchor=None if given is None else (given[0][rows], given[1][rows]),
    )  # fmt: skip


def final_sums(setup: Setup, state: State, images: Images) -> tuple[Half, Half]:
    """Numerator and denominator of each half from all coefficients of ``images``, symmetrised."""
    matrices, radius = setup.settings.symmetry.matrices, images.disc.radius
    shared = Sweep(
        images=images, balls=(), noise=NoiseSpectra(state.noise), scale=state.scale, grid=torch.empty(0), shifts=torch.empty(0),
        step=0.0, wide=radius, symmetry=setup.settings.symmetry, memory=setup.settings.memory,
    )  # fmt: skip
    blocks = [_block(setup, state, half, rows) for half in (0, 1) for rows in spans(setup.rows(half))]
    _, sums = setup.map_reduce(put_in, blocks, shared=shared, combine=combine)
    first, second = (symmetrised(*each, matrices) for each in sums.halves)
    return first, second


def _gathered(state: State, blocks: list[Block], found: list[Found]) -> State:
    """The state with what was found of each particle; settled ones keep the confidence they had."""
    rotation, shift, covariance, confidence = (t.clone() for t in (state.rotation, state.shift, state.covariance, state.confidence))
    for block, each in zip(blocks, found):
        rotation[block.rows], shift[block.rows], covariance[block.rows] = each.rotation, each.shift, each.covariance
        searched = block.rows[~block.settled]
        confidence[searched] = each.confidence[~block.settled]
    return replace(state, rotation=rotation, shift=shift, covariance=covariance, confidence=confidence)


def _put_in_place(setup: Setup, state: State, made: References) -> State:
    """The state with new references, poses following the maps."""
    rotation, shift, rows = state.rotation.clone(), state.shift.clone(), setup.rows(1)
    rotation[rows], shift[rows] = made.second.poses(rotation[rows], shift[rows])
    return replace(state, iteration=state.iteration + 1, halves=made.halves, fsc=made.fsc, rotation=rotation, shift=shift,
                   radius=min(made.agreed + 4, setup.images.disc.radius), best_radius=max(made.agreed, state.best_radius))  # fmt: skip


def global_iteration(setup: Setup, state: State) -> State:
    """Search for the particles that are not settled, refine the others where they are."""
    settings = setup.settings
    after, sums = passed(setup, state, wide=state.radius)
    made = references(
        sums.halves, settings, setup.ball, setup.images.pixel_size, radius=state.radius, mask=setup.mask, tight=False, place=False
    )
    after = _put_in_place(setup, after, made)
    settled = after.settled | ((after.confidence > CONFIDENT) & (after.iteration >= EARLIEST))
    # While posteriors still sharpen, the next pass will see more, whether or not this one's map did.
    sharper = float(after.confidence.mean()) > 1.03 * float(state.confidence.mean())
    better = made.agreed > state.best_radius or sharper
    return replace(after, settled=settled, stalled=0 if better else state.stalled + 1)


def local_iteration(setup: Setup, state: State) -> State:
    """Refine every pose against its half's reference, and reconstruct both halves."""
    # Beyond the agreement there is room for it to grow in this pass; the rest of the band is for the final maps.
    wide = min(setup.images.disc.radius, round(1.25 * state.radius) + 6)
    after, sums = passed(setup, state, wide=wide)
    made = references(
        sums.halves, setup.settings, setup.ball, setup.images.pixel_size, radius=wide, mask=setup.mask, tight=True,
        place=state.local_iterations < PLACED,
    )  # fmt: skip
    better = made.agreed > state.best_radius
    return replace(_put_in_place(setup, after, made), local_iterations=state.local_iterations + 1,
                   moved=float(geodesic_deg(state.rotation, after.rotation).median()),
                   stalled=0 if better else state.stalled + 1)  # fmt: skip


def advance(setup: Setup, state: State) -> State:
    """One iteration and the decision what comes next."""
    settings = setup.settings
    if state.stage == "global":
        after = global_iteration(setup, state)
        limit = reach(after.step, setup.relative_diameter)
        enough = after.iteration > EARLIEST and (after.stalled >= 2 or float(after.settled.float().mean()) > 0.98)
        if enough or after.iteration >= settings.most_global:
            return replace(after, stage="local", stalled=0, settled=torch.ones_like(after.settled))
        return replace(after, radius=min(after.radius, limit + 2))
    after = local_iteration(setup, state)
    done = after.local_iterations >= settings.most_local
    settled = _settled(after) and after.stalled >= 1
    if not (settled or done):
        return after
    found_signal = after.best_radius > setup.images.shell(settings.initial_lowpass) or settings.local_only
    stop = "converged" if settled else "budget"
    return framed(setup, calibrated(setup, replace(after, stage="done", stop=stop if found_signal else "no_signal")))


def framed(setup: Setup, state: State) -> State:
    """The state with half 2 turned onto half 1, and both onto the first map as it was given: what was made on that still fits.

    Only six numbers are taken from that map, at the end, whatever its resolution: nothing of it gets into the result.
    """
    if setup.frame is None:
        return state
    group, radius = setup.settings.symmetry, min(state.radius, FRAMED)
    second = register(state.halves[1], state.halves[0], radius=radius, group=group)
    state = _turned(setup, state, (unmoved(), second))
    whole = register(state.halves.mean(0), setup.frame * setup.ball, radius=radius, group=group)
    return _turned(setup, state, (whole, whole))


def _turned(setup: Setup, state: State, places: tuple[Placement, Placement]) -> State:
    """The state with each half's map and poses put in place, if that is a small movement."""
    rotation, shift, halves = state.rotation.clone(), state.shift.clone(), state.halves.clone()
    for half, place in enumerate(places):
        if is_small(place):
            rows = setup.rows(half)
            rotation[rows], shift[rows] = place.poses(rotation[rows], shift[rows])
            halves[half] = put(halves[half], place, state.radius)
    return replace(state, rotation=rotation, shift=shift, halves=halves)


def calibrated(setup: Setup, state: State) -> State:
    """The state with covariances that also hold for the noise of the references."""
    images, ratios = setup.images, torch.ones(len(state.covariance), 5, dtype=torch.float64)
    balls = tuple(half_ball(volume.to(images.device), state.radius, scale=images.pixel_size) for volume in state.halves)
    for half in (0, 1):
        rows = setup.rows(half)
        some = rows[_sample(len(rows), CALIBRATED)]
        found = images.take(some)
        turn, move = error_ratio(
            found.scaled(state.scale[found.group]), NoiseSpectra(state.noise), balls, half, state.fsc, state.rotation[some],
            state.shift[some], radius=state.radius,
        )  # fmt: skip
        ratios[rows] = torch.tensor([turn] * 3 + [move] * 2, dtype=torch.float64)
    root = ratios.sqrt()
    return replace(state, covariance=state.covariance * root[:, :, None] * root[:, None, :])


def _settled(state: State) -> bool:
    """Whether poses moved by less than a seventh of their own uncertainty (or 0.05°): a hundredth of their variance."""
    sigma = torch.rad2deg(state.covariance[:, :3, :3].diagonal(dim1=1, dim2=2).mean(1).median().sqrt())
    return state.moved < max(float(sigma) / 7, 0.05)


def iterate(setup: Setup, state: State, *, report: Reporter = silent, checkpoint: Checkpoint | None = None) -> tuple[Setup, State]:
    """Advance until done, saving each state and reporting each iteration."""
    keep = Forget() if checkpoint is None else checkpoint
    total = setup.settings.most_global + setup.settings.most_local
    while state.stage != "done":
        if state.stage == "local" and setup.fine is not None:
            setup = replace(setup, images=setup.fine().with_group(setup.images.group), fine=None)
        state = advance(setup, state)
        keep.save(state.arrays())
        agreed = setup.images.resolution(max(1, state.best_radius))
        report(Progress(f"refine ({state.stage})", state.iteration, total, {
            "resolution_angstrom": agreed, "angular_step_deg": state.step, "settled": float(state.settled.float().mean())}))  # fmt: skip
    return setup, state


def refine(
    images: Images, half: Tensor, reference: Tensor, settings: RefineSettings, *,
    poses: tuple[Tensor, Tensor] | None = None, mask: Tensor | None = None, fine: Callable[[], Images] | None = None,
    map_reduce: MapReduce = here, report: Reporter = silent, checkpoint: Checkpoint | None = None,
) -> tuple[Setup, State]:  # fmt: skip
    """Refine particles against a reference, from the start or from where a checkpoint left off.

    Parameters
    ----------
    images
        Particles, masked; their disc decides box and band.
    half
        0 or 1 for each particle.
    reference
        float32 ``(n, n, n)``, n the side of the disc.
    settings
        Diameter, symmetry and so on.
    poses
        Rotations ``(n, 3, 3)`` and shifts ``(n, 2)`` in pixels to start from; needed for a local refinement.
    mask
        Soft mask ``(n, n, n)`` of what is refined: poses follow what is inside.
    fine
        Gives images for the local stage that keep what the CTF has spread beyond the mask of ``images``.
    map_reduce
        Does blocks of particles: an executor's.
    report, checkpoint
        Told after each pass.

    Returns
    -------
    tuple
        What did not change, and the last state, whose ``stop`` says why it ended.
    """
    ball = ball_mask(images.disc.size, images.pixel_size, settings.diameter)
    first = low_pass(reference.float(), settings.initial_lowpass, images.pixel_size, axes=3) * (ball if mask is None else mask)
    frame = None if settings.local_only else reference.float()
    setup = Setup(images, half, settings, ball, first, frame, mask, poses, map_reduce, fine)
    saved = None if checkpoint is None else checkpoint.load()
    return iterate(setup, State.of(saved) if saved else start(setup), report=report, checkpoint=checkpoint)
