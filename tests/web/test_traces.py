"""Backbones of models, residue by residue."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vitreous.errors import FormatError
from vitreous.web.traces import read_trace

LINE = "{kind:6s}{serial:5d} {name:4s} {residue:3s} {chain:1s}{number:4d}    {x:8.3f}{y:8.3f}{z:8.3f}  1.00 20.00          {element:>2s}"


def model(path: Path, atoms: list[tuple]) -> Path:
    """A PDB file of atoms (name, residue, chain, number, place, element)."""
    rows = [
        LINE.format(kind="ATOM", serial=i, name=f" {name}" if len(element) == 1 else name, residue=residue, chain=chain, number=number,
                    x=x, y=y, z=z, element=element)
        for i, (name, residue, chain, number, (x, y, z), element) in enumerate(atoms, 1)
    ]  # fmt: skip
    path.write_text("\n".join([*rows, "END"]) + "\n")
    return path


def protein(chain: str, numbers: list[int], y: float) -> list[tuple]:
    """Residues 3.8 Å apart along x, each with a Cα and a C."""
    return [(name, "ALA", chain, n, (3.8 * n, y + off, 0.0), "C") for n in numbers for name, off in (("CA", 0.0), ("C", 1.5))]


def test_strands_end_with_chains_and_at_gaps(tmp_path: Path) -> None:
    atoms = protein("A", [1, 2, 3, 6, 7], 0.0) + protein("B", [1, 2], 4.0)
    found = read_trace(model(tmp_path / "model.pdb", atoms))
    assert [(each.chain, len(each.places)) for each in found] == [("A", 3), ("A", 2), ("B", 2)]
    assert np.allclose(found[0].places, [[3.8, 0, 0], [7.6, 0, 0], [11.4, 0, 0]])


def test_nucleic_acids_are_traced_by_phosphorus_and_calcium_is_no_backbone(tmp_path: Path) -> None:
    atoms = [("P", "A", "R", n, (6.5 * n, 0.0, 0.0), "P") for n in (1, 2, 3)] + [("CA", "CA", "M", 9, (0.0, 0.0, 9.0), "CA")]
    found = read_trace(model(tmp_path / "model.pdb", atoms))
    assert [(each.chain, len(each.places)) for each in found] == [("R", 3)]


def test_a_ligand_alone_is_its_atoms(tmp_path: Path) -> None:
    atoms = [("C1", "LIG", "L", 1, (0.0, 0.0, 0.0), "C"), ("O1", "LIG", "L", 1, (1.2, 0.0, 0.0), "O")]
    assert [len(each.places) for each in read_trace(model(tmp_path / "model.pdb", atoms))] == [1, 1]


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.pdb").write_text("nothing of the kind\n")
    with pytest.raises(FormatError):
        read_trace(tmp_path / "model.pdb")
