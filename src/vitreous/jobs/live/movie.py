"""One movie through every step: alignment, defocus, verdict, picking, cutting out."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vitreous.errors import InputError
from vitreous.jobs import align_movies, assess, estimate_ctf, extract, pick
from vitreous.jobs.coordinate_list import SCORE
from vitreous.jobs.live.plan import Plan
from vitreous.pipeline.ledger import Item
from vitreous.pipeline.steps import Steps
from vitreous.runtime.files import read_json

if TYPE_CHECKING:
    from vitreous.data.micrograph import Micrograph


def through(plan: Plan, item: Item) -> dict[str, Any]:
    """Put one movie through all steps; a step that was finished before a kill is not done again.

    Returns
    -------
    dict
        ``align``, ``ctf`` and ``verdict`` as :func:`~vitreous.jobs.align_movies.align_one`, :func:`~vitreous.jobs.estimate_ctf.fit_one`
        and :func:`~vitreous.jobs.assess.assess_one` give them; ``picks`` and ``particles``, how many; ``not_picked``, why,
        or ""; ``bytes`` of its large files; ``seconds`` of each step.

    Raises
    ------
    InputError
        If the movie cannot be read, aligned or fitted.
    """
    steps, seconds = Steps(plan.folder / "steps" / f"{item.name}.json", item.digest), {}

    def once(step: str, do: Callable[[], Any]) -> Any:
        began = time.monotonic()
        value = steps.once(step, do)
        seconds[step] = round(time.monotonic() - began, 2)
        return value

    aligned = once("align", lambda: align_movies.align_one(
        plan.align, plan.gain, plan.like, plan.folder, plan.project, plan.memory, (item.name, item.path)))  # fmt: skip
    micrograph = align_movies.micrograph(aligned, plan.folder)
    told = once("ctf", lambda: estimate_ctf.fit_one(plan.ctf, plan.folder, (item.name, micrograph)))
    micrograph = estimate_ctf.with_fit(micrograph, told)
    track = read_json(plan.folder / "tracks" / f"{item.name}.json")
    seen = (item.name, micrograph, told, assess.motion_of(track))
    verdict = once("assess", lambda: assess.assess_one(plan.assess, plan.folder, seen))
    not_picked = why_not_picked(micrograph, verdict)
    found = {} if not_picked else once("pick", lambda: pick.pick_one(plan.pick, None, plan.seed, (item.name, micrograph)))
    picks = len(found.get("score", ()))
    cut = once("extract", lambda: cut_out(plan, item.name, micrograph, found)) if picks else {"particles": 0}
    return {
        "align": aligned, "ctf": told, "verdict": verdict, "picks": picks, **cut, "not_picked": not_picked,
        "bytes": sum(file.stat().st_size for file in files_of(plan.folder, item.name)), "seconds": seconds,
    }  # fmt: skip


def why_not_picked(micrograph: Micrograph, verdict: Mapping[str, Any]) -> str:
    """Why no particles are looked for in a micrograph: it is bad, or its fit is flagged as the job ``pick`` leaves out; else ""."""
    reasons = [reason["name"] for reason in verdict["reasons"]] if verdict["verdict"] == "bad" else []
    return ", ".join(dict.fromkeys([*reasons, *(flag for flag in micrograph.flags if flag in pick.LEFT_OUT)]))


def files_of(folder: Path, name: str) -> list[Path]:
    """The large files that were made from one movie."""
    made = (folder / "micrographs" / f"{name}.mrc", folder / "particles" / f"{name}.mrcs")
    return [file for file in made if file.exists()]


def cut_out(plan: Plan, name: str, micrograph: Micrograph, found: dict[str, Any]) -> dict[str, Any]:
    """Write the particles of one micrograph: a stack and a STAR file of its own.

    So nothing is written twice however long the session is: the list of all particles is these files, one after the other.
    """
    import numpy as np

    from vitreous.io.paths import named
    from vitreous.runtime.devices import one_torch_thread
    from vitreous.stages.particles import Picked, extract_stack

    place = np.array(found["place"], np.float64).reshape(-1, 2)
    picked = Picked(micrograph, place, {SCORE: np.array(found["score"], np.float64)})
    box, stack = extract.box_params(plan.extract, [micrograph]), plan.folder / "particles" / f"{name}.mrcs"
    try:
        with one_torch_thread():
            particles = extract_stack([picked], stack, box, seed=plan.seed).particles
    except InputError as problem:  # every box leaves the micrograph
        return {"particles": 0, "not_cut_out": str(problem)}
    table = plan.folder / "particles" / f"{name}.star"
    extract.write_table(table, particles, box.size, lambda path: named(path, plan.project), plan.project)
    return {"particles": len(particles)}
