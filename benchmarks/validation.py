"""How often each finding of `vitreous validate` raises a false alarm on good simulated projects, and what broken ones trip.

Good projects: 600 particles of 64 px and 4.5 Å in 10 micrographs of 8000 to 22000 Å, at poses with errors of 1° and a fifth of a pixel:
the head of the ribosome, and clusters of 2500 atoms drawn by chance, SNR of a pixel 0.06 to 0.2, fall-off 500 to 1000 Å². Broken
ones are the same, spoilt as `tests/toys/spoilt_projects.py` says; each should trip its own finding and no other. Pictures are not drawn.

    python benchmarks/validation.py [--good 40] [--broken 2] [--processes 2] [--first 0] [--only "junk, a third"] [--lines out.jsonl]
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from multiprocessing import get_context
from pathlib import Path
from unittest.mock import patch

import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "toys"))

from scipy.stats import beta
from spoilt_projects import FAULTS, Setting, good, write

from vitreous.errors import JobError
from vitreous.jobs.projects import project

#: Particles that are looked at.
SAMPLE = 600
SNR, FALL = (0.06, 0.1, 0.2), (500.0, 700.0, 1000.0)
Told = tuple[str, int, list[dict], float]


def setting(number: int) -> Setting:
    """One project; the number walks through specimens, noises and fall-offs."""
    what = "head" if number % 3 == 0 else f"cluster {number}"
    return Setting(what=what, count=600, snr=SNR[number % len(SNR)], fall=FALL[number // 3 % len(FALL)], seed=number + 1)


def validated(name: str, number: int) -> Told:
    """Findings of one project, and CPU seconds."""
    torch.set_num_threads(1)
    before = _used()
    with tempfile.TemporaryDirectory() as place, ExitStack() as undrawn:
        undrawn.enter_context(patch("vitreous.views.render.save_figure", lambda figure, path: Path(path).write_text("")))
        undrawn.enter_context(patch("vitreous.views.report_html.write_report", lambda path, page: Path(path).write_text("")))
        undrawn.enter_context(patch("vitreous.jobs.validation.page.page"))
        folder = Path(place)
        made = good(setting(number)) if name == "good" else FAULTS[name][1](setting(number), folder)
        files = write(made, folder)
        done = project(folder / "project", seed=number).do("validate", diameter=made.diameter, sample=SAMPLE, **files)
        checks = json.loads(done["findings"].read_text())["checks"]
    return name, number, checks, _used() - before


def _used() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def all_of(work: list[tuple[str, int]], processes: int, lines: Path | None) -> Iterator[Told]:
    """Each project's findings as they come; kept in ``lines`` too."""
    with get_context("spawn").Pool(processes) as pool:
        for done in pool.imap_unordered(_one, work):
            if lines:
                with lines.open("a") as handle:
                    handle.write(json.dumps(done) + "\n")
            yield done


def _one(job: tuple[str, int]) -> Told:
    try:
        return validated(*job)
    except JobError as problem:
        return (*job, [{"name": "stopped", "verdict": "fail", "reason": str(problem)}], 0.0)


def upper(hits: int, of: int) -> float:
    """95 % upper limit of a rate (Clopper & Pearson 1934)."""
    return 1.0 if hits == of else float(beta.ppf(0.95, hits + 1, of - hits))


def told(checks: list[dict]) -> str:
    """What was not passed."""
    return ", ".join(f"{each['name']} {each['verdict']}" for each in checks if each["verdict"] in ("warn", "fail")) or "all pass"


def print_good(found: list[Told]) -> None:
    """Rates of false alarms."""
    count = Counter((each["name"], each["verdict"]) for _, _, checks, _ in found for each in checks)
    for name in dict.fromkeys(name for name, _ in count):
        done, bad = len(found) - count[name, "not done"], count[name, "warn"] + count[name, "fail"]
        rate = f"{bad:3} of {done:3}, at most {upper(bad, done):.1%}" if done else "not done"
        print(f"{name:18} {rate}")


def main() -> None:
    """Draw and count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--good", type=int, default=40, help="good projects")
    parser.add_argument("--broken", type=int, default=2, help="projects of each fault")
    parser.add_argument("--first", type=int, default=0, help="number of the first project: other numbers are other projects")
    parser.add_argument("--only", help="one fault")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--lines", type=Path, help="file for one line of JSON a project")
    asked = parser.parse_args()
    faults = [name for name in FAULTS if asked.only in (None, name)]
    spoilt, whole = (range(asked.first, asked.first + count) for count in (asked.broken, asked.good))
    work = [(name, number) for number in spoilt for name in faults] + [("good", number) for number in whole]
    found = list(all_of(work, asked.processes, asked.lines))
    sound = [each for each in found if each[0] == "good"]
    if sound:
        print_good(sound)
    for name in faults:
        count = Counter(told(checks) for kind, _, checks, _ in found if kind == name)
        print(f"{name} ({FAULTS[name][0]})".ljust(46), dict(count))
    print(f"{sum(each[3] for each in found):.0f} CPU s, {sum(each[3] for each in found) / max(1, len(found)):.1f} each")


if __name__ == "__main__":
    main()
