"""The public face is short, agreed and light."""

from __future__ import annotations

import subprocess
import sys

import vitreous as vt


def test_every_public_name_is_where_it_is_said_to_be() -> None:
    assert all(getattr(vt, name) is not None for name in vt.__all__)


def test_there_are_about_forty_names() -> None:
    assert 30 <= len(vt.__all__) <= 50


def test_importing_vitreous_imports_no_array_library() -> None:
    code = "import sys, vitreous; print(sorted({'numpy', 'torch', 'scipy', 'numba'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
