"""Where the arithmetic runs, and on how many threads."""

from __future__ import annotations

import os

import torch

from vitreous.errors import InputError


def device(name: str = "auto") -> torch.device:
    """Choose a device.

    Parameters
    ----------
    name
        "auto" (a CUDA device when there is one, else the CPU), "cpu", "cuda" or "cuda:N".

    Raises
    ------
    InputError
        If a CUDA device is asked for and there is none.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    chosen = torch.device(name)
    if chosen.type == "cuda" and not torch.cuda.is_available():
        raise InputError(f"device must be one this machine has; got {name!r}, and no CUDA device is visible. Try: --device cpu.")
    return chosen


def threads() -> int:
    """CPU threads this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
