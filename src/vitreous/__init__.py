"""Vitreous: cryo-EM image processing you can see through.

``import vitreous as vt`` gives the public face; everything is loaded when first used, so that the import is instant.
"""

from __future__ import annotations

import importlib
import os
from typing import Any

from vitreous.runtime.allocator import keep_freed_memory
from vitreous.runtime.threads import threads

# Without it, products of matrices and vectors are rounded otherwise where they lie otherwise in memory, so that a job that was killed and
# taken up would not have the bits of one left alone. It costs no time, and must be said before torch is loaded.
os.environ.setdefault("MKL_CBWR", "AUTO")
# The number of threads decides how sums are split, and so how they are rounded. MKL, which tells torch the number, now and then finds
# fewer cores when the machine is busy: it is told not to look.
os.environ.setdefault("MKL_DYNAMIC", "FALSE")
os.environ.setdefault("OMP_DYNAMIC", "FALSE")
os.environ.setdefault("OMP_NUM_THREADS", str(threads()))
keep_freed_memory()

__version__ = "0.1.0"

_HOMES: dict[str, str] = {
    "align_movie": "vitreous.stages.movies",
    "AtomicModel": "vitreous.data.atomic_model",
    "classify": "vitreous.stages.classify2d.em",
    "ctf": "vitreous.physics.ctf",
    "Defocus": "vitreous.data.micrograph",
    "density_map": "vitreous.simulate.specimens",
    "draw_dataset": "vitreous.simulate.dataset",
    "estimate_ctf": "vitreous.stages.defocus",
    "extract": "vitreous.stages.particles",
    "initial_model": "vitreous.stages.initial_model.choose",
    "load_images": "vitreous.inference.load",
    "Micrograph": "vitreous.data.micrograph",
    "open_movie": "vitreous.io.movies",
    "open_stack": "vitreous.io.mrc",
    "Optics": "vitreous.data.optics",
    "Particles": "vitreous.data.particles",
    "pick_blobs": "vitreous.stages.picking",
    "pick_templates": "vitreous.stages.picking",
    "postprocess": "vitreous.stages.postprocess",
    "project": "vitreous.jobs.projects",
    "project_atoms": "vitreous.simulate.specimens",
    "read_gain": "vitreous.io.gain",
    "read_image": "vitreous.io.mrc",
    "read_micrographs": "vitreous.io.micrographs",
    "read_model": "vitreous.io.pdb",
    "read_particles": "vitreous.io.particles",
    "read_star": "vitreous.io.star",
    "read_volume": "vitreous.io.mrc",
    "refine": "vitreous.stages.refine.iterate",
    "simulate_session": "vitreous.simulate.session",
    "specimen": "vitreous.simulate.specimens",
    "symmetry": "vitreous.numerics.symmetry",
    "Volume": "vitreous.data.volume",
    "wavelength": "vitreous.physics.wavelength",
    "write_dataset": "vitreous.simulate.dataset",
    "write_image": "vitreous.io.mrc",
    "write_micrographs": "vitreous.io.micrographs",
    "write_particles": "vitreous.io.particles",
    "write_stack": "vitreous.io.mrc",
    "write_star": "vitreous.io.star",
    "write_volume": "vitreous.io.mrc",
}

__all__ = [*_HOMES, "__version__"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'vitreous' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
