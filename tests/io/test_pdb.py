"""Reading atomic models."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from vitreous.errors import FormatError
from vitreous.io.pdb import read_model

PDB = """\
ATOM      1  N   ALA A   1      11.104   6.134  -6.504  1.00 10.00           N
ATOM      2  CA AALA A   1      11.639   6.071  -5.147  0.60 12.50           C
ATOM      3  CA BALA A   1      21.639   6.071  -5.147  0.40 12.50           C
ATOM      4  P     G B   2       1.000  -2.000   3.000  1.00 50.00           P
HETATM    5  O   HOH A 101       0.000   0.000   0.000  1.00 30.00           O
HETATM    6 MG    MG A 102       5.000   5.000   5.000  1.00 30.00          MG
END
"""


@pytest.mark.parametrize("packed", [False, True])
def test_columns(tmp_path: Path, packed: bool):
    path = tmp_path / ("m.pdb.gz" if packed else "m.pdb")
    path.write_bytes(gzip.compress(PDB.encode()) if packed else PDB.encode())
    model = read_model(path)
    by_name = {(r, n): i for i, (r, n) in enumerate(zip(model.residues, model.names))}
    assert len(model) == 4
    assert model.positions[by_name["ALA", "CA"]] == pytest.approx([11.639, 6.071, -5.147])
    assert model.elements[by_name["MG", "MG"]] == "Mg"
    assert model.b_factors[by_name["G", "P"]] == 50.0
    assert len(np.unique(model.residue_index)) == 3
    assert len(model.take(model.chains == "B")) == 1


def test_bad_files_are_named(tmp_path: Path):
    with pytest.raises(FormatError, match="no such file"):
        read_model(tmp_path / "none.pdb")
    (tmp_path / "empty.pdb").write_text("END\n")
    with pytest.raises(FormatError, match="must hold atoms"):
        read_model(tmp_path / "empty.pdb")


def test_assembly_of_apoferritin_has_24_copies(real_data: Path):
    path = real_data / "models" / "7a4m.cif.gz"
    whole, part = read_model(path, assembly="1"), read_model(path)
    assert len(set(whole.chains)) == 24
    assert np.sum(whole.residues == "LEU") == 24 * np.sum(part.residues == "LEU")
