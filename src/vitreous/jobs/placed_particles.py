"""Particles with poses as controls want them: a fair sample, in memory, on as few pixels as will do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vitreous.errors import InputError, require

if TYPE_CHECKING:
    import numpy as np

    from vitreous.data.particles import Particles
    from vitreous.pipeline.job import Result
    from vitreous.runtime.progress import Reporter
    from vitreous.stages.controls.better import AgainstNoise
    from vitreous.stages.controls.homogeneity import Sorting
    from vitreous.stages.controls.placed import Placed

#: Images and pixels with which a control is cheap and still tells.
SAMPLE, PIXELS = 1000, 64
#: Share of the box that a particle fills if nobody says how large it is.
FILLED = 0.75
#: Å to which two classes, or two halves, agree.
LEVEL = 1 / 7


def require_poses(particles: Particles) -> None:
    """Refuse particles that lack what controls take as known.

    Raises
    ------
    InputError
        If poses or defocus are missing.
    """
    if particles.rotation is None:
        raise InputError("particles must have poses (rlnAngleRot, rlnAngleTilt, rlnAnglePsi); these have none. Try: vitreous refine first.")
    if particles.defocus is None:
        raise InputError("particles must have defocus values (rlnDefocusU); these have none. Try: vitreous estimate-ctf first.")


def sample_of(count: int, most: int, seed: int) -> np.ndarray:
    """At most ``most`` rows of ``count`` by chance, in order."""
    import numpy as np

    from vitreous.runtime.chance import numpy_generator

    return np.arange(count) if count <= most else np.sort(numpy_generator(seed, "sample").choice(count, most, replace=False))


def placed_particles(
    particles: Particles, half: np.ndarray, *, diameter: float | None, symmetry: str, seed: int, most: int = SAMPLE, pixels: int = PIXELS,
    report: Reporter | None = None,
) -> Placed:  # fmt: skip
    """Load a sample of particles with their poses.

    Parameters
    ----------
    particles
        With images, poses and defocus.
    half
        1 or 2 for each, ``(n,)``.
    diameter
        Å; three quarters of the box without it.
    symmetry
        Point group.
    seed
        Of the sample.
    most, pixels
        Images at most, and sides of images at most: larger ones are cropped in Fourier space.

    Raises
    ------
    InputError
        If poses or defocus are missing, or there are fewer than ten particles.
    """
    import torch

    from vitreous.inference.load import Band, load_images
    from vitreous.jobs.particle_table import FEWEST, box_of
    from vitreous.numerics.symmetry import symmetry as group
    from vitreous.runtime.progress import silent
    from vitreous.stages.controls.placed import placed

    require_poses(particles)
    require(len(particles) >= FEWEST, "number of particles", len(particles), f"at least {FEWEST}", instead="pick or select more")
    box = box_of(particles)
    rows = sample_of(len(particles), most, seed)
    images = load_images(particles, Band(size=min(box - box % 2, pixels)), rows=rows, report=report or silent)
    shift = torch.zeros(len(rows), 2) if particles.shift is None else torch.from_numpy(particles.shift[rows]) / images.pixel_size
    return placed(
        images, torch.from_numpy(half[rows].astype("int64")) - 1, torch.from_numpy(particles.rotation[rows]), shift,
        diameter=diameter or FILLED * box * particles.pixel_size, symmetry=group(symmetry),
    )  # fmt: skip


def sort_again(task: Placed, diameter: float, seed: int) -> Sorting:
    """Sort placed particles into two classes, halves apart."""
    from vitreous.inference.half_maps import crossing
    from vitreous.reconstruct.fourier import map_correlation
    from vitreous.stages.controls.homogeneity import Sorting
    from vitreous.stages.heterogeneity.classes3d import Classes3DSettings, classify3d

    settings = Classes3DSettings(diameter=diameter, classes=2, symmetry=task.symmetry, passes=10, seed=seed)
    found = classify3d(task.images, task.half, task.rotation, task.shift, settings)
    held = found.held_out
    between = map_correlation(found.maps[0], found.maps[1])
    return Sorting(
        tuple(float(each) for each in found.found.posterior.mean(0)), held.mean, held.error, held.agreement, held.chance,
        round(crossing(between, LEVEL, task.length), 2), round(crossing(found.base.fsc, LEVEL, task.length), 2), len(task),
    )  # fmt: skip


def draw_better(found: AgainstNoise) -> object:
    """The figure of particles beside noise."""
    import numpy as np

    from vitreous.views.from_noise import better_than_noise_figure

    k = np.arange(len(found.data_fsc)) / found.length
    return better_than_noise_figure(found.data.numpy(), found.twins.numpy(), k[1:], found.data_fsc[1:].numpy(), found.twin_fsc[1:].numpy())


def result_of(checks: list) -> Result:
    """What a job tells of its checks: verdicts as figures, and the reasons of those that did not pass as warnings."""
    from vitreous.pipeline.job import Result

    figures = {f"{check.name.replace('-', '_')}_verdict": check.verdict for check in checks}
    return Result(figures=figures, warnings=tuple(f"{c.name}: {c.reason}" for c in checks if c.verdict in ("warn", "fail")))
