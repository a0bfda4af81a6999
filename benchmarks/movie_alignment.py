"""Movie alignment against RELION in one run: a 4096² x 30 LZW TIFF movie with planted motion, 5 x 5 patches, dose weighting.

The movie is simulated with truth: particles in ice with a CTF and damage, counted at 1 e/pixel/frame with an uneven gain
and hot pixels; every point of the specimen follows a drift that all share and a local motion that falls off with dose and
varies over the field as sines do, which no cubic follows exactly. Errors are root mean squares of the vector between
found and planted shift over the field and the frames, after the mean over the frames is taken away at every place (a
shift that all frames share blurs nothing).

    python benchmarks/movie_alignment.py [--folder build/movie-benchmark] [--seed 0] [--no-relion]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numba
import numpy as np

SIZE, FRAMES, PIXEL, DOSE = 4096, 30, 1.0, 1.0
PARTICLES, DIAMETER, CONTRAST = 350, 150.0, 0.05
DEFOCUS, VOLTAGE, CS, AMPLITUDE = 12000.0, 300.0, 2.7, 0.1
STEP = 64


@dataclass(frozen=True)
class PlantedMotion:
    """Displacement of the specimen since the first frame, pixels."""

    drift: np.ndarray
    waves: np.ndarray
    fall: np.ndarray

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> PlantedMotion:
        """A drift of about 20 pixels with jitter, and three waves of a few pixels that set in fast or slowly."""
        t = np.arange(FRAMES)
        way = 14 * (1 - np.exp(-t / 5.0)) + 0.25 * t
        angle = rng.uniform(0, 2 * np.pi) + 0.02 * t
        drift = np.stack([way * np.cos(angle), way * np.sin(angle)], axis=1) + np.cumsum(rng.normal(0, 0.15, (FRAMES, 2)), axis=0)
        waves = np.column_stack([rng.normal(0, 1.1, (3, 2)), rng.uniform(-0.75, 0.75, (3, 2)), rng.uniform(0, 1, (3, 2))])
        return cls(drift - drift[0], waves, np.array([3.0, 8.0, 40.0]))

    def at(self, frame: int, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Displacement ``(..., 2)`` of the points at ``x``, ``y`` (pixels of the specimen at rest)."""
        out = np.zeros((*np.shape(x), 2)) + self.drift[frame]
        for (ax, ay, kx, ky, px, py), fall in zip(self.waves, self.fall):
            grown = (1 - np.exp(-frame / fall)) / (1 - np.exp(-FRAMES / fall))
            turn = kx * x / SIZE + ky * y / SIZE
            out[..., 0] += 2 * ax * grown * np.sin(2 * np.pi * (turn + px))
            out[..., 1] += 2 * ay * grown * np.sin(2 * np.pi * (turn + py))
        return out


def specimen(rng: np.random.Generator) -> np.ndarray:
    """Transform of the contrast of particles and ice, CTF applied."""
    import scipy.fft
    from scipy.ndimage import gaussian_filter

    from vitreous.physics.wavelength import wavelength

    picture = np.zeros((SIZE, SIZE), dtype=np.float32)
    side = 192
    for _ in range(PARTICLES):
        points = rng.normal(size=(400, 3))
        points *= (DIAMETER / 2 * rng.uniform(0, 1, 400) ** (1 / 3) / np.linalg.norm(points, axis=1))[:, None]
        stamp = np.zeros((side, side), dtype=np.float32)
        np.add.at(stamp, tuple((points[:, :2] / PIXEL + side / 2).astype(int).T), 1)
        y, x = rng.integers(0, SIZE - side, 2)
        picture[y : y + side, x : x + side] -= gaussian_filter(stamp, 2.0)
    spectrum = scipy.fft.rfft2(picture + gaussian_filter(rng.normal(0, 0.15, picture.shape).astype(np.float32), 1.0), workers=2)
    k2 = np.fft.fftfreq(SIZE, PIXEL)[:, None] ** 2 + np.fft.rfftfreq(SIZE, PIXEL) ** 2
    length = wavelength(VOLTAGE)
    chi = np.pi * length * DEFOCUS * k2 - np.pi / 2 * CS * 1e7 * length**3 * k2**2
    spectrum *= (np.sin(chi + np.arcsin(AMPLITUDE)) * np.exp(-30 * k2)).astype(np.float32)
    spectrum[0, 0] = 0
    inside = scipy.fft.irfft2(spectrum, s=picture.shape, workers=2)[np.abs(picture) > np.abs(picture).max() / 10]
    return spectrum * (CONTRAST / inside.std())


@numba.njit(cache=True)
def cubic(t: float) -> tuple[float, float, float, float]:
    """Weights of Keys's cubic convolution."""
    return (
        ((-0.5 * t + 1.0) * t - 0.5) * t,
        (1.5 * t - 2.5) * t * t + 1.0,
        ((-1.5 * t + 2.0) * t + 0.5) * t,
        (0.5 * t - 0.5) * t * t,
    )


@numba.njit(cache=True)
def warp(picture: np.ndarray, source_x: np.ndarray, source_y: np.ndarray, out: np.ndarray) -> None:
    """out(p) = picture at the source of p, given on a lattice of ``STEP`` pixels; wraps at the edges."""
    size = picture.shape[0]
    for y in range(size):
        j, v = y // STEP, (y % STEP) / STEP
        for x in range(size):
            i, u = x // STEP, (x % STEP) / STEP
            a, b, c, d = (1 - u) * (1 - v), u * (1 - v), (1 - u) * v, u * v
            sx = x + a * source_x[j, i] + b * source_x[j, i + 1] + c * source_x[j + 1, i] + d * source_x[j + 1, i + 1]
            sy = y + a * source_y[j, i] + b * source_y[j, i + 1] + c * source_y[j + 1, i] + d * source_y[j + 1, i + 1]
            x0, y0 = int(np.floor(sx)), int(np.floor(sy))
            wx, wy = cubic(sx - x0), cubic(sy - y0)
            total = 0.0
            for m in range(4):
                row = 0.0
                for n in range(4):
                    row += wx[n] * picture[(y0 + m - 1) % size, (x0 + n - 1) % size]
                total += wy[m] * row
            out[y, x] = total


def sources(motion: PlantedMotion, frame: int) -> tuple[np.ndarray, np.ndarray]:
    """Where in the specimen the pixels of a frame come from, minus their place, on the lattice: X + d(X) = p solved for X."""
    at = np.arange(0, SIZE + STEP, STEP, dtype=np.float64)
    x, y = np.meshgrid(at, at)
    place = np.stack([x, y], axis=-1)
    found = place.copy()
    for _ in range(6):
        found = place - motion.at(frame, found[..., 0], found[..., 1])
    return found[..., 0] - x, found[..., 1] - y


def make_movie(folder: Path, seed: int) -> PlantedMotion:
    """Write ``movie.tiff``, ``gain.mrc`` and the STAR file RELION wants; the same seed gives the same bytes."""
    import mrcfile
    import scipy.fft
    import tifffile
    import torch

    from vitreous.physics.dose import exposure_weight

    rng = np.random.default_rng(seed)
    motion = PlantedMotion.drawn(rng)
    if (folder / "movie.tiff").exists():
        return motion
    folder.mkdir(parents=True, exist_ok=True)
    spectrum = specimen(rng)
    k = torch.from_numpy(np.hypot(np.fft.fftfreq(SIZE, PIXEL)[:, None], np.fft.rfftfreq(SIZE, PIXEL)))
    gain = (1 + 0.03 * rng.normal(size=(SIZE, SIZE))).clip(0.7, 1.3).astype(np.float32)
    hot = rng.integers(0, SIZE, (60, 2))
    image = np.empty((SIZE, SIZE), dtype=np.float32)
    with tifffile.TiffWriter(folder / "movie.part.tiff") as writer:
        for frame in range(FRAMES):
            left = exposure_weight(k, torch.tensor((frame + 0.5) * DOSE, dtype=torch.float64), VOLTAGE).numpy()
            picture = scipy.fft.irfft2(spectrum * left.astype(np.float32), s=image.shape, workers=2)
            warp(picture, *sources(motion, frame), image)
            counts = rng.poisson((1 + image).clip(0) * DOSE * PIXEL**2 / gain).astype(np.uint8)
            counts[hot[:, 0], hot[:, 1]] = rng.poisson(12.0, len(hot))
            # TIFF stores the top row first and MRC, the gain's format, the bottom one.
            writer.write(counts[::-1], compression="lzw", contiguous=False)
    with mrcfile.new(folder / "gain.mrc", overwrite=True) as file:
        file.set_data(gain)
    (folder / "movies.star").write_text(
        "# version 30001\n\ndata_optics\n\nloop_\n_rlnOpticsGroupName #1\n_rlnOpticsGroup #2\n"
        "_rlnMicrographOriginalPixelSize #3\n"
        f"_rlnVoltage #4\n_rlnSphericalAberration #5\n_rlnAmplitudeContrast #6\ngroup 1 {PIXEL} {VOLTAGE} {CS} {AMPLITUDE}\n\n"
        "# version 30001\n\ndata_movies\n\nloop_\n_rlnMicrographMovieName #1\n_rlnOpticsGroup #2\nmovie.tiff 1\n"
    )
    os.replace(folder / "movie.part.tiff", folder / "movie.tiff")
    return motion


def errors(shifts: np.ndarray, motion: PlantedMotion) -> dict[str, float]:
    """RMS errors in pixels of shifts ``(frames, y, x, 2)`` found at :func:`probe_places`."""
    x, y = probe_places()
    truth = -np.stack([motion.at(frame, x, y) for frame in range(FRAMES)])
    off = shifts - truth
    off -= off.mean(axis=0)
    per_frame = np.sqrt((off**2).sum(axis=-1).mean(axis=(1, 2)))
    rms = lambda part: float(np.sqrt((part**2).mean()))  # noqa: E731
    moved = truth - truth.mean(axis=0)
    return {
        "all": rms(per_frame), "first three": rms(per_frame[:3]), "later": rms(per_frame[3:]),
        "uncorrected": float(np.sqrt((moved**2).sum(axis=-1).mean())),
    }  # fmt: skip


def probe_places() -> tuple[np.ndarray, np.ndarray]:
    """A lattice over the field, 3 % from its edges, pixels."""
    at = np.linspace(0.03 * SIZE, 0.97 * SIZE, 25)
    return np.meshgrid(at, at)


def measured(command: list[str], folder: Path) -> tuple[float, float, float]:
    """Run a command: CPU seconds (user and system), peak memory in MB, wall seconds."""
    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    text = process.stderr.read() if process.stderr else b""
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{command[0]} failed: {text.decode()[-2000:]}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, time.perf_counter() - start


def relion(folder: Path) -> list[str]:
    """The command of the peer."""
    return [
        "relion_run_motioncorr", "--i", "movies.star", "--o", "relion/", "--use_own", "--j", "2", "--patch_x", "5",
        "--patch_y", "5", "--dose_weighting", "--dose_per_frame", str(DOSE), "--gainref", "gain.mrc", "--bfactor", "150",
    ]  # fmt: skip


def ours_in_process(folder: Path) -> None:
    """What the child process of this benchmark runs: read, align, weigh, write."""
    import mrcfile

    from vitreous.data.optics import Optics
    from vitreous.io.gain import read_gain
    from vitreous.io.movies import open_movie
    from vitreous.stages.movies import AlignmentParams, align_movie

    found = align_movie(
        open_movie(folder / "movie.tiff"),
        Optics(pixel_size=PIXEL, voltage=VOLTAGE),
        AlignmentParams(dose_per_frame=DOSE, patches=(5, 5), unweighted=False),
        gain=read_gain(folder / "gain.mrc"),
    )
    assert found.weighted is not None
    with mrcfile.new(folder / "ours.mrc", overwrite=True) as file:
        file.set_data(found.weighted)
    x, y = probe_places()
    shifts = found.field.on_lattice(x[0], y[:, 0])
    polynomial = found.motion.shift(np.arange(FRAMES)[:, None, None], x, y) / PIXEL
    np.savez(folder / "ours.npz", field=shifts, polynomial=polynomial)
    (folder / "ours.json").write_text(json.dumps(dict(found.figures)))


def relion_shifts(folder: Path) -> np.ndarray:
    """RELION's model at :func:`probe_places`, pixels."""
    from vitreous.io.motion import read_motion

    x, y = probe_places()
    motion = read_motion(folder / "relion" / "movie.star", pixel_size=PIXEL).motion
    return motion.shift(np.arange(FRAMES)[:, None, None], x, y) / PIXEL


def main() -> None:
    """Make the movie if it is not there, run both, print figures and a row for RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=Path("build/movie-benchmark"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--no-relion", action="store_true")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    folder = options.folder.resolve()
    if options.child:
        return ours_in_process(folder)
    motion = make_movie(folder, options.seed)
    child = [sys.executable, __file__, "--child", "--folder", str(folder)]
    rows = {"Vitreous": (*measured(child, folder), np.load(folder / "ours.npz")["field"])}
    rows["Vitreous, polynomial"] = (*rows["Vitreous"][:3], np.load(folder / "ours.npz")["polynomial"])
    if not options.no_relion and shutil.which("relion_run_motioncorr"):
        rows["RELION"] = (*measured(relion(folder), folder), relion_shifts(folder))
    for name, (cpu, memory, wall, shifts) in rows.items():
        off = errors(shifts, motion)
        told = "  ".join(f"{k} {v:.3f}" for k, v in off.items())
        print(f"{name:22s} CPU {cpu:6.1f} s  peak {memory:6.0f} MB  wall {wall:5.1f} s  error in px: {told}")
    print((folder / "ours.json").read_text())
    if "RELION" in rows:
        row(rows, motion)
    return None


def row(rows: dict, motion: PlantedMotion) -> None:
    """Print the line for benchmarks/RESULTS.md."""
    (cpu, memory, _, field), (peer_cpu, peer_memory, _, peer) = rows["Vitreous"], rows["RELION"]
    a, b = errors(field, motion), errors(peer, motion)
    print(
        f"| movie alignment, {SIZE}² x {FRAMES} uint8 LZW TIFF, 5 x 5 patches, dose weighting "
        f"| CPU {cpu:.1f} s against {peer_cpu:.1f} s (1/{peer_cpu / cpu:.1f}) "
        f"| peak {memory:.0f} MB against {peer_memory:.0f} MB "
        f"| error {a['all']:.3f} px against {b['all']:.3f} px, first three frames {a['first three']:.3f} against "
        f"{b['first three']:.3f} |"
    )


if __name__ == "__main__":
    main()
