"""Where files enter and leave a job, by kind, so that only what fits can be joined."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Input:
    """A port through which files enter a job.

    Parameters
    ----------
    name
        As on the command line: ``--name FILE``.
    kind
        What the files are: "movies", "micrographs", "coordinates", "particles", "volume", "half-map", "mask", "model" …
        An output of the same kind fits.
    help
        What it is for.
    many
        Takes a list of files (or patterns such as ``raw/*.tiff``).
    optional
        The job runs without it.
    positional
        Named by its place on the command line instead of by ``--name``.
    """

    name: str
    kind: str
    help: str = ""
    many: bool = False
    optional: bool = False
    positional: bool = False


@dataclass(frozen=True)
class Output:
    """A file that a job leaves in its ``outputs`` folder.

    Parameters
    ----------
    name
        How later jobs and the user ask for it.
    file
        File name in the outputs folder. ``*`` stands for any text: such a port holds all files that match.
    kind
        See :class:`Input`.
    help
        What is in it.
    optional
        The job may finish without it.
    """

    name: str
    file: str
    kind: str
    help: str = ""
    optional: bool = False

    @property
    def many(self) -> bool:
        """Whether the port holds a list of files."""
        return "*" in self.file

    def found_in(self, folder: Path) -> list[Path]:
        """List the files of this port that exist in an outputs folder, sorted."""
        return sorted(folder.glob(self.file)) if self.many else [path for path in [folder / self.file] if path.exists()]


@dataclass(frozen=True)
class Inputs:
    """The files a job was given, by port: ``inputs["reference"]``, ``inputs.get("mask")``, ``inputs.all("movies")``."""

    files: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)

    def __getitem__(self, port: str) -> Path:
        return self.files[port][0]

    def get(self, port: str) -> Path | None:
        """Give the file of an optional port, or ``None``."""
        return next(iter(self.files.get(port, ())), None)

    def all(self, port: str) -> tuple[Path, ...]:
        """Give every file of a port."""
        return self.files.get(port, ())
