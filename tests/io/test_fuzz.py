"""Thousands of damaged files through every reader: a value or a VitreousError, never anything else, and little memory."""

from __future__ import annotations

import bz2
import gzip
import logging
import tracemalloc
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import gemmi
import numpy as np
import pytest
import tifffile
import zstandard
from damage import damaged, damaged_text
from eer_files import random_events, write_eer
from tiff_files import write_four_bits

from vitreous.data.motion import LOCAL_TERMS, Motion
from vitreous.errors import VitreousError
from vitreous.io.acquisitions import read_acquisition
from vitreous.io.coordinates import read_picks, write_coordinates
from vitreous.io.defects import read_defects
from vitreous.io.eer_gain import read_eer_gain
from vitreous.io.epu import read_epu
from vitreous.io.gain import read_gain
from vitreous.io.mdoc import read_mdoc
from vitreous.io.micrographs import read_micrographs
from vitreous.io.motion import read_motion, write_motion
from vitreous.io.movies import open_movie
from vitreous.io.mrc import read_image, read_volume, write_stack
from vitreous.io.particles import read_particles
from vitreous.io.pdb import read_model
from vitreous.io.star import read_star

Reader = Callable[[Path], object]
#: The files are of a few kilobytes at most; zlib and bz2 take their input in pieces of 16 MiB.
MOST_MEMORY = 64e6
FRAMES = np.random.default_rng(0).poisson(2, (3, 24, 32)).astype(np.uint8)
PACKERS = {"gz": gzip.compress, "bz2": bz2.compress, "zst": lambda raw: zstandard.ZstdCompressor().compress(raw)}
TIFFS = {
    "lzw strips": {"compression": "lzw", "rowsperstrip": 8}, "plain, big endian": {"byteorder": ">"},
    "zip tiles, BigTIFF": {"compression": "zlib", "tile": (16, 16), "bigtiff": True},
    "zstd, differences": {"compression": "zstd", "predictor": 2},
}  # fmt: skip
STAR = """# version 30001

data_optics

loop_
_rlnOpticsGroupName #1
_rlnOpticsGroup #2
_rlnImagePixelSize #3
_rlnVoltage #4
_rlnSphericalAberration #5
_rlnAmplitudeContrast #6
a 1 1.25 300 2.7 0.1
b 2 1.25 300 2.7 0.1

data_particles

loop_
_rlnMicrographName #1
_rlnCoordinateX #2
_rlnCoordinateY #3
_rlnDefocusU #4
_rlnDefocusV #5
_rlnDefocusAngle #6
_rlnAngleRot #7
_rlnAngleTilt #8
_rlnAnglePsi #9
_rlnOriginXAngst #10
_rlnOriginYAngst #11
_rlnOpticsGroup #12
_rlnClassNumber #13
_rlnRandomSubset #14
m1.mrc 10 20 15000 14000 30 1 2 3 0.5 -0.5 1 1 1
m1.mrc 30 25 15000 14000 30 4 5 6 0.5 -0.5 2 1 2
m2.mrc 11 21 15500 14500 31 7 8 9 0.1 -0.2 1 2 1
"""
ATOMS = """CRYST1   10.000   10.000   10.000  90.00  90.00  90.00 P 1
ATOM      1  N   ALA A   1      11.104   6.134  -6.504  1.00  0.00           N
ATOM      2  CA  ALA A   1      11.639   6.071  -5.147  1.00  0.00           C
TER
END
"""
MDOC = """PixelSpacing = 1.971
Voltage = 300

[T =     Tilt axis angle = 82.9, binning = 1  spot = 5  camera = 1 dosym = 8.0]

[ZValue = 0]
TiltAngle = -52.0064
StagePosition = 137.175 367.199
StageZ = 17.7518
ExposureDose = 2.23843
ImageShift = -0.0733564 0.646703
TargetDefocus = -3
PriorRecordDose = 134.379
SubFramePath = D:\\018_01.mrc
NumSubFrames = 10
DateTime = 06-Jun-23  23:19:46
"""
XML = """<?xml version="1.0"?><MicroscopeImage xmlns="http://a" xmlns:i="http://b"><CustomData xmlns:c="http://c"><c:Pair>
<c:Key>Dose</c:Key><c:Value>4.0E+21</c:Value></c:Pair></CustomData><SpatialScale><pixelSize><x><numericValue>1.66E-10</numericValue>
</x></pixelSize></SpatialScale><microscopeData><camera><ReadoutArea><c:height xmlns:c="http://c">2048</c:height><width>2880</width>
</ReadoutArea></camera><gun><AccelerationVoltage>300000</AccelerationVoltage></gun><optics><BeamShift><_x>0.031</_x><_y>1</_y></BeamShift>
</optics><stage><Position><A>0.5</A><X>-0.0001</X><Y>0.0002</Y><Z>1E-05</Z></Position></stage></microscopeData></MicroscopeImage>
"""


class Outcome(NamedTuple):
    """How many readings gave a value, and how many an error that is ours."""

    read: int
    refused: int


def frames_of(path: Path) -> None:
    for _ in open_movie(path).frames():
        pass


def through(path: Path, spoilt: Iterable[bytes], *readers: Reader) -> Outcome:
    """Write each damaged file and read it; whatever is not a VitreousError fails the test with the file's number."""
    logging.disable(logging.CRITICAL)  # tifffile tells of damage at length
    tracemalloc.start()
    try:
        return _counted(path, spoilt, readers)
    finally:
        tracemalloc.stop()
        logging.disable(logging.NOTSET)


def _counted(path: Path, spoilt: Iterable[bytes], readers: Sequence[Reader]) -> Outcome:
    read = refused = 0
    for number, raw in enumerate(spoilt):
        path.write_bytes(raw)
        for reader in readers:
            before = tracemalloc.get_traced_memory()[0]
            tracemalloc.reset_peak()
            try:
                reader(path)
                read += 1
            except VitreousError:
                refused += 1
            except Exception as error:
                raise AssertionError(f"file {number}: {type(error).__name__}: {error}") from error
            taken = tracemalloc.get_traced_memory()[1] - before
            assert taken < MOST_MEMORY, f"file {number} of {len(raw)} bytes: {taken / 1e6:.0f} MB"
    return Outcome(read, refused)


def test_the_test_sees_other_errors_and_giants(tmp_path: Path):
    with pytest.raises(AssertionError, match="file 0: KeyError"):
        through(tmp_path / "a", [b"a"], lambda path: {}[path])
    with pytest.raises(AssertionError, match="file 1 of 2 bytes: 100 MB"):
        through(tmp_path / "a", [b"a", b"bb"], lambda path: np.empty(50_000_000 * (path.stat().st_size - 1) * 2, np.uint8))


@pytest.fixture
def chance() -> np.random.Generator:
    return np.random.default_rng(1)


@pytest.mark.parametrize("kind", [*TIFFS, "4 bits"])
def test_tiff(tmp_path: Path, chance: np.random.Generator, kind: str):
    path = tmp_path / "a.tif"
    if kind == "4 bits":
        write_four_bits(path, FRAMES & 15, compression=32773)
    else:
        options = dict(TIFFS[kind])
        with tifffile.TiffWriter(path, byteorder=options.pop("byteorder", "<"), bigtiff=options.pop("bigtiff", False)) as writer:
            for frame in FRAMES:
                writer.write(frame, contiguous=False, metadata=None, **options)
    assert min(through(path, damaged(path.read_bytes(), chance, 60), frames_of)) > 1


def test_one_tiff_image_and_gain(tmp_path: Path, chance: np.random.Generator):
    path = tmp_path / "a.gain"
    tifffile.imwrite(path, FRAMES[0] + np.float32(0.5), resolution=(1e8, 1e8), resolutionunit="CENTIMETER")
    readers = (read_image, read_gain, lambda p: read_eer_gain(p, (48, 64)))
    assert min(through(path, damaged(path.read_bytes(), chance, 50, head=400), *readers)) > 10


@pytest.mark.parametrize("compression", [65000, 65001, 65002])
def test_eer(tmp_path: Path, chance: np.random.Generator, compression: int):
    xml = b'<metadata><item name="sensorPixelSize.width">8e-11</item><item name="totalDose">19.2</item></metadata>'
    events = [random_events(chance, (16, 20), 30) for _ in range(4)]
    path = write_eer(tmp_path / "a.eer", events, (16, 20), compression=compression, xml=xml, big=compression == 65002)
    assert min(through(path, damaged(path.read_bytes(), chance, 150), frames_of, read_acquisition)) > 20


def test_mrc(tmp_path: Path, chance: np.random.Generator):
    path = tmp_path / "a.mrc"
    write_stack(path, FRAMES, 1.0)
    readers = (frames_of, read_volume, read_image, read_gain)
    assert min(through(path, damaged(path.read_bytes(), chance, 200, head=260), *readers)) > 50


@pytest.mark.parametrize("kind", PACKERS)
@pytest.mark.parametrize("inside", [False, True])
def test_packed_mrc(tmp_path: Path, chance: np.random.Generator, kind: str, inside: bool):
    """Damage to the packed stream, and to the header that was then packed."""
    path = tmp_path / f"a.mrc.{kind}"
    write_stack(tmp_path / "a.mrc", FRAMES, 1.0)
    raw, pack = (tmp_path / "a.mrc").read_bytes(), PACKERS[kind]
    spoilt = map(pack, damaged(raw, chance, 60, head=260)) if inside else damaged(pack(raw), chance, 60)
    assert through(path, spoilt, frames_of, read_volume).refused > 20


def text_of_motion(folder: Path) -> str:
    random = np.random.default_rng(0)
    motion = Motion(shape=(24, 32), pixel_size=1.2, global_shifts=random.normal(size=(4, 2)), local=random.normal(size=(2, LOCAL_TERMS)),
                    patches=random.normal(size=(6, 5)), defects=np.array([[1, 2], [3, 4]]), dose_per_frame=1.0)  # fmt: skip
    write_motion(folder / "a.star", motion, "a.tif")
    return (folder / "a.star").read_text()


def text_of_cif(folder: Path) -> str:
    (folder / "a.pdb").write_text(ATOMS)
    structure = gemmi.read_structure(str(folder / "a.pdb"))
    structure.setup_entities()
    return structure.make_mmcif_document().as_string()


def text_of_picks(folder: Path) -> str:
    write_coordinates(folder / "a.star", np.array([[1.0, 2.0], [3.0, 4.0]]))
    return (folder / "a.star").read_text()


TEXTS: dict[str, tuple[str | Callable[[Path], str], str, tuple[Reader, ...]]] = {
    "star": (STAR, "star", (read_star, read_particles, read_micrographs)),
    "motion": (text_of_motion, "star", (read_motion,)),
    "picks": (text_of_picks, "star", (read_picks,)),
    "mdoc": (MDOC, "mdoc", (read_mdoc,)),
    "epu": (XML, "xml", (read_epu,)),
    "pdb": (ATOMS, "pdb", (read_model,)),
    "mmcif": (text_of_cif, "cif", (read_model,)),
    "defects": ("1 2 3 4\n5 6 2 2\n# none\n", "txt", (lambda path: read_defects(path, (24, 32)),)),
}


@pytest.mark.parametrize("kind", TEXTS)
def test_text(tmp_path: Path, chance: np.random.Generator, kind: str):
    text, ending, readers = TEXTS[kind]
    raw = (text if isinstance(text, str) else text(tmp_path)).encode()
    assert min(through(tmp_path / f"b.{ending}", damaged_text(raw, chance, 150), *readers)) > 1


@pytest.mark.parametrize("readers", [(frames_of, read_volume, read_gain), (read_star, read_mdoc, read_epu, read_model)])
def test_noise(tmp_path: Path, chance: np.random.Generator, readers: tuple[Reader, ...]):
    heads = (b"", b"II*\0", b"MM\0+", b"\x1f\x8b\x08", b"BZh9", b"\x28\xb5\x2f\xfd", b"<?xml", b"data_")
    spoilt = (head + chance.bytes(int(chance.integers(0, 3000))) for head in heads * 4)
    assert through(tmp_path / "a.bin", spoilt, *readers).refused > 50
