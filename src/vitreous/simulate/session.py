"""A whole session with its truth: movies, gain reference, and what every step should find."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from vitreous.data.particles import Particles
from vitreous.errors import require
from vitreous.io.mrc import write_image, write_volume
from vitreous.io.particles import write_particles
from vitreous.io.tiff_write import write_movie_tiff
from vitreous.numerics.fourier import good_size
from vitreous.physics.detector import detector
from vitreous.runtime.chance import numpy_generator
from vitreous.runtime.files import write_json
from vitreous.runtime.progress import Progress, Reporter, silent
from vitreous.simulate.motion import grid
from vitreous.simulate.movie import counted_frames
from vitreous.simulate.scene import Scene, draw_scene, extent
from vitreous.simulate.settings import SessionSettings
from vitreous.simulate.specimens import Specimen, density_map, specimen

#: Points along each side of the grid on which the truth file samples the local motion.
FIELD_POINTS = 9
#: Mean counts a frame that 8 bits hold with room for contrast and noise.
MOST_PER_PIXEL = 150


def simulate_session(folder: str | Path, settings: SessionSettings, reporter: Reporter = silent) -> Path:
    """Simulate a session of movies.

    Parameters
    ----------
    folder
        Gets ``raw/movie_0001.tif`` … (8-bit LZW TIFF), ``gain.mrc``, ``truth/truth.json``, ``truth/particles.star`` and
        ``truth/map.mrc``.
    settings
        What it is like.
    reporter
        Told of every frame.

    Returns
    -------
    Path
        ``truth/truth.json``.

    Raises
    ------
    InputError
        If a setting cannot be met.
    """
    folder = Path(folder)
    mean = settings.dose_per_frame * settings.optics.pixel_size**2
    require(mean <= MOST_PER_PIXEL, "dose_per_frame × pixel_size²", mean, f"at most {MOST_PER_PIXEL} e a pixel: counts are 8-bit")
    what = specimen(settings.specimen)
    camera = detector(settings.shape, numpy_generator(settings.seed, "detector"), spread=settings.gain_spread,
                      dead=settings.dead, hot=settings.hot)  # fmt: skip
    write_image(folder / "gain.mrc", camera.gain, settings.optics.pixel_size)
    scenes = [draw_scene(settings, what, index) for index in range(settings.movies)]
    for scene in scenes:
        frames = _told(counted_frames(settings, what, scene, camera), scene.index, settings, reporter)
        write_movie_tiff(folder / "raw" / f"{scene.name}.tif", frames, pixel_size=settings.optics.pixel_size)
    return write_truth(folder, settings, what, scenes)


def _told(frames: Iterable[np.ndarray], movie: int, settings: SessionSettings, reporter: Reporter) -> Iterator[np.ndarray]:
    """Pass the frames on and report each."""
    for number, frame in enumerate(frames, start=1):
        yield frame
        reporter(Progress("simulate", movie * settings.frames + number, settings.movies * settings.frames))


def write_truth(folder: Path, settings: SessionSettings, what: Specimen, scenes: Sequence[Scene]) -> Path:
    """Write what the session holds; see :func:`simulate_session`.

    Notes
    -----
    ``truth.json`` has ``settings``, ``specimen``, the paths ``map``, ``particles`` and ``gain`` (relative to its folder), and for
    each of ``movies``: ``movie``, ``defocus`` (Å, degrees), ``position_pixels`` (particles in the first frame, 0-based x, y),
    ``track_angstrom`` (particle, frame, xy: where each has gone since the first frame), ``drift_angstrom`` (frame, xy: the part
    that all share), ``field_angstrom`` (frame, y, x, xy: the rest, at ``field_x_pixels`` and ``field_y_pixels`` of the first
    frame) and ``lumps_pixels`` (x, y, radius of balls of surface ice). Motion is positive towards larger x and y; what an
    alignment subtracts is its negative.
    """
    pixel = settings.optics.pixel_size
    reach = float(np.linalg.norm(what.positions, axis=1).max())
    size = good_size(int(np.ceil(2.2 * reach / pixel)))
    write_volume(folder / "truth" / "map.mrc", density_map(what, size, pixel))
    write_particles(folder / "truth" / "particles.star", true_particles(settings, scenes))
    path = folder / "truth" / "truth.json"
    write_json(path, {
        "settings": asdict(settings),
        "specimen": {"name": what.name, "mass_kda": what.mass, "diameter_angstrom": what.diameter, "symmetry": what.symmetry,
                     "source": what.source, "citation": what.citation},
        "map": "map.mrc",
        "particles": "particles.star",
        "gain": "../gain.mrc",
        "movies": [_movie(settings, scene) for scene in scenes],
    })  # fmt: skip
    return path


def true_particles(settings: SessionSettings, scenes: Sequence[Scene]) -> Particles:
    """All particles of a session with their true poses, defocus and places in the first frame; no images."""
    pixel = settings.optics.pixel_size
    owner = np.concatenate([np.full(len(s.position), s.index) for s in scenes]).astype(np.int64)
    return Particles(
        optics=(settings.optics,), group=np.zeros(len(owner), np.int64), shift=np.zeros((len(owner), 2)),
        defocus=np.concatenate([s.particle_defocus for s in scenes]), rotation=np.concatenate([s.rotation for s in scenes]),
        micrograph=tuple(f"raw/{s.name}.tif" for s in scenes), micrograph_index=owner,
        coordinate=np.concatenate([s.position for s in scenes]) / pixel, contrast="dark",
    )  # fmt: skip


def _listed(values: np.ndarray) -> list:
    return np.round(values, 4).tolist()


def _movie(settings: SessionSettings, scene: Scene) -> dict[str, object]:
    pixel = settings.optics.pixel_size
    x, y = (np.linspace(0, length, FIELD_POINTS) for length in extent(settings))
    return {
        "movie": f"../raw/{scene.name}.tif",
        "defocus": asdict(scene.defocus),
        "particle_count": len(scene.position),
        "position_pixels": _listed(scene.position / pixel),
        "track_angstrom": _listed(scene.motion.track(scene.position)),
        "drift_angstrom": _listed(scene.motion.drift),
        "field_x_pixels": _listed(x / pixel),
        "field_y_pixels": _listed(y / pixel),
        "field_angstrom": _listed(np.array([scene.motion.local(f, grid(x, y)) for f in range(settings.frames)])),
        "lumps_pixels": _listed(scene.lumps / pixel),
    }
