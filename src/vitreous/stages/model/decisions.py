"""What it means when the resolutions of a map and its model differ, as a table: Afonine et al. 2018 (Acta Cryst. D74:814), table 2."""

from __future__ import annotations

from dataclasses import dataclass

#: Ratio from which one resolution is "much" coarser or finer than another. The paper leaves it open; its cases differ by a third or more.
MUCH = 1.3
#: Ratio within which two resolutions are one: neighbouring shells of ordinary boxes.
SAME = 1.05


@dataclass(frozen=True)
class Decision:
    """A row of the table that applies.

    Parameters
    ----------
    estimate
        Which resolution is looked at.
    relation
        How it compares, with the numbers.
    expected
        Whether a sound map and model show this.
    action
        What it means and what to do.
    """

    estimate: str
    relation: str
    expected: bool
    action: str


def decisions(*, d_99: float, d_model: float, d_fsc_model: float | None, d_fsc: float | None) -> list[Decision]:
    """The rows that apply; those that need a number which is not known are left out.

    Parameters
    ----------
    d_99, d_model
        Å; d_model with the atoms' B-factors as they are.
    d_fsc_model
        Å, where map and model correlate 0.5; None if nowhere.
    d_fsc
        Å, of the half-maps at 0.143, or as claimed.
    """
    rows: list[Decision] = []
    if d_fsc is not None:
        rows.append(_against("d_99", d_99, "d_FSC", d_fsc, finer="verify d_FSC; leave out coefficients between d_FSC and d_99",
                             coarser="the map fades before d_FSC: sharpen the map"))  # fmt: skip
        rows.append(_against("d_model", d_model, "d_FSC", d_fsc, coarser="sharpen the map",
                             finer="verify d_FSC; check the B-factors (too large?); validate details of the map"))  # fmt: skip
    rows.append(_against("d_model", d_model, "d_99", d_99, much_finer=True, finer="check the B-factors (too large?)",
                         coarser="check the B-factors (too small?); check the model"))  # fmt: skip
    if d_fsc_model is None:
        rows.append(Decision("d_FSC_model", "map and model correlate 0.5 nowhere", False, "check the model and where it lies"))
        return rows
    if d_fsc is not None:
        rows.append(_against("d_FSC_model", d_fsc_model, "d_FSC", d_fsc, coarser="check the model: the map holds more than it explains",
                             finer="verify d_FSC; leave out coefficients between d_FSC and d_FSC_model"))  # fmt: skip
    rows.append(_against("d_FSC_model", d_fsc_model, "d_model", d_model, much_finer=True, finer="sharpen the map",
                         coarser="leave out coefficients between d_FSC_model and d_model"))  # fmt: skip
    return rows


def _against(name: str, value: float, other: str, bound: float, *, finer: str, coarser: str, much_finer: bool = False) -> Decision:
    """One comparison: as expected, too fine (by any margin, or only by much), or much too coarse."""
    if value < bound / (MUCH if much_finer else SAME):
        return Decision(name, f"{name} {value:.2f} Å {'≪' if much_finer else '<'} {other} {bound:.2f} Å", False, finer)
    if value > bound * MUCH:
        return Decision(name, f"{name} {value:.2f} Å ≫ {other} {bound:.2f} Å", False, coarser)
    return Decision(name, f"{name} {value:.2f} Å ≈ {other} {bound:.2f} Å", True, "as expected")
