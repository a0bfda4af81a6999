"""A live session: does it keep pace, and does its memory stay flat?

``pace``: a 4096² x 30 LZW movie (that of ``movie_alignment.py``) arrives every 20 seconds, in pieces, with everything on: patches, dose
weighting, defocus, verdict, picking, cutting out, class averages. Told are the lag from arrival to the end of the last step, CPU seconds a
movie and the largest memory.

``many``: a thousand movies. All but the first are given the results of the first under names of their own, so that what is measured is the
session itself: records, lists, page, averages. Told is its memory after every hundred.

    python benchmarks/live_session.py pace [--movies 12] [--every 20] [--executor local]
    python benchmarks/live_session.py many [--movies 1000]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

OPTICS = ["--voltage", "300", "--cs", "2.7"]


def feed(movie: Path, folder: Path, count: int, every: float) -> None:
    """Copy a movie into a folder again and again, in pieces; bytes behind its end, which readers pass over, make each a file of its own."""
    content = movie.read_bytes()
    for number in range(count):
        began = time.monotonic()
        with (folder / f"movie_{number:04d}{movie.suffix}").open("wb") as handle:
            for start in range(0, len(content), 2**24):
                handle.write(content[start : start + 2**24])
                handle.flush()
                time.sleep(min(0.1, every / 10))
            handle.write(number.to_bytes(16, "little"))
        time.sleep(max(0.0, every - (time.monotonic() - began)))


def pace(given: argparse.Namespace, folder: Path) -> None:
    """Feed and watch."""
    from movie_alignment import DIAMETER, DOSE, PIXEL, make_movie

    make_movie(given.movie, seed=0)
    raw, project = folder / "raw", folder / "project"
    raw.mkdir()
    feeder = threading.Thread(target=feed, args=(given.movie / "movie.tiff", raw, given.movies, given.every), daemon=True)
    words = ["watch", str(raw), "--project", str(project), "--gain", str(given.movie / "gain.mrc"), *OPTICS, "--pixel-size", str(PIXEL)]
    words += ["--dose", str(DOSE), "--diameter", str(DIAMETER), "--settle", "3", "--movies", str(given.movies)]
    words += ["--executor", given.executor]
    feeder.start()
    subprocess.run([sys.executable, "-c", "import sys; from vitreous.cli.app import main; sys.exit(main())", *words], check=True)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    told: dict[str, Any] = json.loads((project / "live" / "live.json").read_text())
    for row in told["movies"]:
        print(f"{row['name']}  lag {row['lag_seconds']:6.1f} s  {row['particles']:4d} particles  {row['seconds']}")
    print(f"lag {told['lag_seconds']}; CPU {(used.ru_utime + used.ru_stime) / given.movies:.1f} s a movie; "
          f"largest process {used.ru_maxrss / 2**20:.2f} GB")  # fmt: skip


def resident() -> float:
    """Megabytes of this process in memory."""
    with open("/proc/self/statm", "rb") as handle:
        return int(handle.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def many(given: argparse.Namespace, folder: Path) -> None:
    """A thousand movies, of which one is processed."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "toys"))
    import tiny_session

    from vitreous.jobs.live import movie, session
    from vitreous.jobs.projects import project

    (first,) = tiny_session.write_discs(folder / "one", 1)
    raw, here, real = folder / "raw", project(folder / "project"), movie.through
    raw.mkdir()
    feed(first, raw, given.movies, 0.0)
    made: list[dict[str, Any]] = []

    def like_the_first(plan: movie.Plan, item: Any) -> dict[str, Any]:
        if not made:
            made.append(real(plan, item) | {"name": item.name})
        told = json.loads(json.dumps(made[0]).replace(made[0]["name"], item.name))
        for path in list(plan.folder.rglob(f"{made[0]['name']}*")) if item.name != made[0]["name"] else []:
            text = path.suffix == ".star"
            target = path.with_name(path.name.replace(made[0]["name"], item.name))
            target.write_text(path.read_text().replace(made[0]["name"], item.name)) if text else shutil.copyfile(path, target)
        return told

    session.through = like_the_first
    finished = session.LiveSession.finished

    def counted(self: session.LiveSession, name: str, value: dict[str, Any]) -> None:
        finished(self, name, value)
        if len(self.rows) % 100 == 0 or len(self.rows) in (1, 20, 50):
            print(f"{len(self.rows):5d} movies  {resident():7.1f} MB  {time.process_time():6.1f} CPU s", flush=True)

    session.LiveSession.finished = counted
    here.do("watch", folder=raw, movies=given.movies, voltage=300.0, cs=2.7, dose=1.3, diameter=tiny_session.DIAMETER, model="global",
            settle=0.2, reserve=0.1, classes=10)  # fmt: skip


def main() -> None:
    """Do what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["pace", "many"])
    parser.add_argument("--movies", type=int)
    parser.add_argument("--every", type=float, default=20.0)
    parser.add_argument("--executor", default="local")
    parser.add_argument("--movie", type=Path, default=Path("build/movie-benchmark"), help="folder of the large movie")
    given = parser.parse_args()
    given.movies = given.movies or {"pace": 12, "many": 1000}[given.what]
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    with tempfile.TemporaryDirectory() as folder:
        {"pace": pace, "many": many}[given.what](given, Path(folder))


if __name__ == "__main__":
    main()
