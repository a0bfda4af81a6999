"""Stacks of particles: the SNR that was asked for, the model that was promised."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from vitreous.data.optics import Optics
from vitreous.errors import InputError
from vitreous.io.mrc import read_volume
from vitreous.io.particles import read_particles
from vitreous.io.stacks import open_stack
from vitreous.numerics.filters import soft_disc
from vitreous.numerics.fourier import centred_rfft2, centred_rfftn, frequency_squared, rfft2
from vitreous.numerics.shells import shell_average
from vitreous.physics.ctf import ctf_grid
from vitreous.simulate.dataset import DatasetSettings, draw_dataset, write_dataset
from vitreous.simulate.phantoms import chiral_phantom, symmetric_phantom
from vitreous.simulate.snr import NoiseColour, PixelSnr, ShellSnr

BLOB = symmetric_phantom(np.eye(3)[None], np.random.default_rng(0), count=300, radius=55.0, sigma=1.5)
SHELLS = DatasetSettings(particles=240, size=64, optics=Optics(pixel_size=3.0), snr=ShellSnr(), seed=3)
PIXELS = replace(SHELLS, snr=PixelSnr(0.1))


def stack(dataset) -> torch.Tensor:
    return torch.cat(list(dataset.images()))


def test_shell_snr_follows_its_points():
    snr = ShellSnr()
    at = snr.at(torch.tensor([1 / 40, 1 / 20, 1 / 10, 1 / 4, 1 / 2]))
    # a factor 10 over a factor 4 in resolution: halfway (in the logarithm) at 20 Å; beyond 4 Å the last slope goes on
    last = 0.01 * 10 ** (-np.log(2) / np.log(2.5))
    assert at.tolist() == pytest.approx([1.0, 10**-0.5, 0.1, 0.01, last], rel=1e-6)
    assert snr.scaled(0.2).at(torch.tensor(0.1)).item() == pytest.approx(0.02)


@pytest.mark.parametrize("red", [0.0, 8.0])
def test_every_shell_has_the_snr_asked_for(red):
    settings = replace(SHELLS, colour=NoiseColour(red=red))
    dataset = draw_dataset(BLOB, settings)
    signal = dataset.signal(0, 240)
    noise = stack(dataset) - signal
    power, floor = (shell_average((rfft2(part).abs() ** 2).mean(0), (64, 64)) for part in (signal, noise))
    ratio = power / floor
    k = torch.arange(33) / (64 * 3.0)
    want = settings.snr.at(k)
    # 240 images of at least 18 coefficients: 2 % of noise; the signal's power varies by views, 10 %
    assert (ratio / want)[3:31].tolist() == pytest.approx([1.0] * 28, abs=0.15)


def test_noise_is_gaussian_with_its_colour_and_independent_between_coefficients():
    """FWD-01: the covariance of the noise is diag(σ²(k)): variance as promised, none between two frequencies."""
    dataset = draw_dataset(BLOB, replace(SHELLS, colour=NoiseColour(red=20.0, scale=40.0), particles=400))
    noise = rfft2(stack(dataset) - dataset.signal(0, 400)) / 64
    power = (noise.abs() ** 2).mean(0)
    want = NoiseColour(red=20.0, scale=40.0).amplitude(frequency_squared((64, 64), 3.0).sqrt()) ** 2
    assert float((power / want).mean()) == pytest.approx(1.0, abs=0.01)
    assert float(((power / want)[1:31, 1:31] - 1).std()) == pytest.approx(1 / 20, rel=0.2)  # 1/√400
    a, b = noise[:, 3, 4], noise[:, 5, 2]
    between = (a * b.conj()).mean().abs() / (power[3, 4] * power[5, 2]).sqrt()
    assert float(between) < 0.2  # 4/√400


def test_pixel_snr_is_measured_in_the_disc():
    dataset = draw_dataset(BLOB, PIXELS)
    signal = dataset.signal(0, 240)
    noise = stack(dataset) - signal
    disc = soft_disc((64, 64), 0.5 * BLOB.diameter / 3.0, 0.0) > 0.5
    assert float(signal[:, disc].var(1).mean() / noise.var()) == pytest.approx(0.1, rel=0.05)


@pytest.mark.parametrize("settings", [SHELLS, PIXELS])
@pytest.mark.parametrize("contrast", ["bright", "dark"])
def test_images_are_ctf_times_a_slice_of_the_map(settings, contrast):
    """With the identity as pose the image's transform is ∓ c times the map's central plane: the promise X = ± c P V."""
    dataset = draw_dataset(BLOB, replace(settings, contrast=contrast, shift=0.0))
    particles = dataset.particles.take(np.array([0])).with_(rotation=np.eye(3)[None])
    image = replace(dataset, particles=particles).signal(0, 1)
    lens = ctf_grid(torch.from_numpy(particles.defocus).float(), settings.optics, (64, 64))
    plane = centred_rfftn(dataset.volume.values)[0] * 3.0 * lens[0] * (-1 if contrast == "bright" else 1)
    got = centred_rfft2(image)[0]
    inside = frequency_squared((64, 64), 3.0).sqrt() < 0.48 / 3.0
    assert float((got - plane).abs()[inside].max()) < 2e-3 * float(plane.abs().max())


def test_protein_is_bright_or_dark_as_asked():
    heavy = replace(chiral_phantom(sigma=6), weights=np.ones(len(chiral_phantom())))
    for contrast, sign in (("bright", 1), ("dark", -1)):
        settings = replace(PIXELS, contrast=contrast, shift=0.0, defocus=(20000.0, 20000.0), b_factor=2000.0)
        dataset = draw_dataset(heavy, settings)
        middle = dataset.signal(0, 60)[:, 26:39, 26:39].mean() - dataset.signal(0, 60)[:, :8].mean()
        assert float(middle) * sign > 0


def test_shift_says_where_the_particle_sits():
    dataset = draw_dataset(BLOB, replace(PIXELS, particles=1, shift=0.0))
    moved = replace(dataset, particles=dataset.particles.with_(shift=np.array([[9.0, -6.0]])))
    a, b = dataset.signal(0, 1)[0], moved.signal(0, 1)[0]
    assert float((torch.roll(a, (-2, 3), (0, 1)) - b).abs().max()) < 2e-2 * float(a.abs().max())


def test_files_and_their_truth(tmp_path: Path):
    dataset = draw_dataset(BLOB, replace(PIXELS, particles=130, micrographs=4, noise_spread=0.2))
    star = write_dataset(tmp_path, dataset)
    written, truth = read_particles(star), read_particles(tmp_path / "truth.star")
    assert written.rotation is None
    assert len(set(written.micrograph)) == 4
    assert np.abs(truth.rotation - dataset.particles.rotation).max() < 1e-6
    assert np.abs(truth.shift - dataset.particles.shift).max() < 1e-5
    assert np.abs(truth.defocus - dataset.particles.defocus).max() < 1e-3
    images = open_stack(tmp_path / "particles.mrcs").read([0, 117])
    assert np.abs(images - stack(dataset)[[0, 117]].numpy()).max() < 1e-5
    assert read_volume(tmp_path / "map.mrc").shape == (64, 64, 64)


def test_same_seed_same_images_other_seed_others():
    first, again = (stack(draw_dataset(BLOB, replace(PIXELS, particles=20))) for _ in range(2))
    other = stack(draw_dataset(BLOB, replace(PIXELS, particles=20, seed=4)))
    assert (first == again).all()
    assert float((first - other).abs().max()) > 0.1


def test_bad_settings_are_named():
    with pytest.raises(InputError, match="points must be at least two, from coarse to fine"):
        ShellSnr(((4.0, 0.1), (40.0, 1.0)))
    with pytest.raises(InputError, match="value of the SNR must be positive"):
        PixelSnr(0.0)
    with pytest.raises(InputError, match="particles must be at least 1"):
        replace(SHELLS, particles=0)
