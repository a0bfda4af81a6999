"""The network on maps of known resolution, on noise, through filters, and on bad input."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import pytest
import torch
from two_resolutions import TwoResolutions, phantom

from vitreous.data.volume import Volume
from vitreous.errors import FormatError, InputError
from vitreous.numerics.filters import apply, radius
from vitreous.numerics.fourier import frequency_squared
from vitreous.runtime.chance import torch_generator
from vitreous.stages.local_resolution.learned import depth, learned, qualitative, read_weights, write_weights
from vitreous.stages.local_resolution.local_spectra import wavelengths
from vitreous.stages.local_resolution.spectral_network import SpectralNetwork


@lru_cache(maxsize=2)
def made(kind: str) -> TwoResolutions:
    return phantom(80, kind=kind)


@pytest.mark.parametrize("kind", ["sharp", "gradual"])
def test_each_half_is_found_within_half_an_angstrom(kind: str) -> None:
    known = made(kind)
    found = learned(known.total, known.mask)
    assert torch.equal(~found.values.isnan(), known.mask)
    for truth, grade in ((4.0, (0, 1)), (8.0, (2,))):
        here = known.core & (known.truth == truth)
        assert float(found.values[here].median()) == pytest.approx(truth, abs=0.5)
        # 4 Å is the border of high and medium; 8 Å is low.
        assert float(torch.isin(qualitative(found)[here], torch.tensor(grade, dtype=torch.int8)).double().mean()) > 0.9


@pytest.mark.parametrize("b_factor", [pytest.param(-150.0, marks=pytest.mark.long), 150.0])
def test_a_b_factor_of_the_whole_map_changes_nothing(b_factor: float) -> None:
    """At Nyquist, 3.2 Å, the amplitude is 40 times as large or as small."""
    known = made("gradual")
    k2 = frequency_squared(known.total.shape, known.total.voxel_size)
    filtered = Volume(apply(known.total.values, torch.exp(-b_factor * k2 / 4), axes=3), known.total.voxel_size)
    before, after = (learned(each, known.mask).values[known.core] for each in (known.total, filtered))
    assert float((before - after).abs().median()) < 0.1
    assert float((before - after).abs().quantile(0.95)) < 0.5


def test_nothing_is_resolved_in_noise(generator: torch.Generator) -> None:
    ball = radius((48, 48, 48)) < 15
    found = learned(Volume(torch.randn(48, 48, 48, generator=generator), 1.6), ball)
    assert float((found.values[ball] > 0.9 * found.levels[-1]).double().mean()) > 0.95


def test_twice_the_scale_is_twice_the_answer() -> None:
    chance = torch_generator(1)
    signal = apply(torch.randn(48, 48, 48, generator=chance), torch.exp(-60 * frequency_squared((48,) * 3, 1.2)), axes=3)
    ball = radius((48, 48, 48)) < 15
    values = 20 * signal * ball + torch.randn(48, 48, 48, generator=chance)
    one, two = (learned(Volume(values, voxel), ball).values[ball] for voxel in (1.2, 2.4))
    # Only the rim of solvent that whitening leaves out is in Å.
    assert float((two / one / 2 - 1).abs().mean()) < 0.02


def test_a_place_ends_where_its_odds_are_first_even() -> None:
    odds = torch.tensor([[3.0, 1.0, -3.0, 2.0], [-1.0, 1.0, 1.0, 1.0], [2.0, 2.0, 2.0, 2.0], [2.0, 2.0, 2.0, -2.0]])
    assert depth(odds).tolist() == [1.25, 0.0, 3.0, 2.5]


def test_levels_begin_within_nyquist_and_fit_five_times_into_the_box() -> None:
    levels = wavelengths(Volume(torch.zeros(60, 60, 60), 1.6))
    assert float(levels[-1]) == pytest.approx(2.2 * 1.6)
    assert 60 * 1.6 / 5 / 1.08 < float(levels[0]) <= 60 * 1.6 / 5
    assert float(wavelengths(Volume(torch.zeros(300, 300, 300), 0.5))[-1]) == pytest.approx(2.3)


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


def test_what_it_was_not_trained_for_is_refused() -> None:
    ball = radius((32,) * 3) < 8
    with pytest.raises(InputError, match="at most 5 Å"):
        learned(Volume(torch.zeros(32, 32, 32), 6.0), ball)
    with pytest.raises(InputError, match="box must be five times"):
        learned(Volume(torch.randn(12, 12, 12), 2.0), radius((12,) * 3) < 3)
    with pytest.raises(InputError, match="noise must be there, to test against"):
        learned(Volume(torch.randn(32, 32, 32, generator=torch_generator(1)) * ball, 2.0), ball)
