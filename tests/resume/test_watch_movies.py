"""Movies that are copied in pieces into a watched folder, the watching killed at random: in the end the bytes of one left alone."""

from __future__ import annotations

import json
import multiprocessing
import random
import subprocess
import sys
from pathlib import Path

import pytest
import tiny_session

from vitreous.io.micrographs import read_micrographs
from vitreous.io.particles import read_particles

MOVIES = 6
ASKED = ["--voltage", "300", "--cs", "2.7", "--dose", "1.3", "--diameter", "110", "--model", "global", "--settle", "0.4",
         "--reserve", "0.1", "--classes", "3", "--movies", str(MOVIES), "--quiet"]  # fmt: skip


def start(raw: Path, project: Path, *more: str) -> subprocess.Popen:
    main = "import sys; from vitreous.cli.app import main; sys.exit(main())"
    command = [sys.executable, "-c", main, "watch", str(raw), "--project", str(project), *ASKED, *more]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def products(project: Path) -> dict[str, bytes]:
    """What was made of the movies, without what holds times or depends on their order."""
    folder = project / "live"
    kept = [path for path in folder.rglob("*") if path.is_file() and path.parent.name != "state"]
    apart = ("live.json", "session.html", "averages.mrcs", "averages.png")
    return {str(path.relative_to(folder)): path.read_bytes() for path in kept if path.name not in apart}


@pytest.mark.long
@pytest.mark.parametrize("executor", ["local", "local:2"])
def test_killed_at_random_and_fed_in_pieces(tmp_path: Path, executor: str):
    whole, raw, project, chance = tmp_path / "whole", tmp_path / "raw", tmp_path / "killed", random.Random(executor)
    raw.mkdir()
    tiny_session.write_discs(whole, MOVIES)
    feeder = multiprocessing.get_context("spawn").Process(target=tiny_session.feed, args=(whole, raw, 5, 0.5))
    feeder.start()
    kills, code = 0, None
    while code != 0:
        process = start(raw, project, "--executor", executor)
        try:
            code = process.wait(timeout=chance.uniform(5, 40) if kills < 6 else 600)
            assert code == 0, process.stderr.read()
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            kills += 1
        finally:
            process.stderr.close()
    feeder.join()
    assert start(raw, tmp_path / "alone").wait(timeout=600) == 0
    aside = project / "live" / "state" / "aside.jsonl"
    assert not aside.exists(), aside.read_text()
    assert products(project) == products(tmp_path / "alone")
    done = [json.loads(line)["item"] for line in (project / "live" / "state" / "done.jsonl").read_text().splitlines()]
    assert sorted(done) == [f"m{k:03d}" for k in range(MOVIES)]
    assert len(read_micrographs(project / "live" / "micrographs_ctf.star")) == MOVIES
    particles = read_particles(project / "live" / "particles.star")
    names = list(zip(particles.stack_index.tolist(), particles.slice_index.tolist()))
    assert len(names) == len(set(names))
    assert kills
