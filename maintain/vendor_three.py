"""Make ``src/vitreous/web/static/vendor/three.js``, the one foreign library that the web page ships: ``python maintain/vendor_three.py``.

For maintainers: it needs npm, and Linux on x86-64 for the bundler. The packages are pinned by version and by the sha512 that the
registry printed for them; nothing of theirs runs but the bundler. Users need neither node nor a network.
"""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import tarfile
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENDOR = HERE.parent / "src" / "vitreous" / "web" / "static" / "vendor"

#: Package, version, and sha512 of its tarball, as npm writes it.
THREE = (
    "three",
    "0.187.0",
    "sha512-Qiu7R+Cmh8CstZsY1uJOSWnVlfo7ZtNLV7mF8Jltk3LB3AtDu9cRZlcnRKkAk8Y4z6KKw35z7Y7Urd7jWY8etA==",
)
ESBUILD = (
    "@esbuild/linux-x64",
    "0.28.2",
    "sha512-4xTZr1FUmSoQW4XIWmit3tzQrUTZM+N3P0XV8xROKYF50XfI7xeO90+1bZvNwxIufQ9hDQVRJH5YhgPVF8A/HQ==",
)


def sha512(data: bytes) -> str:
    """Digest in npm's writing."""
    return "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode()


def unpacked(package: tuple[str, str, str], folder: Path) -> Path:
    """Fetch a package, hold it against its digest and unpack it."""
    name, version, integrity = package
    folder.mkdir(parents=True)
    subprocess.run(["npm", "pack", "--silent", f"{name}@{version}"], cwd=folder, check=True)
    (tarball,) = folder.glob("*.tgz")
    got = sha512(tarball.read_bytes())
    if got != integrity:
        raise SystemExit(f"{name} {version} must have {integrity}; got {got}.")
    with tarfile.open(tarball) as archive:
        archive.extractall(folder, filter="data")
    return folder / "package"


def bundle(work: Path) -> dict[str, object]:
    """Bundle the parts of three.js that are used; its licence goes beside them. Gives their entry in VENDOR.json."""
    three, esbuild = unpacked(THREE, work / "three"), unpacked(ESBUILD, work / "esbuild")
    modules = work / "node_modules"
    modules.mkdir()
    (modules / "three").symlink_to(three)
    out = VENDOR / "three.js"
    parts = work / "three_parts.js"
    parts.write_bytes((HERE / "three_parts.js").read_bytes())
    wish = ["--bundle", "--minify", "--format=esm", "--target=es2022", "--legal-comments=eof", f"--outfile={out}"]
    subprocess.run([esbuild / "bin" / "esbuild", parts, *wish], cwd=work, check=True)
    (VENDOR / "three.LICENSE").write_bytes((three / "LICENSE").read_bytes())
    return {
        "name": THREE[0], "version": THREE[1], "licence": "MIT", "package_sha512": THREE[2], "bundler": f"{ESBUILD[0]} {ESBUILD[1]}",
        "files": {name: sha512((VENDOR / name).read_bytes()) for name in ("three.js", "three.LICENSE")},
    }  # fmt: skip


def main() -> None:
    """Make the folder anew."""
    VENDOR.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        entry = bundle(Path(work))
    (VENDOR / "VENDOR.json").write_text(json.dumps([entry], indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
