"""What takes seconds is begun when the page's server starts: long lists are read, one after another, and directions counted."""

from __future__ import annotations

import threading
import time
from contextlib import suppress

from vitreous.errors import VitreousError
from vitreous.web.columns import LONG, Reading, cache_of
from vitreous.web.picks import pick_lists
from vitreous.web.project_view import ProjectView
from vitreous.web.view_directions import kept_texture, lists_of_views

#: Seconds between looks at a list that is being read.
LOOK = 0.2


def begin(project: ProjectView) -> threading.Thread:
    """Work :func:`ahead` in a thread that ends with the server."""
    thread = threading.Thread(target=ahead, args=(project,), name="ahead", daemon=True)
    thread.start()
    return thread


def ahead(project: ProjectView) -> None:
    """Read the long ones of the lists that pages open with, and count the directions of the last; what cannot be read is told of later.

    One process reads at a time: each takes some 200 MB.
    """
    lists, views = pick_lists(project), lists_of_views(project)[:1]
    kinds = {each.kind: each.file for each in reversed(lists)}
    for file in dict.fromkeys([*kinds.values(), *(each.file for each in views)]):
        with suppress(VitreousError, OSError):
            path = project.inside(file)
            while path.stat().st_size > LONG and isinstance(cache_of(project.cache).ask(path), Reading):
                time.sleep(LOOK)
    for each in views:
        with suppress(VitreousError, OSError):
            kept_texture(project, each)
