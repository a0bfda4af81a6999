"""Make src/vitreous/simulate/atoms/ribosome_6zu5.npz from the mmCIF file of PDB entry 6ZU5.

usage: python docs/specimens/derive_ribosome.py 6zu5.cif.gz src/vitreous/simulate/atoms/ribosome_6zu5.npz
"""

from __future__ import annotations

import sys

import gemmi
import numpy as np

from vitreous.io.pdb import read_model
from vitreous.simulate.packed_atoms import pack

#: Proteins of the small subunit's head (uS3 uS7 eS10 uS19 uS9 eS17 uS13 eS19 uS10 eS25 eS28 uS14 RACK1) by chain.
HEAD_CHAINS = ["SD0", "SF0", "SK0", "SP0", "SQ0", "SR0", "SS0", "ST0", "SU0", "SZ0", "SCC", "SDD", "SGG"]
#: The 3' major domain of the 18S rRNA: the stretch of chain S60 that lies nearer to those proteins than to the others.
HEAD_RNA = range(850, 1261)


def region_of_each_atom(path: str) -> np.ndarray:
    """Large subunit, small subunit body or small subunit head, from chain and residue number."""
    structure = gemmi.read_structure(path)
    regions = []
    for chain in structure[0]:
        for residue in chain:
            head_rna = chain.name == "S60" and residue.seqid.num in HEAD_RNA and residue.name in "ACGU"
            in_head = chain.name in HEAD_CHAINS or head_rna
            name = "large subunit" if chain.name[0] == "L" else "small subunit head" if in_head else "small subunit body"
            regions += [name] * len(residue)
    return np.array(regions)


if __name__ == "__main__":
    source, target = sys.argv[1:]
    pack(target, read_model(source), region_of_each_atom(source), title="80S ribosome of Paranosema locustae with Lso2",
         source="PDB 6ZU5 (CC0)")  # fmt: skip
