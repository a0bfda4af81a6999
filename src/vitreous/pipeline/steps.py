"""The steps of one item, each done once: what they gave lies in one file that is replaced after each of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from vitreous.pipeline.jsonable import jsonable
from vitreous.runtime.files import read_json, write_json


class Steps:
    """What the steps of an item gave.

    Parameters
    ----------
    path
        The file.
    digest
        Of the item's content: what was made of another content is forgotten.
    """

    def __init__(self, path: Path, digest: str) -> None:
        self._path = path
        kept: Any = read_json(path) if path.exists() else {}
        self.told: dict[str, Any] = kept if kept.get("digest") == digest else {"digest": digest}

    def once(self, step: str, do: Callable[[], Any]) -> Any:
        """Give what ``do()`` gave, now or before a kill, as JSON holds it.

        Files that it makes must be whole or absent, and on the disk before it returns.
        """
        if step not in self.told:
            self.told[step] = jsonable(do())
            write_json(self._path, self.told)
        return self.told[step]
