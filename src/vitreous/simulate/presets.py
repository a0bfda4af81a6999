"""Sets that tests, benchmarks and lessons agree on, by name."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from vitreous.data.optics import Optics
from vitreous.simulate.dataset import DatasetSettings
from vitreous.simulate.settings import SessionSettings
from vitreous.simulate.snr import NoiseColour, PixelSnr, ShellSnr

#: The session of ``vitreous demo``: about 400 ribosomes in five movies.
DEMO = SessionSettings()

#: A movie as a facility records it: 4096² pixels, 30 frames at 1 e a pixel, motion that a quadratic cannot follow exactly.
LARGE_MOVIE = SessionSettings(
    movies=1, particles=90, shape=(4096, 4096), optics=Optics(pixel_size=1.06), frames=30, dose_per_frame=0.89,
    defocus=(15000.0, 15000.0), drift=16.0, local_motion=3.5, seed=7,
)  # fmt: skip

#: The specimen of the particle sets: the small subunit's head, about 310 kDa, without symmetry.
PARTICLE_SPECIMEN = "ribosome head"

_SMALL = DatasetSettings(particles=1000, size=64, optics=Optics(pixel_size=3.0), snr=ShellSnr(), defocus=(8000.0, 25000.0))
_LARGE = replace(_SMALL, particles=5000, size=128, optics=Optics(pixel_size=1.5))

#: Particle sets by name: two sizes, and for each the SNR by shell (1, 0.1, 0.01 at 40, 10, 4 Å), a fifth of that with red noise,
#: and 0.07 a pixel with mildly red noise.
PARTICLES = MappingProxyType(
    {
        f"{size}{kind}": replace(base, **change)
        for size, base in (("1000x64", _SMALL), ("5000x128", _LARGE))
        for kind, change in (
            ("", {}),
            ("-poor", {"snr": ShellSnr().scaled(0.2), "colour": NoiseColour(red=20.0)}),
            ("-pixel", {"snr": PixelSnr(0.07), "colour": NoiseColour(red=4.0), "b_factor": 80.0}),
        )
    }
)
