"""One simulated movie against the sentences of its model."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from vitreous.data.optics import Optics
from vitreous.errors import InputError
from vitreous.numerics.fourier import axis_frequencies, frequency_squared, irfft2, rfft2
from vitreous.numerics.shells import shell_average, shell_correlation
from vitreous.physics.ctf import ctf_grid
from vitreous.physics.dose import exposure_weight
from vitreous.physics.potential import phase_per_scattering
from vitreous.physics.solvent import ice_memory, ice_phase_power, zero_loss
from vitreous.simulate.ice import WanderingIce
from vitreous.simulate.motion import Motion
from vitreous.simulate.movie import expected_frames
from vitreous.simulate.phantoms import chiral_phantom
from vitreous.simulate.scene import Scene, draw_scene
from vitreous.simulate.settings import SessionSettings

PIXEL = 3.0
STILL = SessionSettings(
    shape=(192, 256), optics=Optics(pixel_size=PIXEL), frames=3, dose_per_frame=3.0, particles=4, contaminants=0,
    ice_thickness=0.0, drift=0.0, local_motion=0.0, height=0.0, defocus=(18000.0, 18000.0), astigmatism=0.0,
    b_factor=50.0, seed=5,
)  # fmt: skip
HELIX = replace(chiral_phantom(radius=20, pitch=30, sigma=3), weights=chiral_phantom(radius=20, pitch=30, sigma=3).weights * 200)


def frames_of(settings: SessionSettings, **scene: object) -> torch.Tensor:
    drawn = replace(draw_scene(settings, HELIX, 0), **scene)
    return torch.from_numpy(np.stack(list(expected_frames(settings, HELIX, drawn))))


def contrast(frames: torch.Tensor, settings: SessionSettings) -> torch.Tensor:
    return frames / (settings.dose_per_frame * PIXEL**2 * zero_loss(settings.ice_thickness)) - 1


def test_one_particle_is_its_phase_through_the_lens():
    """2 λγ E c q Σ w exp(−2π² σ² k² − 2πi k·r), computed term by term, against the first frame's transform."""
    place = np.array([[380.4, 281.1]])
    scene = draw_scene(STILL, HELIX, 0)
    image = contrast(frames_of(STILL, position=place, rotation=scene.rotation[:1], defocus_offset=np.zeros(1)), STILL)[0]
    rows, columns = STILL.shape
    ky = axis_frequencies(rows, PIXEL).double().numpy()[:, None]
    kx = axis_frequencies(columns, PIXEL, half=True).double().numpy()
    k2 = kx**2 + ky**2
    want = np.zeros(k2.shape, complex)
    for r, w, s in zip(HELIX.positions @ scene.rotation[0].T, HELIX.weights, HELIX.sigma):
        want += w * np.exp(-2 * math.pi**2 * s**2 * k2 - 2j * math.pi * (kx * (place[0, 0] + r[0]) + ky * (place[0, 1] + r[1])))
    lens = ctf_grid(torch.tensor([18000.0, 18000.0, 0, 0]), STILL.optics, STILL.shape).double().numpy()
    damage = exposure_weight(torch.from_numpy(k2).sqrt(), torch.tensor(1.5, dtype=torch.float64)).numpy()
    want *= 2 * phase_per_scattering(300.0) * lens * np.exp(-12.5 * k2) * np.sinc(kx * PIXEL) * np.sinc(ky * PIXEL) * damage
    got = rfft2(image.double()).numpy() * PIXEL**2
    inside = np.sqrt(k2) < 0.4 / PIXEL
    # what leaves: the tails of the point spread that the edge cuts off, and the spline near Nyquist
    assert np.abs(got - want)[inside].max() < 0.02 * np.abs(want).max()
    assert got[0, 0].real < 0  # protein is dark


def test_damage_is_exposure_weighting():
    """With still particles and no ice the ratio of two frames' transforms is the ratio of what damage left."""
    first, _, last = rfft2(contrast(frames_of(STILL), STILL).double())
    k = frequency_squared(STILL.shape, PIXEL).double().sqrt()
    dose = torch.tensor([1.5, 7.5], dtype=torch.float64)
    early, late = exposure_weight(k, dose)
    strong = first.abs() > 0.02 * first.abs().max()
    assert float(((last / first).real - late / early)[strong].abs().max()) < 0.02


def test_mean_is_the_dose_that_passes_the_ice():
    settings = replace(STILL, ice_thickness=500.0, particles=0)
    want = 3.0 * PIXEL**2 * math.exp(-500 / 3950)
    assert float(frames_of(settings).mean()) == pytest.approx(want, rel=2e-3)


def test_lumps_of_ice_are_dark_and_keep_out_of_particles():
    settings = replace(STILL, particles=0, ice_thickness=300.0)
    frame = frames_of(settings, lumps=np.array([[300.0, 300.0, 120.0]]))[0]
    assert float(frame[95:106, 95:106].mean()) < 0.93 * float(frame[:40, 180:].mean())


@pytest.mark.parametrize("drift", [(13.0, -7.0), (-4.5, 9.3)])
def test_planted_drift_is_where_cross_correlation_finds_it(drift):
    path = np.array([[0.0, 0.0], [0.5, 0.5], [1.0, 1.0]]) * np.array(drift)
    motion = Motion(path, np.zeros((1, 2)), np.ones(1), np.zeros((3, 1, 2)))
    first, _, last = frames_of(replace(STILL, ice_thickness=300.0), motion=motion)
    cross = irfft2(rfft2(last - last.mean()) * rfft2(first - first.mean()).conj(), STILL.shape)
    peak = divmod(int(cross.argmax()), STILL.shape[1])
    found = [(p + n // 2) % n - n // 2 for p, n in zip(peak, STILL.shape)][::-1]
    assert np.abs(np.array(found) * PIXEL - drift).max() <= 0.5 * PIXEL + 0.2


def test_local_motion_moves_each_particle_by_its_own_track():
    settings = replace(STILL, particles=5, local_motion=14.0, seed=8)
    scene = draw_scene(settings, HELIX, 0)
    first, _, last = frames_of(settings)
    track = scene.motion.track(scene.position)[:, -1]
    assert np.ptp(track, axis=0).max() > 6.0
    for place, moved in zip(scene.position / PIXEL, track):
        x, y = np.round(place).astype(int)
        cut = (slice(max(y - 20, 0), y + 20), slice(max(x - 20, 0), x + 20))
        a, b = (f[cut] - f[cut].mean() for f in (first, last))
        fine = torch.zeros(8 * a.shape[0], 4 * a.shape[1] + 1, dtype=torch.complex64)
        cross = rfft2(b) * rfft2(a).conj()
        half = a.shape[0] // 2
        fine[:half, : cross.shape[1]], fine[-half:, : cross.shape[1]] = cross[:half], cross[-half:]
        surface = irfft2(fine, (8 * a.shape[0], 8 * a.shape[1]))
        peak = divmod(int(surface.argmax()), surface.shape[1])
        found = np.array([(p + n // 2) % n - n // 2 for p, n in zip(peak, surface.shape)][::-1]) / 8 * PIXEL
        assert np.abs(found - moved).max() < 0.35 * PIXEL


def test_ice_has_its_power_and_forgets_as_it_should():
    shape, optics = (256, 200), Optics(pixel_size=2.0)
    k = frequency_squared(shape, 2.0).sqrt()
    ice = WanderingIce(shape, k, np.random.default_rng(0), optics=optics, thickness=400.0, dose_per_frame=4.0)
    first = ice.spectrum()
    for _ in range(3):
        ice.advance()
    later = ice.spectrum()
    n = shape[0] * shape[1]
    for spectrum in (first, later):
        ratio = shell_average(spectrum.abs() ** 2 / n, shape) / shell_average(ice_phase_power(k, 400.0, 300.0) / 4.0, shape)
        assert float((ratio[8:100] - 1).abs().mean()) < 0.15  # a shell of m voxels scatters by 1 / √m
    kept, want = shell_correlation(first, later, shape), ice_memory(torch.arange(129) / (256 * 2.0), 12.0)
    assert float((kept - want)[8:100].abs().mean()) < 0.06


def test_tilt_gives_each_side_its_own_rings():
    """Power of the ice at the right follows the CTF of a higher defocus, at the left of a lower one."""
    settings = replace(STILL, shape=(384, 768), particles=0, ice_thickness=800.0, tilt_deg=40.0, frames=1, b_factor=20.0)
    image = frames_of(settings)[0]
    slope = math.tan(math.radians(40.0)) * PIXEL
    taper = torch.outer(torch.hann_window(256), torch.hann_window(256))
    scores = []
    for left in (0, 512):
        cut = image[64:320, left : left + 256]
        power = shell_average(rfft2((cut - cut.mean()) * taper).abs() ** 2, (256, 256))
        offset = (left + 128 - 384) * slope
        fits = []
        for sign in (1, -1):
            d = 18000.0 + sign * offset
            rings = shell_average(ctf_grid(torch.tensor([d, d, 0, 0]), settings.optics, (256, 256)) ** 2, (256, 256))
            fits.append(float(torch.corrcoef(torch.stack([power, rings])[:, 20:70])[0, 1]))
        scores.append(fits)
    for right, wrong in scores:
        assert right > 0.5
        assert right > wrong + 0.1


def test_a_scene_depends_on_the_seed_and_its_number_only():
    one, many = (draw_scene(replace(STILL, movies=n, frames=6), HELIX, 2) for n in (3, 9))
    other = draw_scene(replace(STILL, seed=6, frames=6), HELIX, 2)
    assert isinstance(one, Scene)
    assert (one.position == many.position).all()
    assert (one.rotation == many.rotation).all()
    assert np.abs(one.position - other.position).max() > 1


def test_settings_are_checked():
    with pytest.raises(InputError, match="dose_per_frame must be positive"):
        SessionSettings(dose_per_frame=0.0)
    with pytest.raises(InputError, match="tilt_deg must be within ±80"):
        SessionSettings(tilt_deg=90.0)
