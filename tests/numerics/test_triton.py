# ruff: noqa: E402  (the interpreter is chosen before the first import of Triton)
"""Triton's kernels against plain torch: on a CUDA device (``-m gpu``), else under Triton's interpreter, which runs them on the CPU.

The interpreter is slow a program and not a number, so blocks are made large for it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

ON_DEVICE = torch.cuda.is_available()
if not ON_DEVICE:
    os.environ["TRITON_INTERPRET"] = "1"
pytest.importorskip("triton", reason="Triton is not installed (pip install 'vitreous[gpu]')")

from vitreous.errors import InputError
from vitreous.numerics import slices as sl
from vitreous.numerics.device_slices import DeviceInsertion
from vitreous.numerics.disc import disc
from vitreous.numerics.kernels import cpu, reference, triton_insert, triton_normal, triton_slices
from vitreous.numerics.kernels.choice import triton_everywhere
from vitreous.numerics.rotations import random_rotations
from vitreous.numerics.symmetry import symmetry

SIZE = 20
WHERE = torch.device("cuda" if ON_DEVICE else "cpu")
pytestmark = [pytest.mark.gpu] if ON_DEVICE else []


@pytest.fixture(autouse=True)
def large_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few programs under the interpreter."""
    if not ON_DEVICE:
        monkeypatch.setattr(triton_insert, "BLOCK", 1 << 14)
        monkeypatch.setattr(triton_insert, "POINTS", 256)
        for module in (triton_slices, triton_normal):
            monkeypatch.setattr(module, "BLOCK", 256)


def moved(*tensors: torch.Tensor) -> list[torch.Tensor]:
    return [t.to(WHERE) for t in tensors]


def complex_noise(*shape: int, generator: torch.Generator) -> torch.Tensor:
    return torch.view_as_complex(torch.randn(*shape, 2, generator=generator))


def test_slices_agree_with_reference(generator: torch.Generator) -> None:
    d = disc(SIZE)
    ball = sl.half_ball(torch.randn(SIZE, SIZE, SIZE, generator=generator), d.radius).values
    views = random_rotations(5, generator)
    found = triton_slices.slices(*moved(ball, views, d.kx, d.ky), sl.PAD).cpu()
    plain = reference.slices(ball, views.float(), d.kx, d.ky, sl.PAD)
    # Positions of up to 22 + 24 cells carry float32 rounding of 2⁻²⁴ · 46 in a cell, times the largest difference between cells.
    assert float((found - plain).abs().max()) < 2e-5 * float(plain.abs().max())


def test_insertion_agrees_with_reference_and_repeats_bit_by_bit(generator: torch.Generator) -> None:
    d = disc(SIZE)
    views, values = random_rotations(8, generator), complex_noise(8, len(d), generator=generator)
    weights = torch.rand(8, len(d), generator=generator)

    def done(order: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        sums = DeviceInsertion(SIZE, d.radius, WHERE)
        sums.add(views[order], values[order], weights[order], d)
        return sums.total()

    once, again = done(torch.arange(8)), done(torch.arange(8).flip(0))
    for found, other, put in zip(once, again, (values, weights)):
        assert torch.equal(found, other), "whole numbers add to the same in any order"
        plain = reference.insert(tuple(found.shape), views.float(), put, d.kx, d.ky, sl.PAD)
        mate = plain[:, :, 0].flip(0, 1)
        plain[:, :, 0] += mate.conj() if plain.is_complex() else mate
        assert float((found.cpu() - plain).abs().max()) < 2e-5 * float(plain.abs().max())


def test_larger_values_later_change_the_scale_and_not_the_sums(generator: torch.Generator) -> None:
    d = disc(SIZE, 4)
    views, values = random_rotations(2, generator), complex_noise(2, len(d), generator=generator)
    values[1] *= 1e9
    weights = torch.tensor([1.0, 1e8])[:, None].expand(2, len(d)).contiguous()
    apart, once = DeviceInsertion(SIZE, 4, WHERE), DeviceInsertion(SIZE, 4, WHERE)
    for i in range(2):
        apart.add(views[i : i + 1], values[i : i + 1], weights[i : i + 1], d)
    once.add(views, values, weights, d)
    for a, b in zip(apart.total(), once.total()):
        # Float32 holds 2⁻²⁴ of a cell; the finer of the two scales resolves 2⁻³⁰ of the largest value.
        torch.testing.assert_close(a, b, rtol=1e-6, atol=1e-7 * float(b.abs().max()))


def test_insertion_refuses_what_is_not_a_number() -> None:
    d = disc(SIZE, 4)
    with pytest.raises(InputError, match="must be numbers"):
        DeviceInsertion(SIZE, 4, WHERE).add(torch.eye(3)[None], torch.full((1, len(d)), np.nan + 0j), torch.ones(1, len(d)), d)


def test_symmetrised_sums_are_those_of_the_cpu(generator: torch.Generator) -> None:
    d, group = disc(SIZE, 5), symmetry("D3").matrices
    views, values = random_rotations(4, generator), complex_noise(4, len(d), generator=generator)
    weights = torch.rand(4, len(d), generator=generator)
    here, there = sl.Insertion(SIZE, 5), DeviceInsertion(SIZE, 5, WHERE)
    for sums in (here, there):
        sums.add(views, values, weights, d)
    for a, b in zip(there.total(group), here.total(group)):
        assert float((a.cpu() - b).abs().max()) < 1e-5 * float(b.abs().max())


def test_normal_equations_are_those_of_autograd(generator: torch.Generator) -> None:
    d = disc(SIZE, 7)
    ball = sl.half_ball(torch.randn(SIZE, SIZE, SIZE, generator=generator), d.radius).values
    views, shifts = random_rotations(3, generator), torch.randn(3, 2, generator=generator, dtype=torch.float64)
    images, transfer = 10 * complex_noise(4, len(d), generator=generator), torch.rand(4, len(d), generator=generator)
    weight = torch.rand(4, len(d), generator=generator)
    rows = torch.tensor([3, 0, 2])
    found = triton_normal.normal_equations(*moved(ball, rows, views, shifts, images, transfer, weight, d.kx, d.ky), sl.PAD, SIZE)
    misfit, H, g = (each.cpu() for each in found)
    for p, i in enumerate(rows.tolist()):
        known = autograd_system(ball, views[p], shifts[p], images[i], transfer[i], weight[i], d)
        scale = known[1].diagonal().sqrt()
        # Float32 sums over some eighty points; derivatives jump at the faces of cells, where rounding may pick the other side.
        assert float(misfit[p]) == pytest.approx(float(known[0]), rel=1e-5)
        assert float(((H[p] - known[1]) / torch.outer(scale, scale)).abs().max()) < 5e-4
        assert float(((g[p] - known[2]) / scale).abs().max()) < 5e-4 * float(known[0]) ** 0.5


def autograd_system(ball, view, shift, image, transfer, weight, d):
    """Misfit, H and g of one image by automatic differentiation of the plain model."""
    from vitreous.numerics.rotations import exponential

    def predicted(five: torch.Tensor) -> torch.Tensor:
        turned = (exponential(five[:3]) @ view).float()
        return torch.view_as_real(reference.model(ball, turned, (shift + five[3:]).float(), transfer, d.kx, d.ky, sl.PAD, SIZE))

    zero, w = torch.zeros(5, dtype=torch.float64), weight.double()[:, None]
    J = torch.autograd.functional.jacobian(predicted, zero).double()
    residual = torch.view_as_real(image).double() - predicted(zero).double()
    g = (w[..., None] * J * residual[..., None]).sum((0, 1))
    return (w * residual**2).sum(), torch.einsum("kca,kcb,k->ab", J, J, weight.double()), g


def test_normal_equations_are_those_of_the_cpu_at_large_shifts(generator: torch.Generator) -> None:
    """The kernel takes whole turns off a phase; the loops of the CPU keep tables of sines in double precision."""
    d = disc(SIZE, 7)
    ball = sl.half_ball(torch.randn(SIZE, SIZE, SIZE, generator=generator), d.radius)
    view, shift = random_rotations(1, generator), torch.tensor([[8.3, -9.1]], dtype=torch.float64)
    image, ones = 10 * complex_noise(1, len(d), generator=generator), torch.ones(1, len(d))
    found = triton_normal.normal_equations(
        *moved(ball.values, torch.zeros(1, dtype=torch.int64), view, shift, image, ones, ones, d.kx, d.ky), sl.PAD, SIZE
    )
    flat, m = sl.flat_ball(ball)
    H, g = np.zeros((5, 5)), np.zeros(5)
    cost = cpu.normal_equations(
        flat, m, view[0].numpy(), 8.3, -9.1, torch.view_as_real(image).reshape(-1).numpy(), ones[0].numpy(), ones[0].numpy(),
        d.kx.numpy(), d.ky.numpy(), np.float32(sl.PAD), SIZE, H, g,
    )  # fmt: skip
    assert float(found[0]) == pytest.approx(cost, rel=1e-5)
    np.testing.assert_allclose(found[1][0].cpu(), H, atol=2e-5 * np.abs(H).max())
    np.testing.assert_allclose(found[2][0].cpu(), g, atol=1e-4 * np.abs(g).max())


def test_the_front_door_chooses_them(generator: torch.Generator) -> None:
    """Slices of a ball on a device, and of any ball where Triton is asked for everywhere."""
    d = disc(SIZE, 5)
    ball = sl.half_ball(torch.randn(SIZE, SIZE, SIZE, generator=generator), 5)
    views = random_rotations(3, generator)
    with triton_everywhere():
        found = sl.slices(sl.HalfBall(ball.values.to(WHERE), SIZE, 5), views, d)
    known = sl.slices(ball, views, d)
    assert found.device.type == WHERE.type
    assert float((found.cpu() - known).abs().max()) < 2e-5 * float(known.abs().max())


COMPILE = """
from triton import compile
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
from vitreous.numerics.kernels import triton_insert as i, triton_normal as n, triton_slices as s
kinds = {"cells": "*i64", "rows": "*i64", "m": "i32", "count": "i32", "order": "i32", "pad": "fp32", "size": "fp32",
         "value_scale": "fp32", "weight_scale": "fp32", "BLOCK": "constexpr", "POINTS": "constexpr"}
for kernel, sums in ((s._slices, None), (i._insert, "*i64"), (i._rotate_sum, "*fp32"), (n._normal, None)):
    signature = {name: kinds.get(name, "*fp32") for name in kernel.arg_names}
    if sums:
        signature["sums"] = sums
    constants = {(place,): 64 for place, name in enumerate(kernel.arg_names) if signature[name] == "constexpr"}
    made = compile(ASTSource(fn=kernel, signature=signature, constexprs=constants), target=GPUTarget("cuda", 90, 32),
                   options={"num_warps": 4, "enable_fp_fusion": True})
    assert ".target sm_90" in made.asm["ptx"]
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Triton's compiler for CUDA comes for Linux only")
def test_kernels_compile_for_hopper(tmp_path: Path) -> None:
    """The interpreter takes code that the compiler does not; compiling needs no device."""
    environment = {**os.environ, "TRITON_CACHE_DIR": str(tmp_path)}
    environment.pop("TRITON_INTERPRET", None)
    done = subprocess.run([sys.executable, "-c", COMPILE], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
