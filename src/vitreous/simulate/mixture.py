"""Stacks whose particles are of several kinds, and specimens that lack a part: truth to test classification against."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from vitreous.data.volume import Volume
from vitreous.errors import require
from vitreous.io.mrc import write_volume
from vitreous.io.particles import write_particles
from vitreous.io.stacks import write_stack
from vitreous.numerics.fourier import irfftn, rfftn
from vitreous.runtime.chance import numpy_generator
from vitreous.simulate.dataset import Dataset, DatasetSettings, draw_dataset, radial_gain
from vitreous.simulate.specimens import Specimen, density_map


@dataclass(frozen=True)
class Mixture:
    """Particles of several kinds with one set of poses, optics and noise.

    Parameters
    ----------
    kinds
        The same data set as if all particles were of one kind, for each kind; the grey scale is that of the first.
    label
        Kind of each particle, int64 ``(n,)``, 0-based.
    """

    kinds: tuple[Dataset, ...]
    label: np.ndarray

    def images(self) -> Iterator[Tensor]:
        """All images in order, some at a time, ``(m, size, size)``; the noise of a particle does not depend on its kind."""
        done = 0
        for batches in zip(*(kind.images() for kind in self.kinds)):
            stacked = torch.stack(batches)
            here = torch.arange(stacked.shape[1])
            yield stacked[torch.from_numpy(self.label[done : done + len(here)]), here]
            done += len(here)

    def write(self, folder: str | Path) -> Path:
        """Write ``particles.mrcs``, ``particles.star`` (no poses), ``truth.star`` (poses and classes) and ``class<k>.mrc``.

        Returns
        -------
        Path
            ``particles.star``.
        """
        folder, first = Path(folder), self.kinds[0]
        write_stack(folder / "particles.mrcs", (image for batch in self.images() for image in batch.numpy()),
                    first.settings.optics.pixel_size)  # fmt: skip
        total = len(self.label)
        truth = first.particles.with_(
            stack=((folder / "particles.mrcs").absolute(),), stack_index=np.zeros(total, np.int64), slice_index=np.arange(total),
            class_number=(self.label + 1).astype(np.int32),
        )  # fmt: skip
        write_particles(folder / "truth.star", truth)
        write_particles(folder / "particles.star", truth.with_(rotation=None, shift=None, coordinate=None, class_number=None))
        for number, kind in enumerate(self.kinds, start=1):
            write_volume(folder / f"class{number}.mrc", kind.volume)
        return folder / "particles.star"


def draw_mixture(specimens: Sequence[Specimen], shares: Sequence[float], settings: DatasetSettings) -> Mixture:
    """Draw particles of several kinds.

    Parameters
    ----------
    specimens
        The kinds, in one frame: they are not centred anew.
    shares
        Of the particles, summing to 1; each kind gets that many to rounding, in random order.
    settings
        Of the data; its SNR is that of the first kind.

    Raises
    ------
    InputError
        If the shares are not as many as the specimens, or do not sum to 1.
    """
    require(len(shares) == len(specimens) and abs(sum(shares) - 1) < 1e-6, "shares", list(shares),
            f"{len(specimens)} numbers, one a specimen, that sum to 1")  # fmt: skip
    first = draw_dataset(specimens[0], settings)
    kinds = tuple(replace(first, specimen=s, volume=_volume(s, first)) for s in specimens)
    edges = np.round(np.cumsum(shares) * settings.particles).astype(int)
    label = np.searchsorted(edges, np.arange(settings.particles), side="right").clip(max=len(specimens) - 1)
    return Mixture(kinds, numpy_generator(settings.seed, "kinds").permutation(label))


def _volume(specimen: Specimen, like: Dataset) -> Volume:
    """The specimen's map in the grey scale of ``like``."""
    size, pixel = like.settings.size, like.settings.optics.pixel_size
    shape = (size,) * 3
    density = density_map(specimen, size, pixel).values
    return Volume(irfftn(rfftn(density) * radial_gain(like.gain, shape, pixel), shape), pixel)


def without_lobe(specimen: Specimen, mass: float, direction: Sequence[float] = (1.0, 0.0, 0.0)) -> Specimen:
    """The specimen without a compact part at its surface; what is left stays where it was.

    Parameters
    ----------
    specimen
        The whole.
    mass
        Of the part, kDa, less than half the whole's.
    direction
        Where on the surface: the part is what lies nearest to the outermost scatterer that way.

    Raises
    ------
    InputError
        If the mass is not between 0 and half the whole's.
    """
    require(0 < mass < 0.5 * specimen.mass, "mass of the part", mass, f"above 0 and below half the whole's {specimen.mass:.0f} kDa")
    positive = np.flatnonzero(specimen.weights > 0)
    top = specimen.positions[positive[np.argmax(specimen.positions[positive] @ np.asarray(direction))]]
    distance = np.linalg.norm(specimen.positions - top, axis=1)
    order = np.argsort(distance)
    weight = np.cumsum(specimen.weights[order].clip(0)) / specimen.weights.clip(0).sum()
    kept = distance > distance[order[np.searchsorted(weight, mass / specimen.mass)]]
    columns = {name: getattr(specimen, name)[kept] for name in ("positions", "weights", "sigma", "region")}
    return replace(specimen, name=f"{specimen.name}, {mass:g} kDa taken off", mass=specimen.mass - mass, **columns)
