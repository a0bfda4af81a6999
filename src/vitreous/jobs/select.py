"""Keep the particles of good classes."""

from __future__ import annotations

from pathlib import Path

from vitreous.errors import InputError
from vitreous.pipeline.context import Context
from vitreous.pipeline.job import JobType, Result
from vitreous.pipeline.params import option, parameters
from vitreous.pipeline.ports import Input, Inputs, Output

#: Class averages that are passed on as templates: more cost time and find nothing more.
TEMPLATES = 6


@parameters
class Select:
    """Which classes are kept."""

    classes: str | None = option(None, "", "class numbers to keep, such as 1,4,7", if_none="those whose verdict is good")


def run(inputs: Inputs, params: Select, context: Context) -> Result:
    """Write the particles of the chosen classes."""
    import numpy as np

    from vitreous.io.particles import read_particles
    from vitreous.jobs.particle_table import write_table
    from vitreous.runtime.files import read_json

    particles = read_particles(inputs["particles"])
    if particles.class_number is None:
        raise InputError(f"{inputs['particles']} has no column rlnClassNumber. Try: vitreous classify2d first.")
    beside = inputs["particles"].with_name("classes.json")
    verdicts = inputs.get("verdicts") or (beside if beside.exists() else None)
    if params.classes:
        chosen = numbers(params.classes)
    elif verdicts is not None:
        chosen = {int(row["class"]) for row in read_json(verdicts) if row["kept"]}  # type: ignore[attr-defined]
    else:
        raise InputError("classes must be given when there are no verdicts of a classification. Try: --classes 1,4,7.")
    rows = np.isin(particles.class_number, sorted(chosen))
    if not rows.any():
        raise InputError(f"classes must hold particles; none of {len(particles)} is in class {sorted(chosen)}.")
    write_table(particles.take(rows), context.outputs / "particles.star", context)
    averages = inputs.get("averages")
    if averages is not None:
        count = np.bincount(particles.class_number, minlength=max(chosen) + 1)
        write_templates(averages, sorted(chosen, key=lambda number: -count[number])[:TEMPLATES], context.outputs / "templates.mrcs")
    return Result(figures={"particle_count": int(rows.sum()), "rejected_count": int((~rows).sum()), "class_count": len(chosen)})


def write_templates(averages: Path, chosen: list[int], path: Path) -> None:
    """Write the largest chosen class averages, for picking."""
    import numpy as np

    from vitreous.io.stacks import open_stack, write_stack

    stack = open_stack(averages)
    write_stack(path, stack.read(np.array(chosen) - 1), stack.pixel_size)


def numbers(text: str) -> set[int]:
    """Read "1,4,7-9".

    >>> sorted(numbers("1,4,7-9"))
    [1, 4, 7, 8, 9]

    Raises
    ------
    InputError
        If it is anything else.
    """
    found: set[int] = set()
    for part in text.replace(" ", "").split(","):
        first, dash, last = part.partition("-")
        if not first.isdigit() or (dash and not last.isdigit()):
            raise InputError(f"classes must be numbers such as 1,4,7-9; got {text!r}.")
        found |= set(range(int(first), int(last or first) + 1))
    return found


JOB = JobType(
    name="select",
    summary="Keep the particles of good classes",
    params=Select,
    inputs=(
        Input("particles", "classified", "a STAR file of classified particles"),
        Input("verdicts", "verdicts", "classes.json of the classification; the one beside the particles without it", optional=True),
        Input("averages", "classes", "class averages, to be passed on as templates", optional=True),
    ),
    outputs=(
        Output("particles", "particles.star", "particles", "the particles kept"),
        Output("templates", "templates.mrcs", "classes", "the largest good class averages", optional=True),
    ),
    run="vitreous.jobs.select:run",
)
