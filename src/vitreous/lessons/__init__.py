"""Lessons: one marimo notebook each, named by its id (``ctf-blur`` is ``ctf_blur.py``), that calls what really does the work."""

from __future__ import annotations

from pathlib import Path

#: Where the notebooks are.
FOLDER = Path(__file__).parent
