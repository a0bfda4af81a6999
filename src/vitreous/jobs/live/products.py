"""The lists of a session, whole at any time: all micrographs, and all particles."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vitreous.jobs import align_movies, assess, estimate_ctf
from vitreous.jobs.movie_metadata import optics_groups

if TYPE_CHECKING:
    from vitreous.data.micrograph import Micrograph

MICROGRAPHS, PARTICLES = "micrographs_ctf.star", "particles.star"


def write_lists(folder: Path, project: Path, done: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Replace the list of micrographs, and that of particles, by those of the movies that are ``done``.

    The particles' list is put together from the files of the movies as they are: a session of a thousand movies and some
    hundred thousand particles takes a second.

    Returns
    -------
    dict
        The verdict on each movie among the others, by its name, as :func:`~vitreous.jobs.assess.with_session` gives it.
    """
    from vitreous.io.micrographs import write_micrographs
    from vitreous.io.star_joining import join_stars

    if not done:
        return {}
    # By name, so that the lists of a session do not depend on which movie was finished first.
    ordered = dict(sorted(done.items()))
    judged = assess.with_session([told["verdict"] for told in ordered.values()])
    groups = optics_groups([told["align"] for told in ordered.values()])
    rows = [assess.with_verdict(_micrograph(folder, told, group), verdict) for told, group, verdict in
            zip(ordered.values(), groups, judged)]  # fmt: skip
    write_micrographs(folder / MICROGRAPHS, rows, root=project)
    parts = [folder / "particles" / f"{name}.star" for name, told in ordered.items() if told["particles"]]
    if parts:
        join_stars(folder / PARTICLES, parts)
    return dict(zip(ordered, judged))


def _micrograph(folder: Path, told: Mapping[str, Any], group: str) -> Micrograph:
    return estimate_ctf.with_fit(align_movies.micrograph({**told["align"], "optics_group": group}, folder), told["ctf"])
