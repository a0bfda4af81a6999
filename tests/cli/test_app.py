"""The command line: one verb a job, one line for programs, exit codes, and no bare traceback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest
import toy_jobs

from vitreous.cli import answer
from vitreous.cli.app import main
from vitreous.pipeline.project import Finished
from vitreous.pipeline.store import Store

TOY = [sys.executable, toy_jobs.__file__]


@pytest.fixture
def texts(tmp_path: Path) -> str:
    for name, text in {"a": "One", "b": "Eleven"}.items():
        (tmp_path / f"{name}.txt").write_text(text)
    return str(tmp_path / "*.txt")


@pytest.fixture
def folder(tmp_path: Path) -> str:
    return str(tmp_path / "P")


def vitreous(*words: str) -> int:
    return main(words, toy_jobs.registry())


def last_line(capsys: pytest.CaptureFixture[str]) -> dict:
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def test_the_first_page_lists_every_verb_and_imports_nothing_heavy() -> None:
    code = "import sys; from vitreous.cli.app import main; assert main(['--help']) == 0; print(' '.join(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    page, modules = out.rsplit("\n", 2)[0], set(out.splitlines()[-1].split())
    assert "resume" in page
    assert not {"torch", "numpy", "scipy", "numba", "matplotlib", "rich", "psutil", "multiprocessing"} & modules


def test_help_of_a_verb_tells_units_ranges_and_defaults(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        vitreous("walk", "--help")
    assert left.value.code == 0
    page = " ".join(capsys.readouterr().out.split())
    assert "--stride STRIDE length of a step [Å] (1.5)" in page
    assert "--start START where it starts [Å] (the count of letters)" in page
    assert "--flavour {plain,lazy}" in page
    assert "where to start (the project's latest counts)" in page
    assert "walk.json where it ended" in page
    assert "Pearson" in page


def test_the_help_of_watch_asks_for_the_folder_once(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["watch", "--help"])
    page = capsys.readouterr().out
    assert "vitreous watch FOLDER [options]" in page
    assert "--folder" not in page


def test_verbs_are_grouped(capsys: pytest.CaptureFixture[str]) -> None:
    assert vitreous() == 0
    page = capsys.readouterr().out
    places = [page.index(word) for word in ("From data to a map", "toy-run", "Steps", "  walk", "The project", "cite")]
    assert places == sorted(places)


def test_a_job_ends_with_one_line_of_json(texts: str, folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert vitreous("count-letters", "--texts", texts, "--no-fold-case", "--project", folder, "--json") == 0
    told = last_line(capsys)
    assert told["job"] == f"{folder}/jobs/0001-count-letters"
    assert told["outputs"]["counts"] == f"{told['job']}/outputs/counts.json"
    assert len(told["outputs"]["each"]) == 2
    assert told["figures"] == {"letters": 3}
    assert vitreous("walk", "--project", folder, "--steps", "2", "--turns", "-90", "45", "--json") == 0
    assert Store(folder).job("0002-walk").params["turns"] == [-90.0, 45.0]


def test_a_job_tells_a_person_what_came_out(texts: str, folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert vitreous("count-letters", "--texts", texts, "--project", folder) == 0
    said = capsys.readouterr()
    assert "0001-count-letters done in 0 s: Every text was read." in said.out
    assert "and 1 more" in said.out
    assert "0001-count-letters: done in 0 s (letters 4)" in said.err
    vitreous("count-letters", "--texts", texts, "--project", folder)
    assert "0001-count-letters: was done before (letters 4)" in capsys.readouterr().err


def test_results_can_be_put_elsewhere(texts: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert vitreous("count-letters", "--texts", texts, "--out", str(tmp_path / "D"), "--json") == 0
    assert last_line(capsys)["outputs"]["counts"] == str(tmp_path / "D" / "counts.json")
    assert json.loads((tmp_path / "D" / "counts.json").read_text()) == {"a.txt": 1, "b.txt": 3}


def test_a_recipe_prints_its_plan_and_ends_in_final(texts: str, folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["toy-run", "--texts", texts, "--project", folder]
    assert vitreous(*words, "--plan") == 0
    assert "about 1 s, 2 MB of memory" in capsys.readouterr().out
    assert not list(Path(folder, "jobs").iterdir())
    assert vitreous(*words, "--json") == 0
    said = capsys.readouterr()
    assert "in all about 1 s, up to 2 MB of memory" in said.err
    told = json.loads(said.out.splitlines()[-1])
    assert told["job"] == f"{folder}/final"
    assert told["outputs"]["walk"] == f"{folder}/final/walk.json"
    assert told["figures"]["steps"] == 5
    assert vitreous(*words, "--steps", "2", "--from", "walk", "--until", "walk", "--quiet") == 0
    assert "final/walk.json" in capsys.readouterr().out


def test_what_earlier_steps_warn_of_is_told_where_a_run_stops_half_way(texts: str, folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    vitreous("toy-run", "--texts", texts, "--project", folder, "--quiet")
    count, walk = Store(folder).records()
    capsys.readouterr()
    answer.finished(Path(folder), Finished({"walk": walk, "count": count}), as_json=False)
    page = capsys.readouterr().out
    assert page.startswith("0002-walk:\n  warning: It was only a toy.\n0001-count-letters done in")
    answer.finished(Path(folder), Finished({"walk": walk, "count": count}), as_json=True)
    assert last_line(capsys)["job"].endswith("0001-count-letters")


def test_looking_at_a_project(texts: str, folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    vitreous("toy-run", "--texts", texts, "--project", folder, "--quiet")
    vitreous("fail", "--project", folder, "--quiet")
    capsys.readouterr()
    assert vitreous("status", folder) == 0
    page = capsys.readouterr().out
    assert "nobody is working here" in page
    assert "0002-walk" in page
    assert "division by zero" in page
    assert vitreous("status", "--project", folder, "--json") == 0
    assert [job["status"] for job in last_line(capsys)["jobs"]] == ["done", "done", "failed"]
    assert vitreous("plan", folder) == 0
    assert vitreous("script", folder, "--job", "2") == 0
    assert "project.do(" in capsys.readouterr().out
    assert vitreous("cite", folder) == 0
    assert "Pearson, Nature 72, 294 (1905).  [0002-walk]" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["wlak"], 2, "'wlak' is no verb of vitreous. Did you mean 'walk'? Try: vitreous --help"),
        (["walk", "--stride", "-1"], 2, "stride must be a number above 0, in Å; got '-1'."),
        (["walk", "--stride", "far"], 2, "stride must be a number above 0, in Å; got 'far'."),
        (["walk", "--strid", "1"], 2, "unrecognized arguments: --strid 1. Did you mean '--stride'? Try: vitreous walk --help"),
        (["walk", "--zzz=red"], 2, "unrecognized arguments: --zzz=red. Try: vitreous walk --help"),
        (["walk", "--seed", "x"], 2, "seed must be an integer"),
        (["walk", "--memory", "much"], 2, "memory must be a size such as 4GB"),
        (["walk"], 2, "counts must be given"),
        (["toy-run"], 2, "texts must be given: a path"),
        (["toy-run", "--texts", "none*"], 2, "texts must name files that exist"),
        (["fail"], 3, "job 0001-fail failed: ZeroDivisionError"),
        (["fail", "--way", "disk"], 3, "is full"),
        (["fail", "--way", "stop"], 130, "0001-fail was stopped"),
    ],
)
def test_errors_are_one_sentence_and_a_code(
    words: list[str], code: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert vitreous(*words, "--json") == code
    told = capsys.readouterr()
    assert said in told.err
    assert "Traceback" not in told.err
    assert said in json.loads(told.out.splitlines()[-1])["error"]


def test_the_traceback_is_there_on_demand(folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert vitreous("fail", "--project", folder, "--traceback") == 3
    assert "Traceback" in capsys.readouterr().err


def test_a_fault_of_ours_is_said_to_be_one(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vitreous.cli.app._do", lambda words, registry: 1 / 0)
    assert vitreous("walk") == 3
    assert "division by zero (a fault of Vitreous, not yours" in capsys.readouterr().err


def test_a_pipe_that_closes_is_no_error(texts: str, folder: str) -> None:
    vitreous("toy-run", "--texts", texts, "--project", folder, "--quiet")
    with subprocess.Popen([*TOY, "script", folder], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as script:
        assert script.stdout
        script.stdout.close()
        assert script.stderr
        assert script.stderr.read() == b""
        assert script.wait() == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_job_goes_on(number: int, texts: str, folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    vitreous("count-letters", "--texts", texts, "--project", folder, "--quiet")
    words = ["walk", "--steps", "1000", "--project", folder]
    # Shells start what goes on in the background with Ctrl-C ignored, and then it is ignored here too.
    heed = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen([*TOY, *words], stderr=subprocess.PIPE, text=True, preexec_fn=heed) as walker:
        state = Path(folder, "jobs", ".0002-walk.running", "state", "walk.json")
        while not state.exists():
            time.sleep(0.01)
        os.kill(walker.pid, number)
        assert walker.stderr
        assert "0002-walk was stopped; what it finished is kept" in walker.stderr.read()
        assert walker.wait() == 130
    capsys.readouterr()
    assert vitreous("resume", folder, "--json") == 0
    assert last_line(capsys)["job"] == f"{folder}/jobs/0002-walk"


def test_bars_are_drawn_on_a_terminal(texts: str, folder: str) -> None:
    parent, child = os.openpty()
    words = [*TOY, "toy-run", "--texts", texts, "--project", folder]
    with subprocess.Popen(words, stderr=child, stdout=subprocess.DEVNULL, env={**os.environ, "TERM": "xterm"}) as drawn:
        os.close(child)
        page = b""
        while drawn.poll() is None or page.count(b"done in") < 2:
            try:
                page += os.read(parent, 4096)
            except OSError:
                break
    os.close(parent)
    assert b"0001-count-letters: done in" in page
    assert b"0002-walk: done in" in page
