"""Our decoder against the encoder and decoder of imagecodecs."""

from __future__ import annotations

import contextlib

import imagecodecs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitreous.io.lzw import Decoder, decode

DATA = st.one_of(
    st.binary(min_size=1, max_size=3000),
    st.lists(st.tuples(st.integers(0, 3), st.integers(1, 400)), min_size=1, max_size=60).map(
        lambda runs: b"".join(bytes([value]) * count for value, count in runs)
    ),
    st.tuples(st.integers(0, 2**32 - 1), st.integers(1, 60000)).map(
        lambda told: np.random.default_rng(told[0]).poisson(1.0, told[1]).astype(np.uint8).tobytes()
    ),
)


@given(DATA)
@settings(max_examples=150, deadline=None)
def test_what_was_encoded_is_decoded(data: bytes):
    assert decode(imagecodecs.lzw_encode(data), len(data)).tobytes() == data


@given(DATA, st.floats(0, 1))
@settings(max_examples=50, deadline=None)
def test_no_more_is_decoded_than_is_wanted(data: bytes, share: float):
    wanted = int(share * len(data))
    assert decode(imagecodecs.lzw_encode(data), wanted).tobytes() == data[:wanted]


@given(DATA, st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=8), st.floats(0, 1))
@settings(max_examples=300, deadline=None)
def test_damage_gives_an_error_or_wrong_bytes_but_never_too_many(data: bytes, hits: list[tuple[float, int]], kept: float):
    packed = bytearray(imagecodecs.lzw_encode(data))
    for where, value in hits:
        packed[int(where * (len(packed) - 1))] = value
    with contextlib.suppress(ValueError):
        assert len(decode(bytes(packed[: int(kept * len(packed))]), len(data))) <= len(data)


def test_a_string_may_be_used_before_it_is_ended():
    # "aaaa…" makes the encoder use each code in the very step that enters it.
    data = b"a" * 5000
    assert decode(imagecodecs.lzw_encode(data), 5000).tobytes() == data


def test_a_decoder_remembers_nothing_of_the_strip_before():
    first, second = b"\x01\x02\x03" * 500, np.random.default_rng(1).integers(0, 256, 4000).astype(np.uint8).tobytes()
    packed = [imagecodecs.lzw_encode(data) for data in (first, second, first)]
    decoder = Decoder(max(map(len, packed)), 4000)
    for data, codes in zip((first, second, first), packed):
        assert decoder.decode(codes, len(data)).tobytes() == data


def test_a_code_that_stands_for_nothing_is_refused():
    # Clear (256), then 400, both of nine bits.
    bits = f"{256:09b}{400:09b}".ljust(24, "0")
    with pytest.raises(ValueError, match="stands for nothing"):
        decode(int(bits, 2).to_bytes(3, "big"), 10)
