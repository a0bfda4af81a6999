"""The same work on Dask clusters: one started here, one at an address, one through a (pretended) batch system."""

from __future__ import annotations

import gc
import os
import signal
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
import toy_work

from vitreous.errors import Cancelled, InputError
from vitreous.pipeline.executors import WorkerDied, clusters
from vitreous.pipeline.executors.choice import executor
from vitreous.pipeline.executors.local import Local
from vitreous.runtime.threads import threads

pytest.importorskip("distributed", reason="Dask is not installed")


@pytest.fixture(scope="module")
def two() -> Iterator[Any]:
    """Two Dask workers on this machine."""
    chosen = executor("dask:2", 10**9)
    yield chosen
    chosen.close()


@pytest.fixture(autouse=True)
def _patience() -> Iterator[None]:
    """A cluster without workers is waited for without end, as one waits for a queue; a test is not."""

    def give_up(*_: Any) -> None:
        raise TimeoutError("no worker did anything for two minutes")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(120)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def reduced(chosen: Any, function: Any, shared: Any, count: int) -> tuple[dict[int, Any], Any]:
    values: dict[int, Any] = {}
    total = chosen.map_reduce(function, shared, range(count), toy_work.added, values.__setitem__)
    return values, total


def test_the_same_bits_as_here(two: Any) -> None:
    for count in (1, 2, 13):
        assert reduced(two, toy_work.tenth, 0.3, count) == reduced(Local(), toy_work.tenth, 0.3, count)
    assert sorted(two(abs, [-1, -2, -3])) == [(0, 1), (1, 2), (2, 3)]


def test_a_killed_worker_is_replaced(two: Any, tmp_path: Path) -> None:
    assert reduced(two, toy_work.dying_once, tmp_path, 12)[1] == reduced(Local(), toy_work.tenth, 1.0, 12)[1]
    begun = {item: len(toy_work.beginnings(tmp_path, item)) for item in range(12)}
    assert begun[5] == 2
    # Sums that the dead worker held are made again; what came after its death is not.
    assert all(begun[item] <= 2 for item in range(8))
    assert all(begun[item] == 1 for item in range(8, 12))


def test_errors_and_a_stop(two: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="anything but 3"):
        reduced(two, toy_work.refusing, None, 8)

    def stop(index: int, value: Any) -> None:
        raise Cancelled("stopped by the user.")

    with pytest.raises(Cancelled):
        two.map_reduce(toy_work.dying_once, tmp_path, range(5), toy_work.added, stop)
    assert 1 <= len(toy_work.beginnings(tmp_path)) <= 4


def both_answer(client: Any) -> None:
    """Wait until two workers are there that answer: one was killed by a test above, and is counted for a while."""
    for _ in range(100):
        with suppress(OSError, KeyError):
            if len(client.run(os.getpid, on_error="raise")) == 2:
                return
        time.sleep(0.2)


def test_what_is_shared_is_sent_once_and_threads_are_shared_out(two: Any, tmp_path: Path) -> None:
    told: dict[int, str] = {}
    assert list(two(abs, [-1])) == [(0, 1)]
    both_answer(two._client)
    assert two.map_reduce(toy_work.carried, toy_work.Luggage(tmp_path), range(12), int.__add__, told.__setitem__) == 12
    unpacked = [name.rsplit(".", 1)[1] for name in toy_work.beginnings(tmp_path)]
    assert len(unpacked) == len(set(unpacked)) == 2, "once on each worker"
    assert {value.split()[0] for value in told.values()} <= set(unpacked)
    share = str(max(1, threads() // 2))
    assert {value.split(maxsplit=1)[1] for value in told.values()} == {f"{share} {share}"}


def test_it_listens_to_this_machine_only(two: Any) -> None:
    assert list(two(abs, [-1])) == [(0, 1)]
    mine = [psutil.Process(), *psutil.Process().children(recursive=True)]
    heard = {each.laddr.ip for process in mine for each in process.net_connections() if each.status == psutil.CONN_LISTEN}
    assert heard == {"127.0.0.1"}


def test_an_item_that_kills_each_worker_is_named_and_the_workers_come_back(two: Any) -> None:
    with pytest.raises(WorkerDied, match="on item 2"):
        reduced(two, toy_work.deadly, None, 4)
    assert sorted(two(abs, [-1, -2])) == [(0, 1), (1, 2)]


def test_a_scheduler_that_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    from distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, processes=False, protocol="tcp", dashboard_address=None) as cluster:
        there = executor(cluster.scheduler_address, 10**9)
        assert reduced(there, toy_work.tenth, 0.3, 9) == reduced(Local(), toy_work.tenth, 0.3, 9)
        there.rest()  # it is not ours to end
        assert list(there(abs, [-1])) == [(0, 1)]
        there.close()
        address = cluster.scheduler_address
    monkeypatch.setattr(clusters, "ANSWER_SECONDS", 0.5)
    with pytest.raises(InputError, match="executor must be the address of a Dask scheduler that runs; got 'tcp://127"):
        list(executor(address, 10**9)(abs, [-1]))


def test_jobs_of_a_queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SLURM is played by two scripts: one starts what it is given beside us, the other ends it."""
    dask = pytest.importorskip("dask")
    pytest.importorskip("dask_jobqueue", reason="dask-jobqueue is not installed")
    begin = f'cp "$1" {tmp_path}/$$.sh; setsid timeout 60 bash {tmp_path}/$$.sh >/dev/null 2>&1 &'
    played = {
        "sbatch": f'{begin} echo $! >> {tmp_path}/jobs; echo "Submitted batch job $!"',
        "scancel": 'for job in "$@"; do kill -- "-$job"; done',
    }
    for name, text in played.items():
        (tmp_path / name).write_text(f"#!/bin/bash\n{text}\n")
        (tmp_path / name).chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(Path(toy_work.__file__).parent))
    monkeypatch.setenv("HOME", str(tmp_path))
    queue = executor("slurm:2", 5 * 10**8)
    with dask.config.set({"jobqueue.slurm.interface": "lo"}):
        assert reduced(queue, toy_work.tenth, 0.3, 9) == reduced(Local(), toy_work.tenth, 0.3, 9)
    queue.rest()  # jobs that were waited for are kept for the next job
    assert list(queue(abs, [-1])) == [(0, 1)]
    queue.close()
    scripts = [path.read_text() for path in tmp_path.glob("*.sh")]
    assert len(scripts) == 2
    assert "#SBATCH --cpus-per-task=1\n#SBATCH --mem=477M" in scripts[0]  # 5e8 bytes in MiB, rounded up
    assert "--tls-key" in scripts[0]
    gc.collect()
    assert list(tmp_path.glob(".dask-jobqueue*")) == [], "the keys go with the cluster"
    for job in (tmp_path / "jobs").read_text().split():
        assert not psutil.pid_exists(int(job)) or psutil.Process(int(job)).status() == psutil.STATUS_ZOMBIE
