"""Q-scores where the density is known."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from atoms_at_random import bundle

from vitreous.data.volume import Volume
from vitreous.io.mrc import read_volume
from vitreous.io.pdb import read_model
from vitreous.physics.splat import volume_of_gaussians
from vitreous.stages.model import expected_q, q_scores
from vitreous.stages.model.pair import heavy_atoms
from vitreous.stages.model.q_score import atom_scores


def gaussian_atom(sigma: float, voxel: float = 0.4) -> Volume:
    size = 32
    values = volume_of_gaussians(np.zeros((1, 3)), np.ones(1), np.array([sigma]), size=size, voxel_size=voxel)
    return Volume(values, voxel, (-voxel * (size // 2),) * 3)


def test_a_gaussian_of_the_reference_s_width_scores_one():
    """0.997: linear reading between voxels of 0.4 Å widens σ² by h²/6 or so, 7 %; between voxels of 0.2 Å nothing is seen of it."""
    assert atom_scores(gaussian_atom(0.6), np.zeros((1, 3)))[0] > 0.997
    assert atom_scores(gaussian_atom(0.6, voxel=0.2), np.zeros((1, 3)))[0] > 0.9995


def test_wider_and_shifted_atoms_score_less():
    wide = [atom_scores(gaussian_atom(sigma), np.zeros((1, 3)))[0] for sigma in (0.6, 0.9, 1.5)]
    off = [atom_scores(gaussian_atom(0.6), np.array([[x, 0.0, 0.0]]))[0] for x in (0.0, 0.5, 1.0, 1.8)]
    assert wide == sorted(wide, reverse=True)
    assert off == sorted(off, reverse=True)
    assert off[-1] < 0.1


def test_scale_and_offset_of_the_map_do_not_matter_and_noise_scores_nothing():
    atom = gaussian_atom(0.8)
    changed = Volume(7 - 0 * atom.values + 30 * atom.values, atom.voxel_size, atom.corner)
    assert atom_scores(changed, np.zeros((1, 3)))[0] == pytest.approx(atom_scores(atom, np.zeros((1, 3)))[0], abs=1e-4)
    model = bundle()
    noise = Volume(torch.randn(40, 40, 40, generator=torch.Generator().manual_seed(1)), 1.0, (-20.0,) * 3)
    assert abs(q_scores(noise, model).mean) < 0.05
    assert atom_scores(Volume(torch.ones(9, 9, 9), 1.0), np.full((1, 3), 4.0))[0] == 0.0


def test_points_nearer_to_a_neighbour_do_not_count():
    """Two atoms 1.5 Å apart as one map: without the rule each would see the other's density on its spheres and score less."""
    places = np.array([[-0.75, 0, 0], [0.75, 0, 0]])
    values = volume_of_gaussians(places, np.ones(2), np.full(2, 0.5), size=32, voxel_size=0.4)
    volume = Volume(values, 0.4, (-6.4,) * 3)
    both, alone = atom_scores(volume, places), atom_scores(volume, places[:1])
    assert both.min() > alone[0] + 0.02


def test_residues_and_chains_are_means_of_their_atoms():
    model = bundle()
    volume = Volume(torch.randn(40, 40, 40, generator=torch.Generator().manual_seed(2)), 1.0, (-20.0,) * 3)
    found = q_scores(volume, model)
    assert found.residues[3] == pytest.approx(found.atoms[model.residue_index == 3].mean())
    assert found.chains["B"] == pytest.approx(found.atoms[model.chains == "B"].mean())


def test_beyond_the_published_range_nothing_is_expected():
    assert expected_q(12.0) is None
    assert expected_q(3.0, "nucleic acid") == pytest.approx(0.584, abs=1e-3)


@pytest.mark.parametrize(("volume", "model", "resolution"), [
    ("apoferritin_EMD-20026_subunit.mrc.gz", "3ajo_fitted_in_EMD-20026.pdb", 1.8),
    ("EMD-30342_chainA_zone.mrc.gz", "7cec_A_fits_EMD-30342.cif.gz", 3.9),
])  # fmt: skip
def test_recorded_maps_score_as_maps_of_their_resolution_do(real_data, volume: str, model: str, resolution: float):
    """Within 0.15 of the published line: three times the scatter of single maps about it."""
    found = q_scores(read_volume(real_data / "maps" / volume), heavy_atoms(read_model(real_data / "models" / model)))
    assert found.mean == pytest.approx(expected_q(resolution), abs=0.15)
