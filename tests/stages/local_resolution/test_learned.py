"""What the learned estimator refuses, and the shape of its network."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from vitreous.data.volume import Volume
from vitreous.errors import FormatError, InputError
from vitreous.numerics.filters import radius
from vitreous.numerics.fourier import rfftn
from vitreous.runtime.chance import torch_generator
from vitreous.stages.local_resolution.learned import answer, in_units_of_noise, learned, read_weights, write_weights
from vitreous.stages.local_resolution.spectral_network import MARGIN, SpectralNetwork


def test_slabs_give_what_the_whole_gives() -> None:
    network = SpectralNetwork(torch_generator(1)).requires_grad_(False)
    torch.nn.init.normal_(network.last.weight, generator=torch_generator(2))
    scales = in_units_of_noise(rfftn(torch.randn(72, 72, 72, generator=torch_generator(3))), Volume(torch.zeros(72, 72, 72), 1.0))
    assert [float(each.std()) for each in scales] == pytest.approx([1, 1, 1], abs=0.05)
    inner = slice(MARGIN, -MARGIN)
    torch.testing.assert_close(answer(network, scales)[inner, inner, inner], network(*(each[None] for each in scales))[0])


def test_weights_come_back(tmp_path: Path) -> None:
    network = SpectralNetwork(torch_generator(1))
    write_weights(tmp_path / "weights.npz", network)
    found = read_weights(tmp_path / "weights.npz").state_dict()
    assert all(torch.equal(found[name], value) for name, value in network.state_dict().items())
    (tmp_path / "other.npz").write_bytes(b"no weights")
    with pytest.raises(FormatError, match="training"):
        read_weights(tmp_path / "other.npz")
    with pytest.raises(InputError, match="another method"):
        read_weights(tmp_path / "none.npz")


def test_voxels_too_coarse_are_refused() -> None:
    with pytest.raises(InputError, match="at most 5 Å"):
        learned(Volume(torch.zeros(32, 32, 32), 6.0), radius((32,) * 3) < 8)
