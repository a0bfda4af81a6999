"""The page as a browser gets it, over TCP, behind a prefix and over a unix socket; and each way it must refuse."""

from __future__ import annotations

import http.client
import json
import os
import re
import stat
from pathlib import Path
from urllib.parse import quote

import pytest
import toy_jobs
from web_site import Site, served

from vitreous.errors import InputError
from vitreous.jobs.registry import registry
from vitreous.pipeline.project import Project
from vitreous.web.app import create_app
from vitreous.web.server import tcp_socket, unix_socket

JOBS = ["/jobs/0001-count-letters", "/jobs/0002-walk", "/jobs/0003-fail"]
PAGES = ["/", *JOBS, "/new", "/new/walk", "/new/toy-run", "/new/walk?like=0002-walk"]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_there_and_loads_only_from_here(site: Site, path: str) -> None:
    answer = site.get(path)
    assert answer.status == 200
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    # No inline script or style, and no address of another host: the policy would forbid them.
    assert not re.search(r"<script(?![^>]*\ssrc=)|\sstyle=|<style|\son\w+=", answer.text)
    assert not re.search(r"(src|href|action)=\"(https?:)?//", answer.text)
    assert answer.text.count("<h1") == 1
    assert re.search(r'<html lang="en"', answer.text)


def test_nothing_is_shown_without_the_token(site: Site) -> None:
    for path in (*PAGES, "/files/final/summary.json", "/static/style.css", "/api/project", "/api/events", "/palette.css", "/nowhere"):
        assert site.ask("GET", path).status == 401
    assert site.ask("POST", "/stop", {"origin": site.origin}, b"x=").status == 401


def test_a_cross_site_form_is_refused(site: Site) -> None:
    assert site.post("/stop", origin="http://evil.example").status == 403
    assert site.post("/new/walk", {"steps": 3}, origin="null").status == 403


def test_a_foreign_host_is_refused(site: Site) -> None:
    assert site.get("/", host="evil.example").status == 400


def test_files_are_shown_as_paper(site: Site) -> None:
    answer = site.get("/files/final/summary.json")
    assert answer.status == 200
    assert json.loads(answer.body)["steps"] == 4
    assert answer.headers["content-security-policy"].startswith("sandbox")
    assert answer.headers["x-content-type-options"] == "nosniff"


TRAVERSALS = [
    "..%2fsecret.txt", "%2e%2e/secret.txt", "%2e%2e%2fsecret.txt", "jobs/..%2f..%2fsecret.txt", "../secret.txt", "..%5csecret.txt",
    "%2fetc%2fpasswd", "/etc/passwd", "..%252fsecret.txt", "a%00b", "way-out", "folder-out/secret.txt", "jobs", "no-such",
]  # fmt: skip


@pytest.mark.parametrize("path", TRAVERSALS)
def test_no_address_leads_out_of_the_project(site: Site, project: Project, outside: Path, path: str) -> None:
    for name, target in (("way-out", outside), ("folder-out", outside.parent)):
        link = project.store.folder / name
        if not link.is_symlink():
            os.symlink(target, link)
    answer = site.get("/files/" + path)
    assert answer.status == 404
    assert "none of your business" not in answer.text
    assert site.get("/static/" + path).status == 404
    assert site.get("/jobs/" + path).status == 404


def test_a_whole_path_to_the_secret_is_not_served(site: Site, outside: Path) -> None:
    assert site.get("/files/" + quote(str(outside), safe="")).status == 404
    assert site.get("/files/" + quote(f"//{outside}")).status == 404


def test_a_job_tells_all_there_is_to_tell(site: Site) -> None:
    page = site.get("/jobs/0002-walk").text
    for words in ("It was only a toy.", "0001-count-letters", "place", "walk.json", "Pearson, Nature 72", "--steps=4", "project.do("):
        assert words in page, words
    assert "spoilt word" in site.get("/jobs/0001-count-letters").text
    assert "ZeroDivisionError" in site.get("/jobs/0003-fail").text
    assert "Go on" in site.get("/jobs/0003-fail").text


def test_the_first_page_draws_the_jobs_and_their_lines(site: Site) -> None:
    page = site.get("/").text
    assert 'data-from="0001-count-letters" data-to="0002-walk"' in page
    assert "Shannon" in page
    assert "1 warning" in page


def test_scripts_are_downloads(site: Site) -> None:
    for path in ("/script.py", "/jobs/0002-walk/script.py"):
        answer = site.get(path)
        assert "attachment" in answer.headers["content-disposition"]
        compile(answer.text, path, "exec")
    assert site.get("/jobs/0003-fail/script.py").status == 409
    assert site.get("/jobs/0009-walk/script.py").status == 404


def test_a_wrong_form_comes_back_with_what_was_typed_and_what_is_wrong(site: Site) -> None:
    answer = site.post("/new/walk", {"steps": "<b>0", "stride": "-1", "seed": "one"})
    assert answer.status == 422
    assert 'value="&lt;b&gt;0"' in answer.text
    assert "<b>0" not in answer.text
    for name in ("steps", "stride", "seed"):
        assert f'id="error-{name}"' in answer.text
        assert f'<a href="#in-{name}">' in answer.text
    assert answer.text.count('aria-invalid="true"') == 3


@pytest.mark.parametrize(("path", "status"), [("/new/nothing", 404), ("/jobs/0099-walk", 404), ("/new/walk?like=0099-walk", 404),
                                              ("/new/walk?like=0001-count-letters", 404), ("/stop", 405)])  # fmt: skip
def test_what_is_not_there_is_said(site: Site, path: str, status: int) -> None:
    answer = site.get(path)
    assert answer.status == status
    assert "To the project" in answer.text


def test_nothing_to_stop_and_nothing_to_resume_is_said(site: Site) -> None:
    assert site.post("/stop").status == 409
    assert "nobody works there" in site.post("/stop").text
    assert site.post("/jobs/0002-walk/resume").status == 404


def test_a_form_that_is_too_large_is_refused(site: Site) -> None:
    assert site.post("/new/walk", {"steps": "1" * 4_100_000}).status == 413


def test_the_stream_tells_at_once(site: Site) -> None:
    line = http.client.HTTPConnection("127.0.0.1", site.port, timeout=10)
    line.request("GET", "/api/events", headers={"cookie": site.cookie})
    answer = line.getresponse()
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.readline() == b"event: project\n"
    told = json.loads(answer.readline().removeprefix(b"data: "))
    line.close()
    assert told["holder"] == ""
    assert [(job["job"], job["state"]) for job in told["jobs"]] == [("0003-fail", "failed")]
    assert site.get("/api/project").text == json.dumps(told, separators=(",", ":"), ensure_ascii=False)


def test_colours_are_those_of_the_figures(site: Site) -> None:
    sheet = site.get("/palette.css").text
    assert "--blue:#0a65a8" in sheet
    assert "prefers-color-scheme:dark" in sheet


@pytest.mark.parametrize("sent", ["/node/7", ""])
def test_behind_a_prefix_every_address_keeps_it(project: Project, sent: str) -> None:
    app = create_app(project.store.folder, project.registry, token="t", prefix="/node/7", hosts=("ondemand.example.org",), learn=False)
    with served(app, "t") as site:
        site.enter(sent)
        for path in ("/", "/jobs/0002-walk", "/new/walk"):
            answer = site.get(sent + path, host="ondemand.example.org")
            assert answer.status == 200
            found = re.findall(r'(?:href|src|action)="([^"#][^"]*)"', answer.text)
            assert found
            assert all(each.startswith("/node/7/") for each in found), found
            assert 'data-root="/node/7"' in answer.text
        for each in ("/static/style.css", "/files/final/summary.json", "/api/project"):
            assert site.get(sent + each).status == 200
        moved = site.post(f"{sent}/new/walk", {"steps": "0"}, origin="https://ondemand.example.org", host="node7")
        assert moved.status == 400  # a host name that nobody gave
        moved = site.post(f"{sent}/new/walk", {"steps": "0"}, origin="https://ondemand.example.org", host="ondemand.example.org")
        assert moved.status == 422


def test_why_leads_to_a_lesson_with_the_numbers_of_the_form(project: Project) -> None:
    with served(create_app(project.store.folder, registry(), token="t"), "t") as site:
        assert site.ask("GET", "/learn/").status == 401
        site.enter()
        assert site.get("/learn/").status == 200
        form = site.get("/new/estimate-ctf?pixel_size=1.25&voltage=200").text
        found = re.findall(r'href="(/learn/[^"]*)" aria-label="Why: a lesson on the voltage', form)
        assert found == ["/learn/ctf-blur/?pixel_size=1.25&amp;voltage=200"]
    with served(create_app(project.store.folder, registry(), token="t", learn=False), "t") as site:
        site.enter()
        form = site.get("/new/estimate-ctf").text
        assert "π λ Δf" in form
        assert "/learn/" not in form


def test_over_a_unix_socket_that_only_its_owner_may_use(project: Project, tmp_path: Path) -> None:
    path = tmp_path / "page.sock"
    with served(create_app(project.store.folder, project.registry, token="t", learn=False), "t", path) as site:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert site.ask("GET", "/").status == 401
        site.enter()
        assert site.get("/").status == 200
        with pytest.raises(InputError, match="unix-socket"):
            unix_socket(path)
    # The socket of a server that is gone is taken over; anything else is left alone.
    unix_socket(path).close()
    (tmp_path / "file").write_text("mine")
    with pytest.raises(InputError, match="unix-socket"):
        unix_socket(tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"
    with pytest.raises(InputError, match="unix-socket"):
        unix_socket(tmp_path / "no" / "folder")


def test_a_port_that_is_taken_is_said() -> None:
    with tcp_socket(0) as first:
        first.listen()
        with pytest.raises(InputError, match="port must be free"):
            tcp_socket(first.getsockname()[1])


def test_an_empty_project_says_how_to_begin_and_has_room_for_what_comes(site: Site, tmp_path: Path) -> None:
    made = Project(tmp_path / "P", toy_jobs.registry())
    with served(create_app(made.store.folder, made.registry, token="t", learn=False), "t") as empty:
        empty.enter()
        page = empty.get("/").text
        assert "Nothing has been done here yet" in page
        assert empty.get("/script.py").status == 409
    parts = re.compile(r'id="([\w-]+)" data-live')
    assert parts.findall(page) == parts.findall(site.get("/").text) == ["now", "outcome", "list", "again"]
