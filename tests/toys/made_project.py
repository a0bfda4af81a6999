"""A project whose files were made up in a second, so that every page of the web has something to show.

No job ran: what jobs leave behind is written from small arrays, in as many micrographs and particles as one likes. Its truth is in
the constants: where the blobs of the map lie, how far each is "resolved", what a micrograph's defocus is.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from vitreous.data.volume import Volume
from vitreous.io.mrc import write_image, write_stack, write_volume
from vitreous.jobs.registry import registry
from vitreous.pipeline.params import from_json, to_json
from vitreous.pipeline.record import Record
from vitreous.pipeline.store import Store
from vitreous.runtime.files import write_json, write_text
from vitreous.views.png import write_png

#: Pixels and Å of a micrograph; frames of a movie, e/Å² of one.
SIDE, PIXEL, FRAMES, DOSE = 192, 4.0, 8, 2.5
#: Voxels and Å of a map; Å from its middle to the blobs, and their radius.
BOX, VOXEL, AWAY, RADIUS = 48, 4.0, 48.0, 20.0
#: Where the blobs lie, and Å of local resolution of each: one along each axis, one behind the middle.
BLOBS = {(1, 0, 0): 4.0, (0, 1, 0): 6.0, (0, 0, 1): 8.0, (0, 0, -1): 12.0}
#: Ångström of defocus of micrograph i is DEFOCUS + i · STEP, in turns of 20.
DEFOCUS, STEP = 10_000.0, 700.0
CLASSES = 6
VIEWS = ("good", "good", "doubtful", "good", "bad")
REASONS = {"doubtful": "rings end at 9.1 Å, where the typical micrograph has them to 5.9 Å", "bad": "crystalline ice: a ring at 3.67 Å"}
COLUMNS = ("rlnCoordinateX", "rlnCoordinateY", "rlnImageName", "rlnMicrographName", "rlnOpticsGroup", "rlnDefocusU", "rlnDefocusV",
           "rlnDefocusAngle", "rlnPhaseShift", "rlnAngleRot", "rlnAngleTilt", "rlnAnglePsi", "rlnOriginXAngst", "rlnOriginYAngst",
           "rlnRandomSubset", "rlnClassNumber", "rlnAutopickFigureOfMerit", "rlnMaxValueProbDistribution")  # fmt: skip
CURVES = ("spatial_frequency_per_angstrom,resolution_angstrom,fsc_corrected,fsc_low,fsc_high,fsc_masked,fsc_unmasked,"
          "fsc_phase_randomised,independent_samples,level_half_bit,level_one_bit,level_two_sigma,level_three_sigma,"
          "level_five_sigma")  # fmt: skip
OPTICS = ("rlnOpticsGroupName", "rlnOpticsGroup", "rlnVoltage", "rlnSphericalAberration", "rlnAmplitudeContrast", "rlnImagePixelSize",
          "rlnMicrographPixelSize", "rlnMicrographOriginalPixelSize", "rlnImageSize", "rlnImageDimensionality")  # fmt: skip


@dataclass
class Making:
    """A project while it is made."""

    store: Store
    micrographs: int
    particles: int
    chance: np.random.Generator
    jobs: dict[str, str] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """Names of the micrographs."""
        return [f"movie_{k:05d}" for k in range(1, self.micrographs + 1)]

    def job(
        self, kind: str, files: Mapping[str, Sequence[str]], *, given: Mapping[str, tuple[str, str]] | None = None, **told: Any
    ) -> Path:
        """Record a finished job; gives its folder. ``given`` says from which kind of job and port each input came."""
        number = len(self.jobs) + 1
        name = self.jobs[kind] = f"{number:04d}-{kind}"
        folder = self.store.jobs / name
        (folder / "outputs").mkdir(parents=True)
        declared = registry().job(kind).params
        params = to_json(from_json(declared, told.pop("params", {})))
        inputs = {port: {"job": self.jobs[source], "port": out, "digests": ["0" * 32]} for port, (source, out) in (given or {}).items()}
        used = {"started": 1.79e9 + 600 * number, "wall_seconds": 60.0 * number, "cpu_seconds": 100.0 * number,
                "peak_memory_bytes": 10**9, "host": "toy", "device": "cpu", "versions": {"vitreous": "0.1.0"}}  # fmt: skip
        outputs = {port: [f"outputs/{each}" for each in names] for port, names in files.items()}
        Record(job=name, type=kind, stage=kind, code="1", key=f"{number:032x}", seed=0, params=params, inputs=inputs, status="done",
               outputs=outputs, used=used, folder=folder, **told).save()  # fmt: skip
        end = {"time": used["started"], "step": "end", "done": 1, "total": 1, "message": f"{name} is done"}
        write_text(folder / "log.jsonl", json.dumps(end) + "\n")
        return folder / "outputs"

    def path(self, kind: str, file: str) -> str:
        """A file of a job as STAR files name it, from the project's folder."""
        return f"jobs/{self.jobs[kind]}/outputs/{file}"


def make_project(folder: Path, *, micrographs: int = 5, particles: int = 200) -> Path:
    """Make the project in ``folder``, which it gives back."""
    made = Making(Store(folder, create=True), micrographs, particles, np.random.default_rng(1))
    for step in (_aligned, _fitted, _judged, _picked, _extracted, _classified, _refined, _sharpened, _local, _watched, _modelled):
        step(made)
    return folder


def star(path: Path, blocks: Mapping[str, tuple[Sequence[str], Iterator[str]]]) -> None:
    """Write a STAR file of loops, rows as they come."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as out:
        for name, (labels, rows) in blocks.items():
            out.write(f"\n# version 30001\n\ndata_{name}\n\nloop_\n")
            out.writelines(f"_{label} #{number}\n" for number, label in enumerate(labels, 1))
            out.writelines(f"{row}\n" for row in rows)
            out.write("\n")


def optics(pixel: float, box: int) -> tuple[Sequence[str], Iterator[str]]:
    """The block of optics, of one group."""
    return OPTICS, iter([f"opticsGroup1 1 300.0 2.7 0.1 {pixel} {PIXEL} {PIXEL} {box} 2"])


def copies(first: Path, others: Sequence[Path]) -> None:
    """Let other names stand for the same bytes: ten thousand pictures need the room of one."""
    for other in others:
        os.link(first, other)


def defocus_of(number: int) -> float:
    """Å of micrograph ``number``, counted from 0."""
    return DEFOCUS + STEP * (number % 20)


def _image(made: Making) -> np.ndarray:
    """A micrograph: dark discs in ice, float32."""
    y, x = np.mgrid[:SIDE, :SIDE]
    image = made.chance.standard_normal((SIDE, SIDE))
    for px, py in _places():
        image -= 1.2 * (np.hypot(x - px, y - py) < RADIUS / PIXEL)
    return image.astype(np.float32)


def _places() -> np.ndarray:
    """Where particles lie in each micrograph, pixels ``(16, 2)``."""
    return np.stack(np.meshgrid(*[np.linspace(30, SIDE - 30, 4)] * 2), -1).reshape(-1, 2)


def _aligned(made: Making) -> None:
    names = made.names
    files = {"micrographs": ["micrographs.star"]} | {
        port: [f"{folder}/{name}.{ending}" for name in names]
        for port, folder, ending in (("images", "micrographs", "mrc"), ("tracks", "tracks", "json"), ("thumbnails", "thumbnails", "png"))
    }
    out = made.job("align-movies", files, figures={"micrograph_count": len(names), "median_motion_total_angstrom": 12.3})
    for port in ("images", "tracks", "thumbnails"):
        (out / files[port][0]).parent.mkdir()
    image = _image(made)
    write_image(out / files["images"][0], image, PIXEL)
    write_png(out / files["thumbnails"][0], image)
    write_json(out / files["tracks"][0], _tracks(names[0]))
    for port in ("images", "tracks", "thumbnails"):
        copies(out / files[port][0], [out / each for each in files[port][1:]])
    rows = (f"{made.path('align-movies', each)} 12.3 4.1 8.2 1" for each in files["images"])
    labels = ("rlnMicrographName", "rlnAccumMotionTotal", "rlnAccumMotionEarly", "rlnAccumMotionLate", "rlnOpticsGroup")
    star(out / "micrographs.star", {"optics": optics(PIXEL, SIDE), "micrographs": (labels, rows)})


def _tracks(name: str) -> dict[str, Any]:
    path = [[1.5 * k, 0.4 * k * k / FRAMES] for k in range(FRAMES)]
    places = [[x, y] for y in (40.0, 100.0, 160.0) for x in (40.0, 100.0, 160.0)]
    return {"movie": f"raw/{name}.tif", "size_pixels": [SIDE, SIDE], "pixel_size_angstrom": PIXEL, "dose_per_frame": DOSE,
            "global_angstrom": path, "places_pixels": places,
            "tracks_angstrom": [[[x + 0.02 * px * k / FRAMES, y] for k, (x, y) in enumerate(path)] for px, _ in places],
            "figures": {"motion_total_angstrom": 12.3, "motion_early_angstrom": 4.1, "motion_late_angstrom": 8.2}}  # fmt: skip


def _fitted(made: Making) -> None:
    names = made.names
    files = {"micrographs": ["micrographs_ctf.star"], "fits": [f"ctf/{name}.json" for name in names],
             "pictures": [f"ctf/{name}_spectrum.png" for name in names]}  # fmt: skip
    out = made.job("estimate-ctf", files, given={"micrographs": ("align-movies", "micrographs")},
                   figures={"micrograph_count": len(names), "median_fit_resolution_angstrom": 5.9})  # fmt: skip
    (out / "ctf").mkdir()
    y, x = np.mgrid[-64:64, -64:64] / 128
    write_png(out / files["pictures"][0], np.cos(300 * (x**2 + y**2)) ** 2)
    copies(out / files["pictures"][0], [out / each for each in files["pictures"][1:]])
    for number, (name, file) in enumerate(zip(names, files["fits"])):
        if number < 20:
            write_json(out / file, fit(name, defocus_of(number)))
        else:
            os.link(out / files["fits"][number % 20], out / file)
    star(out / "micrographs_ctf.star", {"optics": optics(PIXEL, SIDE), "micrographs": _micrograph_rows(made, range(len(names)))})


def fit(name: str, defocus: float) -> dict[str, Any]:
    """What estimate-ctf leaves of a micrograph, in the parts that are looked at."""
    k = np.linspace(0.02, 0.12, 60)
    rings = 0.5 - 0.5 * np.cos(2 * math.pi * 0.0197 * defocus * k**2)
    curves = {"k": k, "power": rings + 0.3, "fit": rings + 0.3, "background": 0 * k + 0.3, "rings": rings - 0.5, "rings_fit": rings - 0.5,
              "correlation": 1 - 4 * k, "correlation_low": 0.9 - 4 * k, "correlation_high": 1 - 3 * k}  # fmt: skip
    found = {"u": defocus + 100, "v": defocus - 100, "angle_deg": 30.0, "phase_shift_deg": 0.0}
    return {"micrograph": name, "defocus": found, "uncertainty": {"u": 20.0, "v": 20.0, "mean": 11.0, "astigmatism": 30.0, "angle_deg": 3.0,
            "phase_shift_deg": 0.0}, "score": 0.99, "resolution_angstrom": 5.9, "ice_rings": [], "tilt": None, "slope": [0.0, 0.0],
            "flags": [], "reasons": [], "tiles_kept": 0.98, "picture_edge_per_angstrom": 0.12,
            "optics": {"pixel_size": PIXEL, "voltage": 300.0, "spherical_aberration": 2.7, "amplitude_contrast": 0.1},
            "curves": {key: values.round(5).tolist() for key, values in curves.items()}}  # fmt: skip


def _micrograph_rows(made: Making, which: Sequence[int]) -> tuple[Sequence[str], Iterator[str]]:
    """The block of micrographs with defocus and verdict."""
    labels = ("rlnMicrographName", "rlnDefocusU", "rlnDefocusV", "rlnDefocusAngle", "rlnPhaseShift", "rlnCtfMaxResolution",
              "rlnCtfFigureOfMerit", "rlnAccumMotionTotal", "vitreousVerdict", "vitreousScore", "rlnOpticsGroup")  # fmt: skip
    prefix, names = made.path("align-movies", "micrographs"), made.names
    rows = (
        f"{prefix}/{names[k]}.mrc "
        f"{defocus_of(k) + 100} {defocus_of(k) - 100} 30.0 0.0 {5.9 + 0.1 * (k % 7):.2f} 0.99 {12 + k % 9} {VIEWS[k % 5]} 0.7 1"
        for k in which
    )
    return labels, rows


def _judged(made: Making) -> None:
    names = made.names
    files = {"good": ["micrographs_good.star"], "micrographs": ["micrographs.star"], "verdicts": ["verdicts.json"],
             "thumbnails": [f"thumbnails/{name}.png" for name in names]}  # fmt: skip
    given = {"micrographs": ("estimate-ctf", "micrographs"), "fits": ("estimate-ctf", "fits"), "tracks": ("align-movies", "tracks")}
    good = [k for k in range(len(names)) if VIEWS[k % 5] != "bad"]
    out = made.job("assess", files, given=given, figures={"micrograph_count": len(names), "good_count": len(good)})
    (out / "thumbnails").mkdir()
    first = made.store.folder / made.path("align-movies", f"thumbnails/{names[0]}.png")
    copies(first, [out / each for each in files["thumbnails"]])
    write_json(out / "verdicts.json", [_verdict(name, VIEWS[k % 5], defocus_of(k)) for k, name in enumerate(names)])
    for file, which in (("micrographs.star", range(len(names))), ("micrographs_good.star", good)):
        star(out / file, {"optics": optics(PIXEL, SIDE), "micrographs": _micrograph_rows(made, which)})


def _verdict(name: str, verdict: str, defocus: float) -> dict[str, Any]:
    reason = REASONS.get(verdict)
    reasons = [{"name": "rings", "sentence": reason, "weight": 1.0}] if reason else []
    return {"micrograph": name, "verdict": verdict, "score": 0.7, "by": "rules", "voltage": 300.0, "reasons": reasons, "spoiled": 0.0,
            "descriptors": {"defocus": defocus, "fit_resolution": 5.9, "motion_total": 12.3, "ice_thickness": 3.5}}  # fmt: skip


def _picked(made: Making) -> None:
    out = made.job("pick", {"coordinates": ["coordinates.star"]}, given={"micrographs": ("assess", "good")},
                   params={"diameter": 2 * RADIUS}, figures={"particle_count": 16 * made.micrographs})  # fmt: skip
    rows = (
        f"{x:.2f} {y:.2f} {made.path('align-movies', f'micrographs/{name}.mrc')} {0.5 - 0.01 * k:.3f}"
        for name in made.names
        for k, (x, y) in enumerate(_places())
    )
    labels = ("rlnCoordinateX", "rlnCoordinateY", "rlnMicrographName", "rlnAutopickFigureOfMerit")
    star(out / "coordinates.star", {"": (labels, rows)})


def _disc(size: int, radius: float) -> np.ndarray:
    y, x = np.mgrid[:size, :size] - size // 2
    return 1 / (1 + np.exp(np.hypot(x, y) - radius))


def _particle_file(made: Making, path: Path, stack: str) -> None:
    """Particles in poses by chance; those of one micrograph stand together."""
    count, chance, names = made.particles, made.chance, made.names
    tilt = np.degrees(np.arccos(chance.uniform(-1, 1, count)))
    rot, psi = chance.uniform(-180, 180, (2, count))
    shift = chance.normal(size=(count, 2))
    likely = chance.beta(5, 1, count)
    places = _places()
    each = -(-count // len(names))
    prefix = made.path("align-movies", "micrographs")

    def row(k: int) -> str:
        x, y = places[k % 16]
        u = defocus_of(k // each)
        return (f"{x:.1f} {y:.1f} {k % 64 + 1:06d}@{stack} {prefix}/{names[k // each]}.mrc 1 {u + 100:.0f} {u - 100:.0f} 30.0 0.0 "
                f"{rot[k]:.2f} {tilt[k]:.2f} {psi[k]:.2f} {shift[k, 0]:.2f} {shift[k, 1]:.2f} {k % 2 + 1} {k % CLASSES + 1} "
                f"{0.5 - 0.3 * (k % 97) / 97:.3f} {likely[k]:.3f}")  # fmt: skip

    star(path, {"optics": optics(VOXEL, BOX), "particles": (COLUMNS, map(row, range(count)))})


def _extracted(made: Making) -> None:
    out = made.job("extract", {"particles": ["particles.star"], "stack": ["particles.mrcs"], "sample": ["sample.png"]},
                   given={"micrographs": ("assess", "good"), "coordinates": ("pick", "coordinates")}, params={"diameter": 2 * RADIUS},
                   figures={"particle_count": made.particles, "box": BOX, "pixel_size_angstrom": VOXEL})  # fmt: skip
    images = [made.chance.standard_normal((BOX, BOX)) + 2 * _disc(BOX, RADIUS / VOXEL) for _ in range(64)]
    write_stack(out / "particles.mrcs", images, VOXEL)
    write_png(out / "sample.png", images[0])
    _particle_file(made, out / "particles.star", made.path("extract", "particles.mrcs"))


def _classified(made: Making) -> None:
    files = {"particles": ["particles.star"], "classes": ["classes.mrcs"], "verdicts": ["classes.json"], "picture": ["classes.svg"]}
    out = made.job("classify2d", files, given={"particles": ("extract", "particles")}, params={"diameter": 2 * RADIUS},
                   figures={"particle_count": made.particles, "class_count": CLASSES})  # fmt: skip
    write_stack(out / "classes.mrcs", [_disc(BOX, 3 + k) * np.cos(0.3 * k * np.arange(BOX)) for k in range(CLASSES)], VOXEL)
    told = [{"class": k + 1, "count": made.particles // CLASSES, "share": 1 / CLASSES, "kept": k < 4,
             "reasons": [] if k < 4 else ["only 3 images"], "resolution_angstrom": 12.0 + 3 * k, "evidence": 100.0 - 10 * k}
            for k in range(CLASSES)]  # fmt: skip
    write_json(out / "classes.json", told)
    write_text(out / "classes.svg", '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"><circle cx="5" cy="5" r="4"/></svg>\n')
    os.link(made.store.folder / made.path("extract", "particles.star"), out / "particles.star")


def blob_map(values: Mapping[tuple[int, int, int], float] | None = None) -> np.ndarray:
    """Gaussian blobs at BLOBS, float32 ``(z, y, x)``: all of height 1, or, as an even ball each, of the value given."""
    steps = (np.arange(BOX) - BOX // 2) * VOXEL
    z, y, x = np.meshgrid(steps, steps, steps, indexing="ij")
    total = np.zeros((BOX,) * 3, np.float32)
    for place in BLOBS:
        px, py, pz = (AWAY * each for each in place)
        away = np.sqrt((x - px) ** 2 + (y - py) ** 2 + (z - pz) ** 2)
        total = np.where(away < 2 * RADIUS, values[place], total) if values else total + np.exp(-0.5 * (1.8 * away / RADIUS) ** 2)
    return total.astype(np.float32)


def save_map(path: Path, values: np.ndarray) -> None:
    """Write a map of the toy's scale."""
    import torch

    write_volume(path, Volume(torch.from_numpy(values.astype(np.float32)), VOXEL))


def _refined(made: Making) -> None:
    files = {"map": ["map.mrc"], "half1": ["half1.mrc"], "half2": ["half2.mrc"], "particles": ["particles.star"], "fsc": ["fsc.csv"]}
    out = made.job("refine", files, given={"particles": ("classify2d", "particles")}, params={"diameter": 2 * (AWAY + RADIUS)},
                   figures={"resolution_angstrom": 9.0, "particle_count": made.particles, "iterations": 9})  # fmt: skip
    halves = [blob_map() + 0.05 * made.chance.standard_normal((BOX,) * 3) for _ in range(2)]
    for name, values in (("map", sum(halves) / 2), ("half1", halves[0]), ("half2", halves[1])):
        save_map(out / f"{name}.mrc", values)
    k = np.arange(BOX // 2) / (BOX * VOXEL)
    lines = ["frequency [1/Å],FSC [1]", *(f"{each:.6f},{fsc(each):.5f}" for each in k)]
    write_text(out / "fsc.csv", "\n".join(lines) + "\n")
    os.link(made.store.folder / made.path("extract", "particles.star"), out / "particles.star")


def fsc(k: float) -> float:
    """Made-up correlation that falls through 1/7 at 9 Å."""
    return float(1 / (1 + 6 * math.exp(80 * (k - 1 / 9))))


def _sharpened(made: Making) -> None:
    files = {"map": ["map.mrc"], "sharpened": ["map_sharpened.mrc"], "mask_used": ["mask.mrc"], "fsc": ["fsc.csv"],
             "guinier": ["guinier.csv"], "summary": ["postprocess.json"]}  # fmt: skip
    figures = {"resolution_angstrom": 9.0, "resolution_half_angstrom": 11.0, "b_factor_angstrom2": 200.0, "pixel_size_angstrom": VOXEL}
    out = made.job("postprocess", files, given={"half1": ("refine", "half1"), "half2": ("refine", "half2")}, figures=figures)
    for name, values in (("map", blob_map()), ("map_sharpened", blob_map()), ("mask", np.clip(4 * blob_map(), 0, 1))):
        save_map(out / f"{name}.mrc", values)
    write_text(out / "fsc.csv", "\n".join([CURVES, *map(_shell, range(1, BOX // 2))]) + "\n")
    guinier = [f"{k * k:.6g},{4 - 50 * k * k:.5g},{4 - 60 * k * k:.5g}" for k in np.linspace(0.01, 0.12, 20)]
    head = "spatial_frequency_squared_per_angstrom2,log_amplitude,log_amplitude_weighted"
    write_text(out / "guinier.csv", "\n".join([head, *guinier]) + "\n")
    write_json(out / "postprocess.json", figures)


def _shell(shell: int) -> str:
    """A row of the correlation curves."""
    k, level = shell / (BOX * VOXEL), 1 / shell
    row = (k, 1 / k, fsc(k), fsc(k) - 0.05, fsc(k) + 0.03, fsc(k), fsc(1.2 * k), 0.3 * fsc(2 * k), 4.0 * shell**2,
           level, 1.3 * level, 2 * level, 3 * level, 5 * level)  # fmt: skip
    return ",".join(f"{each:.6g}" for each in row)


def _local(made: Making) -> None:
    files = {"local_resolution": ["local_resolution.mrc"], "spread": ["local_resolution.csv"], "summary": ["local_resolution.json"]}
    out = made.job("local-resolution", files, given={"half1": ("refine", "half1"), "half2": ("refine", "half2")},
                   figures={"method": "windowed", "median_angstrom": 6.0})  # fmt: skip
    save_map(out / "local_resolution.mrc", blob_map(BLOBS))
    write_text(out / "local_resolution.csv", "resolution_angstrom,voxels\n4,100\n6,100\n8,100\n12,100\n")
    write_json(out / "local_resolution.json", {"method": "windowed", "median_angstrom": 6.0})


def _watched(made: Making) -> None:
    out = made.job("watch", {"status": ["live.json"], "classes": ["averages.mrcs"]}, params={"folder": "raw", "diameter": 2 * RADIUS},
                   figures={"movie_count": min(made.micrographs, 200)})  # fmt: skip
    rows = [_live(name, k) for k, name in enumerate(made.names[:200])]
    write_stack(out / "averages.mrcs", [_disc(BOX, 3 + k) for k in range(CLASSES)], VOXEL)
    waits = [{"path": "raw/late.tif", "since": 1.79e9, "reason": "its size still changes"}]
    told = {"layout": 1, "updated": 1.79e9, "folder": "raw", "state": "ended", "message": "told to stop", "arrived": len(rows),
            "done": len(rows), "queued": 0, "waiting": waits, "set_aside": [{"path": "raw/broken.tif", "reason": "cut off"}],
            "particles": sum(each["particles"] for each in rows), "movies_per_hour": 120.0,
            "lag_seconds": {"now": 20.0, "median": 25.0, "worst": 60.0}, "disk": {"free_bytes": 10**12, "hours_left": 100.0},
            "movies": rows}  # fmt: skip
    write_json(out / "live.json", told)


def _live(name: str, k: int) -> dict[str, Any]:
    arrived, verdict = 1.79e9 + 30.0 * k, VIEWS[k % 5]
    return {"name": name, "path": f"raw/{name}.tif", "arrived": arrived, "finished": arrived + 25, "lag_seconds": 25.0 + k % 7,
            "motion_angstrom": 12.0 + k % 9, "defocus_angstrom": defocus_of(k), "astigmatism_angstrom": 200.0,
            "resolution_angstrom": 5.9 + 0.1 * (k % 7), "flags": [], "verdict": verdict, "score": 0.7,
            "reasons": [REASONS[verdict]] if verdict in REASONS else [], "picks": 16, "particles": 16 - k % 3,
            "seconds": {"align": 8.0, "ctf": 2.0, "assess": 1.0, "pick": 2.0, "extract": 1.0}}  # fmt: skip


def _modelled(made: Making) -> None:
    """A chain of Cα from the map's middle along +x, beside project.toml."""
    middle = BOX // 2 * VOXEL
    line = "ATOM  {0:5d}  CA  ALA A{0:4d}    {1:8.3f}{2:8.3f}{2:8.3f}  1.00 20.00           C"
    atoms = [line.format(k + 1, middle + 3.8 * k, middle) for k in range(12)]
    write_text(made.store.folder / "model.pdb", "\n".join([*atoms, "END"]) + "\n")
