"""Messages between this process and the workers it starts, through pipes that nobody else can open.

Large arrays travel as they lie in memory (pickle protocol 5, PEP 574) and are not copied on the way in or out.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Any

Frame = bytes | bytearray | memoryview


def pack(value: Any) -> list[Frame]:
    """Turn ``value`` into frames: a pickle, then the arrays it refers to, which are not copied."""
    arrays: list[pickle.PickleBuffer] = []
    head = pickle.dumps(value, protocol=5, buffer_callback=arrays.append)
    return [head, *(array.raw() for array in arrays)]


def unpack(frames: Sequence[Frame]) -> Any:
    """Turn frames back into a value, whose arrays lie in the frames."""
    return pickle.loads(frames[0], buffers=frames[1:])


def send(pipe: Connection, kind: str, frames: Sequence[Frame] = ()) -> None:
    """Write a message; waits until the other end has read it, but for what fits into the pipe.

    Raises
    ------
    OSError
        If the other process is gone.
    """
    pipe.send((kind, [len(frame) for frame in frames]))
    for frame in frames:
        rest = memoryview(frame)
        while rest:
            rest = rest[os.write(pipe.fileno(), rest) :]


def receive(pipe: Connection) -> tuple[str, list[Frame]]:
    """Read a message: its kind and its frames.

    Raises
    ------
    EOFError, OSError
        If the other process is gone.
    """
    kind, sizes = pipe.recv()
    frames: list[Frame] = [bytearray(size) for size in sizes]
    for frame in frames:
        rest = memoryview(frame)
        while rest:
            read = os.readv(pipe.fileno(), [rest])
            if not read:
                raise EOFError("the other process is gone")
            rest = rest[read:]
    return kind, frames
