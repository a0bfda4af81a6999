"""What every comparison with a peer needs: the cost of a child process, where the peer is, a data set with truth, a row of the table.

CPU seconds are user + system time of a command and all its children, read from the kernel: unlike wall time they hardly
depend on what else the machine does. Peak memory is that of the largest single process.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

#: The peer, named as it must be wherever a ratio is quoted.
RELION = "RELION 3.1.3 (Debian: double precision, no vectorised CPU path)"


@dataclass(frozen=True)
class Cost:
    """What a command took: CPU and wall seconds, MB of its largest process."""

    cpu: float
    memory: float
    wall: float

    def __str__(self) -> str:
        return f"CPU {self.cpu:.1f} s, wall {self.wall:.1f} s, peak {self.memory:.0f} MB"


def measured(command: list[str], folder: Path) -> Cost:
    """Run a command in ``folder``, which keeps its words in a log, and give its cost."""
    start = time.perf_counter()
    with open(folder / f"{Path(command[0]).name}.log", "wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} failed:\n{Path(log.name).read_text()[-2000:]}")
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, time.perf_counter() - start)


def vitreous(*words: str) -> list[str]:
    """The command line of ours: that of this Python, or the first on the path."""
    beside = Path(sys.executable).parent / "vitreous"
    return [str(beside) if beside.exists() else "vitreous", *words]


def relion_program(name: str) -> bool:
    """Whether a program of RELION is installed; says so if it is not."""
    found = shutil.which(name) is not None
    if not found:
        print(f"{name} is not installed: ours alone")
    return found


def particle_set(name: str, folder: Path) -> Path:
    """Simulate the set ``name`` of ``simulate.presets.PARTICLES`` into ``folder / name`` unless it is there; its folder."""
    from vitreous.simulate.dataset import draw_dataset, write_dataset
    from vitreous.simulate.presets import PARTICLE_SPECIMEN, PARTICLES
    from vitreous.simulate.specimens import specimen

    where = folder / name
    if not (where / "particles.star").exists():
        where.mkdir(parents=True, exist_ok=True)
        write_dataset(where, draw_dataset(specimen(PARTICLE_SPECIMEN), PARTICLES[name]))
    return where


def specimen_diameter() -> float:
    """Å, of the specimen of the sets."""
    from vitreous.simulate.presets import PARTICLE_SPECIMEN
    from vitreous.simulate.specimens import specimen

    return float(specimen(PARTICLE_SPECIMEN).diameter)


def pose_errors(found: Path, truth: Path) -> tuple[np.ndarray, np.ndarray]:
    """Angles (degrees) and lengths of the shift errors (Å) of the particles of ``found``, matched to ``truth`` by their image."""
    import torch

    from vitreous.io.particles import read_particles
    from vitreous.numerics.rotations import geodesic_deg

    a, b = read_particles(found, stack=truth.parent / "particles.mrcs"), read_particles(truth)
    order = np.argsort(a.slice_index)
    turn = geodesic_deg(torch.from_numpy(a.rotation[order]), torch.from_numpy(b.rotation)).numpy()
    return turn, np.linalg.norm(a.shift[order] - b.shift, axis=1)


def fsc_with_truth(found: Path, truth: Path, diameter: float) -> np.ndarray:
    """FSC of two maps under a soft ball one tenth wider than the particle."""
    from vitreous.io.mrc import read_volume
    from vitreous.numerics.filters import soft_disc
    from vitreous.reconstruct.fourier import map_correlation

    a, b = read_volume(found), read_volume(truth)
    size = a.values.shape[-1]
    mask = soft_disc((size,) * 3, min(0.55 * diameter / b.voxel_size, 0.45 * size), 0.05 * size)
    return map_correlation(a.values.float(), b.values.float(), mask).numpy()


def resolution(curve: np.ndarray, length: float, level: float) -> float:
    """Å at which ``curve`` first falls below ``level``, linear between shells; Nyquist if it never does. ``length``: of the box, Å."""
    below = np.flatnonzero(curve[1:] < level)
    if not len(below):
        return length / (len(curve) - 1)
    s = int(below[0]) + 1
    part = (curve[s - 1] - level) / max(curve[s - 1] - curve[s], 1e-9)
    return length / max(s - 1 + part, 1)


def compared(ours: Cost, peer: Cost | None) -> str:
    """The two CPU times and their ratio, for a row of RESULTS.md."""
    if peer is None:
        return f"| {ours.cpu:.1f} CPU s, {ours.memory:.0f} MB | not run | |"
    return f"| {ours.cpu:.1f} CPU s, {ours.memory:.0f} MB | {peer.cpu:.1f} CPU s, {peer.memory:.0f} MB | 1/{peer.cpu / ours.cpu:.1f} |"
