"""What is shipped of others is what it says it is, and nothing that is shipped calls anyone."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path

import vitreous.web

WEB = Path(vitreous.web.__file__).parent
VENDOR = WEB / "static" / "vendor"
#: Names of XML, which nobody fetches, and papers, which a reader may follow.
NAMES = ("http://www.w3.org/", "https://doi.org/")


def test_vendored_files_are_those_that_the_script_made() -> None:
    entries = json.loads((VENDOR / "VENDOR.json").read_text())
    listed = {name: digest for entry in entries for name, digest in entry["files"].items()}
    assert set(listed) == {path.name for path in VENDOR.iterdir()} - {"VENDOR.json"}
    for name, digest in listed.items():
        assert "sha512-" + base64.b64encode(hashlib.sha512((VENDOR / name).read_bytes()).digest()).decode() == digest, name
    for entry in entries:
        assert {"name", "version", "licence", "package_sha512"} <= set(entry)
        assert any(name.endswith(".LICENSE") for name in entry["files"])


def test_nothing_that_is_shipped_names_another_machine() -> None:
    files = [path for folder in ("static", "templates") for path in (WEB / folder).rglob("*")]
    shipped = [path for path in files if path.suffix in (".js", ".css", ".html", ".svg")]
    assert len(shipped) > 5
    for path in shipped:
        text = path.read_text(encoding="utf-8")
        found = [each for each in re.findall(r"(?:https?|wss?):?//[\w.-]+[^\s\"'`)<]*", text) if not each.startswith(NAMES)]
        assert found == [], path
        assert not re.search(r"(?:src|href|url\(|from|import\()\s*[=\"'(]*//\w", text), path


def test_the_search_finds_what_it_is_for(tmp_path: Path) -> None:
    assert re.findall(r"(?:https?|wss?):?//[\w.-]+", 'import("https://cdn.example/x.js")') == ["https://cdn.example"]
