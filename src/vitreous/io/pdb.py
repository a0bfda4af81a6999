"""Read atomic models: PDB and mmCIF, plain or gzipped; write them moved."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vitreous.data.atomic_model import AtomicModel
from vitreous.errors import FormatError

if TYPE_CHECKING:
    import gemmi


def read_model(path: str | Path, *, assembly: str | None = None) -> AtomicModel:
    """Read the first model of a PDB or mmCIF file; waters are left out, of alternative conformations the first is kept.

    Parameters
    ----------
    path
        ``.pdb``, ``.cif``, plain or ``.gz``.
    assembly
        Name of a biological assembly to build ("1"), or None for the atoms as they are in the file.

    Raises
    ------
    FormatError
        If it cannot be read or holds no atoms.
    """
    return read_ensemble(path, assembly=assembly)[0]


def read_ensemble(path: str | Path, *, assembly: str | None = None) -> list[AtomicModel]:
    """Read every model of a PDB or mmCIF file; arguments and errors as for :func:`read_model`."""
    import gemmi

    if not Path(path).is_file():
        raise FormatError(path, "no such file.")
    try:
        structure = gemmi.read_structure(str(path))
        structure.setup_entities()
        if assembly is not None:
            structure.transform_to_assembly(assembly, gemmi.HowToNameCopiedChain.AddNumber)
        structure.remove_waters()
        structure.remove_alternative_conformations()
        models = [_model(rows, structure.name) for rows in map(_atoms, structure) if rows]
    except (RuntimeError, ValueError, OSError) as cause:
        raise FormatError(path, f"an atomic model must be PDB or mmCIF; gemmi says: {cause}") from cause
    if not models:
        raise FormatError(path, "an atomic model must hold atoms; got none.")
    return models


def write_moved(source: str | Path, path: str | Path, rotation: NDArray, translation: NDArray) -> None:
    """Write all that a PDB or mmCIF file holds, its atoms moved as one body, as mmCIF.

    Parameters
    ----------
    source
        File with the atoms; every model, water and hydrogen of it moves along.
    path
        ``.cif``.
    rotation, translation
        New place = rotation @ place + translation, ``(3, 3)`` and Å ``(3,)``.
    """
    import gemmi

    structure = gemmi.read_structure(str(source))
    motion = gemmi.Transform(gemmi.Mat33(rotation.tolist()), gemmi.Vec3(*translation.tolist()))
    for model in structure:
        model.transform_pos_and_adp(motion)
    structure.setup_entities()
    structure.make_mmcif_document().write_file(str(path))


def _model(rows: list[tuple], title: str) -> AtomicModel:
    positions, elements, residues, chains, indices, b_factors, names, numbers = zip(*rows)
    return AtomicModel(
        positions=np.array(positions, np.float64), elements=np.array(elements),
        residues=np.array(residues), chains=np.array(chains), residue_index=np.array(indices, np.int64),
        b_factors=np.array(b_factors, np.float64), names=np.array(names), numbers=np.array(numbers), title=title,
    )  # fmt: skip


def _atoms(model: gemmi.Model) -> list[tuple]:
    """Position, element, residue, chain, count of the residue, B-factor, name and the residue's own number of each atom.

    Raises
    ------
    UnicodeDecodeError
        If a name is no text.
    """
    return [
        (tuple(atom.pos), atom.element.name, residue.name, chain.name, index, atom.b_iso, atom.name, str(residue.seqid))
        for index, (chain, residue) in enumerate((c, r) for c in model for r in c)
        for atom in residue
    ]
