"""One iteration of a refinement, and the loop around it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from vitreous.inference.half_maps import compare
from vitreous.inference.images import FourierImages
from vitreous.inference.noise import NoiseSpectra, initial_noise
from vitreous.inference.pose_refine import insert_images, refine_candidates, refine_poses
from vitreous.inference.residual import known_pose_factor
from vitreous.inference.scale import best_scale
from vitreous.inference.soft_em import soft_pass
from vitreous.numerics.filters import low_pass, soft_disc
from vitreous.numerics.rotations import geodesic_deg
from vitreous.numerics.slices import half_ball, slices
from vitreous.numerics.so3_grid import orientations, shift_disc
from vitreous.reconstruct.fourier import solve, ssnr_from_fsc
from vitreous.reconstruct.local_regulariser import LEAST_SHELL_GAIN, regularise
from vitreous.runtime.progress import Progress, Reporter, silent
from vitreous.stages.refine.settings import RefineSettings, reach, step_for
from vitreous.stages.refine.state import Checkpoint, Forget, State


@dataclass(frozen=True, eq=False)
class Setup:
    """What does not change while iterating.

    Parameters
    ----------
    images
        All particles, masked to the particle.
    half
        0 or 1 for each.
    settings
        The user's.
    mask
        Soft ball on maps, float32 ``(n, n, n)``.
    """

    images: FourierImages
    half: Tensor
    settings: RefineSettings
    mask: Tensor

    @property
    def relative_diameter(self) -> float:
        """Particle diameter over box."""
        return self.settings.diameter / (self.images.disc.size * self.images.pixel_size)

    def rows(self, half: int) -> Tensor:
        """Indices of one half-set."""
        return torch.nonzero(self.half == half).flatten()


def ball_mask(images: FourierImages, diameter: float) -> Tensor:
    """Soft ball a tenth wider than the particle, with an edge of a twentieth of the box."""
    size = images.disc.size
    radius = min(0.55 * diameter / images.pixel_size, 0.45 * size)
    return soft_disc((size,) * 3, radius, max(3.0, 0.05 * size))


def start(setup: Setup, reference: Tensor, rotation: Tensor | None, shift: Tensor | None) -> State:
    """First state: the reference low-passed, its grey scale fitted, both halves alike."""
    images, settings = setup.images, setup.settings
    n, size = len(images), images.disc.size
    first = low_pass(reference.float(), settings.initial_lowpass, images.pixel_size, axes=3) * setup.mask
    noise = initial_noise(images)
    radius = max(4, images.shell(settings.initial_lowpass))
    if not settings.local_only:
        first = first * _scale(setup, first, noise, radius)
    return State(
        iteration=0, stage="local" if settings.local_only else "soft", halves=torch.stack([first, first]),
        rotation=torch.eye(3, dtype=torch.float64).repeat(n, 1, 1) if rotation is None else rotation.double(),
        shift=torch.zeros(n, 2, dtype=torch.float64) if shift is None else shift.double(), confidence=torch.zeros(n),
        noise=noise.variance, fsc=torch.zeros(size // 2 + 1, dtype=torch.float64), radius=radius, best_radius=radius, stalled=0,
        step=0.0, covariance=torch.zeros(n, 5, 5, dtype=torch.float64),
    )  # fmt: skip


def _scale(setup: Setup, volume: Tensor, noise: NoiseSpectra, radius: int) -> float:
    """Grey scale of a reference by evidence over at most 200 images."""
    images = setup.images.take(torch.linspace(0, len(setup.images) - 1, min(200, len(setup.images))).long())
    grid = orientations(20.0, setup.settings.symmetry)
    planes = slices(half_ball(volume, radius, scale=images.pixel_size), grid, images.disc, images.disc.within(radius))
    return best_scale(images, noise, planes, shift_disc(4.0, 8.0))


def soft_iteration(setup: Setup, state: State) -> State:
    """One global pass of each half against its own reference."""
    images, settings = setup.images, setup.settings
    step = step_for(state.radius, setup.relative_diameter, settings.symmetry, settings.most_orientations)
    grid = orientations(step, settings.symmetry)
    spacing = max(1.0, images.disc.size / state.radius / 4)
    shifts = shift_disc(spacing, spacing * (3 if state.iteration < 2 else 2))
    noise, rotation, shift, confidence = NoiseSpectra(state.noise), state.rotation.clone(), state.shift.clone(), state.confidence.clone()
    sums, factors = [], []
    for half in (0, 1):
        rows = setup.rows(half)
        done = soft_pass(
            images.take(rows), noise, state.halves[half], grid, shifts, centres=shift[rows].round(), radius=state.radius,
            symmetry=settings.symmetry, budget=settings.memory,
        )  # fmt: skip
        # The soft sums make the map; the best few grid points, polished, make the poses that a local stage starts from.
        ball = half_ball(state.halves[half], state.radius, scale=images.pixel_size)
        polished = refine_candidates(
            images.take(rows), noise, ball, grid[done.found.candidates], done.found.shifts, radius=state.radius
        )
        rotation[rows], shift[rows], confidence[rows] = polished.rotation, polished.shift, done.found.peak
        sums.append((done.numerator, done.denominator))
        factors.append(done.noise_factor)
    moved = replace(state, rotation=rotation, shift=shift, confidence=confidence, step=step,
                    noise=noise.scaled(torch.stack(factors).mean(0)).variance)  # fmt: skip
    return _update(setup, moved, sums, state.radius, float(state.confidence.mean()))


def local_iteration(setup: Setup, state: State) -> State:
    """Refine every pose against its half's reference, then reconstruct both halves from all coefficients."""
    images, settings = setup.images, setup.settings
    noise, rotation, shift = NoiseSpectra(state.noise), state.rotation.clone(), state.shift.clone()
    covariance = state.covariance.clone()
    sums, factors = [], []
    # Beyond the agreement there is room for it to grow in this pass; the rest of the band is for the final maps.
    wide = min(images.disc.radius, round(1.25 * state.radius) + 6)
    for half in (0, 1):
        rows = setup.rows(half)
        own = images.take(rows)
        ball = half_ball(state.halves[half], state.radius, scale=images.pixel_size)
        found = refine_poses(own, noise, ball, rotation[rows], shift[rows], radius=state.radius)
        rotation[rows], shift[rows], covariance[rows] = found.rotation, found.shift, found.covariance
        factors.append(known_pose_factor(own, noise, ball, found.rotation, found.shift))
        inserted = insert_images(own, noise, found.rotation, found.shift, radius=wide)
        sums.append(inserted.total(settings.symmetry.matrices))
    moved = replace(state, rotation=rotation, shift=shift, covariance=covariance, local_iterations=state.local_iterations + 1,
                    noise=noise.scaled(torch.stack(factors).mean(0)).variance)  # fmt: skip
    return _update(setup, moved, sums, wide, float(state.confidence.mean()))


def _update(setup: Setup, state: State, sums: list[tuple[Tensor, Tensor]], radius: int, before: float) -> State:
    """New references from the sums, regularised by the halves' agreement, and the band of the next pass.

    ``before`` is the mean confidence before the pass.
    """
    images = setup.images
    size, voxel = images.disc.size, images.pixel_size
    plain = [solve(n, d, size, ssnr=None, radius=radius, voxel_size=voxel) for n, d in sums]
    fsc, agreed = compare(plain[0], plain[1], setup.mask)
    agreed = min(agreed, radius)
    local = setup.settings.regulariser == "local"
    ssnr = ssnr_from_fsc(fsc.clamp_min(LEAST_SHELL_GAIN) if local else fsc)
    band = min(agreed + 3, radius)
    halves = torch.stack([solve(n, d, size, ssnr=ssnr, radius=band, voxel_size=voxel) for n, d in sums])
    if local:
        halves = regularise(torch.stack(plain), halves, radius=band).halves
    # While posteriors still sharpen, the next pass will see more, whether or not this one's map did.
    sharper = float(state.confidence.mean()) > 1.05 * before
    better = agreed > state.best_radius or sharper
    return replace(
        state, iteration=state.iteration + 1, halves=halves * setup.mask, fsc=fsc, radius=min(agreed + 4, images.disc.radius),
        best_radius=max(agreed, state.best_radius), stalled=0 if better else state.stalled + 1,
    )  # fmt: skip


def advance(setup: Setup, state: State) -> State:
    """One iteration and the decision what comes next."""
    settings = setup.settings
    if state.stage == "soft":
        after = soft_iteration(setup, state)
        limit = reach(after.step, setup.relative_diameter)
        finest = step_for(10**6, setup.relative_diameter, settings.symmetry, settings.most_orientations)
        at_limit = after.step <= finest * 1.01 and after.best_radius >= limit
        enough = after.iteration >= 4 and (after.stalled >= 2 or at_limit)
        if enough or after.iteration >= settings.most_soft:
            return replace(after, stage="local", stalled=0)
        return replace(after, radius=min(after.radius, limit + 2))
    after = local_iteration(setup, state)
    done = after.local_iterations >= settings.most_local
    settled = _settled(state, after) and after.stalled >= 1
    if not (settled or done):
        return after
    found_signal = after.best_radius > setup.images.shell(settings.initial_lowpass) or settings.local_only
    stop = "converged" if settled else "budget"
    return replace(after, stage="done", stop=stop if found_signal else "no_signal")


def _settled(before: State, after: State) -> bool:
    """Whether poses moved by less than a tenth of their own uncertainty (or 0.05°)."""
    moved = torch.deg2rad(geodesic_deg(before.rotation, after.rotation)).median()
    sigma = after.covariance[:, :3, :3].diagonal(dim1=1, dim2=2).mean(1).median().sqrt()
    return bool(moved < max(0.1 * float(sigma), math.radians(0.05)))


def iterate(setup: Setup, state: State, *, report: Reporter = silent, checkpoint: Checkpoint | None = None) -> State:
    """Advance until done, saving each state and reporting each iteration."""
    keep = Forget() if checkpoint is None else checkpoint
    total = setup.settings.most_soft + setup.settings.most_local
    while state.stage != "done":
        state = advance(setup, state)
        keep.save(state.arrays())
        agreed = setup.images.resolution(max(1, state.best_radius))
        report(Progress(f"refine ({state.stage})", state.iteration, total, {
            "resolution_angstrom": agreed, "angular_step_deg": state.step, "confidence": float(state.confidence.mean())}))  # fmt: skip
    return state


def refine(
    images: FourierImages, half: Tensor, reference: Tensor, settings: RefineSettings, *,
    poses: tuple[Tensor, Tensor] | None = None, report: Reporter = silent, checkpoint: Checkpoint | None = None,
) -> tuple[Setup, State]:  # fmt: skip
    """Refine particles against a reference, from the start or from where a checkpoint left off.

    Parameters
    ----------
    images
        Masked particles; their disc decides box and band.
    half
        0 or 1 for each particle.
    reference
        float32 ``(n, n, n)``, n the side of the disc.
    settings
        Diameter, symmetry and so on.
    poses
        Rotations ``(n, 3, 3)`` and shifts ``(n, 2)`` in pixels to start from; needed for a local refinement.
    report, checkpoint
        Told after each pass.

    Returns
    -------
    tuple
        What did not change, and the last state, whose ``stop`` says why it ended.
    """
    setup = Setup(images, half, settings, ball_mask(images, settings.diameter))
    saved = None if checkpoint is None else checkpoint.load()
    state = State.of(saved) if saved else start(setup, reference, *(poses or (None, None)))
    return setup, iterate(setup, state, report=report, checkpoint=checkpoint)
