"""Where particles are in many micrographs: written as one table, read from whatever programs write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vitreous.errors import FormatError, InputError
from vitreous.jobs.micrograph_list import stem

if TYPE_CHECKING:
    import numpy as np

    from vitreous.data.micrograph import Micrograph

SCORE = "rlnAutopickFigureOfMerit"
NAME, FILE = "rlnMicrographName", "rlnMicrographCoordinates"


@dataclass(frozen=True)
class Coordinates:
    """Particles of one micrograph: (x, y) in its pixels, 0-based, ``(n, 2)``, and their scores ``(n,)``, NaN if unknown."""

    place: np.ndarray
    score: np.ndarray


def write_coordinate_list(path: Path, names: Sequence[str], found: Sequence[Coordinates]) -> None:
    """Write one table with a row a particle: its micrograph, place and score."""
    import numpy as np

    from vitreous.io.coordinates import write_coordinates

    counts = [len(each.place) for each in found]
    column = np.repeat(np.array(list(names), object), counts)
    place = np.concatenate([np.zeros((0, 2)), *(each.place for each in found)])
    score = np.concatenate([np.zeros(0), *(each.score for each in found)])
    write_coordinates(path, place, {NAME: column, SCORE: np.round(score, 6)})


def read_coordinate_list(paths: Sequence[Path], micrographs: Sequence[Micrograph]) -> dict[int, Coordinates]:
    """Give the particles of each micrograph, by its index.

    Parameters
    ----------
    paths
        STAR files: tables of particles with a column rlnMicrographName, RELION's lists of such files (rlnMicrographName and
        rlnMicrographCoordinates), or one file a micrograph, whose name begins with the micrograph's.
    micrographs
        Those that may be meant.

    Raises
    ------
    FormatError
        If a file is no such table.
    InputError
        If not one particle belongs to any of the micrographs, or a name fits several.
    """
    import numpy as np

    from vitreous.io.coordinates import read_picks

    index = MicrographIndex(micrographs)
    found: dict[int, list[tuple[np.ndarray, np.ndarray]]] = {}
    for path, micrograph in _tables(paths, index):
        place, columns = read_picks(path)
        score = _score(columns, len(place))
        rows = np.full(len(place), -1 if micrograph is None else micrograph)
        if NAME in columns and micrograph is None:
            numbers = {name: index.of(name) for name in dict.fromkeys(map(str, columns[NAME]))}
            rows = np.array([numbers[str(name)] for name in columns[NAME]], np.int64)
        elif micrograph is None:
            rows[:] = index.of_file(path)
        for number in np.unique(rows[rows >= 0]).tolist():
            found.setdefault(number, []).append((place[rows == number], score[rows == number]))
    if not found:
        raise InputError(f"coordinates must belong to the micrographs; got none of {len(micrographs)} in {paths[0]}. "
                         f"Try: a column rlnMicrographName, or a file {stem(micrographs[0].path)}_picks.star.")  # fmt: skip
    joined = ((number, [np.concatenate(part) for part in zip(*parts)]) for number, parts in sorted(found.items()))
    return {number: Coordinates(*parts) for number, parts in joined}


def _score(columns: dict[str, np.ndarray], count: int) -> np.ndarray:
    import numpy as np

    return columns[SCORE].astype(np.float64) if SCORE in columns else np.full(count, np.nan)


def _tables(paths: Sequence[Path], index: MicrographIndex) -> list[tuple[Path, int | None]]:
    """Files with particles, and the micrograph where a list of files says which it is."""
    from vitreous.io.paths import resolve
    from vitreous.io.star import read_star

    tables: list[tuple[Path, int | None]] = []
    for path in paths:
        lists = [table for table in read_star(path).values() if NAME in table and FILE in table]
        if not lists:
            tables.append((path, None))
        for table in lists:
            for name, file in zip(table[NAME], table[FILE]):
                there = resolve(str(file), path)
                if there is None:
                    raise FormatError(path, f"the file of picks {file} must exist; got nothing there.")
                number = index.of(str(name))
                tables += [(there, number)] if number >= 0 else []
    return tables


class MicrographIndex:
    """Micrographs by the names that files may call them: their paths, or their names without endings."""

    def __init__(self, micrographs: Sequence[Micrograph]) -> None:
        self.stems: dict[str, list[int]] = {}
        self.paths = {str(m.path): number for number, m in enumerate(micrographs)}
        for number, micrograph in enumerate(micrographs):
            self.stems.setdefault(stem(micrograph.path), []).append(number)

    def of(self, name: str) -> int:
        """The micrograph called ``name`` in a file, -1 if it is none of them."""
        if name in self.paths:
            return self.paths[name]
        fitting = self.stems.get(stem(Path(name)), [])
        if len(fitting) > 1:
            ends = [number for path, number in self.paths.items() if path.endswith("/" + name.lstrip("./"))]
            if len(ends) != 1:
                raise InputError(f"a micrograph's name must fit one of them; got {name!r}, which fits {len(fitting)}.")
            return ends[0]
        return fitting[0] if fitting else -1

    def of_file(self, path: Path) -> int:
        """The micrograph whose name the name of a file of picks begins with."""
        own = path.stem
        fitting = [(len(name), numbers) for name, numbers in self.stems.items() if own == name or own.startswith(name + "_")]
        if not fitting:
            return -1
        numbers = max(fitting)[1]
        if len(numbers) > 1:
            raise InputError(f"the name of a file of picks must fit one micrograph; {path.name} fits {len(numbers)}.")
        return numbers[0]
