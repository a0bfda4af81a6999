"""Small projects as they come out of a refinement, and each way to spoil one: half-maps, particles with poses, and what else was given."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from known_poses import overfitted
from torch import Tensor

from vitreous.data.optics import Optics
from vitreous.data.particles import Particles
from vitreous.data.volume import Volume
from vitreous.inference.load import Band, images_at_hand
from vitreous.inference.pose_search import Grid, search
from vitreous.io.mrc import write_volume
from vitreous.io.particles import write_particles
from vitreous.io.stacks import write_stack
from vitreous.numerics.filters import low_pass
from vitreous.numerics.fourier import frequency_squared, irfftn, rfftn
from vitreous.numerics.rotations import exponential, random_rotations
from vitreous.numerics.slices import half_ball, slices
from vitreous.numerics.so3_grid import orientations, shift_disc
from vitreous.numerics.symmetry import symmetry
from vitreous.physics.ctf import b_envelope
from vitreous.simulate.dataset import Dataset, DatasetSettings, draw_dataset
from vitreous.simulate.snr import PixelSnr
from vitreous.simulate.specimens import Specimen, centred, specimen
from vitreous.stages.controls.placed import placed
from vitreous.stages.postprocess import solvent_mask
from vitreous.stages.reconstruct.half_sets import known_poses, reconstruct

#: What a refinement leaves: degrees about each axis, and pixels along each.
ERROR_DEG, ERROR_PIXELS = 1.0, 0.2
#: Last shell that noise is aligned by.
LAST_SHELL = 12
#: Of the maps' fall-off, Å².
FALL = 700.0


@dataclass(frozen=True, kw_only=True)
class Setting:
    """How a project is simulated."""

    what: str = "head"
    count: int = 700
    size: int = 64
    pixel: float = 4.5
    snr: float = 0.1
    fall: float = FALL
    micrographs: int = 10
    seed: int = 1


@dataclass(frozen=True, eq=False)
class Project:
    """Images ``(n, s, s)``, particles as a refinement left them, and half-maps and mask once they are made."""

    setting: Setting
    truth: Dataset
    images: Tensor
    given: Particles
    halves: tuple[Tensor, Tensor] | None = None
    mask: Tensor | None = None

    @property
    def diameter(self) -> float:
        """Å."""
        return min(self.truth.specimen.diameter + 10, 0.8 * self.setting.size * self.setting.pixel)


def cluster(seed: int, *, lobe: bool = True) -> Specimen:
    """2500 atoms in eleven lumps about the origin; without the ``lobe`` the two outermost are missing."""
    chance = np.random.default_rng(seed)
    middles = chance.normal(size=(11, 3)) * 24.0
    order = np.argsort(np.linalg.norm(middles, axis=1))
    middles = middles[order] - middles.mean(0)
    lump = np.arange(2500) % 11
    places = middles[lump] + chance.normal(size=(2500, 3)) * 9.0
    kept = (lump < 9) | lobe
    rows = int(kept.sum())
    return Specimen(name="cluster", positions=places[kept], weights=np.full(rows, 3.0), sigma=np.full(rows, 0.8),
                    region=np.zeros(rows, np.int64))  # fmt: skip


def thinned() -> Specimen:
    """The ribosome's head, of every fourth scatterer: at 10 Å the same, at a quarter of the cost."""
    whole = specimen("ribosome head")
    rows = slice(0, None, 4)
    columns = {name: getattr(whole, name)[rows] for name in ("positions", "weights", "sigma", "region")}
    return centred(replace(whole, **columns))


def specimen_of(name: str) -> Specimen:
    """"head", or "cluster N" of seed N."""
    return thinned() if name == "head" else cluster(int(name.split()[1]))


def good(setting: Setting) -> Project:
    """Particles at poses with the errors of a refinement, halves apart."""
    truth = draw_dataset(specimen_of(setting.what), settings_of(setting))
    return Project(setting, truth, torch.cat(list(truth.images())), nearly(truth.particles, setting))


def settings_of(setting: Setting) -> DatasetSettings:
    """Of the simulation."""
    return DatasetSettings(particles=setting.count, size=setting.size, optics=Optics(pixel_size=setting.pixel), snr=PixelSnr(setting.snr),
                           b_factor=setting.fall, micrographs=setting.micrographs, shift=2.0, seed=setting.seed)  # fmt: skip


def nearly(particles: Particles, setting: Setting) -> Particles:
    """At poses with small errors, halves dealt out."""
    chance = torch.Generator().manual_seed(setting.seed)
    count = len(particles)
    turn = exponential(torch.randn(count, 3, generator=chance, dtype=torch.float64) * math.radians(ERROR_DEG)).numpy()
    move = torch.randn(count, 2, generator=chance, dtype=torch.float64).numpy() * ERROR_PIXELS * setting.pixel
    half = (torch.randperm(count, generator=chance) % 2 + 1).numpy().astype(np.int8)
    return particles.with_(rotation=turn @ particles.rotation, shift=particles.shift + move, half=half)


def solved(project: Project, folder: Path) -> tuple[Tensor, Tensor]:
    """Half-maps of the particles as they are given."""
    particles = on_disk(project, folder)
    task = known_poses(particles, particles.half, project.diameter, symmetry("C1"))
    made = reconstruct(task)
    return made.half1, made.half2


def on_disk(project: Project, folder: Path) -> Particles:
    """The particles with their stack written."""
    stack = (folder / "particles.mrcs").absolute()
    write_stack(stack, project.images.numpy(), project.setting.pixel)
    count = len(project.given)
    return project.given.with_(stack=(stack,), stack_index=np.zeros(count, np.int64), slice_index=np.arange(count))


def write(project: Project, folder: Path) -> dict[str, Path]:
    """All files, under the names of the job's inputs."""
    folder.mkdir(parents=True, exist_ok=True)
    halves = project.halves or solved(project, folder)
    files = {name: folder / f"{name}.mrc" for name in ("half1", "half2")}
    for path, values in zip(files.values(), halves):
        write_volume(path, Volume(values, project.setting.pixel))
    write_particles(folder / "particles.star", on_disk(project, folder))
    files["particles"] = folder / "particles.star"
    if project.mask is not None:
        files["mask"] = folder / "mask.mrc"
        write_volume(files["mask"], Volume(project.mask, project.setting.pixel))
    return files


Spoil = Callable[[Setting, Path], Project]


def generator(setting: Setting) -> torch.Generator:
    """Of what is spoilt."""
    return torch.Generator().manual_seed(setting.seed + 1000)


def shared_halves(setting: Setting, folder: Path) -> Project:
    """A third of the particles of each half are in the other one as well."""
    project = good(setting)
    first = project.given.half == 1
    chance = torch.rand(len(first), generator=generator(setting)).numpy() < 1 / 3
    halves = []
    for own in (first | chance, ~first | chance):
        given = project.given.with_(half=np.where(own, 1, 2).astype(np.int8))
        halves.append(solved(replace(project, given=given), folder)[0])
    return replace(project, halves=(halves[0], halves[1]))


def noise_mask(setting: Setting, folder: Path) -> Project:
    """A mask of the highest tenth of the map as it is."""
    project = good(setting)
    halves = solved(project, folder)
    total = low_pass(halves[0] + halves[1], 2.5 * setting.pixel, setting.pixel, axes=3)
    return replace(project, halves=halves, mask=(total > total.flatten().kthvalue(int(0.9 * total.numel())).values).float())


def hard_mask(setting: Setting, folder: Path) -> Project:
    """The usual mask without its edge."""
    project = good(setting)
    halves = solved(project, folder)
    mask = solvent_mask(*(Volume(each, setting.pixel) for each in halves)).values
    return replace(project, halves=halves, mask=(mask > 0.5).float())


def preferred_views(setting: Setting, folder: Path) -> Project:
    """Nine particles of ten are seen within some 15° of one axis."""
    truth = draw_dataset(specimen_of(setting.what), settings_of(setting))
    chance = generator(setting)
    count = setting.count
    tilt = exponential(torch.cat([0.25 * torch.randn(count, 2, generator=chance), torch.zeros(count, 1)], 1).double())
    spin = exponential(torch.cat([torch.zeros(count, 2), 2 * math.pi * torch.rand(count, 1, generator=chance)], 1).double())
    rotation = torch.where(torch.rand(count, 1, 1, generator=chance) < 0.1, torch.from_numpy(truth.particles.rotation), spin @ tilt)
    truth = replace(truth, particles=truth.particles.with_(rotation=rotation.numpy()))
    return Project(setting, truth, torch.cat(list(truth.images())), nearly(truth.particles, setting))


def two_kinds(setting: Setting, folder: Path) -> Project:
    """Four of ten particles lack a lobe; the rest of them is the same. Noisier images would not tell."""
    number = 7 if setting.what == "head" else int(setting.what.split()[1])
    setting = replace(setting, what=f"cluster {number}", snr=max(setting.snr, 0.2))
    settings = settings_of(setting)
    truth, other = draw_dataset(cluster(number), settings), draw_dataset(cluster(number, lobe=False), settings)
    other = replace(other, gain=truth.gain)
    lacks = torch.rand(setting.count, generator=generator(setting)) < 0.4
    images = torch.where(lacks[:, None, None], torch.cat(list(other.images())), torch.cat(list(truth.images())))
    return Project(setting, truth, images, nearly(truth.particles, setting))


def misplaced(setting: Setting, folder: Path) -> Project:
    """A fifth of the particles in poses by chance."""
    project = good(setting)
    chance = generator(setting)
    lost = (torch.rand(setting.count, generator=chance) < 0.2).numpy()
    wrong = random_rotations(setting.count, chance).numpy()
    return replace(project, given=project.given.with_(rotation=np.where(lost[:, None, None], wrong, project.given.rotation)))


def wrong_defocus(setting: Setting, folder: Path) -> Project:
    """A third of the micrographs by 5000 Å out of focus, in a map of detail that this costs."""
    project = good(replace(setting, snr=max(setting.snr, 0.2), fall=300.0))
    off = np.where(project.given.micrograph_index % 3 == 0, 5000.0, 0.0)
    defocus = project.given.defocus.copy()
    defocus[:, :2] += off[:, None]
    return replace(project, given=project.given.with_(defocus=defocus))


def junk(setting: Setting, folder: Path) -> Project:
    """Three of ten images of noise, in poses by chance."""
    project = good(setting)
    chance = generator(setting)
    empty = torch.rand(setting.count, generator=chance) < 0.3
    images = torch.where(empty[:, None, None], torch.randn(project.images.shape, generator=chance), project.images)
    wrong = random_rotations(setting.count, chance).numpy()
    return replace(project, images=images,
                   given=project.given.with_(rotation=np.where(empty[:, None, None].numpy(), wrong, project.given.rotation)))  # fmt: skip


def einstein(setting: Setting, folder: Path) -> Project:
    """Nothing but noise, each image at the view of a map, of 15° steps, that it fits best."""
    project = good(setting)
    images = torch.randn(project.images.shape, generator=generator(setting))
    held = images_at_hand(images.numpy(), project.given, Band(size=setting.size))
    task = placed(held, torch.from_numpy(project.given.half.astype("int64")) - 1, torch.from_numpy(project.given.rotation),
                  torch.from_numpy(project.given.shift) / setting.pixel, diameter=project.diameter, symmetry=symmetry("C1"))  # fmt: skip
    grid, disc = orientations(15.0, symmetry("C1")), held.disc
    planes = slices(half_ball(project.truth.volume.values, LAST_SHELL, scale=setting.pixel), grid, disc, disc.within(LAST_SHELL))
    found = search(held, task.noise, Grid(planes, shift_disc(1.0, 2.0)), centres=task.shift)
    rotation, shift = grid[found.candidates[:, 0]], found.shifts[:, 0]
    given = project.given.with_(rotation=rotation.numpy(), shift=shift.double().numpy() * setting.pixel)
    return replace(project, images=images, given=given)


def one_reference(setting: Setting, folder: Path) -> Project:
    """Both halves refined against one map up to Nyquist: its noise is in both, and seen outside the mask first."""
    project = good(setting)
    held = images_at_hand(project.images.numpy(), project.given, Band(size=setting.size))
    task = placed(held, torch.from_numpy(project.given.half.astype("int64")) - 1, torch.from_numpy(project.given.rotation),
                  torch.from_numpy(project.given.shift) / setting.pixel, diameter=project.diameter, symmetry=symmetry("C1"))  # fmt: skip
    found = overfitted(task, 5)
    given = project.given.with_(rotation=found.rotation.numpy(), shift=found.shift.numpy() * setting.pixel)
    return replace(project, given=given)


def filtered(setting: Setting, folder: Path) -> Project:
    """Half-maps low-passed to 16 Å."""
    project = good(setting)
    one, two = (low_pass(each, 16.0, setting.pixel, axes=3) for each in solved(project, folder))
    return replace(project, halves=(one, two))


def sharpened(setting: Setting, folder: Path) -> Project:
    """Half-maps whose amplitudes were raised by their B-factor."""
    project = good(setting)

    def raised(values: Tensor) -> Tensor:
        gain = 1 / b_envelope(frequency_squared(tuple(values.shape), setting.pixel), setting.fall)
        return irfftn(rfftn(values) * gain, values.shape)

    one, two = (raised(each) for each in solved(project, folder))
    return replace(project, halves=(one, two))


#: What was done, and the finding that it exists for.
FAULTS: dict[str, tuple[str, Spoil]] = {
    "particles in both halves": ("halves", shared_halves),
    "mask cut from the noise": ("mask", noise_mask),
    "hard mask": ("mask", hard_mask),
    "preferred views": ("orientations", preferred_views),
    "two kinds, 60 : 40": ("homogeneity", two_kinds),
    "a fifth misplaced": ("residuals", misplaced),
    "wrong defocus of a third": ("correlation", wrong_defocus),
    "junk, a third": ("correlation", junk),
    "noise aligned to a map": ("better-than-noise", einstein),
    "one map for both halves": ("halves", one_reference),
    "half-maps filtered": ("halves", filtered),
    "half-maps sharpened": ("amplitudes", sharpened),
}
