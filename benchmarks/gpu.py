"""The engine on a CUDA device: kernels against plain torch, rates by stage, and a whole refinement of simulated particles.

    python benchmarks/gpu.py [--particles 100000] [--size 200] [--out gpu.json]

Needs no network and no files. Particles are made on the device: projections of a specimen's density through a grid finer than the
engine's own (fourfold, in plain torch), times a CTF written out here, plus white noise. Seconds are by the clock, the device waited
for. Rates stand beside what the same device does, in the same run, in one large matrix product and one large copy.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from vitreous.inference.images import FourierImages
from vitreous.inference.noise import NoiseSpectra
from vitreous.inference.pose_refine import insert_images, refine_poses
from vitreous.inference.pose_search import Grid, search
from vitreous.numerics.disc import Disc, disc
from vitreous.numerics.fourier import centred_rfftn, to_centre
from vitreous.numerics.kernels import reference
from vitreous.numerics.resample import centre_resize
from vitreous.numerics.rotations import exponential, geodesic_deg, random_rotations
from vitreous.numerics.slices import PAD, ball_margin, half_ball, slices
from vitreous.numerics.so3_grid import orientations, shift_disc
from vitreous.numerics.symmetry import symmetry
from vitreous.reconstruct.fourier import map_correlation, solve
from vitreous.runtime.devices import device_budget
from vitreous.runtime.memory import batch_size
from vitreous.simulate.specimens import density_map, specimen
from vitreous.stages.refine.iterate import refine
from vitreous.stages.refine.settings import RefineSettings

#: Oversampling of the density that particles are projected from; the engine's own is 2.
FINE = 4
#: Å across the box; the specimen is 177 Å long.
BOX = 300.0
#: Electrons at 300 kV; spherical aberration; share of amplitude contrast.
WAVELENGTH, CS, AMPLITUDE = 0.0197, 2.7e7, 0.1
#: Signal over noise of a whole image.
SNR = 0.05


def seconds(call: Callable[[], object], device: torch.device, runs: int = 3) -> float:
    """Least time of ``runs`` calls after one that does not count."""
    call()
    taken = []
    for _ in range(runs):
        wait(device)
        begun = time.perf_counter()
        call()
        wait(device)
        taken.append(time.perf_counter() - begun)
    return min(taken)


def wait(device: torch.device) -> None:
    """Until the device has done what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def ceilings(device: torch.device, side: int) -> dict[str, float]:
    """Matrix rate in single precision and in TF32 (TFLOP/s), and bytes read and written by a copy (TB/s)."""
    a, b = (torch.randn(side, side, device=device) for _ in range(2))
    found = {}
    for name, allowed in (("matrix_fp32_tflops", False), ("matrix_tf32_tflops", True)):
        torch.backends.cuda.matmul.allow_tf32 = allowed
        found[name] = 2e-12 * side**3 / seconds(lambda: a @ b, device)
    torch.backends.cuda.matmul.allow_tf32 = False
    source = torch.empty(16 * side**2, device=device)
    target = torch.empty_like(source)
    found["copy_tbytes"] = 8e-12 * source.numel() / seconds(lambda: target.copy_(source), device)
    return found


def checks(device: torch.device) -> dict[str, float]:
    """Largest difference of each kernel from plain torch in double precision, over the largest value."""
    size, generator = 32, torch.Generator().manual_seed(0)
    points, views = disc(size).to(device), random_rotations(64, generator)
    ball = half_ball(torch.randn(size, size, size, generator=generator).to(device), points.radius)
    turns = views.to(device).float().double()
    exact = reference.slices(ball.values.to(torch.complex128).cpu(), turns.cpu(), points.kx.cpu(), points.ky.cpu(), PAD)
    found = {"slices": relative(slices(ball, views, points), exact)}
    values = torch.view_as_complex(torch.randn(64, len(points), 2, generator=generator))
    images = FourierImages(points, 1.0, values.to(device), torch.ones(64, len(points), device=device), torch.zeros(64, dtype=torch.int64))
    noise = NoiseSpectra(torch.ones(1, points.radius + 1, dtype=torch.float64))
    still = torch.zeros(64, 2, dtype=torch.float64)
    sums = [insert_images(images, noise, views, still, radius=points.radius).total() for _ in range(2)]
    m = ball_margin(points.radius)
    exact = reference.insert((2 * m + 1, 2 * m + 1, m + 1), turns.cpu(), values.to(torch.complex128), points.kx.cpu(), points.ky.cpu(), PAD)
    exact[:, :, 0] += exact[:, :, 0].flip(0, 1).conj()
    found["insertion"] = relative(sums[0][0], exact)
    found["insertion_run_to_run"] = relative(sums[0][0], sums[1][0])
    # Poses planted in noiseless images: whether the normal equations lead back to them.
    planes = slices(ball, views, points)
    off = exponential(0.02 * torch.randn(64, 3, generator=generator, dtype=torch.float64)) @ views
    exact_images = FourierImages(points, 1.0, planes, torch.ones_like(planes.real), images.group)
    poses = refine_poses(exact_images, noise, ball, off, still, radius=points.radius, steps=15)
    found["pose_deg"] = float(geodesic_deg(poses.rotation, views).median())
    return found


def relative(found: Tensor, exact: Tensor) -> float:
    """Largest difference over the largest value."""
    return float((found.cpu() - exact.cpu()).abs().max() / exact.abs().max())


class Projector:
    """Slices of a density on a grid ``FINE`` times finer than its own, in plain torch: shares nothing with the engine's."""

    def __init__(self, volume: Tensor, voxel: float) -> None:
        n = volume.shape[-1]
        self.n, self.half = n, FINE * n // 2
        w = torch.sinc((torch.arange(n, device=volume.device) - n // 2) / (FINE * n)) ** 2
        padded = centre_resize(volume / (w[:, None, None] * w[:, None] * w), FINE * n, axes=3)
        self.spectrum = to_centre(centred_rfftn(padded), (0, 1)) * voxel

    def __call__(self, turns: Tensor, points: Disc) -> Tensor:
        """complex64 ``(b, K)``."""
        plane = torch.stack([points.kx, points.ky, torch.zeros_like(points.kx)], -1) * FINE
        p = plane @ turns.float()
        mate = p[..., 0] < 0
        p = torch.where(mate[..., None], -p, p)
        low = p.floor()
        f, low = p - low, low.long()
        out = 0
        for corner in range(8):
            step = [corner & 1, (corner >> 1) & 1, corner >> 2]
            share = math.prod((f[..., i] if step[i] else 1 - f[..., i]) for i in range(3))
            x, y, z = (low[..., i] + step[i] for i in range(3))
            out = out + share * self.spectrum[z + self.half, y + self.half, x]
        return torch.where(mate, out.conj(), out)


def simulate(count: int, size: int, device: torch.device) -> tuple[FourierImages, Tensor, Tensor]:
    """Particles, their poses and the density they are of."""
    voxel = BOX / size
    volume = density_map(specimen("ribosome head"), size=size, voxel_size=voxel).values.float().to(device)
    points, project = disc(size).to(device), Projector(volume, voxel)
    generator, there = torch.Generator().manual_seed(1), torch.Generator(device=device).manual_seed(1)
    views, shifts = random_rotations(count, generator), 2 * torch.randn(count, 2, generator=generator, dtype=torch.float64)
    defocus = 8000 + 12000 * torch.rand(count, generator=generator, dtype=torch.float64)
    k2 = (points.kx.double() ** 2 + points.ky.double() ** 2) / BOX**2
    fits = count * len(points) * 12 < device_budget(device) * 2
    home = device if fits else torch.device("cpu")
    values = torch.empty(count, len(points), dtype=torch.complex64, device=home)
    transfer = torch.empty(count, len(points), device=home)
    sigma = None
    for rows in torch.arange(count).split(batch_size(device_budget(device), 400 * len(points), most=256)):
        chi = math.pi * WAVELENGTH * defocus[rows, None].to(device) * k2 - 0.5 * math.pi * CS * WAVELENGTH**3 * k2**2
        c = -torch.sin(chi + math.asin(AMPLITUDE)).float()
        clean = c * project(views[rows].to(device), points) * points.shift_phases(shifts[rows])
        if sigma is None:
            sigma = float((clean.abs() ** 2).mean() / (2 * SNR)) ** 0.5
        noise = torch.view_as_complex(torch.randn(*clean.shape, 2, generator=there, device=device))
        span = slice(int(rows[0]), int(rows[-1]) + 1)
        values[span], transfer[span] = (clean + sigma * noise).to(home), c.to(home)
    images = FourierImages(points, voxel, values, transfer, torch.zeros(count, dtype=torch.int64))
    return images, views, volume.cpu()


def stages(images: FourierImages, views: Tensor, volume: Tensor, step: float, most: int) -> list[dict[str, object]]:
    """Particles a second of the search, local refinement, insertion and the solve; work counted as in docs/decisions/gpu.md."""
    device, size, rows = images.device, images.disc.size, []
    power = float((images.block(slice(0, 64), len(images.disc))[0].abs() ** 2).mean() / 2)
    noise = NoiseSpectra(torch.full((1, images.disc.radius + 1), power, dtype=torch.float64))
    # The search: a band that a grid of this step can serve.
    radius = min(images.disc.radius, int(3 / (math.radians(step) * 0.6)))
    k, grid, moves = images.disc.within(radius), orientations(step, symmetry("C1")), shift_disc(1.0, 3.0)
    planes = slices(half_ball(volume.to(device), radius, scale=images.pixel_size), grid, images.disc, k)
    some = images.take(torch.arange(min(most, 512, len(images))))
    still = torch.zeros(len(some), 2, dtype=torch.float64)
    for name, allowed in (("search", False), ("search, TF32", True)):
        torch.backends.cuda.matmul.allow_tf32 = allowed
        taken = seconds(lambda: search(some, noise, Grid(planes, moves), centres=still), device)
        flops = 4 * 2 * k * len(grid) * len(moves) * len(some) + 4 * k * len(grid) * len(some)
        detail = f"{len(grid)} x {len(moves)}, shells to {radius}"
        rows.append({"stage": name, "detail": detail, "particles_per_s": len(some) / taken, "tflops": 1e-12 * flops / taken})
    torch.backends.cuda.matmul.allow_tf32 = False
    some = images.take(torch.arange(min(most, len(images))))
    still = torch.zeros(len(some), 2, dtype=torch.float64)
    for radius in (images.disc.radius // 3, images.disc.radius):
        ball, k = half_ball(volume.to(device), radius, scale=images.pixel_size), images.disc.within(radius)
        taken = seconds(lambda b=ball, r=radius: refine_poses(some, noise, b, views[: len(some)], still, radius=r), device)
        rows.append({"stage": "local refinement", "detail": f"shells to {radius}, at most 10 steps", "particles_per_s": len(some) / taken,
                     "mpoints_per_s": 1e-6 * len(some) * k / taken})  # fmt: skip
    turns = views[: len(some)]
    taken = seconds(lambda: insert_images(some, noise, turns, still, radius=images.disc.radius), device)
    # Four runs of six numbers of 8 bytes a point, read and written.
    rows.append({"stage": "insertion", "detail": f"shells to {images.disc.radius}", "particles_per_s": len(some) / taken,
                 "tbytes": 1e-12 * len(some) * len(images.disc) * 4 * 48 * 2 / taken})  # fmt: skip
    sums = insert_images(some, noise, turns, still, radius=images.disc.radius)
    for name in ("C1", "O"):
        taken = seconds(lambda g=name: sums.total(symmetry(g).matrices), device)
        rows.append({"stage": "sums", "detail": f"group {name}", "seconds": taken})
    total = sums.total()
    taken = seconds(lambda: solve(*total, size, ssnr=None, radius=images.disc.radius, voxel_size=images.pixel_size), device)
    rows.append({"stage": "solve", "detail": f"{size} px", "seconds": taken})
    return rows


def whole(images: FourierImages, views: Tensor, volume: Tensor) -> dict[str, float]:
    """A refinement from the density at 40 Å, poses unknown; what of the frame drifts away counts as an error of poses."""
    half = torch.arange(len(images)) % 2
    settings = RefineSettings(diameter=180.0, symmetry=symmetry("C1"), initial_lowpass=40.0)
    begun = time.perf_counter()
    with torch.inference_mode():
        _, state = refine(images, half, volume, settings)
    wait(images.device)
    taken = time.perf_counter() - begun
    fsc = map_correlation(state.halves.mean(0).cpu(), volume)
    below = torch.nonzero(fsc[1:] < 0.5).flatten()
    shell = int(below[0]) if len(below) else len(fsc) - 1
    return {"seconds": taken, "particles": len(images), "iterations": state.iteration,
            "half_map_angstrom": images.resolution(state.best_radius), "truth_angstrom": images.resolution(max(1, shell)),
            "pose_error_deg": float(geodesic_deg(state.rotation, views).median())}  # fmt: skip


def table(result: dict) -> str:
    """Markdown rows for RESULTS.md."""
    top = result["ceilings"]
    lines = [f"Device: {result['device']}. In the same run: matrix product {top['matrix_fp32_tflops']:.1f} TFLOP/s (TF32 "
             f"{top['matrix_tf32_tflops']:.0f}), copy {top['copy_tbytes']:.2f} TB/s.",
             "", "| stage | detail | measured | share |", "|---|---|---|---|"]  # fmt: skip
    for row in result["stages"]:
        told = f"{row['particles_per_s']:.0f} particles/s" if "particles_per_s" in row else f"{1e3 * row['seconds']:.1f} ms"
        ceiling = top["matrix_tf32_tflops" if "TF32" in row["stage"] else "matrix_fp32_tflops"]
        share = ""
        if "tflops" in row:
            share = f"{100 * row['tflops'] / ceiling:.0f} % of the matrix rate"
        elif "tbytes" in row:
            share = f"{100 * row['tbytes'] / top['copy_tbytes']:.0f} % of the copy"
        elif "mpoints_per_s" in row:
            share = f"{row['mpoints_per_s']:.0f} M points/s"
        lines.append(f"| {row['stage']} | {row['detail']} | {told} | {share} |")
    done = result["refinement"]
    found = f"{done['particles']} x {result['size']} px, {done['iterations']} iterations | {done['seconds']:.0f} s"
    lines.append(f"| whole refinement | {found} | half-maps {done['half_map_angstrom']:.2f} Å, truth {done['truth_angstrom']:.2f} Å |")
    return "\n".join(lines)


def main() -> None:
    """Check, measure, refine; write JSON and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--particles", type=int, default=100_000)
    parser.add_argument("--size", type=int, default=200)
    parser.add_argument("--step", type=float, default=7.5, help="degrees of the search's grid")
    parser.add_argument("--sample", type=int, default=8192, help="particles that a stage is timed on")
    parser.add_argument("--matrix", type=int, default=8192, help="side of the matrix product")
    parser.add_argument("--out", type=Path, default=Path("gpu.json"))
    asked = parser.parse_args()
    device = torch.device(asked.device)
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
    result = {"device": name, "torch": torch.__version__, "size": asked.size, "checks": checks(device)}
    print(json.dumps(result["checks"]), flush=True)
    assert max(result["checks"][key] for key in ("slices", "insertion")) < 5e-5
    assert result["checks"]["insertion_run_to_run"] == 0 or device.type == "cpu"
    result["ceilings"] = ceilings(device, asked.matrix)
    begun = time.perf_counter()
    images, views, volume = simulate(asked.particles, asked.size, device)
    wait(device)
    result["simulation_s"] = time.perf_counter() - begun
    with torch.inference_mode():
        result["stages"] = stages(images, views, volume, asked.step, asked.sample)
    asked.out.write_text(json.dumps(result, indent=1))
    result["refinement"] = whole(images, views, volume)
    asked.out.write_text(json.dumps(result, indent=1))
    print(table(result))


if __name__ == "__main__":
    main()
