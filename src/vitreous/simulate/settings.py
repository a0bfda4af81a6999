"""What a simulated session is like, in one frozen record."""

from __future__ import annotations

from dataclasses import dataclass, field

from vitreous.data.optics import Optics
from vitreous.errors import require


@dataclass(frozen=True, kw_only=True)
class SessionSettings:
    """A session of movies. Lengths in Å, doses in e/Å², unless said otherwise.

    Parameters
    ----------
    specimen
        Name of a shipped specimen.
    movies
        Number of movies.
    particles
        Particles a movie.
    shape
        (y, x) of the detector in pixels.
    optics
        Microscope and pixel size.
    frames
        Frames a movie.
    dose_per_frame
        On the specimen.
    defocus
        Least and greatest mean defocus.
    astigmatism
        Greatest difference of defocus u − v.
    phase_shift_deg
        Of a phase plate, degrees.
    tilt_deg
        Tilt of the ice about y: defocus grows towards +x. Slower where it is not 0.
    height
        Particles lie within ± this of the middle of the ice.
    ice_thickness
        Thickness of the ice.
    b_factor
        Å²: envelope exp(−B k² / 4) of the microscope (coherence, vibration, charging).
    drift, local_motion
        Length of the drift of the whole field, and r.m.s. of the motion on top of it, from the first frame to the last.
    spacing
        Least distance between particles in diameters.
    contaminants
        Lumps of surface ice a movie.
    gain_spread
        Standard deviation of the detector's gain, a fraction.
    dead, hot
        Flawed pixels of the detector, marked and not marked in the gain reference.
    seed
        Of all chance.

    Raises
    ------
    InputError
        If a value is out of its range.
    """

    specimen: str = "ribosome"
    movies: int = 5
    particles: int = 80
    shape: tuple[int, int] = (1536, 1536)
    optics: Optics = field(default_factory=lambda: Optics(pixel_size=2.8))
    frames: int = 16
    dose_per_frame: float = 2.8
    defocus: tuple[float, float] = (14000.0, 28000.0)
    astigmatism: float = 500.0
    phase_shift_deg: float = 0.0
    tilt_deg: float = 0.0
    height: float = 60.0
    ice_thickness: float = 450.0
    b_factor: float = 80.0
    drift: float = 24.0
    local_motion: float = 5.0
    spacing: float = 1.05
    contaminants: int = 2
    gain_spread: float = 0.03
    dead: int = 24
    hot: int = 16
    seed: int = 1

    def __post_init__(self) -> None:
        for name in ("movies", "frames"):
            require(getattr(self, name) >= 1, name, getattr(self, name), "at least 1")
        require(self.particles >= 0, "particles", self.particles, "0 or more")
        require(min(self.shape) >= 64, "shape", self.shape, "at least 64 pixels a side")
        require(self.dose_per_frame > 0, "dose_per_frame", self.dose_per_frame, "positive, in e/Å²")
        require(self.defocus[0] <= self.defocus[1], "defocus", self.defocus, "(least, greatest) in Å")
        require(abs(self.tilt_deg) < 80, "tilt_deg", self.tilt_deg, "within ±80 degrees")
        require(self.ice_thickness >= 0, "ice_thickness", self.ice_thickness, "0 or more, in Å")

