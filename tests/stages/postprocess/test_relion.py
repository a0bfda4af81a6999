"""The same half-maps and mask through RELION's own program."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from known_maps import noisy, scattered_atoms

from vitreous.data.volume import Volume
from vitreous.inference.half_maps import GOLD_STANDARD
from vitreous.io.mrc import write_volume
from vitreous.io.star import read_star
from vitreous.numerics.filters import soft_disc
from vitreous.numerics.fourier import rfftn
from vitreous.numerics.shells import shell_index
from vitreous.stages.postprocess import Postprocessed, fit_guinier, postprocess

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.skipif(shutil.which("relion_postprocess") is None, reason="relion_postprocess is not installed"),
]
SIZE, VOXEL = 100, 1.4


@dataclass(frozen=True)
class Both:
    halves: tuple[Volume, Volume]
    ours: Postprocessed
    curves: dict[str, np.ndarray]
    b_factor: float
    resolution: float


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Both:
    return compare(tmp_path_factory.mktemp("noisy"), 0.7)


@pytest.fixture(scope="module")
def clear(tmp_path_factory: pytest.TempPathFactory) -> Both:
    # Its curve never falls to where RELION starts to randomise phases, so it has to be told.
    return compare(tmp_path_factory.mktemp("clear"), 0.01, "--randomize_at_A", "5")


def compare(folder: Path, noise: float, *words: str) -> Both:
    halves = noisy(scattered_atoms(SIZE, VOXEL, 120.0), noise, torch.Generator().manual_seed(0))
    mask = Volume(soft_disc((SIZE,) * 3, 34, 8), VOXEL)
    ours = postprocess(*halves, torch.Generator().manual_seed(1), mask=mask)
    for name, volume in (("h1", halves[0]), ("h2", halves[1]), ("mask", mask)):
        write_volume(folder / f"{name}.mrc", volume)
    given = {"--i": "h1.mrc", "--i2": "h2.mrc", "--mask": "mask.mrc", "--o": "out", "--angpix": VOXEL,
             "--autob_highres": f"{ours.resolution.value:.3f}"}  # fmt: skip
    command = ["relion_postprocess", "--auto_bfac", *words, *(str(word) for pair in given.items() for word in pair)]
    # It ends with an error where ghostscript, which it draws with, is absent; the numbers are written before.
    subprocess.run(command, cwd=folder, check=False, capture_output=True)
    tables = read_star(folder / "out.star")
    curves = {name: np.asarray(column, float) for name, column in tables["fsc"].columns.items()}
    general = tables["general"].columns
    return Both(halves, ours, curves, float(general["rlnBfactorUsedForSharpening"][0]), float(general["rlnFinalResolution"][0]))


def apart(ours: torch.Tensor, theirs: np.ndarray) -> np.ndarray:
    return np.abs(ours.numpy()[1 : len(theirs)] - theirs[1:])


def relion_correlation(a: Volume, b: Volume) -> np.ndarray:
    """Shells of the stored half transform: coefficients with kx = 0 are there with their mates, and so count twice."""
    one, two = rfftn(a.values), rfftn(b.values)
    index = shell_index(a.shape).flatten()

    def total(values: torch.Tensor) -> np.ndarray:
        return np.bincount(index, values.double().flatten())[: SIZE // 2 + 1]

    return total((one * two.conj()).real) / np.sqrt(total(one.abs() ** 2) * total(two.abs() ** 2))


def test_unmasked_and_masked_curves_agree(both: Both) -> None:
    curves = both.ours.curves
    for ours, name in ((curves.unmasked, "UnmaskedMaps"), (curves.masked, "MaskedMaps")):
        difference = apart(ours, both.curves[f"rlnFourierShellCorrelation{name}"])
        assert difference.mean() < 0.005
        assert difference[4:].max() < 0.02


def test_what_is_left_is_how_mates_are_counted(both: Both) -> None:
    theirs = both.curves["rlnFourierShellCorrelationUnmaskedMaps"]
    assert np.abs(relion_correlation(*both.halves)[1 : len(theirs)] - theirs[1:]).max() < 1e-4


def test_corrected_curves_agree(both: Both) -> None:
    theirs = both.curves["rlnFourierShellCorrelationCorrected"]
    difference = apart(both.ours.curves.corrected.clamp_min(0), theirs)
    # Phases are random: each curve has its own, three times as many are averaged here.
    assert difference.mean() < 0.01
    assert difference[4:].max() < 0.04


def test_resolutions_agree_to_a_shell(both: Both) -> None:
    spacing = both.ours.curves.spacing
    assert abs(1 / both.resolution - 1 / both.ours.resolution.value) <= 1.01 * spacing
    assert both.ours.curves.masked[-1] < GOLD_STANDARD


def test_b_factors_agree_where_there_is_little_noise(clear: Both) -> None:
    assert -clear.b_factor == pytest.approx(clear.ours.guinier.b_factor, abs=5.0)


def test_solvent_noise_does_not_enter_the_b_factor(both: Both) -> None:
    """RELION fits the unmasked map, whose solvent holds noise that the masked curve does not discount; here 120 was planted."""
    assert both.ours.guinier.b_factor == pytest.approx(120.0, abs=3.0)
    assert -both.b_factor < 110.0


def test_the_same_map_and_range_give_the_same_b(both: Both) -> None:
    """RELION's choice, the unmasked map with the masked curve as its weight, gives RELION's number here too."""
    total = Volume(0.5 * (both.halves[0].values + both.halves[1].values), VOXEL)
    found = fit_guinier(total, torch.ones(total.shape), both.ours.curves, both.ours.resolution.value)
    assert -both.b_factor == pytest.approx(found.level.b_factor, abs=5.0)
