"""Pages of arrays that were freed serve again."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from vitreous.runtime.allocator import SAID

CODE = """
import resource
import vitreous
from vitreous.runtime.allocator import keep_freed_memory
import numpy as np

def touched():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

np.ones(2**24)
before = touched()
for _ in range(8):
    np.ones(2**24)
print(touched() - before)
"""
PAGES = 2**27 / 4096


def faults(**said: str) -> int:
    """Pages touched for the first time while 128 MB are taken and freed eight times."""
    # numpy asks for huge pages, which would hide the small ones that are counted here
    bare = {name: value for name, value in os.environ.items() if name not in SAID}  # dask says something to what it starts
    given = {**bare, "NUMPY_MADVISE_HUGEPAGE": "0", **said}
    return int(subprocess.run([sys.executable, "-c", CODE], env=given, capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only glibc is told")
def test_an_array_takes_the_pages_of_the_one_before() -> None:
    assert faults() < 0.5 * PAGES


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only glibc is told")
def test_what_the_user_said_is_left_alone() -> None:
    assert faults(MALLOC_MMAP_MAX_="65536") > 4 * PAGES
