"""The truth of a simulated session, and how far motion, defocus and picks came from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vitreous.jobs.micrograph_list import stem
from vitreous.runtime.files import read_json

if TYPE_CHECKING:
    from vitreous.data.micrograph import Micrograph
    from vitreous.data.particles import Particles
    from vitreous.jobs.coordinate_list import Coordinates
    from vitreous.jobs.report.run import Run
    from vitreous.stages.picking.metrics import Agreement


@dataclass(frozen=True)
class TrueSession:
    """What was simulated.

    Parameters
    ----------
    path
        ``truth.json``.
    told
        Its content; see :func:`vitreous.simulate.session.write_truth`.
    """

    path: Path
    told: Mapping[str, Any]

    @cached_property
    def movies(self) -> dict[str, Mapping[str, Any]]:
        """By the name of the movie, without endings."""
        return {stem(Path(movie["movie"])): movie for movie in self.told["movies"]}

    @property
    def pixel_size(self) -> float:
        """Å, of the movies."""
        return float(self.told["settings"]["optics"]["pixel_size"])

    @property
    def diameter(self) -> float:
        """Å, of the specimen."""
        return float(self.told["specimen"]["diameter_angstrom"])

    @property
    def mass(self) -> float:
        """KDa, of the specimen."""
        return float(self.told["specimen"]["mass_kda"])

    @property
    def symmetry(self) -> str:
        """Point group of the specimen."""
        return str(self.told["specimen"]["symmetry"])

    @property
    def map(self) -> Path:
        """The specimen as a map."""
        return self.path.parent / self.told["map"]

    @cached_property
    def particles(self) -> Particles:
        """True poses and places in the first frame."""
        from vitreous.io.particles import read_particles

        return read_particles(self.path.parent / self.told["particles"], require_images=False)

    def places(self, name: str, pixel_size: float) -> np.ndarray:
        """(x, y) of the particles of a movie, in pixels of ``pixel_size`` Å, ``(n, 2)``; empty for a movie that is not known."""
        positions = np.asarray(self.movies.get(name, {}).get("position_pixels", []), dtype=float).reshape(-1, 2)
        return positions * (self.pixel_size / pixel_size)

    def drift(self, name: str) -> np.ndarray | None:
        """The way of the middle of the field, (x, y) in Å, ``(frames, 2)``; ``None`` for a movie that is not known."""
        movie = self.movies.get(name)
        if movie is None:
            return None
        return np.asarray(movie["drift_angstrom"]) + np.asarray(movie["field_angstrom"]).mean((1, 2))

    def motion(self, name: str, places: np.ndarray) -> np.ndarray:
        """The way of ``places`` (x, y) in pixels of the movie: Å, ``(places, frames, 2)``."""
        from scipy.interpolate import RegularGridInterpolator

        movie = self.movies[name]
        grid = np.asarray(movie["field_y_pixels"]), np.asarray(movie["field_x_pixels"])
        values = np.moveaxis(np.asarray(movie["field_angstrom"]), 0, 2)
        local = RegularGridInterpolator(grid, values, bounds_error=False, fill_value=None)(places[:, ::-1])
        return local + np.asarray(movie["drift_angstrom"])


def read_truth(run: Run) -> TrueSession | None:
    """Read the truth of a run that began with a simulation; ``None`` for recorded data."""
    path = run.file("simulate", "truth")
    if path is None:
        return None
    told: Any = read_json(path)
    return TrueSession(path, told)


def motion_errors(tracks: Mapping[str, Mapping[str, Any]], truth: TrueSession) -> dict[str, tuple[float, float]]:
    """Error of the motion of each movie, and the motion itself: r.m.s. in Å over places and frames.

    A shift that all frames of a place share moves its picture and blurs nothing, so it is taken away first.
    """
    errors = {}
    for name, told in tracks.items():
        if name in truth.movies:
            true = truth.motion(name, np.asarray(told["places_pixels"], dtype=float))
            found = np.asarray(told["tracks_angstrom"], dtype=float)
            errors[name] = (_spread(found - true), _spread(true))
    return errors


def _spread(track: np.ndarray) -> float:
    """R.m.s. length of ``(places, frames, 2)`` about the mean over frames."""
    about = track - track.mean(1, keepdims=True)
    return float(np.sqrt((about**2).sum(-1).mean()))


@dataclass(frozen=True)
class DefocusErrors:
    """True and found means of u and v, and how far the astigmatism is off, Å, ``(n,)`` each."""

    true: np.ndarray
    found: np.ndarray
    astigmatism: np.ndarray


def defocus_errors(micrographs: list[Micrograph], truth: TrueSession) -> DefocusErrors:
    """Compare the fitted defocus of each micrograph with the true one.

    Astigmatism is compared as the vector (u − v)(cos 2α, sin 2α), which has no jump where an angle turns over.
    """
    rows = []
    for micrograph in micrographs:
        movie = truth.movies.get(stem(micrograph.path))
        if movie is not None and micrograph.defocus is not None:
            true, found = movie["defocus"], micrograph.defocus
            apart = _astigmatism(found.u, found.v, found.angle_deg) - _astigmatism(true["u"], true["v"], true["angle_deg"])
            rows.append((0.5 * (true["u"] + true["v"]), found.mean, abs(apart)))
    columns = np.array(rows, dtype=float).reshape(-1, 3).T
    return DefocusErrors(*columns)


def _astigmatism(u: float, v: float, angle_deg: float) -> complex:
    return (u - v) * np.exp(2j * np.deg2rad(angle_deg))


def picking_agreement(picks: Mapping[int, Coordinates], micrographs: list[Micrograph], truth: TrueSession) -> Agreement:
    """Count picks within half a diameter of a particle, one to one, over all movies that were simulated."""
    from vitreous.stages.picking.metrics import Agreement, agreement

    total, seen = Agreement(0, 0, 0), set()
    for index, found in picks.items():
        name, pixel = stem(micrographs[index].path), micrographs[index].optics.pixel_size
        total += agreement(found.place, truth.places(name, pixel), 0.5 * truth.diameter / pixel)
        seen.add(name)
    unseen = sum(len(movie["position_pixels"]) for name, movie in truth.movies.items() if name not in seen)
    return total + Agreement(0, 0, unseen)
