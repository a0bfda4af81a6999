"""STAR files in every dialect; the compiled reader and the plain one mean the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import vitreous.io.star as star
from vitreous.errors import FormatError, InputError
from vitreous.io.star import Table, read_star, write_star

RELION_30 = """
data_

loop_
_rlnMicrographName #1
_rlnDefocusU #2
_rlnClassNumber #3
a.mrc  10000.5 1
b.mrc   9000   2

"""
RELION_31 = """
# version 30001

data_optics

loop_
_rlnOpticsGroupName #1
_rlnVoltage #2
opticsGroup1 300.000000


# version 30001

data_particles

loop_
_rlnImageName #1
_rlnNote #2
000001@s.mrcs "two words"
000002@s.mrcs ''
# a comment between rows
000003@it's#1.mrcs x # and one after a row
"""
RELION_5 = """# version 50001

data_general

_rlnTomoName 'TS 01'   # of a tilt series
_rlnBinning           2

data_empty

loop_
_rlnCoordinateX
_rlnMicrographName
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "a.star"
    path.write_bytes(text.encode())
    return path


def plain(blocks: dict[str, Table]) -> dict[str, tuple[bool, dict[str, list]]]:
    return {name: (t.single, {k: v.tolist() for k, v in t.columns.items()}) for name, t in blocks.items()}


@pytest.fixture(params=["plain", "compiled"])
def reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Every test of reading runs with both readers of rows."""
    monkeypatch.setattr(star, "COMPILED_FROM", 0 if request.param == "compiled" else 1 << 40)
    return request.param


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_dialects(tmp_path: Path, reader: str, newline: str):
    assert plain(read_star(written(tmp_path, RELION_30.replace("\n", newline)))) == {
        "": (False, {"rlnMicrographName": ["a.mrc", "b.mrc"], "rlnDefocusU": [10000.5, 9000.0], "rlnClassNumber": [1, 2]}),
    }
    assert plain(read_star(written(tmp_path, RELION_31.replace("\n", newline)))) == {
        "optics": (False, {"rlnOpticsGroupName": ["opticsGroup1"], "rlnVoltage": [300.0]}),
        "particles": (False, {"rlnImageName": ["000001@s.mrcs", "000002@s.mrcs", "000003@it's#1.mrcs"],
                              "rlnNote": ["two words", "", "x"]}),
    }  # fmt: skip
    assert plain(read_star(written(tmp_path, RELION_5.replace("\n", newline)))) == {
        "general": (True, {"rlnTomoName": ["TS 01"], "rlnBinning": [2]}),
        "empty": (False, {"rlnCoordinateX": [], "rlnMicrographName": []}),
    }


@pytest.mark.parametrize(("values", "kind"), [
    (["1", "-2", "+3"], "i"), (["1", "2.0"], "f"), (["1e5", "-.5", "3."], "f"), (["nan", "-inf", "1"], "f"),
    (["1", "None"], "O"),
    (["0012", "0013"], "O"), (["1_2", "3_4"], "O"), (["1", "0012"], "O"), (["."], "O"), (["1e"], "O"), (["-"], "O"),
    (["0x10"], "O"),
    (["12345678901234567890"], "f"), (["0", "-0"], "i"), (["1.2.3"], "O"), (["1e400"], "f"), (["٣"], "O"),
])  # fmt: skip
def test_kinds_of_columns(tmp_path: Path, reader: str, values: list[str], kind: str):
    rows = "\n".join(values)
    column = read_star(written(tmp_path, f"data_\nloop_\n_a\n{rows}\n"))[""]["a"]
    assert column.dtype.kind == kind
    assert column.tolist() == [{"i": int, "f": float, "O": str}[kind](v) for v in values] or "nan" in values


def test_a_kind_that_changes_late(tmp_path: Path, reader: str):
    """The compiled reader guesses from the first 64 kB; a value far below must still count."""
    count = 40_000
    for late, kind in (("1.5", "f"), ("x", "O"), ("007", "O")):
        rows = [f"{k} {k}.25 n{k}" for k in range(count)]
        rows[-2] = f"{late} {late} n"
        columns = read_star(written(tmp_path, "data_\nloop_\n_a\n_b\n_c\n" + "\n".join(rows) + "\n"))[""]
        assert columns["a"].dtype.kind == kind
        assert str(columns["a"][-2]) == str(columns["b"][-2]) == late
        assert float(columns["b"][5]) == 5.25
        assert columns["c"][7] == "n7"


def test_names_are_always_text(tmp_path: Path, reader: str):
    table = read_star(written(tmp_path, "data_\nloop_\n_rlnMicrographName\n_b\n1 1\n2 2\n"))[""]
    assert table["rlnMicrographName"].tolist() == ["1", "2"]
    assert table["b"].tolist() == [1, 2]


@settings(deadline=None, max_examples=60)
@given(
    values=st.lists(st.floats(), min_size=1, max_size=30),
    form=st.sampled_from(["{!r}", "{:.6f}", "{:12.6e}", "{:g}", "{:.20e}"]),
)
def test_decimals_are_read_to_the_last_bit(tmp_path_factory, values, form):
    path = tmp_path_factory.mktemp("star") / "a.star"
    texts = [form.format(value) for value in values]
    path.write_text("data_\nloop_\n_a\n_b\n" + "".join(f"{text} .5\n" for text in texts))
    saved = star.COMPILED_FROM
    try:
        star.COMPILED_FROM = 0
        got = read_star(path)[""]["a"]
    finally:
        star.COMPILED_FROM = saved
    np.testing.assert_array_equal(got, np.array([float(text) for text in texts]))


@settings(deadline=None, max_examples=100)
@given(rows=st.lists(st.tuples(*[st.text("ab0123456789.-+e_'\"# \t", max_size=6)] * 3), max_size=8))
def test_both_readers_mean_the_same(tmp_path_factory, rows):
    """Any text in place of rows: the same table, or the same complaint about the same line."""
    path = tmp_path_factory.mktemp("star") / "a.star"
    path.write_text("data_x\nloop_\n_a\n_b\n_c\n" + "\n".join(" ".join(row) for row in [("1", "2", "3"), *rows]))
    outcomes, saved = [], star.COMPILED_FROM
    for limit in (0, 1 << 40):
        star.COMPILED_FROM = limit
        try:
            outcomes.append({k: (v.dtype, v.tolist()) for k, v in read_star(path)["x"].columns.items()})
        except FormatError as error:
            outcomes.append(str(error))
        finally:
            star.COMPILED_FROM = saved
    assert outcomes[0] == outcomes[1]


texts = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=12)
columns = st.one_of(
    st.lists(texts, min_size=3, max_size=3).map(lambda v: np.array(v, object)),
    st.lists(st.floats(), min_size=3, max_size=3).map(np.array),
    st.lists(st.integers(-(10**17), 10**17), min_size=3, max_size=3).map(np.array),
)


@settings(deadline=None, max_examples=60)
@given(st.dictionaries(st.sampled_from(["rlnA", "rlnB", "myName", "x_1"]), columns, min_size=1))
def test_what_is_written_is_read(tmp_path_factory, table):
    path = tmp_path_factory.mktemp("star") / "a.star"
    try:
        write_star(path, {"some": Table(table), "one": Table({"rlnK": np.array([2.5])}, single=True)})
    except InputError as error:
        assert "kinds of quote" in str(error)  # noqa: PT017
        return
    back = read_star(path)
    assert back["one"].single
    for label, values in table.items():
        got = back["some"][label]
        assert got.astype(str).tolist() == values.astype(str).tolist() or np.array_equal(
            got.astype(float), values.astype(float), equal_nan=True
        )


@pytest.mark.parametrize(("text", "match"), [
    ("data_x\nloop_\n_a\n_b\n1 2\n3\n", r"line 6.*a row of this loop must have 2 values; got 1: '3'"),
    ("data_x\nloop_\n_a\n_b\n1 2\n\n# c\n3 4 5 \n6 7\n", r"line 8.*2 values; got 3: '3 4 5'"),
    ("data_x\nloop_\n_a\n_a\n1 2\n", r"line 4.*labels of a loop must differ; got a twice"),
    ("data_x\n_a 1\n_a 2\n", r"line 3.*labels of a block must differ"),
    ("data_x\n_a\n", r"line 2.*outside a loop, must have one value; got 0"),
    ("data_x\n_a 1\nloop_\n_b\n1\n", r"line 3.*a loop or a list of label and value; got both"),
    ("data_x\nhello\n", r"line 2.*a label must begin with an underscore; got 'hello'"),
    ("data_x\n_a 1\ndata_x\n_a 1\n", r"line 3.*got data_x twice"),
    ("_a 1\n", r"line 1.*must begin with a data_ line; got '_a'"),
    ("", "must have a line that begins with data_; got none"),
    ("data_x\nloop_\n", "a loop must have labels; got none"),
    ("data_x\n\0\0", "must be text; got binary"),
])  # fmt: skip
def test_broken_files_name_the_line(tmp_path: Path, reader: str, text: str, match: str):
    with pytest.raises(FormatError, match=match):
        read_star(written(tmp_path, text))


def test_a_value_that_begins_like_a_block(tmp_path: Path, reader: str):
    table = read_star(written(tmp_path, "data_x\nloop_\n_aName\n_b\ndata_1.mrc 1\nloop_2.mrc 2\n"))["x"]
    assert table["aName"].tolist() == ["data_1.mrc", "loop_2.mrc"]


def test_what_cannot_be_written(tmp_path: Path):
    for table, match in [
        ({"a": np.array(["x\ny"], object)}, "must not hold line breaks"),
        ({"a": np.array(["x' y\" "], object)}, "both kinds of quote"),
        ({"a b": np.array([1])}, "the label must have no blanks"),
    ]:
        with pytest.raises(InputError, match=match):
            write_star(tmp_path / "a.star", {"": Table(table)})
        assert not list(tmp_path.iterdir())
    with pytest.raises(InputError, match="columns of a table must have one length"):
        Table({"a": np.zeros(2), "b": np.zeros(3)})
    with pytest.raises(InputError, match="must have one row; got 2"):
        Table({"a": np.zeros(2)}, single=True)
    with pytest.raises(InputError, match="a STAR file that exists; got nothing there"):
        read_star(tmp_path / "none.star")


@pytest.mark.oracle
def test_starfile_agrees(tmp_path: Path, real_data: Path):
    starfile = pytest.importorskip("starfile")
    for path in sorted((real_data / "metadata").glob("*.star")) + sorted((real_data / "particles").glob("*.star")):
        theirs = starfile.read(path, always_dict=True)
        ours = read_star(path)
        write_star(tmp_path / "a.star", ours)
        again = starfile.read(tmp_path / "a.star", always_dict=True)
        assert list(theirs) == list(ours) == list(again)
        for name, table in ours.items():
            for label, values in table.columns.items():
                for frame in (theirs[name], again[name]):
                    if values.dtype == object:
                        assert frame[label].astype(str).tolist() == values.tolist()
                    else:
                        np.testing.assert_array_equal(frame[label].to_numpy(), values)
