"""Runs ``vitreous`` with the jobs of a toy and dies by SIGKILL just before the n-th time that something is made to last.

    python killed.py N MODULE VERB …

The last line of its output says how often that happened, if it came so far.
"""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

#: More often than any toy makes something last.
NEVER = 1000


def command(kill_at: int, module: str, *words: str) -> list[str]:
    """The words that run this file."""
    return [sys.executable, __file__, str(kill_at), module, *words]


def run(kill_at: int, module: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run it to its end, which may be early."""
    return subprocess.run(command(kill_at, module, *words), capture_output=True, text=True, check=False, timeout=120)


def main(kill_at: int, module: str, words: list[str]) -> int:
    """Count down, and do what the words say."""
    left = kill_at

    def dying(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*arguments, **named)

        return call

    for name in ("replace", "rename", "fsync", "mkdir"):
        setattr(os, name, dying(getattr(os, name)))
    from vitreous.cli.app import main as vitreous

    code = vitreous(words, importlib.import_module(module).registry())
    print(kill_at - left)
    return code


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2], sys.argv[3:]))
