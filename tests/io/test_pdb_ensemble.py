"""Models of several, and the numbers that authors give residues."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vitreous.io.pdb import read_ensemble

ATOM = "ATOM      1  CA  ALA A  45A     {:8.3f}   6.071  -5.147  1.00 12.50           C\n"


def test_every_model_is_read_with_its_residues_own_numbers(tmp_path: Path):
    path = tmp_path / "two.pdb"
    path.write_text("".join(f"MODEL {n}\n{ATOM.format(n)}ENDMDL\n" for n in (1, 2)) + "END\n")
    models = read_ensemble(path)
    assert [float(model.positions[0, 0]) for model in models] == [1.0, 2.0]
    assert models[0].numbers.tolist() == ["45A"]
    assert models[0].take(np.array([0])).numbers.tolist() == ["45A"]
