"""Bad input, as a person meets it: what is wrong, what was found, the rule and a way out; nothing that was done is lost."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tiny_images as tiny
import torch

from vitreous.cli.app import main
from vitreous.data.volume import Volume
from vitreous.io.mrc import write_image, write_volume
from vitreous.io.stacks import write_stack
from vitreous.io.tiff_write import write_movie_tiff
from vitreous.pipeline.store import Store

SIZE, PIXEL, COUNT = 32, 5.0, 24
MOVIES = ["--pixel-size", "4", "--voltage", "300", "--cs", "2.7", "--diameter", "100", "--until", "align", "--quiet"]

# Holds the project as a running job does, until its input ends.
HOLDING = """
import sys
from vitreous.pipeline.store import Store
with Store(sys.argv[1], create=True).lock():
    print("held", flush=True)
    sys.stdin.read()
"""


def star(folder: Path, *, stack: str = "p.mrcs", columns: tuple[str, ...] = (), last: str = "", pixel_size: float = PIXEL) -> Path:
    """A list of particles that are noise, as RELION writes it, changed as asked."""
    write_stack(folder / "p.mrcs", np.random.default_rng(0).normal(size=(COUNT, SIZE, SIZE)).astype(np.float32), PIXEL)
    names = columns or ("rlnImageName", "rlnDefocusU", "rlnDefocusV", "rlnDefocusAngle")
    values = {"rlnImageName": f"{{}}@{stack}", "rlnDefocusU": "12000", "rlnDefocusV": "11800", "rlnDefocusAngle": "15"}
    rows = [" ".join(values[name] for name in names).format(number + 1) for number in range(COUNT)]
    optics = f"data_optics\nloop_\n_rlnOpticsGroup\n_rlnVoltage\n_rlnSphericalAberration\n_rlnImagePixelSize\n1 300 2.7 {pixel_size}\n"
    text = optics + "data_particles\nloop_\n" + "".join(f"_{name}\n" for name in names) + "\n".join([*rows, last]) + "\n"
    (folder / "p.star").write_text(text)
    write_volume(folder / "map.mrc", Volume(torch.from_numpy(np.random.default_rng(1).normal(size=(SIZE,) * 3)).float(), PIXEL))
    return folder / "p.star"


def refused(words: list[str], capsys: pytest.CaptureFixture[str], code: int = 2) -> str:
    """What is said when the command is refused with ``code``: one sentence, and no traceback."""
    capsys.readouterr()
    assert main([*words, "--json"]) == code
    told = capsys.readouterr()
    assert "Traceback" not in told.err
    sentence = json.loads(told.out.splitlines()[-1])["error"]
    assert told.err.splitlines()[-1] == f"vitreous: {sentence}"
    return sentence


def test_bad_movies_are_set_aside_and_the_rest_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raw = tmp_path / "raw"
    frames = tiny.counts(0)
    for name, movie in {"a": frames, "flat": np.full_like(frames, 3), "wide": tiny.counts(1, size=(256, 300)), "z": tiny.counts(2)}.items():
        write_movie_tiff(raw / f"{name}.tif", movie, pixel_size=tiny.PIXEL)
    whole = (raw / "a.tif").read_bytes()
    (raw / "cut.tif").write_bytes(whole[: len(whole) // 2])
    (raw / "empty.tif").write_bytes(b"")
    words = ["run", "--movies", str(raw / "*.tif"), *MOVIES, "--project", str(tmp_path / "P")]
    assert main([*words, "--json"]) == 0
    capsys.readouterr()
    record = Store(tmp_path / "P").job("0001-align-movies")
    assert {each["item"] for each in record.quarantine} == {"cut", "empty", "flat", "wide"}
    assert record.figures["micrograph_count"] == 2
    assert main(words) == 0
    said = capsys.readouterr().out
    assert "set aside: flat: a movie must have 2 sound frames and half of all; got 0 of 6" in said
    assert "set aside: wide: size of wide.tif must be that of most of the movies" in said
    assert main(["status", str(tmp_path / "P")]) == 0
    assert "4 set aside" in capsys.readouterr().out


def test_a_gain_of_another_shape_stops_the_job_and_the_right_one_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_movie_tiff(tmp_path / "a.tif", tiny.counts(0), pixel_size=tiny.PIXEL)
    write_image(tmp_path / "narrow.mrc", np.ones((256, 200), np.float32), None)
    write_image(tmp_path / "gain.mrc", np.ones((256, 256), np.float32), None)
    words = ["run", "--movies", str(tmp_path / "a.tif"), *MOVIES, "--project", str(tmp_path / "P")]
    said = refused([*words, "--gain", str(tmp_path / "narrow.mrc")], capsys)
    assert "gain must have the frames' size, 256 x 256 pixels (x, y); got 200 x 256 in" in said
    assert "Try: the gain of this detector" in said
    assert main([*words, "--gain", str(tmp_path / "gain.mrc")]) == 0


@pytest.mark.parametrize(("change", "words", "said"), [
    ({"stack": "gone.mrcs"}, [], "(row 1, column rlnImageName): the stack gone.mrcs must exist beside the STAR file"),
    ({"columns": ("rlnDefocusU", "rlnDefocusV", "rlnDefocusAngle")}, [], "must have a column rlnImageName; got none"),
    ({"columns": ("rlnImageName", "rlnDefocusU")}, [], "come together; got no rlnDefocusV, rlnDefocusAngle"),
    ({"columns": ("rlnImageName",)}, [], "particles must have defocus values (rlnDefocusU); these have none"),
    ({"last": "25@p.mrcs 12000"}, [], "(line 38): a row of this loop must have 4 values; got 2: '25@p.mrcs 12000'"),
    ({}, ["--pixel-size", "0"], "pixel_size must be a number above 0 and at most 1000, in Å; got '0'"),
    ({}, ["--pixel-size", "5.1"], "to 1 %, in Å; got 5.1, and the header says 5. Try: --pixel-size 5, or correct the header."),
    ({"pixel_size": 4.9}, [], "to 1 %, in Å; got 4.9, and the header says 5. Try: --pixel-size 5, or correct the header."),
    ({}, ["--diameter", "170"], "diameter must be smaller than the box, 160 Å; got 170.0. Try: a larger box"),
    ({}, ["--diameter", "-3"], "diameter must be a number above 0 and at most 100000, in Å; got '-3'"),
    ({}, ["--symmetry", "Q7"], "symmetry must be one of C1, C2, …"),
])  # fmt: skip
@pytest.mark.parametrize("verb", ["run", "refine"])
def test_bad_particles(verb: str, change: dict, words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    listed = star(tmp_path, **change)
    given = ["--reference", str(tmp_path / "map.mrc")] if verb == "refine" else []
    diameter = [] if "--diameter" in words else ["--diameter", "100"]
    project = ["--project", str(tmp_path / "P")]
    assert said in refused([verb, "--particles", str(listed), *given, *diameter, *words, *project, "--quiet"], capsys)
    assert listed.exists()


@pytest.mark.parametrize("verb", ["classify2d", "initial-model", "refine"])
def test_too_few_particles(verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    listed = star(tmp_path)
    listed.write_text("\n".join(listed.read_text().splitlines()[: -COUNT + 8]) + "\n")
    given = ["--reference", str(tmp_path / "map.mrc")] if verb == "refine" else []
    said = refused([verb, "--particles", str(listed), *given, "--diameter", "100", "--project", str(tmp_path / "P"), "--quiet"], capsys)
    assert said == "number of particles must be at least 10; got 9. Try: pick or select more."


def test_a_folder_is_no_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = refused(["run", "--particles", str(tmp_path), "--diameter", "100", "--project", str(tmp_path / "P")], capsys)
    assert said == f"particles must name files; got {str(tmp_path)!r}, which is a folder. Try: '{tmp_path}/*'."


def fill_disk(monkeypatch: pytest.MonkeyPatch, pattern: str) -> None:
    """No file whose path holds ``pattern`` can get its name."""

    def refusing(move: Callable[[str, str], None]) -> Callable[[str, str], None]:
        def call(source: str, target: str) -> None:
            if pattern in os.fspath(target):
                raise OSError(errno.ENOSPC, "No space left on device")
            move(source, target)

        return call

    for name in ("rename", "replace"):
        monkeypatch.setattr(os, name, refusing(getattr(os, name)))


def test_a_full_disk_loses_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for seed, name in enumerate("abc"):
        write_movie_tiff(tmp_path / "raw" / f"{name}.tif", tiny.counts(seed), pixel_size=tiny.PIXEL)
    project = tmp_path / "P"
    words = ["run", "--movies", str(tmp_path / "raw" / "*.tif"), *MOVIES, "--project", str(project)]
    with monkeypatch.context() as there:
        fill_disk(there, "outputs/micrographs/c.mrc")
        assert main(words) == 3
    said = f"the disk of {project} is full. Try: make room, then vitreous resume {project}"
    assert capsys.readouterr().err.splitlines()[-1] == f"vitreous: job 0001-align-movies failed: {said}"
    assert main(["status", str(project)]) == 0
    assert said in capsys.readouterr().out
    running = project / "jobs" / ".0001-align-movies.running"
    assert len((running / "state" / "align movies.jsonl").read_text().splitlines()) == 2
    kept = (running / "outputs" / "micrographs" / "a.mrc").stat()
    assert main(["resume", str(project), "--quiet"]) == 0
    record = Store(project).job("0001-align-movies")
    assert [path.name for path in record.files("images")] == ["a.mrc", "b.mrc", "c.mrc"]
    assert record.files("images")[0].stat() == kept, "what was finished is not done again"


def test_a_project_in_use_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = tmp_path / "P"
    listed = star(tmp_path)
    with subprocess.Popen([sys.executable, "-c", HOLDING, str(project)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout
        assert other.stdout.readline() == "held\n"
        said = refused(["run", "--particles", str(listed), "--diameter", "100", "--project", str(project), "--quiet"], capsys)
        assert said.startswith(f"{project} is in use by process {other.pid} on ")
        assert said.endswith("Try: wait for it, or another --project.")
        assert not list((project / "jobs").iterdir())
        assert main(["status", str(project)]) == 0
        assert f"in use by process {other.pid}" in capsys.readouterr().out
        other.communicate()
