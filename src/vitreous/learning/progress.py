"""What a learner has done, in a file of the user's own: a browser forgets when the server's port changes."""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from vitreous.runtime.files import replacing


def progress_file() -> Path:
    """``vitreous/learning.json`` in the folder where this system keeps a user's data; ``VITREOUS_DATA`` names another folder."""
    if own := os.environ.get("VITREOUS_DATA"):
        return Path(own) / "learning.json"
    home = Path.home()
    usual = home / "Library/Application Support" if sys.platform == "darwin" else home / ".local/share"
    return Path(os.environ.get("XDG_DATA_HOME") or usual) / "vitreous" / "learning.json"


def done() -> dict[str, str]:
    """Lessons and questions that are done, each with the day; empty if the file is absent or broken."""
    try:
        held = json.loads(progress_file().read_text(encoding="utf-8"))["done"]
        return {str(key): str(day) for key, day in held.items()}
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return {}


def remember(what: str, *, as_done: bool = True) -> None:
    """Note a lesson's or question's id as done today, or as not done. A folder that cannot be written to is no reason to stop."""
    held = done()
    if as_done:
        held.setdefault(what, datetime.now(UTC).date().isoformat())
    else:
        held.pop(what, None)
    try:
        progress_file().parent.mkdir(parents=True, exist_ok=True)
        with replacing(progress_file()) as aside:
            aside.write_text(json.dumps({"done": held}, indent=1), encoding="utf-8")
    except OSError:
        return
