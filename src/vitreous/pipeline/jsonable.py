"""Values as strict JSON can hold them, whatever array library they came from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any


def jsonable(value: Any) -> Any:
    """Give ``value`` with numbers of array libraries as plain ones, tuples as lists, and NaN and infinity as ``None``.

    >>> jsonable({"resolution": float("nan"), "box": (64, 64)})
    {'resolution': None, 'box': [64, 64]}
    """
    if isinstance(value, Mapping):
        return {str(name): jsonable(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [jsonable(each) for each in value]
    if hasattr(value, "item"):
        return jsonable(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
