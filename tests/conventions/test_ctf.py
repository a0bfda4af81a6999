"""One test for each sentence about the CTF in vitreous.conventions."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from vitreous.data.micrograph import Micrograph
from vitreous.data.optics import Optics
from vitreous.physics.ctf import ctf, ctf_grid, phase
from vitreous.physics.defocus import at_places
from vitreous.physics.wavelength import wavelength
from vitreous.simulate.scene import draw_scene
from vitreous.simulate.settings import SessionSettings
from vitreous.simulate.specimens import specimen

KRIOS = Optics(pixel_size=1.5, amplitude_contrast=0.1)


def seen_along(defocus: torch.Tensor, azimuth_deg: float) -> float:
    """Defocus a microscope without Cs and amplitude contrast shows in one direction."""
    plain = Optics(pixel_size=1.0, spherical_aberration=0.0, amplitude_contrast=0.0)
    azimuth, k = torch.deg2rad(torch.tensor([azimuth_deg], dtype=torch.float64)), 0.1
    chi = phase(defocus, plain, k * azimuth.cos(), k * azimuth.sin())
    return float(chi) / (torch.pi * wavelength(300.0) * k**2)


def test_defocus_positive_is_underfocus() -> None:
    """Underfocus turns the first broad lobe more negative than the amplitude contrast alone: protein darker still."""
    k = torch.tensor([0.02], dtype=torch.float64)
    under, none = (ctf(torch.tensor([z, z, 0.0, 0.0], dtype=torch.float64), KRIOS, k, 0 * k) for z in (15_000.0, 0.0))
    assert float(under) < float(none) < 0


@pytest.mark.parametrize("angle", [0.0, 17.0, 90.0, 135.0])
def test_astigmatism_u_lies_along_the_angle_and_v_across(angle: float) -> None:
    row = torch.tensor([12_000.0, 9_000.0, angle, 0.0], dtype=torch.float64)
    assert seen_along(row, angle) == pytest.approx(12_000)
    assert seen_along(row, angle + 90) == pytest.approx(9_000)


def test_astigmatism_angle_runs_from_x_towards_y() -> None:
    """At 45° the rings of U meet +x+y of the array (rows grow with y), and those of V meet +x−y."""
    optics = Optics(pixel_size=1.5, spherical_aberration=0.0, amplitude_contrast=0.0)
    grid = ctf_grid(torch.tensor([12_000.0, 9_000.0, 45.0, 0.0], dtype=torch.float64), optics, (64, 64))
    for column, row, z in ((9, 9, 12_000.0), (9, -9, 9_000.0)):
        k2 = 2 * (9 / (64 * 1.5)) ** 2
        assert float(grid[row, column]) == pytest.approx(-math.sin(math.pi * wavelength(300.0) * z * k2), abs=1e-9)


def test_slope_is_how_defocus_grows_along_x_and_y() -> None:
    """Simulated particles of a field tilted by 30° about y, high on the right: the slope gives each the defocus it was drawn with."""
    settings = SessionSettings(specimen="ribosome head", particles=9, shape=(512, 640), tilt_deg=30.0, height=0.0, contaminants=0)
    scene = draw_scene(settings, specimen("ribosome head"), 0)
    slope = (math.tan(math.radians(30)), 0.0)
    micrograph = Micrograph(path=Path("m.mrc"), optics=settings.optics, defocus=scene.defocus, defocus_slope=slope)
    told = at_places(micrograph, scene.position / settings.optics.pixel_size, settings.shape)
    # the simulator counts from the middle of the field, half a pixel beyond the middle of its pixels' centres
    assert np.abs(told - scene.particle_defocus).max() <= 0.51 * settings.optics.pixel_size * slope[0]
    assert np.corrcoef(told[:, 0], scene.position[:, 0])[0, 1] > 0.999
    up = at_places(replace(micrograph, defocus_slope=(0.0, 0.5)), np.array([[319.5, 355.5]]), settings.shape)
    assert up[0, 0] - scene.defocus.u == pytest.approx(100 * 2.8 * 0.5)


def test_ctf_sign_at_zero_frequency_is_minus_the_amplitude_contrast() -> None:
    row, zero = torch.tensor([15_000.0, 14_000.0, 30.0, 0.0], dtype=torch.float64), torch.zeros(1, dtype=torch.float64)
    assert float(ctf(row, KRIOS, zero, zero)) == pytest.approx(-0.1)
