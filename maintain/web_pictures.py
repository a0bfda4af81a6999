"""Take the pictures of the web pages that the documentation shows: ``python maintain/web_pictures.py PROJECT``.

For maintainers: it serves a finished project (``vitreous demo``) to the system's Chromium and keeps one picture a page in
docs/pictures/web, in few colours so that none is larger than 150 kB.
"""

from __future__ import annotations

import argparse
import io
import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

HERE = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(HERE / "tests" / "toys"))
from system_browser import browsing, chromium, seeing, serving  # noqa: E402

OUT = HERE / "docs" / "pictures" / "web"
MOST_BYTES = 150_000


def still(page: Any) -> None:
    """Wait for what a page draws by itself."""
    page.wait_for_timeout(2500)


def counted(page: Any) -> None:
    """Wait for the sphere of directions, and for the picture beside it."""
    page.get_by_text("Directions are being counted").wait_for(state="hidden")
    page.wait_for_timeout(8000)


def developed(page: Any) -> None:
    """Wait for the micrograph, which is drawn on a canvas that does not say when it is done."""
    page.wait_for_timeout(12000)


def map_drawn(page: Any) -> None:
    """Wait for the surface."""
    page.locator("#state[data-triangles]").wait_for()
    still(page)


def by_local_resolution(page: Any) -> None:
    """The map coloured by the first local resolution there is."""
    map_drawn(page)
    page.locator("#colour").select_option(index=2)
    page.get_by_text("Local resolution:").wait_for()
    still(page)


@dataclass(frozen=True)
class Shot:
    """A picture: its name, the page, light or dark, and what is done before."""

    name: str
    path: str
    scheme: str = "light"
    before: Callable[[Any], None] = still


SHOTS = (
    Shot("project", "/"),
    Shot("job", "/jobs/0010-refine"),
    Shot("form", "/new/refine"),
    Shot("micrographs", "/micrographs", "dark", developed),
    Shot("classes", "/classes"),
    Shot("directions", "/directions", "light", counted),
    Shot("resolution", "/resolution"),
    Shot("particles", "/particles"),
    Shot("maps", "/maps", "light", map_drawn),
    Shot("maps_local_resolution", "/maps", "dark", by_local_resolution),
    Shot("session", "/session"),
)


def small(picture: bytes) -> bytes:
    """The picture in 256 colours or 128, as large as fits."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    for share, colours in ((1.0, 256), (1.0, 128), (0.75, 128), (0.6, 128), (0.5, 64)):
        out = io.BytesIO()
        sized = image.resize((round(image.width * share), round(image.height * share)), Image.Resampling.LANCZOS)
        sized.quantize(colours, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
        if out.tell() < MOST_BYTES:
            break
    return out.getvalue()


def take(browser: Any, address: str, shot: Shot) -> None:
    """Take one picture."""
    with seeing(browser, address, scheme=shot.scheme) as seen:
        seen.go(shot.path)
        shot.before(seen.page)
        picture = small(seen.page.screenshot())
        (OUT / f"{shot.name}.png").write_bytes(picture)
        logging.info("%-24s %4.0f kB  %s", shot.name, len(picture) / 1000, seen.clean() or "")


def main() -> None:
    """Take all pictures, or those named."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("project", type=Path)
    parser.add_argument("names", nargs="*", help="instead of all")
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    OUT.mkdir(parents=True, exist_ok=True)
    with serving(given.project) as address, browsing(chromium()) as browser:
        for shot in SHOTS:
            if not given.names or shot.name in given.names:
                take(browser, address, shot)


if __name__ == "__main__":
    main()
