"""A membrane protein in its micelle: an ordered core, the same in every particle, and a disordered belt, another in each.

A detergent belt has a shape but no structure: averaged over particles it is a smooth ring, while in every single image it is
grains, which no map explains. A refinement sees them as noise that lies only there.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from vitreous.errors import require
from vitreous.runtime.chance import numpy_generator
from vitreous.simulate.dataset import Dataset, DatasetSettings, draw_dataset
from vitreous.simulate.phantoms import plain
from vitreous.simulate.specimens import Specimen, centred, specimen


@dataclass(frozen=True, kw_only=True)
class Micelle:
    """A ring about z filled with lumps at random.

    Parameters
    ----------
    inner, outer
        Radii of the ring, Å.
    height
        Å along z, where the ring is thickest; its cross-section is an ellipse.
    lumps
        Number of Gaussians; about as many as there are detergent molecules.
    sigma
        Width of each, Å.
    weight
        Scattering of the whole ring over that of the core.

    Raises
    ------
    InputError
        If a value is out of its range.
    """

    inner: float = 25.0
    outer: float = 52.0
    height: float = 40.0
    lumps: int = 250
    sigma: float = 2.5
    weight: float = 1.3

    def __post_init__(self) -> None:
        require(0 <= self.inner < self.outer, "inner and outer", (self.inner, self.outer), "radii of a ring, Å")
        require(self.height > 0 and self.sigma >= 0, "height and sigma", (self.height, self.sigma), "positive, in Å")
        require(self.lumps >= 1, "lumps", self.lumps, "at least 1")
        require(self.weight >= 0, "weight", self.weight, "0 or more")

    def draw(self, chance: np.random.Generator, scattering: float) -> Specimen:
        """One such ring whose lumps sum to ``scattering`` (Å): uniform in a torus of elliptical cross-section."""
        half, middle = (self.outer - self.inner) / 2, (self.outer + self.inner) / 2
        turn, around = chance.uniform(0, 2 * np.pi, (2, self.lumps))
        out = np.sqrt(chance.uniform(0, 1, self.lumps))
        radius = middle + half * out * np.cos(around)
        z = 0.5 * self.height * out * np.sin(around)
        positions = np.stack([radius * np.cos(turn), radius * np.sin(turn), z], 1)
        return plain("micelle", positions, np.full(self.lumps, scattering / self.lumps), self.sigma)


def membrane_core(radius: float = 24.0, height: float = 100.0) -> Specimen:
    """About 90 kDa of atoms without symmetry in a cylinder along z, ``radius`` and ``height`` in Å, cut from the head of a ribosome."""
    whole = specimen("ribosome head")
    inside = (np.hypot(*whole.positions.T[:2]) < radius) & (np.abs(whole.positions[:, 2]) < height / 2)
    columns = {name: getattr(whole, name)[inside] for name in ("positions", "weights", "sigma", "region")}
    share = whole.weights[inside].clip(0).sum() / whole.weights.clip(0).sum()
    return centred(replace(whole, name="membrane core", **columns, mass=whole.mass * float(share)))


@dataclass(frozen=True)
class MembraneDataset(Dataset):
    """Particles that differ in their micelles; ``specimen`` and ``volume`` are those of the core alone.

    Parameters
    ----------
    micelle
        The ring.
    """

    micelle: Micelle = field(default_factory=Micelle)

    def signal(self, start: int, stop: int) -> Tensor:
        """Noiseless images of core and micelles ``(stop − start, size, size)``, float32; each particle's ring is always its own."""
        scattering = self.micelle.weight * float(self.specimen.weights.sum())
        rings = []
        for i in range(start, stop):
            ring = self.micelle.draw(numpy_generator(self.settings.seed, "micelle", i), scattering)
            rings.append(Dataset(ring, self.settings, self.particles, self.volume, self.gain, self.noise).signal(i, i + 1))
        return super().signal(start, stop) + torch.cat(rings)


def draw_membrane(settings: DatasetSettings, *, core: Specimen | None = None, micelle: Micelle | None = None) -> MembraneDataset:
    """Draw particles of a core in micelles.

    Parameters
    ----------
    settings
        How many, and how good; the SNR is that of the core.
    core
        Ordered part, its axis along z; :func:`membrane_core` without it.
    micelle
        Disordered part; the usual ring without it.
    """
    alone = draw_dataset(core or membrane_core(), settings)
    return MembraneDataset(alone.specimen, settings, alone.particles, alone.volume, alone.gain, alone.noise, micelle or Micelle())
