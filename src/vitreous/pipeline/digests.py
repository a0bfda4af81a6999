"""Which bytes went in: digests of input files, and the key under which a result is stored.

Small files are digested whole. Of a large one (a movie, a stack) only the two ends are, with the length and the time of
change: reading terabytes to learn that nothing changed would take longer than the work. The path belongs to the identity, because
results name their inputs by path.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from typing import Any

WHOLE = 8 * 2**20
END = 64 * 2**10


def file_digest(path: str) -> str:
    """Digest one file (or the names, sizes and times in one folder)."""
    state = hashlib.sha256(os.fsencode(path))
    if os.path.isdir(path):
        for entry in sorted(os.scandir(path), key=lambda entry: entry.name):
            state.update(f"{entry.name} {entry.stat().st_size} {entry.stat().st_mtime_ns}\n".encode())
        return state.hexdigest()[:32]
    with open(path, "rb") as handle:
        size = os.fstat(handle.fileno()).st_size
        if size <= WHOLE:
            state.update(handle.read())
        else:
            state.update(f"{size} {os.fstat(handle.fileno()).st_mtime_ns} ".encode() + handle.read(END))
            handle.seek(-END, os.SEEK_END)
            state.update(handle.read(END))
    return state.hexdigest()[:32]


def job_key(job: str, code: str, params: Mapping[str, Any], inputs: Mapping[str, Any], seed: int) -> str:
    """Digest everything a result may depend on: the same key is the same work.

    Device, memory budget and executor are left out: results do not depend on them beyond rounding.
    """
    identity = {"job": job, "code": code, "params": params, "inputs": inputs, "seed": seed}
    return hashlib.sha256(json.dumps(identity, sort_keys=True, allow_nan=False).encode()).hexdigest()[:32]
