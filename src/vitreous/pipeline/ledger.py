"""What arrived and what became of it: lists on the disk that outlast every ``kill -9``.

Three lists, each appended and flushed line by line: ``arrived`` gives every file a name of its own, ``done`` says what came of a name,
``aside`` why a file is not used. A line of ``done`` is the one moment at which an item is finished: before it the item is begun anew
(and finds what it had finished), after it never again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vitreous.pipeline.checkpoint import State
from vitreous.pipeline.inbox import Arrival, Stamp


@dataclass(frozen=True, kw_only=True)
class Item:
    """A file to be worked on, by a name that is its own in the session.

    Parameters
    ----------
    name
        Of everything made from it.
    path, stamp, digest
        The file, its size and time of change, and the digest of its content.
    arrived
        Seconds since the epoch.
    companion
        The file that came with it, if there is one.
    """

    name: str
    path: Path
    stamp: Stamp
    digest: str
    arrived: float
    companion: Path | None = None


class Ledger:
    """The lists in the folder ``state``.

    Parameters
    ----------
    state
        Where they lie.
    stem
        Gives a file's name without its endings.
    """

    def __init__(self, state: State, stem: Callable[[Path], str]) -> None:
        self._stem = stem
        self._arrived, self._done, self._aside = (state.items(name) for name in ("arrived", "done", "aside"))
        #: The file that holds each content, the last one where it was renamed.
        self._owner = {told["digest"]: path for path, told in self._arrived.outcomes.items()}
        self._names = {told["name"] for told in self._arrived.outcomes.values()}

    @property
    def done(self) -> dict[str, dict[str, Any]]:
        """What came of each item, by its name, in the order in which they were finished."""
        return self._done.outcomes

    @property
    def aside(self) -> dict[str, str]:
        """Why files are not used, by path; one that was used in the end is not listed."""
        return {path: told["reason"] for path, told in self._aside.outcomes.items() if told["reason"]}

    @property
    def arrived(self) -> int:
        """Files that arrived, whatever became of them."""
        return len(self._arrived.outcomes.keys() | self._aside.outcomes.keys())

    @property
    def settled(self) -> int:
        """Files that arrived and for which nothing remains to be done: finished, set aside or known under another name."""
        return self.arrived - len(self.unfinished())

    def known(self) -> dict[Path, Stamp]:
        """Files that nothing remains to be done for, with the stamp they had."""
        settled = {path: told["stamp"] for path, told in self._arrived.outcomes.items() if told["name"] in self.done}
        settled |= {path: told["stamp"] for path, told in self._aside.outcomes.items() if told["stamp"]}
        return {Path(path): tuple(stamp) for path, stamp in settled.items()}

    def unfinished(self) -> list[Item]:
        """Items that arrived but have not been finished or set aside."""
        aside = self.aside
        return [
            _item(path, told) for path, told in self._arrived.outcomes.items()
            if told["name"] not in self.done and path not in aside and self._owner[told["digest"]] == path
        ]  # fmt: skip

    def admit(self, arrival: Arrival, digest: str) -> Item | None:
        """Take a file in, or set it aside if its content is known or it was rewritten after it was used; ``None`` if so.

        A file that was set aside and has been written anew is taken in.
        """
        path = str(arrival.path)
        before, owner = self._arrived.outcomes.get(path), self._owner.get(digest)
        if before and before["name"] in self.done:
            if before["digest"] != digest:
                self.set_aside(arrival.path, "it was written anew after it had been processed, and what was made of the first version "
                               "is kept. Try: give the new one another name", arrival.stamp)  # fmt: skip
            return None
        if owner and owner != path and (reason := self._twin(Path(owner))):
            self.set_aside(arrival.path, reason, arrival.stamp)
            return None
        name = before["name"] if before else self._free_name(arrival.path)
        told = {"name": name, "stamp": arrival.stamp, "digest": digest, "arrived": arrival.arrived,
                "companion": arrival.companion and str(arrival.companion)}  # fmt: skip
        self._arrived.add(path, told)
        if path in self.aside:
            self._aside.add(path, {"reason": "", "stamp": None})
        if before and self._owner.get(before["digest"]) == path:
            del self._owner[before["digest"]]
        self._owner[digest] = path
        self._names.add(name)
        return _item(path, told)

    def stands(self, item: Item) -> bool:
        """Say whether an item is still what its file was last taken in for: it may have been written anew or renamed since."""
        told = self._arrived.outcomes.get(str(item.path), {})
        return told.get("digest") == item.digest and self._owner.get(item.digest) == str(item.path) and item.name not in self.done

    def finish(self, item: Item, value: dict[str, Any]) -> None:
        """Record that ``item`` is done."""
        self._done.add(item.name, value)

    def set_aside(self, path: Path, reason: str, stamp: Stamp | None) -> None:
        """Record why a file is not used; without its stamp it is tried again when the ledger is opened the next time."""
        self._aside.add(str(path), {"reason": reason, "stamp": stamp})

    def _twin(self, owner: Path) -> str:
        """Why a file with the content of ``owner`` is not used; empty if it takes the place of the other."""
        if owner.exists():
            return f"a duplicate of {owner}"
        used = self._arrived.outcomes[str(owner)]["name"] in self.done
        return f"a duplicate of {owner}, which was processed and is gone since: it was renamed" if used else ""

    def _free_name(self, path: Path) -> str:
        """The file's stem; with its folder, and then a number, where that is taken."""
        stem = self._stem(path)
        numbered = (f"{path.parent.name}_{stem}_{k}" for k in range(2, len(self._names) + 3))
        return next(name for name in (stem, f"{path.parent.name}_{stem}", *numbered) if name not in self._names)


def _item(path: str, told: dict[str, Any]) -> Item:
    return Item(name=told["name"], path=Path(path), stamp=tuple(told["stamp"]), digest=told["digest"], arrived=told["arrived"],
                companion=told["companion"] and Path(told["companion"]))  # fmt: skip
