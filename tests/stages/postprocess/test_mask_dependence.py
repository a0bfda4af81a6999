"""What the mask does to the resolution, and what one map says of itself."""

from __future__ import annotations

import pytest
import torch
from known_maps import noisy, ribosome

from vitreous.data.volume import Volume
from vitreous.errors import InputError
from vitreous.numerics.filters import low_pass, soft_disc
from vitreous.stages.postprocess import single_map_resolution, sweep_masks
from vitreous.stages.postprocess.mask_sweep import OFFSETS


@pytest.mark.costly
def test_tight_masks_inflate_and_the_correction_restores(generator: torch.Generator) -> None:
    """Halves that agree to 24 Å under a thready mask: the tightest look far better until they are corrected."""
    signal = 8 * low_pass(torch.randn(48, 48, 48, generator=generator), 24.0, 3.0, axes=3)
    threads = (low_pass(torch.randn(48, 48, 48, generator=generator), 30.0, 3.0, axes=3) > 0.06).float()
    halves = (Volume(signal + 0.3 * torch.randn(signal.shape, generator=generator), 3.0) for _ in range(2))
    rows = sweep_masks(*halves, Volume(threads, 3.0), generator, resolution_hint=6.0)
    assert [row.fraction for row in rows] == sorted(row.fraction for row in rows)
    assert len(rows) <= len(OFFSETS)
    widest, tightest = rows[-1], rows[0]
    assert tightest.randomised > widest.randomised
    corrected = [row.corrected.value for row in rows]
    assert tightest.masked < widest.masked
    # Freed of the mask, all agree on the resolution that was planted.
    assert max(corrected) - min(corrected) < 0.25 * widest.corrected.value


def test_a_mask_of_another_box_is_refused(halves, generator: torch.Generator) -> None:
    with pytest.raises(InputError, match="mask must be of the half-maps' shape"):
        sweep_masks(*halves(), Volume(torch.ones(8, 8, 8), 3.0), generator, resolution_hint=20.0)


def test_one_map_of_known_signal_and_noise(generator: torch.Generator) -> None:
    """White noise, and a signal whose power is one half of it beyond 16 Å and eight times it before."""
    ball = soft_disc((48,) * 3, 8, 3)
    fine, coarse = torch.randn(48, 48, 48, generator=generator), torch.randn(48, 48, 48, generator=generator)
    signal = (0.5 * fine + 3.0 * low_pass(coarse, 16.0, 3.0, axes=3)) * ball
    found = single_map_resolution(Volume(signal + torch.randn(signal.shape, generator=generator), 3.0))
    inner = found.sizes[1]
    # The spectrum of so small a ball is smeared over one over its diameter, 40 Å: the edge at shell 9 over 3.6 to either side.
    assert 144.0 / inner.resolution == pytest.approx(144.0 / 16.0, abs=3.6)
    # Solvent that comes in takes resolution away.
    assert found.sizes[-1].resolution >= inner.resolution
    assert found.resolution is not None


def test_masked_maps_say_nothing_of_themselves() -> None:
    with pytest.raises(InputError, match="solvent must be noise as it came"):
        single_map_resolution(Volume(ribosome(48, 4.0, 100.0).values * soft_disc((48,) * 3, 14, 4), 4.0))
    with pytest.raises(InputError, match="cube"):
        single_map_resolution(Volume(torch.randn(32, 32, 16), 4.0))


def test_halves_are_told_apart(generator: torch.Generator) -> None:
    a, b = noisy(ribosome(40, 4.0, 100.0), 1.0, generator)
    mask = Volume(soft_disc((40,) * 3, 10, 4), 4.0)
    with pytest.raises(InputError, match="voxels off"):
        sweep_masks(a, Volume(b.values, 4.0, (1.0, 0.0, 0.0)), mask, generator, resolution_hint=10.0)
