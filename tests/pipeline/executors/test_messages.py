"""Messages through a pipe: large contents are not copied, and a broken pipe is told."""

from __future__ import annotations

import threading
from multiprocessing import Pipe
from pickle import PickleBuffer

import pytest

from vitreous.pipeline.executors.messages import pack, receive, send, unpack


def test_large_contents_are_frames_of_their_own_and_arrive_writable() -> None:
    large = bytearray(b"ice" * 10**6)
    frames = pack({"large": PickleBuffer(large), "small": 3})
    assert frames[1].obj is large
    assert len(frames[0]) < 100
    ours, theirs = Pipe()
    sender = threading.Thread(target=send, args=(theirs, "value", frames))  # a pipe holds less than this
    sender.start()
    kind, arrived = receive(ours)
    sender.join()
    value = unpack(arrived)
    assert (kind, value) == ("value", {"large": large, "small": 3})
    value["large"][0] = 0


def test_a_message_without_contents() -> None:
    ours, theirs = Pipe()
    send(theirs, "ready")
    assert receive(ours) == ("ready", [])


@pytest.mark.parametrize("frames", [0, 1])
def test_an_end_that_is_gone(frames: int) -> None:
    ours, theirs = Pipe()
    if frames:
        theirs.send(("value", [100]))  # announces more than it sends
    theirs.close()
    with pytest.raises(EOFError):
        receive(ours)
    with pytest.raises(OSError, match="ipe"):
        send(ours, "item", pack(1))
