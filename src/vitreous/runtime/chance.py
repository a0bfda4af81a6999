"""Chance is an argument: generators derived from one seed and the name of what they are for."""

from __future__ import annotations

import hashlib

import numpy as np
import torch


def derived_seed(seed: int, *labels: object) -> int:
    """Make a 63-bit seed from ``seed`` and labels; other labels give independent streams.

    >>> derived_seed(1, "halves") == derived_seed(1, "halves") != derived_seed(1, "starts")
    True
    """
    text = "/".join([str(seed), *map(str, labels)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little") >> 1


def numpy_generator(seed: int, *labels: object) -> np.random.Generator:
    """Generator of numpy for ``labels``."""
    return np.random.default_rng(derived_seed(seed, *labels))


def torch_generator(seed: int, *labels: object, device: str | torch.device = "cpu") -> torch.Generator:
    """Generator of torch for ``labels`` on ``device``."""
    return torch.Generator(device=device).manual_seed(derived_seed(seed, *labels))
