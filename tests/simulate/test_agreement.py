"""Truth made from atoms against the program that reconstructs: two codes, one set of conventions, one hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vitreous.data.optics import Optics
from vitreous.errors import InputError
from vitreous.numerics.disc import disc
from vitreous.numerics.slices import Insertion, half_ball, slices
from vitreous.physics.ctf import ctf
from vitreous.reconstruct.fourier import map_correlation, solve
from vitreous.simulate.dataset import DatasetSettings, draw_dataset
from vitreous.simulate.phantoms import chiral_phantom, mirrored
from vitreous.simulate.presets import DEMO, LARGE_MOVIE, PARTICLE_SPECIMEN, PARTICLES
from vitreous.simulate.scene import draw_scene
from vitreous.simulate.snr import ShellSnr
from vitreous.simulate.specimens import density_map, project_atoms, specimen

SIZE, PIXEL = 48, 3.0


@pytest.mark.parametrize("contrast", ["bright", "dark"])
def test_known_poses_give_back_the_map_and_its_hand(contrast):
    optics = Optics(pixel_size=PIXEL)
    settings = DatasetSettings(particles=300, size=SIZE, optics=optics, snr=ShellSnr().scaled(20.0), contrast=contrast, seed=2)
    dataset = draw_dataset(chiral_phantom(sigma=4), settings)
    points, p = disc(SIZE), dataset.particles
    sums = Insertion(SIZE, points.radius)
    lens = ctf(torch.from_numpy(p.defocus), optics, *points.frequencies(PIXEL)).float() * (-1 if contrast == "bright" else 1)
    shifted = points.take(torch.cat(list(dataset.images()))) * points.shift_phases(torch.from_numpy(-p.shift / PIXEL))
    sums.add(torch.from_numpy(p.rotation), shifted * lens, lens**2, points)
    found = solve(*sums.total(), SIZE, ssnr=None, radius=points.radius, voxel_size=PIXEL)
    fsc = map_correlation(found, dataset.volume.values)
    other = map_correlation(found, draw_dataset(mirrored(chiral_phantom(sigma=4)), settings).volume.values)
    # 300 images with a fifth of their power as noise at 10 Å (shell 14) leave an SNR of tens in every coefficient
    assert float(fsc[2:15].min()) > 0.95
    assert float(other[5:12].mean()) < 0.7


def test_slices_of_the_map_are_the_projections_of_the_atoms():
    """Trilinear slices keep 1 to 2 % of error; atoms projected directly have none."""
    head = specimen(PARTICLE_SPECIMEN)
    rotation = torch.tensor([[[0.36, 0.48, -0.8], [-0.8, 0.6, 0.0], [0.48, 0.64, 0.6]]])
    points = disc(80, 30)
    cut = slices(half_ball(density_map(head, 80, PIXEL).values, 30, scale=PIXEL), rotation, points)[0]
    direct = points.take(project_atoms(head, rotation.numpy(), np.zeros((1, 2)), size=80, pixel_size=PIXEL))[0]
    assert float((cut - direct).abs().pow(2).sum().sqrt() / direct.abs().pow(2).sum().sqrt()) < 0.03


def test_presets_hold_what_they_say():
    assert DEMO.movies * DEMO.particles == 400
    assert LARGE_MOVIE.dose_per_frame * LARGE_MOVIE.optics.pixel_size**2 == pytest.approx(1.0, abs=0.01)
    assert len(draw_scene(LARGE_MOVIE, specimen("ribosome"), 0).position) == LARGE_MOVIE.particles
    assert {len(PARTICLES), PARTICLES["1000x64"].particles, PARTICLES["5000x128-poor"].size} == {6, 1000, 128}
    assert PARTICLES["1000x64-poor"].snr.at(torch.tensor(0.1)).item() == pytest.approx(0.02)
    with pytest.raises(InputError, match="movies must be at least 1"):
        type(DEMO)(movies=0)
