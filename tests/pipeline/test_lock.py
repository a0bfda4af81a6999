"""The lock: one process at a time, and the dead hold nothing."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from vitreous.errors import InputError
from vitreous.pipeline.lock import holder, locked

HOLD = """
import sys, time, pathlib
from vitreous.pipeline.lock import locked
with locked(pathlib.Path(sys.argv[1])):
    print(1, flush=True)
    time.sleep(60)
"""


def test_a_second_one_is_told_who_has_it_and_a_dead_one_gives_it_up(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE) as other:
        assert other.stdout
        assert other.stdout.readline() == b"1\n"
        said = rf"is in use by process {other.pid} on {socket.gethostname()} since 20\d\d-.*Try: wait for it"
        with pytest.raises(InputError, match=said), locked(tmp_path):
            pass
        assert f"process {other.pid}" in holder(tmp_path)
        other.send_signal(signal.SIGKILL)
        other.wait()
    assert holder(tmp_path) == ""
    with locked(tmp_path):
        assert f"process {os.getpid()}" in (tmp_path / ".lock").read_text()


def test_nobody_holds_what_was_never_locked(tmp_path: Path) -> None:
    assert holder(tmp_path) == ""
    with locked(tmp_path), pytest.raises(InputError, match="is in use by"), locked(tmp_path):
        pass
    assert holder(tmp_path) == ""
