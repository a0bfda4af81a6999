"""The Fourier sums equal the definition, pixel by pixel."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vitreous.numerics.filters import soft_disc
from vitreous.stages.picking.correlation import LocalCorrelation


def explicit(image, valid, window, template, y, x) -> float:
    """Weighted correlation coefficient over the valid pixels under the window at (y, x)."""
    h = window.shape[0] // 2
    w, a, b = [], [], []
    for i in range(-h, h + 1):
        for j in range(-h, h + 1):
            if 0 <= y + i < image.shape[0] and 0 <= x + j < image.shape[1]:
                w.append(window[h + i, h + j] * valid[y + i, x + j])
                a.append(image[y + i, x + j])
                b.append(template[h + i, h + j])
    w, a, b = (np.array(v) for v in (w, a, b))
    a, b = a - (w * a).sum() / w.sum(), b - (w * b).sum() / w.sum()
    return float((w * a * b).sum() / np.sqrt((w * a * a).sum() * (w * b * b).sum()))


@settings(deadline=None, max_examples=8)
@given(rows=st.integers(20, 27), columns=st.integers(20, 27), half=st.integers(2, 4), seed=st.integers(0, 99))
def test_equals_the_definition_everywhere(rows: int, columns: int, half: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    size = 2 * half + 1
    image = 300 + rng.normal(size=(rows, columns)) + 0.3 * np.arange(columns)
    valid = (rng.random((rows, columns)) > 0.1).astype(float)
    window = soft_disc((size, size), half - 0.5, 1.0, like=torch.zeros(0, dtype=torch.float64)).numpy()
    template = rng.normal(size=(size, size))
    score = LocalCorrelation(*map(torch.as_tensor, (image, valid, window)), least=0.3)(torch.as_tensor(template)).numpy()
    for y, x in [(0, 0), (rows - 1, 3), (rows // 2, columns // 2), (half, columns - 1), *rng.integers(0, 20, (6, 2))]:
        if score[y, x] > -1:
            assert abs(score[y, x] - explicit(image, valid, window, template, y, x)) < 1e-6
    assert (score > -1).mean() > 0.8


def test_single_precision_is_good_to_four_digits() -> None:
    rng = np.random.default_rng(0)
    image, template = rng.normal(size=(50, 60)), rng.normal(size=(13, 13))
    window, valid = np.ones((13, 13)), np.ones((50, 60))
    double = LocalCorrelation(*map(torch.as_tensor, (image, valid, window)))(torch.as_tensor(template))
    single = LocalCorrelation(*(torch.as_tensor(a).float() for a in (image, valid, window)))(torch.as_tensor(template))
    assert (double - single).abs().max() < 1e-4


def test_a_copy_of_the_template_scores_one_whatever_its_brightness() -> None:
    rng = np.random.default_rng(1)
    image, template = rng.normal(size=(40, 40)), rng.normal(size=(9, 9))
    image[16:25, 6:15] = 40 - 3 * template
    matcher = LocalCorrelation(*map(torch.as_tensor, (image, np.ones((40, 40)), np.ones((9, 9)))))
    score = matcher(torch.as_tensor(template))
    assert abs(float(score[20, 10]) + 1) < 1e-9 or float(score[20, 10]) == -1.0
    assert float(matcher(torch.as_tensor(-template))[20, 10]) > 1 - 1e-9
    assert int(matcher(torch.as_tensor(-template)).argmax()) == 20 * 40 + 10


def test_where_too_little_is_valid_nothing_is_said() -> None:
    valid = torch.ones(30, 30)
    valid[:, :15] = 0
    score = LocalCorrelation(torch.randn(30, 30, generator=torch.Generator().manual_seed(0)), valid, torch.ones(7, 7))(
        torch.randn(7, 7, generator=torch.Generator().manual_seed(1))
    )
    assert (score[:, :15] == -1).all()
    assert (score[5:25, 18:26] > -1).all()
    flat = LocalCorrelation(torch.ones(30, 30), torch.ones(30, 30), torch.ones(7, 7))(torch.arange(49.0).reshape(7, 7))
    assert (flat == -1).all()
