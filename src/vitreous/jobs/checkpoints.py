"""Arrays of a running stage, kept in the job's state folder between iterations."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from vitreous.pipeline.context import Context


class ArrayCheckpoint:
    """Save and load named arrays as one ``.npz``, whole or absent; nothing in it is ever unpickled."""

    def __init__(self, context: Context, name: str) -> None:
        self._state, self._name = context.state, f"{name}.npz"

    def save(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Replace what was saved."""
        import numpy as np

        def write(path: Path) -> None:
            with path.open("wb") as handle:
                np.savez(handle, **arrays)

        self._state.save(self._name, write)

    def load(self) -> dict[str, np.ndarray] | None:
        """Give what was saved last, or ``None``."""
        import numpy as np

        def read(path: Path) -> dict[str, np.ndarray]:
            with np.load(path, allow_pickle=False) as found:
                return {key: found[key] for key in found.files}

        return self._state.load(self._name, read)
