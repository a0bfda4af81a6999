"""The main job: from movies, micrographs or particles to a validated map."""

from __future__ import annotations

from vitreous.errors import InputError
from vitreous.jobs.options import Microscope
from vitreous.jobs.recipes.steps import Plan, from_micrographs, from_movies, from_particles
from vitreous.pipeline.graph import Files, Graph
from vitreous.pipeline.job import Recipe
from vitreous.pipeline.params import option, parameters


@parameters
class Main(Microscope):
    """What the data are, and what the particle is like."""

    movies: tuple[str, ...] = option((), help="dose-fractionated movies: files or patterns such as 'raw/*.tiff'")
    gain: str | None = option(None, "", "gain reference of the movies", if_none="movies are taken as they are")
    micrographs: tuple[str, ...] = option((), help="micrographs instead of movies: files, patterns or a STAR file")
    particles: str | None = option(None, "", "a STAR file of particles instead of movies", if_none="they are picked")
    diameter: float = option(..., "Å", "longest side of the particle", above=0, high=100000)
    symmetry: str = option("C1", "", "point group: Cn, Dn, T, O, I")
    dose: float | None = option(None, "e/Å²", "exposure of one frame", above=0, high=1000, if_none="frames are not weighted")
    box: int | None = option(None, "pixels", "side of the particle images", low=16, high=4096, if_none="1.5 diameters")
    binning: float = option(1.0, "", "factor by which aligned movies are Fourier-cropped", low=1, high=16)
    classes: int = option(20, "", "two-dimensional classes", low=1, high=500)
    starts: int | None = option(None, "", "random starts of the first map", low=1, high=100, if_none="4, or 12 at high symmetry")
    repick: bool = option(True, help="pick again with the first good class averages as templates")

    def check(self) -> None:
        """Refuse no input, or more than one kind."""
        given = [name for name in ("movies", "micrographs", "particles") if getattr(self, name)]
        if len(given) != 1:
            raise InputError(f"one of --movies, --micrographs and --particles must be given; got {' and '.join(given) or 'none'}.")

    def plan(self) -> Plan:
        """The same as the steps read it."""
        return Plan(
            microscope=self.given(), diameter=self.diameter, symmetry=self.symmetry, dose=self.dose, box=self.box, binning=self.binning,
            classes=self.classes, starts=self.starts, repick=self.repick,
        )  # fmt: skip


def build(params: Main) -> Graph:
    """The graph for whatever input was given."""
    plan = params.plan()
    if params.movies:
        gain = Files.of(params.gain, "gain") if params.gain else None
        return Graph(*from_movies(plan, Files.of(params.movies, "movies"), gain))
    if params.micrographs:
        return Graph(*from_micrographs(plan, Files.of(params.micrographs, "micrographs")))
    return Graph(*from_particles(plan, Files.of(str(params.particles), "particles")))


RECIPE = Recipe(
    name="run",
    summary="The main job: movies, micrographs or particles to a validated map",
    params=Main,
    build="vitreous.jobs.recipes.main:build",
    finish="vitreous.jobs.recipes.finish:finish",
)
