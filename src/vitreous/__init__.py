"""Vitreous: cryo-EM image processing you can see through.

``import vitreous as vt`` gives the public face; everything is loaded when first used, so that the import is instant.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_HOMES: dict[str, str] = {
    "Optics": "vitreous.data.optics",
    "Volume": "vitreous.data.volume",
    "Particles": "vitreous.data.particles",
    "Micrograph": "vitreous.data.micrograph",
    "Defocus": "vitreous.data.micrograph",
    "ctf": "vitreous.physics.ctf",
    "project": "vitreous.jobs.projects",
    "wavelength": "vitreous.physics.wavelength",
}

__all__ = [*_HOMES, "__version__"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'vitreous' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
