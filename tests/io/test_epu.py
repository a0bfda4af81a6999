"""EPU's XML, the metadata inside EER, which file belongs to which movie, and XML that means harm."""

from __future__ import annotations

import tracemalloc
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from eer_files import random_events, write_eer

from vitreous.data.acquisition import Acquisition
from vitreous.errors import FormatError, InputError
from vitreous.io.acquisitions import read_acquisition
from vitreous.io.eer_metadata import parse_eer_metadata
from vitreous.io.epu import read_epu

#: The published elements of EPU's MicroscopeImage in its namespaces; the values are invented.
EPU = """<?xml version="1.0" encoding="utf-8"?>
<MicroscopeImage xmlns="http://schemas.datacontract.org/2004/07/Fei.SharedObjects" xmlns:i="http://www.w3.org/2001/XMLSchema-instance">
<name>x</name><uniqueID>0</uniqueID>
<CustomData xmlns:a="http://schemas.microsoft.com/2003/10/Serialization/Arrays">
<a:KeyValueOfstringanyType><a:Key>AppliedDefocus</a:Key><a:Value i:type="b:double">-2.2E-06</a:Value></a:KeyValueOfstringanyType>
<a:KeyValueOfstringanyType><a:Key>Dose</a:Key><a:Value i:type="b:double">4.0E+21 (e/m\u00b2)</a:Value></a:KeyValueOfstringanyType>
</CustomData>
<SpatialScale><pixelSize><x><numericValue>1.66E-10</numericValue><unit>m</unit></x><y><numericValue>1.66E-10</numericValue></y></pixelSize>
</SpatialScale>
<microscopeData><acquisition><acquisitionDateTime>2021-08-06T12:39:12.1234567Z</acquisitionDateTime><camera>
<Binning xmlns:a="http://schemas.datacontract.org/2004/07/System.Drawing"><a:x>2</a:x><a:y>2</a:y></Binning>
<CameraSpecificInput xmlns:a="http://schemas.microsoft.com/2003/10/Serialization/Arrays"><a:KeyValueOfstringanyType>
<a:Key>FractionationSettings</a:Key><a:Value xmlns:b="http://schemas.datacontract.org/2004/07/Fei.Types"><b:NumberOffractions>40</b:NumberOffractions>
</a:Value></a:KeyValueOfstringanyType></CameraSpecificInput><ExposureTime>2.0</ExposureTime>
<ReadoutArea xmlns:a="http://schemas.datacontract.org/2004/07/System.Drawing"><a:height>2048</a:height><a:width>2880</a:width></ReadoutArea>
</camera></acquisition><gun><AccelerationVoltage>300000</AccelerationVoltage></gun>
<optics><BeamShift xmlns:a="http://schemas.datacontract.org/2004/07/Fei.Types"><a:_x>0.031</a:_x><a:_y>-0.012</a:_y></BeamShift>
<Defocus>-2.31E-06</Defocus>
<ImageShift xmlns:a="http://schemas.datacontract.org/2004/07/Fei.Types"><a:_x>1.5E-06</a:_x><a:_y>0</a:_y></ImageShift></optics>
<stage><Position><A>0.5235987755982988</A><B>0</B><X>-0.0001</X><Y>0.0002</Y><Z>1E-05</Z></Position></stage>
</microscopeData></MicroscopeImage>
"""
NAME = "FoilHole_5862071_Data_5860229_5860231_20210806_123912"
EER = b"""<metadata><item name="commercialName">Falcon 4i</item><item name="numberOfFrames">3</item>
<item name="sensorPixelSize.width" unit="m">8.0e-11</item><item name="totalDose" unit="e/pixel">19.2</item>
<item name="timestamp">2025-03-14T17:40:48.482908+01:00</item><item name="eerGainReference">today.gain</item></metadata>"""


def epu(folder: Path, text: str = EPU) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{NAME}.xml").write_text(text, encoding="utf-8")
    return folder / f"{NAME}.xml"


def test_an_exposure_of_epu(tmp_path: Path):
    told = read_epu(epu(tmp_path / "GridSquare_5855044" / "Data"))
    assert (told.pixel_size, told.voltage, told.exposure) == pytest.approx((1.66, 300, 40))
    assert (told.frames, told.exposure_per_frame) == (40, pytest.approx(1.0))
    assert (told.beam_shift, told.image_shift) == ((0.031, -0.012), (1.5, 0.0))
    assert told.nominal_defocus == pytest.approx(22000)
    assert told.stage_tilt_deg == pytest.approx(30)
    assert told.stage_position == pytest.approx((-100, 200, 10))
    assert (told.hole, told.square) == ("5862071", "5855044")
    assert told.time == datetime(2021, 8, 6, 12, 39, 12, 123456)


def test_movies_may_be_finer_than_the_image_described(tmp_path: Path):
    told = read_epu(epu(tmp_path))
    for shape, scale in (((2048, 2880), 1.66), ((4096, 5760), 0.83), ((5760, 4096), 0.83), ((8192, 11520), 0.415), ((100, 100), 1.66)):
        assert told.pixel_size_of(shape) == pytest.approx(scale)
    assert Acquisition(source=tmp_path).pixel_size_of((2, 2)) is None


def test_what_is_missing_is_not_known(tmp_path: Path):
    told = read_epu(epu(tmp_path, "<MicroscopeImage><gun><AccelerationVoltage>0</AccelerationVoltage></gun></MicroscopeImage>"))
    assert told == Acquisition(source=tmp_path / f"{NAME}.xml", hole="5862071")


def test_an_exposure_of_eer(tmp_path: Path):
    told = parse_eer_metadata(EER, tmp_path / "a.eer")
    assert (told.pixel_size, told.exposure, told.frames) == (pytest.approx(0.8), pytest.approx(30), 3)
    assert (told.gain, told.movie, told.time) == ("today.gain", "a.eer", datetime(2025, 3, 14, 17, 40, 48, 482908))


@pytest.mark.parametrize("name", [f"{NAME}.tif", f"{NAME}_Fractions.tiff", f"{NAME}_fractions.mrc", f"{NAME}_EER.tiff"])
def test_epu_names_a_movie_after_the_exposure(tmp_path: Path, name: str):
    (tmp_path / name).write_bytes(b"any")
    assert read_acquisition(tmp_path / name) is None
    epu(tmp_path)
    assert read_acquisition(tmp_path / name).hole == "5862071"


def test_eer_fills_what_epu_does_not_say(tmp_path: Path):
    events = random_events(np.random.default_rng(0), (8, 8), 4)
    movie = write_eer(tmp_path / f"{NAME}_EER.eer", [events] * 3, (8, 8), xml=EER)
    assert read_acquisition(movie).exposure == pytest.approx(30)
    epu(tmp_path)
    told = read_acquisition(movie)
    assert (told.exposure, told.gain, told.voltage) == (pytest.approx(40), "today.gain", pytest.approx(300))


@pytest.mark.parametrize("name", ["a.tif.mdoc", "a.mdoc"])
def test_serialem_names_its_file_after_the_movie(tmp_path: Path, name: str):
    (tmp_path / "a.tif").write_bytes(b"any")
    (tmp_path / name).write_text("Voltage = 200\n[FrameSet = 0]\nSubFramePath = D:\\x\\other.tif\n")
    assert read_acquisition(tmp_path / "a.tif").voltage == 200
    (tmp_path / name).write_text("[ZValue = 0]\nSubFramePath = b.tif\n[ZValue = 1]\nSubFramePath = D:\\x\\a.tif\nTiltAngle = 5\n")
    assert read_acquisition(tmp_path / "a.tif").stage_tilt_deg == 5
    (tmp_path / name).write_text("[ZValue = 0]\nSubFramePath = b.tif\n[ZValue = 1]\nSubFramePath = c.tif\n")
    assert read_acquisition(tmp_path / "a.tif") is None


LAUGHS = '<!DOCTYPE l [<!ENTITY a "ha">' + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi")) + "]>"
HARMFUL = {
    "entities that multiply": LAUGHS + "<MicroscopeImage>&i;</MicroscopeImage>",
    "an entity from elsewhere": '<!DOCTYPE l [<!ENTITY a SYSTEM "file:///etc/passwd">]><MicroscopeImage>&a;</MicroscopeImage>',
    "a definition from elsewhere": '<!DOCTYPE l SYSTEM "http://127.0.0.1/l.dtd"><MicroscopeImage/>',
}


@pytest.mark.parametrize("what", HARMFUL)
def test_xml_that_means_harm_is_refused(tmp_path: Path, what: str):
    tracemalloc.start()
    with pytest.raises(FormatError, match="must not declare a document type"):
        read_epu(epu(tmp_path, HARMFUL[what]))
    # The largest XML that is read is a mebibyte; a million laughs would be gigabytes.
    assert tracemalloc.get_traced_memory()[1] < 3e6
    tracemalloc.stop()


@pytest.mark.parametrize(("text", "match"), [
    ("", "not whole XML"), ("<MicroscopeImage><a>", "not whole XML"), ("<Other/>", "must be a MicroscopeImage; got 'Other'"),
    ("<MicroscopeImage>" + "<a>" * 80, "at most 64 levels"), ("<MicroscopeImage>" + " " * (1 << 20), "at most 1048576 bytes"),
    ('<?xml version="1.0" encoding="nonsense"?><MicroscopeImage/>', "not whole XML"),
])  # fmt: skip
def test_what_is_no_xml_of_epu(tmp_path: Path, text: str, match: str):
    with pytest.raises(FormatError, match=match):
        read_epu(epu(tmp_path, text))
    with pytest.raises(InputError, match="an XML file that exists"):
        read_epu(tmp_path / "none.xml")
