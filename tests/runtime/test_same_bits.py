"""The same numbers have the same bits wherever in memory they lie."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import vitreous
import torch

torch.set_num_threads(1)
chance = torch.Generator().manual_seed(0)
values, line = torch.randn(500, 401, generator=chance), torch.randn(401, generator=chance)
found = set()
for offset in range(16):
    moved = torch.empty(500 * 401 + 64)[offset : offset + 500 * 401].view(500, 401)
    found.add((moved.copy_(values) @ line).numpy().tobytes())
print(len(found))
"""


def test_products_do_not_depend_on_where_they_lie():
    told = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "1"
