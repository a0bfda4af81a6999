"""What a worker process does: it takes work, then items, and answers each."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

from vitreous.pipeline.executors.messages import Frame, pack, receive, send, unpack
from vitreous.runtime.threads import limits


def serve(pipe: Connection, threads: int) -> None:
    """Answer the messages of ``pipe`` until it is closed, on ``threads`` threads.

    "work" brings a function and what its items share, "item" one item; the answer to an item is "value" or "problem", with
    what the function returned or raised. The first message from here is "ready".
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process of a terminal; the parent decides
    threading.Thread(target=_die_with_parent, daemon=True).start()
    os.environ.update(limits(threads))
    send(pipe, "ready")
    work = None
    while True:
        try:
            kind, frames = receive(pipe)
        except (EOFError, OSError):
            return
        if kind == "work":
            work = _work(frames)
        else:
            send(pipe, *_answer(work, frames))


def _die_with_parent() -> None:
    multiprocessing.parent_process().join()
    os._exit(1)


def _work(frames: Sequence[Frame]) -> Callable[[Any], Any] | None:
    """Give the function of an item; one that raises if the function or what is shared cannot be loaded here."""
    if not frames:
        return None
    try:
        function, shared = unpack(frames)
    except Exception as problem:  # noqa: BLE001 - it is raised in the parent
        return partial(_raise, problem)
    return partial(function, shared)


def _raise(problem: Exception, item: Any) -> None:
    raise problem


def _answer(work: Callable[[Any], Any], frames: Sequence[Frame]) -> tuple[str, list[Frame]]:
    try:
        return "value", pack(work(unpack(frames)))
    except Exception as problem:  # noqa: BLE001 - it is raised in the parent
        return "problem", _packed(problem)


def _packed(problem: Exception) -> list[Frame]:
    """Pack an error with its traceback as a note; one that would not arrive whole is told in words."""
    told = "".join(traceback.format_exception(problem))
    try:
        problem.add_note(f"In a worker process:\n{told}")
        unpack(frames := pack(problem))
    except Exception:  # noqa: BLE001 - whatever keeps an error from being pickled
        return pack(RuntimeError(f"in a worker process:\n{told}"))
    return frames
