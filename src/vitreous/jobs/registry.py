"""The kinds of job and the recipes of Vitreous, in the order in which a person meets them.

Each name is a module here with one constant: ``JOB`` (a :class:`~vitreous.pipeline.job.JobType`) or, in ``recipes``, ``RECIPE``.
Such a module declares; the work it names is imported when a job starts, so that listing the verbs takes milliseconds.
"""

from __future__ import annotations

from functools import cache

from vitreous.pipeline.job import Registry, load

JOBS: tuple[str, ...] = (
    "plan_experiment", "simulate", "estimate_gain", "align_movies", "estimate_ctf", "ctf_advice", "correct_ctf", "assess", "pick",
    "extract", "classify2d", "select", "initial_model", "refine", "refine_ctf", "polish", "reconstruct", "classify3d", "subtract",
    "expand", "postprocess", "validate", "fsc", "sharpen", "directions", "local_resolution", "local_directions",
    "tomogram_resolution", "symmetry", "convert", "watch", "check_model",
    "check_particles", "consensus", "tilt_pairs", "controls", "reslog", "substitute_noise", "compare_runs",
)  # fmt: skip
RECIPES: tuple[str, ...] = ("main", "demo")


@cache
def registry() -> Registry:
    """Give all that is registered."""
    jobs = (load(f"vitreous.jobs.{name}:JOB") for name in JOBS)
    return Registry(jobs, (load(f"vitreous.jobs.recipes.{name}:RECIPE") for name in RECIPES))
