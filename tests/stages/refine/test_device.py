"""A whole refinement on a device that is not there: no stage of it mixes the device's tensors with the CPU's."""

from __future__ import annotations

import pytest
import torch
from pretend_cuda import CUDA, Pretend, install

from vitreous.inference.images import FourierImages
from vitreous.numerics.disc import disc
from vitreous.numerics.rotations import random_rotations
from vitreous.numerics.slices import half_ball, slices
from vitreous.numerics.symmetry import symmetry
from vitreous.stages.refine.iterate import refine
from vitreous.stages.refine.settings import RefineSettings

SIZE, COUNT, PIXEL = 24, 24, 6.0


def test_a_refinement_on_a_device_gives_a_state_on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    generator, group, d = torch.Generator().manual_seed(4), symmetry("O"), disc(SIZE)
    one = (torch.rand(3, 3, generator=generator, dtype=torch.float64) - 0.2) * 9
    line = (torch.arange(SIZE) - SIZE // 2).double()
    axes = [torch.exp(-((line - (group.matrices @ one.T).mT.reshape(-1, 3)[:, i, None]) ** 2) / 3) for i in range(3)]
    volume = torch.einsum("px,py,pz->zyx", *axes).float()
    values = slices(half_ball(volume, d.radius, scale=PIXEL), random_rotations(COUNT, generator), d)
    values = values + values.abs().mean() * torch.view_as_complex(torch.randn(*values.shape, 2, generator=generator))
    images = FourierImages(d, PIXEL, values, torch.ones(COUNT, len(d)), torch.zeros(COUNT, dtype=torch.int64))
    settings = RefineSettings(diameter=90.0, symmetry=group, initial_lowpass=40.0, most_global=2, most_local=2)
    with install(monkeypatch), torch.inference_mode():
        setup, state = refine(images.to(CUDA), torch.arange(COUNT) % 2, volume, settings)
    assert state.stage == "done"
    assert not any(isinstance(each, Pretend) for each in vars(state).values()), "what is saved lies on the CPU"
    assert isinstance(setup.images.values, Pretend)
    assert bool(state.halves.isfinite().all())
