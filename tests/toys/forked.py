"""Runs ``vitreous`` again and again in children of one process that has imported what they need, and kills them at a named file.

A child forked from it starts in milliseconds instead of seconds; it is a process of its own, and SIGKILL ends it as any other.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn

#: The exit status of ``vitreous`` with these words, killed before a file whose path holds ``die_at`` is touched for the n-th time.
Run = Callable[..., int]


@contextmanager
def vitreous() -> Iterator[Run]:
    """Give the caller of the children; their words on stderr are those of the test."""
    parent = subprocess.Popen([sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert parent.stdin
    assert parent.stdout

    def run(*words: str, die_at: str = "", times: int = 0) -> int:
        print(json.dumps([die_at, times, words]), file=parent.stdin, flush=True)
        return int(parent.stdout.readline())

    with parent:
        yield run
        parent.stdin.close()


def killed_at(pattern: str, left: int) -> Callable[[str, tuple], None]:
    """Give the hook that counts the opening, renaming and linking of such files."""

    def dying(event: str, arguments: tuple) -> None:
        nonlocal left
        if event not in ("open", "os.rename", "os.link"):
            return
        if any(pattern in os.fspath(path) for path in arguments[:2] if isinstance(path, (str, os.PathLike))):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    return dying


def child(die_at: str, times: int, words: list[str], modules: int) -> NoReturn:
    """Do what the words say, write the names of the modules that it took into the pipe ``modules``, and end."""
    os.dup2(2, 1)  # what the parent tells its caller stands alone on stdout
    if die_at:
        sys.addaudithook(killed_at(die_at, times))
    from vitreous.cli.app import main

    code = main(words)
    with open(modules, "w") as names:
        names.write("\n".join(name for name in sys.modules if name.startswith("vitreous.")))
    os._exit(code)


def main() -> None:
    """Fork for each line of the input, and say how the child ended."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as ``vitreous`` does before anything reads it
    for line in sys.stdin:
        reader, writer = os.pipe()
        number = os.fork()
        if number == 0:
            child(*json.loads(line), writer)
        os.close(writer)
        with open(reader) as names:
            needed = names.read().split()
        print(os.waitstatus_to_exitcode(os.waitpid(number, 0)[1]), flush=True)
        for name in needed:
            with suppress(ImportError):
                importlib.import_module(name)


if __name__ == "__main__":
    main()
