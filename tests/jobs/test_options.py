"""What is said of the microscope, and what a header says."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitreous.errors import InputError
from vitreous.jobs.options import Microscope, check_pixel_size, stated_pixel_size


@pytest.mark.parametrize("header", [None, 0.0, 1.0])
def test_a_header_that_says_nothing_is_never_contradicted(header: float | None):
    assert stated_pixel_size(header) is None
    check_pixel_size(3.7, header, "a.mrc")


@settings(max_examples=25, deadline=None)
@given(st.floats(0.2, 9).filter(lambda x: abs(x - 1) > 0.01), st.floats(-0.02, 0.02))
def test_one_per_cent_is_the_limit(header: float, off: float):
    given_size = header * (1 + off)
    if abs(off) < 0.0099:
        check_pixel_size(given_size, header, "a.mrc")
    if abs(off) > 0.0101:
        with pytest.raises(InputError, match=r"pixel_size must agree with the header of a\.mrc to 1 %"):
            check_pixel_size(given_size, header, "a.mrc")


def test_another_limit_may_be_asked_for():
    check_pixel_size(1.04, 1.1, "a.mrc", 0.1)
    with pytest.raises(InputError, match=r"to 10 %, in Å; got 0\.98, and the header says 1\.1\. Try: --pixel-size 1\.1"):
        check_pixel_size(0.98, 1.1, "a.mrc", 0.1)


def test_headers_hold_six_digits():
    assert stated_pixel_size(2.7999999999999994) == 2.8
    assert stated_pixel_size(1.0599999427795410) == 1.06


def test_each_unknown_is_asked_for_by_its_own_name():
    for name, way_out in (("pixel_size", "--pixel-size"), ("voltage", "--voltage"), ("cs", "--cs")):
        told = {"pixel_size": 1.5, "voltage": 300.0, "cs": 2.7, name: None}
        with pytest.raises(InputError, match=rf"{name} must be given, .*: a\.mrc says nothing of it; got None\. Try: {way_out}"):
            Microscope(**told).optics("a.mrc")


def test_what_is_given_counts_and_the_header_fills_in():
    optics = Microscope(voltage=200.0, cs=0.0, amplitude_contrast=0.0).optics("a.mrc", 1.3)
    assert (optics.pixel_size, optics.voltage, optics.spherical_aberration, optics.amplitude_contrast) == (1.3, 200.0, 0.0, 0.0)
    assert Microscope(pixel_size=2.0, voltage=300.0, cs=2.7).optics("a.mrc", 1.3).pixel_size == 2.0


def test_a_pixel_size_of_zero_is_refused():
    with pytest.raises(InputError, match=r"pixel_size must be a number above 0 and at most 1000, in Å; got 0"):
        Microscope(pixel_size=0)
