"""The verb that opens a project in a browser: what it prints, how it ends, and what it refuses."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import toy_jobs
from web_site import Site

from vitreous.cli.app import BAD_INPUT, main
from vitreous.pipeline.store import Store

TOY = [sys.executable, toy_jobs.__file__]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Store(tmp_path / "P", create=True).folder


def test_it_tells_where_it_is_and_leaves_nothing_behind(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "page.sock"
    words = [*TOY, "serve", str(folder), "--json", "--no-learn", "--unix-socket", str(path), "--prefix", "/node/7/"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as server:
        told = json.loads(server.stdout.readline())  # type: ignore[union-attr]
        assert told["unix_socket"] == str(path)
        assert "/node/7/?token=" in told["url"]
        site = Site(told["url"].split("token=")[1], path=str(path))
        assert site.ask("GET", "/node/7/").status == 401
        site.enter("/node/7")
        assert site.get("/node/7/").status == 200
        server.send_signal(signal.SIGTERM)
        assert server.wait(20) == 0
    assert not path.exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--port", "no"], "port must be an integer"),
        (["--port", "-1"], "port must be an integer"),
        (["--port", "²"], "port must be an integer"),
        (["--port", "65536"], "port must be an integer"),
        (["--prefix", "node"], "prefix must be a path such as /node/7"),
        (["--prefix", "/a//b"], "prefix must be"),
        (["--prefix", "/a b"], "prefix must be"),
        (["--prefix", '/"><script>'], "prefix must be"),
        (["--unix-socket", "/no/such/folder/page.sock"], "unix-socket must be"),
        (["--colour", "red"], "--colour"),
    ],
)
def test_what_it_is_told_wrongly(folder: Path, words: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", str(folder), "--no-open", *words], toy_jobs.registry()) == BAD_INPUT
    assert says in capsys.readouterr().err


def test_a_folder_that_is_no_project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", str(tmp_path), "--no-open"], toy_jobs.registry()) == BAD_INPUT
    assert "must be a Vitreous project" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
