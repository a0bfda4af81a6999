"""Kernels that are compiled by a process of their own, so that the first run on a machine has the bits of all others.

What a compiler makes of sums that may be taken in any order depends on what else it has at hand: in the process that compiles a
parallel kernel its parts exist twice, once by themselves and once within it, and the machine code that is used is another than the one
that is kept on disk and that every later process reads. Only sums differ, by rounding; but a job that was killed and taken up must
have the bits of one that was left alone, the first one too. So whoever needs such a kernel and does not find it on disk has it
compiled elsewhere, and reads it.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import numba as nb
from llvmlite.binding import get_host_cpu_name

COMPILE = "from vitreous.numerics.kernels.apart import compile_here; compile_here({module!r}, {name!r}, {types!r})"


def ready(kernel: Any, *arguments: Any) -> None:
    """See to it that ``kernel``, of a module of Vitreous, is on disk for ``arguments`` before this process first calls it.

    Nothing is done where it was called before. Where nothing can be kept on disk each process compiles it, and all alike.
    """
    types = json.dumps([_described(nb.typeof(each)) for each in arguments])
    if (kernel, types) in _READY:
        return
    _READY.add((kernel, types))
    mark = _mark(kernel, types)
    if mark.exists():
        return
    code = COMPILE.format(module=kernel.py_func.__module__, name=kernel.py_func.__name__, types=types)
    done = subprocess.run([sys.executable, "-c", code], check=False, stdin=subprocess.DEVNULL, capture_output=True)
    if done.returncode == 0:
        with suppress(OSError):
            mark.touch()


#: What this process knows to be on disk.
_READY: set[tuple[Any, str]] = set()


def _mark(kernel: Any, types: str) -> Path:
    """The empty file that says that a kernel, as its source stands, is kept for these types and this processor."""
    function = kernel.py_func
    source = Path(function.__code__.co_filename)
    state = f"{types} {source.stat().st_mtime_ns} {nb.__version__} {get_host_cpu_name()}"
    digest = hashlib.sha256(state.encode()).hexdigest()[:16]
    return Path(kernel.stats.cache_path) / f"{source.stem}.{function.__qualname__}-{digest}.kept"


def _described(kind: Any) -> list[Any] | str:
    """A type as text: of an array its numbers, axes, order and whether it may be written."""
    return [str(kind.dtype), kind.ndim, kind.layout, kind.mutable] if isinstance(kind, nb.types.Array) else str(kind)


def compile_here(module: str, name: str, types: str) -> None:
    """Compile a kernel for types as :func:`ready` wrote them, and keep it."""
    import importlib

    kernel = getattr(importlib.import_module(module), name)
    kernel.compile(tuple(_type(each) for each in json.loads(types)))


def _type(told: list[Any] | str) -> Any:
    if isinstance(told, str):
        return getattr(nb.types, told)
    dtype, axes, layout, mutable = told
    return nb.types.Array(getattr(nb.types, dtype), axes, layout, readonly=not mutable)
