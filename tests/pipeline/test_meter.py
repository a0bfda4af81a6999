"""Time and memory of a job are its own, not those of what ran before it."""

from __future__ import annotations

import time

import psutil

from vitreous.pipeline.meter import Meter
from vitreous.runtime.allocator import give_back

MB = 2**20


def peak_above_present(megabytes: int) -> float:
    """Hold some memory for a while under a meter, and give how far its peak lies above what the process held before, in MB."""
    give_back()
    present = psutil.Process().memory_info().rss
    with Meter() as meter:
        held = b"x" * (megabytes * MB)
        time.sleep(0.3)
        del held
        told = meter.read()
    return (told["peak_memory_bytes"] - present) / MB


def test_a_peak_is_that_of_the_work_itself() -> None:
    # 15 MB are allowed for what the process itself may gain or give back meanwhile.
    assert abs(peak_above_present(300) - 300) < 15
    assert abs(peak_above_present(100) - 100) < 15


def test_seconds_of_wall_and_cpu() -> None:
    with Meter() as meter:
        time.sleep(0.2)
        told = meter.read()
    assert told["wall_seconds"] >= 0.2
    assert told["cpu_seconds"] < 0.2
