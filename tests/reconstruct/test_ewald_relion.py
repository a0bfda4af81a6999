"""The sign of the curvature and its correction, against RELION's own program on the same images."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from thick_cloud import OPTICS, clean, cloud, known, with_noise

from vitreous.io.mrc import read_volume
from vitreous.io.particles import write_particles
from vitreous.io.stacks import write_stack
from vitreous.numerics.filters import soft_disc
from vitreous.reconstruct.fourier import map_correlation
from vitreous.simulate.specimens import density_map

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.skipif(shutil.which("relion_reconstruct") is None, reason="relion_reconstruct is not installed"),
]
SIZE, COUNT = 48, 160
DIAMETER = 0.75 * SIZE * OPTICS.pixel_size


def test_electrons_towards_minus_z_are_relions_curvature(tmp_path: Path) -> None:
    """Its default corrects what ``beam`` −1 made, and its --reverse_curvature makes that worse: outer fifth of the band."""
    seen = with_noise(clean(DIAMETER, 80, COUNT, SIZE, -1), 0.1)
    write_stack(tmp_path / "seen.mrcs", (-seen).numpy(), OPTICS.pixel_size)
    table = replace(known(COUNT), stack=(tmp_path / "seen.mrcs",), stack_index=np.zeros(COUNT, np.int64), slice_index=np.arange(COUNT),
                    contrast="bright")  # fmt: skip
    write_particles(tmp_path / "p.star", table)
    truth = density_map(cloud(DIAMETER, 80), SIZE, OPTICS.pixel_size).values
    mask, ewald = soft_disc((SIZE,) * 3, 0.45 * SIZE, 2.4), ["--ewald", "--mask_diameter", "16", "--skip_mask", "--skip_weighting"]
    outer = []
    for words in ([], ewald, [*ewald, "--reverse_curvature"]):
        subprocess.run(["relion_reconstruct", "--i", "p.star", "--o", "out.mrc", "--ctf", *words], cwd=tmp_path, check=True,
                       capture_output=True)  # fmt: skip
        fsc = map_correlation(read_volume(tmp_path / "out.mrc").values, truth, mask)
        outer.append(float(fsc[SIZE // 2 - 5 : SIZE // 2].mean()))
    flat, forward, reverse = outer
    assert forward > flat
    assert reverse < flat - 0.1
