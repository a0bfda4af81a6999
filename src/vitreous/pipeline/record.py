"""The record of one job, ``job.json``: what it was asked, what it used, what came out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from vitreous.errors import InputError
from vitreous.runtime.files import read_json, write_json

FILE = "job.json"


@dataclass(frozen=True, kw_only=True)
class Record:
    """One job of a project.

    Parameters
    ----------
    job
        Its folder's name: "0007-refine".
    type, stage
        Its kind, and its name in the graph it was done for.
    code, key, seed
        Version of the work, digest of all that determines the result, seed.
    params, inputs
        As given; inputs by port, each ``{"paths": [...]}`` or ``{"job": folder, "port": name}``, with digests.
    status
        "running", "done", "failed" or "cancelled". Only a done job lies in a folder of its name; the others wait, hidden, to be
        resumed.
    outputs
        Files by port, relative to the job's folder.
    figures, warnings, quarantine, stop
        What the job said of its result.
    cause
        Why it failed.
    used
        Versions, device, time and memory.
    folder
        Where the record was read from; not part of the file.
    """

    job: str
    type: str
    stage: str
    code: str
    key: str
    seed: int
    params: Mapping[str, Any]
    inputs: Mapping[str, Mapping[str, Any]]
    status: str = "running"
    outputs: Mapping[str, list[str]] = field(default_factory=dict)
    figures: Mapping[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    quarantine: list[Mapping[str, str]] = field(default_factory=list)
    stop: str = ""
    cause: str = ""
    used: Mapping[str, Any] = field(default_factory=dict)
    folder: Path = field(default=Path(), compare=False)

    def files(self, port: str) -> tuple[Path, ...]:
        """List the files of an output port.

        Raises
        ------
        InputError
            If the job has no such output; with its last warning, which may say why.
        """
        if port not in self.outputs:
            said = f" It said: {self.warnings[-1]}" if self.warnings else ""
            raise InputError(f"{self.job} has no output {port!r}; it has {', '.join(self.outputs) or 'none'}.{said}")
        return tuple(self.folder / name for name in self.outputs[port])

    def __getitem__(self, port: str) -> Path:
        return self.files(port)[0]

    def is_whole(self) -> bool:
        """Say whether the job is done and none of its files was taken away."""
        return self.status == "done" and all(path.exists() for port in self.outputs for path in self.files(port))

    def save(self) -> None:
        """Write ``job.json`` into the job's folder, atomically."""
        write_json(self.folder / FILE, {f.name: getattr(self, f.name) for f in fields(self) if f.name != "folder"})


def read_record(folder: Path) -> Record:
    """Read the record of the job in ``folder``."""
    return Record(**read_json(folder / FILE), folder=folder)  # type: ignore[arg-type]
