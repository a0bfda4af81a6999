"""The demonstration: a simulated session of an 80S ribosome through the main job, with the truth at hand."""

from __future__ import annotations

from vitreous.jobs import simulate
from vitreous.jobs.recipes.steps import Plan, from_movies
from vitreous.pipeline.graph import Graph, step
from vitreous.pipeline.job import Recipe
from vitreous.pipeline.params import option, parameters

#: Å: of the 80S ribosome.
DIAMETER = 290.0


@parameters
class Demo:
    """How large the demonstration is."""

    movies: int = option(5, help="number of simulated movies", low=1, high=1000)
    particles: int = option(80, help="particles a movie", low=5, high=500)


def build(params: Demo) -> Graph:
    """Simulate, then the main job on what was simulated, as on recorded movies."""
    settings = simulate.Simulate(movies=params.movies, particles=params.particles)
    made = step(simulate.JOB, settings, stage="simulate")
    microscope = {"pixel_size": settings.pixel_size, "voltage": settings.voltage, "spherical_aberration": settings.cs,
                  "amplitude_contrast": settings.amplitude_contrast}  # fmt: skip
    plan = Plan(microscope=microscope, diameter=DIAMETER, dose=settings.dose, classes=10, repick=False)
    return Graph(made, *from_movies(plan, made["movies"], made["gain"]))


RECIPE = Recipe(
    name="demo",
    summary="Simulate a session of ribosomes and take it from movies to a map",
    params=Demo,
    build="vitreous.jobs.recipes.demo:build",
    finish="vitreous.jobs.recipes.finish:finish",
)
