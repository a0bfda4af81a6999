"""Executors by name."""

from __future__ import annotations

import pytest

from vitreous.errors import InputError, MissingExtra
from vitreous.pipeline.executors import choice
from vitreous.pipeline.executors.choice import executor


@pytest.mark.parametrize(("name", "processes"), [("local", 1), ("local:1", 1), ("local:12", 12)])
def test_this_machine(name: str, processes: int) -> None:
    assert executor(name, 10**9).processes == processes


@pytest.mark.parametrize("name", ["dask", "dask:3", "tcp://127.0.0.1:8786", "tls://node:8786", "slurm", "slurm:8", "lsf:8", "pbs:8"])
def test_clusters_are_not_opened_before_they_are_needed(name: str) -> None:
    chosen = executor(name, 10**9)
    assert list(chosen(abs, [])) == []
    chosen.rest()
    chosen.close()


@pytest.mark.parametrize("name", ["cloud", "", "local:two", "local:-1", "dask:x", "tcp:8786", "tcp", "LOCAL", "local:2:3"])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(InputError, match=r"executor must be local, local:N .* got"):
        executor(name, 10**9)


@pytest.mark.parametrize("name", ["local:0", "dask:0", "pbs:0"])
def test_no_workers_at_all(name: str) -> None:
    with pytest.raises(InputError, match=r"number of workers of executor .* must be at least 1; got 0"):
        executor(name, 10**9)


@pytest.mark.parametrize(
    ("name", "absent", "way_out"),
    [
        ("dask:2", "distributed", r"vitreous\[dask\]"),
        ("tcp://127.0.0.1:8786", "distributed", r"vitreous\[dask\]"),
        ("slurm:2", "dask_jobqueue", r"vitreous\[queue\]"),
    ],
)
def test_a_package_that_is_not_installed(name: str, absent: str, way_out: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "find_spec", lambda package: None if package == absent else package)
    with pytest.raises(MissingExtra, match=f"package {absent}. Try: pip install '{way_out}'"):
        executor(name, 10**9)
