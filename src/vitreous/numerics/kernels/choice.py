"""Which loops do the work: numba's for tensors on the CPU, Triton's for those on a CUDA device."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from importlib.util import find_spec

import torch

from vitreous.errors import InputError

_everywhere: ContextVar[bool] = ContextVar("triton_everywhere", default=False)


def uses_triton(device: torch.device) -> bool:
    """Whether the loops over tensors on ``device`` are Triton's.

    Raises
    ------
    InputError
        If they are and Triton is not installed.
    """
    chosen = device.type == "cuda" or _everywhere.get()
    if chosen and find_spec("triton") is None:
        raise InputError(f"device {device} needs Triton, which is not installed. Try: pip install 'vitreous[gpu]', or --device cpu.")
    return chosen


@contextmanager
def triton_everywhere() -> Iterator[None]:
    """Use Triton's loops on the CPU too, under its interpreter (``TRITON_INTERPRET=1`` before the first import): for tests."""
    token = _everywhere.set(True)
    try:
        yield
    finally:
        _everywhere.reset(token)
