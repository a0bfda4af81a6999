"""Rates of the engine's inner loops: slices and insertion in points a second, the global search against the matrix rate.

A rate is work over CPU seconds of this process, best of several runs, times the threads in use: what as many idle cores would
give. The rate by the clock is told beside it; on a shared machine it is lower.

The search is timed on images of noise (its time does not depend on what is in them). Its matrix products are also done alone, on
the same shapes and in the same run: their rate is the machine's matrix rate. The share of the search's own products is
their part of the search by torch's profiler.

    python benchmarks/kernels.py [--threads 2]
"""

from __future__ import annotations

import argparse
import os
import resource
import time
from collections.abc import Callable

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("KMP_BLOCKTIME", "0")

import numba
import torch

from vitreous.inference.images import FourierImages
from vitreous.inference.noise import NoiseSpectra
from vitreous.inference.pose_search import Grid, search
from vitreous.numerics.disc import disc
from vitreous.numerics.rotations import random_rotations
from vitreous.numerics.slices import Insertion, half_ball, slices
from vitreous.numerics.so3_grid import orientations, shift_disc
from vitreous.numerics.symmetry import symmetry

POINTS = 4_000_000


def cpu_seconds() -> float:
    """User and system time of this process and its threads."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def best(call: Callable[[], object], runs: int) -> tuple[float, float]:
    """Least CPU and wall seconds of ``runs`` calls after one that does not count."""
    call()
    taken = []
    for _ in range(runs):
        wall, cpu = time.perf_counter(), cpu_seconds()
        call()
        taken.append((cpu_seconds() - cpu, time.perf_counter() - wall))
    return min(c for c, _ in taken), min(w for _, w in taken)


def rate(work: float, call: Callable[[], object], threads: int, runs: int = 7) -> str:
    """``work`` a second, in words."""
    cpu, wall = best(call, runs)
    return f"{work / cpu * threads:7.1f} (by the clock {work / wall:.1f})"


def slicing(threads: int, generator: torch.Generator) -> None:
    """Slices at random views and in the order of a grid, at the bands of a search and at all shells; insertion at all shells."""
    for size in (64, 128):
        points, volume = disc(size), torch.randn(size, size, size, generator=generator)
        for radius in (14, 20, size // 2 - 1):
            ball, count = half_ball(volume, radius), points.within(radius)
            n = POINTS // count
            for name, views in (("random views", random_rotations(n, generator)), ("grid order", orientations(7.5, symmetry("C1"))[:n])):
                told = rate(n * count / 1e6, lambda b=ball, v=views, p=points, c=count: slices(b, v, p, c), threads)
                print(f"slices    {size:3d} px, shells to {radius:2d}, {name:12s}: {told} M points/s", flush=True)
        n = POINTS // len(points)
        values = torch.randn(n, len(points), dtype=torch.complex64, generator=generator)
        weights, views = torch.rand(n, len(points), generator=generator), random_rotations(n, generator)
        sums = Insertion(size, size // 2 - 1)
        told = rate(n * len(points) / 1e6, lambda s=sums, r=views, v=values, w=weights, p=points: s.add(r, v, w, p), threads)
        print(f"insertion {size:3d} px, shells to {size // 2 - 1:2d}, random views: {told} M points/s", flush=True)


def searching(threads: int, generator: torch.Generator, radius: int, step: float, n: int = 100) -> None:
    """The whole search, its products within it, and the same products alone."""
    points = disc(64)
    count, views, shifts = points.within(radius), orientations(step, symmetry("C1")), shift_disc(1.0, 2.0)
    planes = slices(half_ball(torch.randn(64, 64, 64, generator=generator), radius), views, points, count)
    images = FourierImages(points, 3.0, torch.randn(n, len(points), dtype=torch.complex64, generator=generator),
                           torch.rand(n, len(points), generator=generator), torch.zeros(n, dtype=torch.int64), 1.0)  # fmt: skip
    noise = NoiseSpectra(torch.full((1, points.radius + 1), 0.5, dtype=torch.float64))
    call = lambda: search(images, noise, Grid(planes, shifts), centres=torch.zeros(n, 2))  # noqa: E731
    work = 2e-9 * len(views) * count * n * 2 * (2 * len(shifts) + 1)
    whole, _ = best(call, 3)
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
        call()
    events = profile.key_averages()
    products = sum(e.self_cpu_time_total for e in events if e.key in ("aten::mm", "aten::addmm", "aten::addmm_"))
    share = products / sum(e.self_cpu_time_total for e in events)
    a, b = torch.randn(n * len(shifts), 2 * count, generator=generator), torch.randn(2 * count, len(views), generator=generator)
    c, d = torch.empty(len(a), len(views)), torch.empty(len(views), 2 * count)

    def alone() -> None:
        torch.mm(a, b, out=c)
        torch.mm(c.T, a, out=d)

    matrix, _ = best(alone, 3)
    peak = 2e-9 * 2 * a.shape[0] * a.shape[1] * b.shape[1] / matrix * threads
    within = work / (whole * share) * threads
    print(f"search    {n} images x {len(shifts)} shifts x {len(views)} views x {count} coefficients: products {within:.0f} GFLOP/s, "
          f"alone {peak:.0f} GFLOP/s, share {100 * within / peak:.0f} %; whole search {work / whole * threads:.0f} GFLOP/s, "
          f"{100 * work / whole * threads / peak:.0f} % of the matrix rate; {n / whole * threads:.0f} images/s", flush=True)  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=2)
    threads = parser.parse_args().threads
    torch.set_num_threads(threads)
    numba.set_num_threads(threads)
    generator = torch.Generator().manual_seed(1)
    print(f"{threads} threads; rates are work / CPU seconds x {threads}")
    slicing(threads, generator)
    with torch.inference_mode():
        for radius, step in ((10, 10.0), (14, 7.5), (20, 7.5)):
            searching(threads, generator, radius, step)


if __name__ == "__main__":
    main()
