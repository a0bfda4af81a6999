"""A simulated session: movies, gain reference, and the truth that every step should find."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from vitreous.errors import require
from vitreous.jobs.options import USUAL_AMPLITUDE_CONTRAST
from vitreous.pipeline.context import Context
from vitreous.pipeline.job import Estimate, JobType, Result
from vitreous.pipeline.params import option, parameters
from vitreous.pipeline.ports import Inputs, Output

if TYPE_CHECKING:
    from vitreous.simulate.settings import SessionSettings


@parameters
class Simulate:
    """What the session is like."""

    specimen: Literal["ribosome", "ribosome head"] = option("ribosome", help="what is imaged")
    movies: int = option(5, help="number of movies", low=1, high=100000)
    particles: int = option(80, help="particles a movie", low=0, high=100000)
    width: int = option(1536, "pixels", "of the detector", low=64, high=16384)
    height: int = option(1536, "pixels", "of the detector", low=64, high=16384)
    pixel_size: float = option(2.8, "Å", "of the movies", above=0, high=100)
    voltage: float = option(300.0, "kV", "acceleration voltage", low=40, high=1500)
    cs: float = option(2.7, "mm", "spherical aberration", low=0, high=20)
    amplitude_contrast: float = option(USUAL_AMPLITUDE_CONTRAST, "", "fraction that is amplitude contrast", low=0, high=1)
    frames: int = option(16, help="frames a movie", low=1, high=10000)
    dose: float = option(2.8, "e/Å²", "exposure of one frame", above=0, high=1000)
    defocus_least: float = option(14000.0, "Å", "least mean defocus", low=-100000, high=200000)
    defocus_most: float = option(28000.0, "Å", "greatest mean defocus", low=-100000, high=200000)
    astigmatism: float = option(500.0, "Å", "greatest difference of the two defoci", low=0, high=20000)
    phase_shift: float = option(0.0, "°", "of a phase plate", low=-180, high=180, advanced=True)
    tilt: float = option(0.0, "°", "of the ice about y: defocus is higher towards +x (estimate-ctf: --tilt-axis 270)", low=-79, high=79,
                         advanced=True)  # fmt: skip
    ice_thickness: float = option(450.0, "Å", "of the ice", low=0, high=5000, advanced=True)
    particle_height: float = option(60.0, "Å", "how far particles lie from the ice's middle", low=0, high=2500, advanced=True)
    b_factor: float = option(80.0, "Å²", "envelope of the microscope", low=0, high=2000, advanced=True)
    drift: float = option(24.0, "Å", "drift of the field from the first frame to the last", low=0, high=500)
    local_motion: float = option(5.0, "Å", "motion on top of the drift, r.m.s.", low=0, high=100)
    spacing: float = option(1.05, "", "least distance of particles, in diameters", low=0.3, high=10, advanced=True)
    contaminants: int = option(2, help="lumps of surface ice a movie", low=0, high=100)
    gain_spread: float = option(0.03, "", "standard deviation of the detector's gain, a fraction", low=0, high=0.3, advanced=True)
    dead: int = option(24, help="dead pixels of the detector, marked in its gain reference", low=0, high=10000, advanced=True)
    hot: int = option(16, help="hot pixels of the detector, not marked", low=0, high=10000, advanced=True)

    def check(self) -> None:
        """Refuse defoci in the wrong order."""
        least, most = self.defocus_least, self.defocus_most
        require(least <= most, "defocus_least", least, f"at most defocus_most ({most:g}), in Å", instead="--defocus-least 14000")

    def settings(self, seed: int) -> SessionSettings:
        """The same for the simulator."""
        from vitreous.data.optics import Optics
        from vitreous.simulate.settings import SessionSettings

        optics = Optics(pixel_size=self.pixel_size, voltage=self.voltage, spherical_aberration=self.cs,
                        amplitude_contrast=self.amplitude_contrast)  # fmt: skip
        return SessionSettings(
            specimen=self.specimen, movies=self.movies, particles=self.particles, shape=(self.height, self.width), optics=optics,
            frames=self.frames, dose_per_frame=self.dose, defocus=(self.defocus_least, self.defocus_most),
            astigmatism=self.astigmatism, phase_shift_deg=self.phase_shift, tilt_deg=self.tilt,
            height=self.particle_height, ice_thickness=self.ice_thickness,
            b_factor=self.b_factor, drift=self.drift, local_motion=self.local_motion, spacing=self.spacing,
            contaminants=self.contaminants, gain_spread=self.gain_spread, dead=self.dead, hot=self.hot, seed=seed,
        )  # fmt: skip


def run(inputs: Inputs, params: Simulate, context: Context) -> Result:
    """Simulate one movie after the other, then write the truth."""
    from vitreous.io.mrc import write_image
    from vitreous.simulate.scene import draw_scene
    from vitreous.simulate.session import write_truth
    from vitreous.simulate.specimens import specimen

    settings = params.settings(context.seed)
    what = specimen(settings.specimen)
    draw_scene(settings, what, 0)  # before any work: particles that do not fit are an error of the whole job
    write_image(context.outputs / "gain.mrc", _camera(settings).gain, settings.optics.pixel_size)
    done = context.map(partial(simulate_one, settings, context.outputs), range(settings.movies), step="simulate movies")
    scenes = [draw_scene(settings, what, each.item) for each in done]
    write_truth(context.outputs, settings, what, scenes)
    particles = sum(len(scene.position) for scene in scenes)
    figures = {"movie_count": len(scenes), "particle_count": particles,
               "exposure": settings.frames * settings.dose_per_frame, "diameter_angstrom": what.diameter}  # fmt: skip
    return Result(figures=figures)


def _camera(settings: SessionSettings) -> Any:
    from vitreous.physics.detector import detector
    from vitreous.runtime.chance import numpy_generator

    return detector(settings.shape, numpy_generator(settings.seed, "detector"), spread=settings.gain_spread, dead=settings.dead,
                    hot=settings.hot)  # fmt: skip


def simulate_one(settings: SessionSettings, outputs: Path, index: int) -> int:
    """Simulate one movie and give the number of its particles; the same bytes whatever was done before."""
    from vitreous.io.tiff_write import write_movie_tiff
    from vitreous.simulate.movie import counted_frames
    from vitreous.simulate.scene import draw_scene
    from vitreous.simulate.specimens import specimen

    what = specimen(settings.specimen)
    scene = draw_scene(settings, what, index)
    frames = counted_frames(settings, what, scene, _camera(settings))
    write_movie_tiff(outputs / "raw" / f"{scene.name}.tif", frames, pixel_size=settings.optics.pixel_size)
    return len(scene.position)


def estimate(inputs: Inputs, params: Simulate) -> Estimate:
    """Expect a quarter of a microsecond a pixel of a frame, and a second for the specimen."""
    pixels = params.width * params.height
    seconds = 2 + params.movies * (1 + 2.5e-7 * pixels * params.frames)
    return Estimate(seconds=seconds, memory=2 * 10**8 + 60 * pixels, disk=params.movies * params.frames * pixels // 2)


JOB = JobType(
    name="simulate",
    summary="Simulate a session of movies, with the truth",
    params=Simulate,
    outputs=(
        Output("movies", "raw/*.tif", "movies", "movies as a counting camera gives them"),
        Output("gain", "gain.mrc", "gain", "gain reference"),
        Output("truth", "truth/truth.json", "truth", "defocus, motion and places of everything"),
        Output("true-particles", "truth/particles.star", "true particles", "poses and places of the particles"),
        Output("true-map", "truth/map.mrc", "true map", "the specimen as a map"),
    ),
    run="vitreous.jobs.simulate:run",
    estimate="vitreous.jobs.simulate:estimate",
    group="Data",
)
