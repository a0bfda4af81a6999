# ruff: noqa: E402  (the interpreter is chosen before the first import of Triton)
"""The engine with the loops of a CUDA device (there with ``-m gpu``, else under Triton's interpreter) against that of the CPU."""

from __future__ import annotations

import os

import pytest
import torch
from pretend_cuda import CUDA, Pretend, install, plain

ON_DEVICE = torch.cuda.is_available()
if not ON_DEVICE:
    os.environ["TRITON_INTERPRET"] = "1"

from vitreous.errors import InputError
from vitreous.inference.images import FourierImages
from vitreous.inference.noise import NoiseSpectra, initial_noise
from vitreous.inference.pose_refine import insert_images, refine_poses
from vitreous.inference.residual import known_pose_factor
from vitreous.inference.scale import best_scale
from vitreous.inference.soft_em import soft_pass
from vitreous.numerics.disc import disc
from vitreous.numerics.kernels import choice
from vitreous.numerics.kernels.choice import triton_everywhere, uses_triton
from vitreous.numerics.rotations import geodesic_deg
from vitreous.numerics.slices import half_ball, slices
from vitreous.numerics.so3_grid import orientations, shift_disc
from vitreous.numerics.symmetry import symmetry
from vitreous.reconstruct.fourier import map_correlation, solve

SIZE, RADIUS, COUNT, PIXEL = 20, 5, 20, 3.0
WHERE = torch.device("cuda" if ON_DEVICE else "cpu")


def test_a_cuda_device_needs_triton(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not uses_triton(torch.device("cpu"))
    monkeypatch.setattr(choice, "find_spec", lambda name: None)
    assert not uses_triton(torch.device("cpu")), "the CPU does not"
    with pytest.raises(InputError, match=r"vitreous\[gpu\]"):
        uses_triton(torch.device("cuda"))


@pytest.fixture
def problem():
    """Noisy images of blobs with the symmetry of a cube, of two noise groups, and a rough reference."""
    generator, group = torch.Generator().manual_seed(2), symmetry("O")
    one = (torch.rand(3, 3, generator=generator, dtype=torch.float64) - 0.2) * 7
    centres = (group.matrices @ one.T).mT.reshape(-1, 3)
    line = (torch.arange(SIZE) - SIZE // 2).double()
    axes = [torch.exp(-((line - centres[:, i, None]) ** 2) / 3) for i in range(3)]
    volume, d = torch.einsum("px,py,pz->zyx", *axes).float(), disc(SIZE)
    grid, moves = orientations(20.0, group), shift_disc(1.0, 1.0)
    move = moves[torch.randint(len(moves), (COUNT,), generator=generator)]
    view = grid[torch.randint(len(grid), (COUNT,), generator=generator)]
    clean = slices(half_ball(volume, d.radius, scale=PIXEL), view, d) * d.shift_phases(move)
    deviation = float(clean[:, : d.within(RADIUS)].abs().mean())
    values = clean + deviation * torch.view_as_complex(torch.randn(COUNT, len(d), 2, generator=generator))
    images = FourierImages(d, PIXEL, values, torch.ones(COUNT, len(d)), torch.arange(COUNT) % 2)
    variance = torch.tensor([[1.0], [1.1]], dtype=torch.float64) * torch.full((1, d.radius + 1), deviation**2, dtype=torch.float64)
    return images, NoiseSpectra(variance), volume, grid, moves, group


def two_passes(images, noise, volume, grid, moves, group):
    """A global pass, its map, a local pass against it, its map: what the stages do, with everything a decision hangs on."""
    done = soft_pass(images, noise, volume, grid, moves, centres=torch.zeros(len(images), 2, dtype=torch.float64), radius=RADIUS,
                     symmetry=group)  # fmt: skip
    first = solve(done.numerator, done.denominator, SIZE, ssnr=None, radius=RADIUS, voxel_size=PIXEL)
    ball = half_ball(first, RADIUS, scale=PIXEL)
    poses = refine_poses(images, noise, ball, grid[done.found.candidates[:, 0]], done.found.shifts[:, 0], radius=RADIUS, steps=6)
    factor = known_pose_factor(images, noise, ball, poses.rotation, poses.shift)
    inserted = insert_images(images, noise, poses.rotation, poses.shift, radius=RADIUS).total(group.matrices)
    second = solve(*inserted, SIZE, ssnr=torch.full((SIZE,), 3.0), radius=RADIUS, voxel_size=PIXEL)
    return done, first, poses, factor, second


def test_two_passes_agree_with_those_of_the_cpu(problem, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("triton", reason="Triton is not installed (pip install 'vitreous[gpu]')")
    from vitreous.numerics.kernels import triton_insert, triton_normal, triton_slices

    if not ON_DEVICE:
        monkeypatch.setattr(triton_insert, "BLOCK", 1 << 14)
        monkeypatch.setattr(triton_insert, "POINTS", 64)
        for module in (triton_slices, triton_normal):
            monkeypatch.setattr(module, "BLOCK", 64)
    images, *rest = problem
    known = two_passes(images, *rest)
    with triton_everywhere():
        found = two_passes(images.to(WHERE), *rest)
        torch.testing.assert_close(initial_noise(images.to(WHERE)).variance, initial_noise(images).variance, rtol=1e-6, atol=0)
    for name in ("candidates", "shifts"):
        assert torch.equal(getattr(found[0].found, name)[:, 0], getattr(known[0].found, name)[:, 0])
    # Scores of some hundreds in single precision: log p to 1e-3.
    torch.testing.assert_close(found[0].found.log_evidence, known[0].found.log_evidence, rtol=1e-5, atol=1e-3)
    for place in (1, 4):
        assert float(map_correlation(found[place].cpu(), known[place])[1 : RADIUS + 1].min()) > 0.9999
    # Steps end within 0.02 of the best misfit, so poses agree to a small part of their error, about 3°.
    assert float(geodesic_deg(found[2].rotation, known[2].rotation).median()) < 0.2
    torch.testing.assert_close(found[2].misfit, known[2].misfit, rtol=1e-3, atol=0.05)
    torch.testing.assert_close(found[3], known[3], rtol=1e-3, atol=0)
    for result in (found[0].found.candidates, found[0].found.log_evidence, found[0].noise_factor, found[2].rotation, found[3]):
        assert result.device.type == "cpu", "what decides is kept on the CPU"


def test_nothing_crosses_between_cpu_and_device_unasked(problem, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same passes on a device that is not there, which refuses to mix its tensors with the CPU's."""
    images, *rest = problem
    known = two_passes(images, *rest)
    with install(monkeypatch):
        far = images.to(CUDA)
        assert far.device.type == far.values.device.type == "cuda"
        found = two_passes(far, *rest)
        initial_noise(far)
        planes = slices(half_ball(rest[1].to(CUDA), RADIUS, scale=PIXEL), rest[2], far.disc, far.disc.within(RADIUS))
        scale = best_scale(far, rest[0], planes, rest[3])
        with pytest.raises(RuntimeError, match="device and of the CPU"):
            far.values * images.values
        with pytest.raises(TypeError):
            far.values.numpy()
    assert scale > 0
    assert float(map_correlation(plain(found[4]), known[4])[1 : RADIUS + 1].min()) > 0.9999
    for result in (found[0].found.candidates, found[0].found.log_evidence, found[0].noise_factor, found[2].rotation, found[3]):
        assert not isinstance(result, Pretend), "what decides is kept on the CPU"


if ON_DEVICE:
    test_two_passes_agree_with_those_of_the_cpu = pytest.mark.gpu(test_two_passes_agree_with_those_of_the_cpu)
