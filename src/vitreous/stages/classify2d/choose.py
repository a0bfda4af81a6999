"""Which class averages show particles, judged against the run's own typical class.

A good class holds more than a few images, has detail almost as fine as its neighbours', and explains its images about as much
better than noise does as theirs do. Ice, edges, overlaps and mixed views fail one of the three. All three are relative, so
that small noisy data sets are not refused as a whole; a person can always choose otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from vitreous.stages.classify2d.em import Classes

#: Fewest images, and the shares of the typical (image-weighted median) detail and evidence that a class must reach.
FEWEST, DETAIL, EVIDENCE = 5, 0.6, 0.4
#: Images in the class that details are given for.
COMMON = 100


@dataclass(frozen=True)
class Verdict:
    """What is thought of one class.

    Parameters
    ----------
    number
        From 1.
    count
        Images whose most probable class it is.
    detail
        Last shell with a signal-to-noise ratio of 1 or more in the average, had the class ``COMMON`` images.
    evidence
        Mean log-evidence of its images over noise alone.
    reasons
        Why it is rejected; empty if it is kept.
    """

    number: int
    count: int
    detail: int
    evidence: float
    reasons: tuple[str, ...]

    @property
    def kept(self) -> bool:
        """Whether its images are kept."""
        return not self.reasons


def judge(classes: Classes) -> list[Verdict]:
    """Give the verdict on every class."""
    total = len(classes.averages)
    counts = torch.bincount(classes.assignment, minlength=total)
    # Signal-to-noise grows with the number of images: classes are compared as if all had the same.
    details = [detail_shell(ssnr * float((COMMON / count.clamp_min(1)).clamp_max(3))) for ssnr, count in zip(classes.ssnr, counts)]
    evidence = torch.zeros(total, dtype=torch.float64).index_add_(0, classes.assignment, classes.evidence) / counts.clamp_min(1)
    typical_detail = _weighted_median(torch.tensor(details, dtype=torch.float64), counts)
    typical_evidence = _weighted_median(evidence, counts)
    out = []
    for k in range(total):
        reasons = []
        if counts[k] < FEWEST:
            reasons.append(f"only {int(counts[k])} images")
        if details[k] < DETAIL * typical_detail:
            reasons.append(f"detail to shell {details[k]}, where the typical class reaches {typical_detail:.0f}, by equal numbers")
        if evidence[k] < EVIDENCE * typical_evidence:
            reasons.append(f"explains its images {float(evidence[k] / typical_evidence):.0%} as well as the typical class")
        out.append(Verdict(k + 1, int(counts[k]), details[k], float(evidence[k]), tuple(reasons)))
    return out


def detail_shell(ssnr: torch.Tensor) -> int:
    """Last shell before the signal-to-noise ratio first falls below 1, one dip of a single shell forgiven."""
    good = (ssnr >= 1.0).tolist()
    last = 0
    for shell in range(1, len(good)):
        if good[shell]:
            last = shell
        elif shell + 1 >= len(good) or not good[shell + 1]:
            break
    return last


def _weighted_median(values: torch.Tensor, weights: torch.Tensor) -> float:
    order = values.argsort()
    cumulative = weights[order].double().cumsum(0)
    return float(values[order[int((cumulative < 0.5 * cumulative[-1]).sum())]])
