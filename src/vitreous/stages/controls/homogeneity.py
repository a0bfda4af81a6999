"""Is it one thing? What sorting the particles again into two says."""

from __future__ import annotations

from dataclasses import dataclass

from vitreous.data.check import Check

#: Standard errors by which held-out evidence, and agreement above chance, must stand out: with two such tests at once one homogeneous
#: set in some ten thousand is flagged.
SURE = 3.0
#: A second class smaller than this is a matter of cleaning up, and no failure of the map.
MINOR_SHARE = 0.1


@dataclass(frozen=True)
class Sorting:
    """A set sorted anew, each half by itself, and each half's images held against the other's maps.

    Parameters
    ----------
    shares
        Of the classes.
    evidence, error
        Mean held-out log-evidence of classes over one map, an image, and its standard error.
    agreement, chance
        Share of images that both halves' maps put into one class, and that expected of labels dealt out.
    resolution_between, resolution_of_halves
        Å to which the class maps agree with each other, and random halves of the set do; None if nowhere.
    count
        Images.
    """

    shares: tuple[float, ...]
    evidence: float
    error: float
    agreement: float
    chance: float
    resolution_between: float | None
    resolution_of_halves: float | None
    count: int

    @property
    def classes_are_real(self) -> bool:
        """Whether evidence and agreement both stand out of what noise gives."""
        spread = (self.chance * (1 - self.chance) / self.count) ** 0.5
        return self.evidence > SURE * self.error and self.agreement > self.chance + SURE * spread


def judge_homogeneity(found: Sorting) -> Check:
    """Whether the particles are of one kind, as far as this many can tell."""
    figures = {
        "shares": [round(each, 3) for each in found.shares], "held_out_evidence_per_image": round(found.evidence, 4),
        "standard_error": round(found.error, 4), "agreement_of_halves": round(found.agreement, 3),
        "agreement_by_chance": round(found.chance, 3),
        "resolution_between_classes_angstrom": found.resolution_between, "resolution_of_halves_angstrom": found.resolution_of_halves,
        "image_count": found.count,
    }  # fmt: skip
    said = f"held-out evidence for two classes is {found.evidence:+.3f} ± {found.error:.3f} an image, and {found.agreement:.0%} of " \
           f"the images are put into the same class by both halves ({found.chance:.0%} by chance)"  # fmt: skip
    if not found.classes_are_real:
        return Check("homogeneity", "pass", f"{said}: {found.count} images show one kind.", figures)
    least = min(found.shares)
    verdict = "warn" if least < MINOR_SHARE else "fail"
    return Check("homogeneity", verdict, f"{said}: the set holds at least two kinds, "
                 f"{' and '.join(f'{each:.0%}' for each in found.shares)}. Try: vitreous classify3d, and refine each class by itself.",
                 figures)  # fmt: skip
