from __future__ import annotations

import pytest
import torch

from vitreous.errors import InputError
from vitreous.numerics.filters import soft_disc
from vitreous.stages.postprocess import fsc_curves, threshold_table
from vitreous.stages.postprocess.pair import compare_maps


def test_every_criterion_in_its_order(halves, generator: torch.Generator) -> None:
    curves = fsc_curves(*halves(4.0), soft_disc((64,) * 3, 18, 6), generator, repeats=1)
    rows = {row.name: row for row in threshold_table(curves)}
    assert list(rows) == ["0.143", "0.5", "1/3", "2 sigma", "3 sigma", "5 sigma", "half-bit", "1-bit"]
    for row in rows.values():
        assert row.found.finer <= row.found.value <= row.found.coarser
    value = {name: row.found.value for name, row in rows.items()}
    # A higher line is crossed at a coarser resolution.
    assert value["0.143"] <= value["1/3"] <= value["0.5"]
    assert value["2 sigma"] <= value["3 sigma"] <= value["5 sigma"]
    assert value["half-bit"] <= value["1-bit"]
    # Bits ask for more than their limits at large n, 0.1716 and 1/3.
    assert value["1/3"] <= value["1-bit"]


def test_maps_against_the_truth_have_bands_of_their_own(halves, generator: torch.Generator) -> None:
    from known_maps import ribosome

    a, _ = halves(4.0)
    truth = ribosome(64, 3.0, 200.0)
    full, half = (compare_maps(a, truth, generator, kind=kind) for kind in ("full", "halves"))
    middle = (full.curves.corrected > 0.3) & (full.curves.corrected < 0.9)
    assert (full.curves.high - full.curves.low)[middle].mean() != (half.curves.high - half.curves.low)[middle].mean()
    assert full.residual[1:4].max() < full.residual[-4:].min()
    with pytest.raises(InputError, match="kind must be one of halves, full; got 'third'"):
        compare_maps(a, truth, generator, kind="third")
