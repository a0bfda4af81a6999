"""Starting and stopping: every job is a ``vitreous`` command in a process of its own, which outlives the server and the browser.

What the page starts is what a person could have typed; the words are shown beside the button. The server never works itself.
"""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

from vitreous.errors import InputError
from vitreous.pipeline.lock import holder
from vitreous.web.state import process_of

#: The program that does the work, before its words.
PROGRAM = (sys.executable, "-c", "import sys; from vitreous.cli.app import main; sys.exit(main())")
#: Folder of what started commands say, in the page's cache folder.
SAID = "started"
#: Bytes of its end that are shown.
LAST = 4000
#: Logs of started commands that are kept.
KEPT = 50


def words_of(verb: str, values: Mapping[str, Any], files: Mapping[str, Sequence[str]], means: Mapping[str, str], folder: Path) -> list[str]:
    """Write a command: ``vitreous`` and these words do ``verb`` in the project ``folder``.

    Parameters
    ----------
    verb
        A job or a recipe.
    values
        Parameters that differ from their default: a value, or a list of them.
    files
        Paths or patterns by input port.
    means
        Seed, device, memory, executor as text.
    folder
        The project.
    """
    words = [verb, f"--project={folder}"]
    for name, value in {**files, **values, **means}.items():
        option = "--" + name.replace("_", "-")
        if isinstance(value, bool):
            words.append(option if value else f"--no-{option[2:]}")
        elif isinstance(value, (list, tuple)):
            words += [option, *map(str, value)] if len(value) > 1 else [f"{option}={each}" for each in value]
        else:
            words.append(f"{option}={'none' if value is None else value}")
    return words


def as_typed(words: Sequence[str]) -> str:
    """Give a command as it is typed into a shell."""
    return shlex.join(["vitreous", *words])


class Work:
    """Commands started from the page of the project in ``folder``.

    Parameters
    ----------
    folder
        The project.
    cache
        Where what they say is written.
    """

    def __init__(self, folder: Path, cache: Path) -> None:
        self._folder, self._said = folder, cache / SAID
        self._started: tuple[subprocess.Popen[bytes], Sequence[str], Path] | None = None
        self._at_work = False  # what was started has held the project
        self._starting = threading.Lock()

    def start(self, words: Sequence[str]) -> None:
        """Start a command, detached.

        Raises
        ------
        InputError
            If somebody works in the project.
        """
        with self._starting:
            if working := self.busy():
                raise InputError(f"{self._folder.name} is in use by {working}. Try: wait until it is done, or stop it.")
            self._said.mkdir(parents=True, exist_ok=True)
            for old in sorted(self._said.glob("*.log"))[:-KEPT]:
                old.unlink(missing_ok=True)
            path = self._said / f"{time.time_ns()}-{words[0]}.log"
            with path.open("wb") as said:
                process = subprocess.Popen(
                    [*PROGRAM, *words], cwd=self._folder, stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True
                )
            self._started, self._at_work = (process, words, path), False

    def busy(self) -> str:
        """Say who works in the project, or is about to; empty if nobody does."""
        return holder(self._folder) or (f"process {self._started[0].pid}" if self._started and self._started[0].poll() is None else "")

    def starting(self) -> str:
        """Give the command that was started and did not hold the project yet."""
        self._at_work = self._at_work or bool(holder(self._folder))
        if self._started is None or self._at_work or self._started[0].poll() is not None:
            return ""
        return as_typed(self._started[1])

    def problem(self) -> str:
        """Say how the last command failed, in its own words; empty while it runs, and after one that went well or was stopped."""
        if self._started is None or self._started[0].poll() in (None, 0, -signal.SIGTERM, 130):
            return ""
        with self._started[2].open("rb") as handle:
            handle.seek(max(0, handle.seek(0, os.SEEK_END) - LAST))
            lines = handle.read().decode(errors="replace").strip().splitlines()
        said = next((line for line in reversed(lines) if line.startswith("vitreous: ")), lines[-1] if lines else "it said nothing")
        return said.removeprefix("vitreous: ")

    def stop(self) -> None:
        """Stop what is being done in the project; what it finished is kept.

        Raises
        ------
        InputError
            If nobody works there, or the process belongs to another machine or user.
        """
        working, self._at_work = holder(self._folder), True
        if not working and self._started and self._started[0].poll() is None:
            self._started[0].terminate()
            return
        process, host = process_of(working)
        if not process:
            raise InputError(f"{self._folder.name} has no work to be stopped; nobody works there.")
        if host != socket.gethostname():
            raise InputError(f"{self._folder.name} is in use by {working}, and only {host} can stop it. Try: kill {process} there.")
        try:
            psutil.Process(process).terminate()
        except psutil.Error as problem:
            raise InputError(f"{self._folder.name} is in use by {working}, which cannot be stopped from here: {problem}.") from problem
