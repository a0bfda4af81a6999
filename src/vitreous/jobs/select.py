"""Keep the particles of good classes, or those inside a lasso drawn over two of their columns."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from vitreous.errors import InputError, require
from vitreous.pipeline.context import Context
from vitreous.pipeline.job import JobType, Result
from vitreous.pipeline.params import option, parameters
from vitreous.pipeline.ports import Input, Inputs, Output

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vitreous.data.particles import Particles

#: Class averages that are passed on as templates: more cost time and find nothing more.
TEMPLATES = 6


@parameters
class Select:
    """Which particles are kept: classes by number, a lasso, or both."""

    classes: str | None = option(None, "", "class numbers to keep, such as 1,4,7",
                                 if_none="those whose verdict is good, or all where a lasso is given")  # fmt: skip
    lasso_columns: tuple[str, ...] = option((), help="two columns of the list, such as rlnDefocusU rlnAutopickFigureOfMerit")
    lasso: tuple[float, ...] = option((), help="corners of an outline over the two columns, in their units: x y x y …")
    lasso_keeps: Literal["inside", "outside"] = option("inside", help="particles that the lasso keeps")

    def check(self) -> None:
        """Refuse a lasso without its columns, and an outline without an area."""
        require(bool(self.lasso) == bool(self.lasso_columns), "lasso and lasso_columns", (self.lasso, self.lasso_columns),
                "both given or neither", instead="--lasso-columns rlnDefocusU rlnDefocusV --lasso 0 0 20000 0 20000 20000")  # fmt: skip
        if self.lasso:
            require(len(self.lasso_columns) == 2, "lasso_columns", self.lasso_columns, "two labels: what is along x and along y")
            require(len(self.lasso) >= 6 and len(self.lasso) % 2 == 0, "lasso", self.lasso, "three corners or more, each x and y")


def run(inputs: Inputs, params: Select, context: Context) -> Result:
    """Write the particles of the chosen classes, inside the lasso."""
    import numpy as np

    from vitreous.io.particles import read_particles
    from vitreous.jobs.particle_table import write_table

    particles = read_particles(inputs["particles"])
    chosen = chosen_classes(inputs, params, particles)
    rows = np.ones(len(particles), bool)
    if chosen is not None:
        rows = np.isin(particles.class_number, sorted(chosen))
        if not rows.any():
            raise InputError(f"classes must hold particles; none of {len(particles)} is in class {sorted(chosen)}.")
    if params.lasso:
        rows &= inside_lasso(inputs["particles"], params)
        if not rows.any():
            raise InputError(f"the lasso must keep particles; got none of {len(particles)}. Try: --lasso-keeps outside.")
    write_table(particles.take(rows), context.outputs / "particles.star", context)
    averages = inputs.get("averages")
    if averages is not None and chosen:
        count = np.bincount(particles.class_number[rows], minlength=max(chosen) + 1)
        write_templates(averages, sorted(chosen, key=lambda number: -count[number])[:TEMPLATES], context.outputs / "templates.mrcs")
    classes = {} if chosen is None else {"class_count": len(chosen)}
    return Result(figures={"particle_count": int(rows.sum()), "rejected_count": int((~rows).sum()), **classes})


def chosen_classes(inputs: Inputs, params: Select, particles: Particles) -> set[int] | None:
    """The classes that are kept; ``None`` if particles are kept whatever their class.

    Raises
    ------
    InputError
        If classes are to be kept and the particles have none, or nobody says which.
    """
    from vitreous.runtime.files import read_json

    if params.lasso and params.classes is None:
        return None
    if particles.class_number is None:
        raise InputError(f"{inputs['particles']} has no column rlnClassNumber. Try: vitreous classify2d first.")
    if params.classes:
        return numbers(params.classes)
    beside = inputs["particles"].with_name("classes.json")
    verdicts = inputs.get("verdicts") or (beside if beside.exists() else None)
    if verdicts is None:
        raise InputError("classes must be given when there are no verdicts of a classification. Try: --classes 1,4,7.")
    return {int(row["class"]) for row in read_json(verdicts) if row["kept"]}  # type: ignore[attr-defined]


def inside_lasso(path: Path, params: Select) -> NDArray:
    """Whether each particle is kept by the lasso, ``(n,)``; one without a number in either column is not.

    Raises
    ------
    InputError
        If the list lacks one of the columns.
    FormatError
        If one of them is not of numbers.
    """
    import numpy as np

    from vitreous.io.particles import particle_blocks
    from vitreous.io.star import number_column
    from vitreous.numerics.polygon import inside_polygon
    from vitreous.pipeline.params import suggestion

    table, _ = particle_blocks(path)
    for label in params.lasso_columns:
        if label not in table:
            raise InputError(f"lasso_columns must be columns of {path}; got {label!r}.{suggestion(label, table.columns)}")
    x, y = (number_column(path, label, table[label]) for label in params.lasso_columns)
    inside = inside_polygon(x, y, np.reshape(params.lasso, (-1, 2)))
    return inside if params.lasso_keeps == "inside" else ~inside & np.isfinite(x) & np.isfinite(y)


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
    summary="Keep the particles of good classes, or inside a lasso",
    params=Select,
    inputs=(
        Input("particles", "classified", "a STAR file of particles; of classified ones where classes are chosen"),
        Input("verdicts", "verdicts", "classes.json of the classification; the one beside the particles without it", optional=True),
        Input("averages", "classes", "class averages, to be passed on as templates", optional=True),
    ),
    outputs=(
        Output("particles", "particles.star", "particles", "the particles kept"),
        Output("templates", "templates.mrcs", "classes", "the largest good class averages", optional=True),
    ),
    run="vitreous.jobs.select:run",
)
