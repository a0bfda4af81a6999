"""The same numbers have the same bits wherever in memory they lie, and however busy the machine is."""

from __future__ import annotations

import os
import subprocess
import sys

from vitreous.runtime.threads import LIMITS, threads

SCRIPT = """
import os
import vitreous
import torch

print(torch.get_num_threads(), os.environ["MKL_DYNAMIC"], os.environ["OMP_DYNAMIC"])
torch.set_num_threads(1)
chance = torch.Generator().manual_seed(0)
values, line = torch.randn(500, 401, generator=chance), torch.randn(401, generator=chance)
found = set()
for offset in range(16):
    moved = torch.empty(500 * 401 + 64)[offset : offset + 500 * 401].view(500, 401)
    found.add((moved.copy_(values) @ line).numpy().tobytes())
print(len(found))
"""


def told(**environment: str) -> list[str]:
    bare = {name: value for name, value in os.environ.items() if name not in (*LIMITS, "MKL_DYNAMIC", "OMP_DYNAMIC", "MKL_CBWR")}
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=bare | environment, capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_products_do_not_depend_on_where_they_lie():
    assert told()[-1] == "1"


def test_the_number_of_threads_is_said_and_not_looked_for():
    assert told()[:3] == [str(threads()), "FALSE", "FALSE"]
    assert told(OMP_NUM_THREADS="1")[0] == "1", "who says a number gets it"
