"""Exercises on two-dimensional expectation-maximisation: weights, averages, priors, and noise in two spaces."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from vitreous.learning.diagnosis import Verdict, compare
from vitreous.learning.exercise import Exercise, Mistake
from vitreous.numerics.fourier import rfft2
from vitreous.numerics.shells import friedel_weight


def _some_images() -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(5)
    references = chance.normal(size=(4, 50)) * np.array([[0.5], [1.0], [1.5], [2.0]])
    return references[[0, 1, 2, 3, 1, 2]] + chance.normal(size=(6, 50)) * 1.5, references


def _check_responsibilities(function: Callable[..., Any]) -> Verdict:
    images, references = _some_images()
    variance = 2.25
    distance = ((images[:, None] - references) ** 2).sum(2)
    wanted = torch.softmax(torch.from_numpy(-distance / (2 * variance)), 1).numpy()
    got = function(images.copy(), references.copy(), variance)
    if compare(got, torch.softmax(torch.from_numpy(-distance / variance), 1).numpy(), "it").right:
        return Verdict(False, "Your weights are too sharp: the Gaussian's exponent is −|x − a|² / 2σ², with a *half*.")
    if compare(got, torch.softmax(torch.from_numpy(images @ references.T / variance), 1).numpy(), "it").right:
        return Verdict(False, "You kept x·a and dropped |a|²: then the reference with the largest *norm* wins. |x|² may go, |a|² may not.")
    if compare(got, torch.softmax(torch.from_numpy(-distance / (2 * variance)), 0).numpy(), "it").right:
        return Verdict(
            False, "Your weights add up to 1 over the *images*. Each image must share itself out over the references: the other axis."
        )
    if compare(got, np.exp(-distance / (2 * variance)), "it").right:
        return Verdict(False, "These are likelihoods: the weights of one image must *sum* to 1 over the references.")
    verdict = compare(got, wanted, "the table of weights")
    if not verdict.right:
        return verdict
    far = function(images.copy() + 60.0, references.copy(), 0.01)
    if not np.isfinite(np.asarray(far)).all():
        return Verdict(False, "Right for gentle numbers, but with little noise every exponential *underflows* to 0 and 0 / 0 is NaN. "
                              "Take the largest exponent of each image off all of them first: the weights do not change.")  # fmt: skip
    return verdict


RESPONSIBILITIES = Exercise(
    name="responsibilities",
    question="Q41",
    prompt="""The **expectation step**. `images` are rows of pixels, `references` all candidates (each class at each angle),
`variance` is σ² of a pixel's noise; all candidates are equally probable beforehand. Give the posterior weight of every
candidate for every image. It must survive images that are far from everything.""",
    starter='''
def responsibilities(images, references, variance):
    """images (n, pixels), references (r, pixels). Returns weights (n, r), each row summing to 1."""
    raise NotImplementedError
''',
    hints=(
        "By Bayes the weight is proportional to the likelihood exp(−|x − a|² / 2σ²), normalised over the candidates.",
        "`distance = ((images[:, None] - references) ** 2).sum(axis=2)` has the shape (n, r).",
        "Take `exponent - exponent.max(axis=1, keepdims=True)` before `np.exp`, then divide each row by its sum.",
    ),
    solution="""
def responsibilities(images, references, variance):
    distance = ((images[:, None] - references) ** 2).sum(axis=2)
    exponent = -distance / (2 * variance)
    weight = np.exp(exponent - exponent.max(axis=1, keepdims=True))
    return weight / weight.sum(axis=1, keepdims=True)
""",
    check=_check_responsibilities,
    mistakes=(
        Mistake(
            "def responsibilities(x, a, v):\n    e = -((x[:, None] - a) ** 2).sum(2) / v\n    w = np.exp(e - e.max(1, keepdims=True))\n"
            "    return w / w.sum(1, keepdims=True)",
            "half",
        ),
        Mistake(
            "def responsibilities(x, a, v):\n    e = x @ a.T / v\n    w = np.exp(e - e.max(1, keepdims=True))\n"
            "    return w / w.sum(1, keepdims=True)",
            "norm",
        ),
        Mistake(
            "def responsibilities(x, a, v):\n    w = np.exp(-((x[:, None] - a) ** 2).sum(2) / (2 * v))\n    return w / w.sum(0)",
            "other axis",
        ),
        Mistake(
            "def responsibilities(x, a, v):\n    w = np.exp(-((x[:, None] - a) ** 2).sum(2) / (2 * v))\n"
            "    with np.errstate(all='ignore'):\n        return w / w.sum(1, keepdims=True)",
            "underflows",
        ),
    ),
)


def _check_maximise(function: Callable[..., Any]) -> Verdict:
    chance = np.random.default_rng(6)
    turned_back = chance.normal(size=(8, 5, 20))
    weights = chance.dirichlet(np.ones(15), 8).reshape(8, 3, 5)
    sums, counts = np.einsum("nka,nap->kp", weights, turned_back), weights.sum((0, 2))
    wanted = sums / counts[:, None]
    got = function(turned_back.copy(), weights.copy())
    if compare(got, sums, "it").right:
        return Verdict(False, "This is the *sum*. An average divides by the weight that went into it: Σγ of that class.")
    if compare(got, sums / len(weights), "it").right:
        return Verdict(False, "You divide by the number of images; a class holds only a part of them: divide by *its* weight Σγ.")
    best = weights.transpose(0, 1, 2).reshape(8, -1).argmax(1)
    hard = np.zeros_like(weights).reshape(8, -1)
    hard[np.arange(8), best] = 1
    hard = hard.reshape(weights.shape)
    with np.errstate(invalid="ignore"):
        winner = np.einsum("nka,nap->kp", hard, turned_back) / np.maximum(hard.sum((0, 2)), 1)[:, None]
    if compare(got, winner, "it").right:
        return Verdict(False, "You let the best candidate take all: that is K-means. Here every candidate counts by its *weight*.")
    return compare(got, wanted, "the class averages")


MAXIMISE = Exercise(
    name="maximise",
    question="Q41",
    prompt="""The **maximisation step**. `turned_back[i, a]` is image i turned back by the a-th angle, as pixels; `weights[i, k, a]`
how probable it is that image i shows class k at that angle. Give the new class averages.""",
    starter='''
def maximise(turned_back, weights):
    """turned_back (n, angles, pixels), weights (n, classes, angles). Returns averages (classes, pixels)."""
    raise NotImplementedError
''',
    hints=(
        "Which A_k makes Σ γ |x − A_k|² least? Set the derivative to zero.",
        "A weighted mean: Σ_i Σ_a γ x over Σ_i Σ_a γ.",
        '`np.einsum("nka,nap->kp", weights, turned_back)` is the numerator, `weights.sum(axis=(0, 2))` the denominator of each class.',
    ),
    solution="""
def maximise(turned_back, weights):
    total = np.einsum("nka,nap->kp", weights, turned_back)
    return total / weights.sum(axis=(0, 2))[:, None]
""",
    check=_check_maximise,
    mistakes=(
        Mistake('def maximise(x, w):\n    return np.einsum("nka,nap->kp", w, x)', "sum"),
        Mistake('def maximise(x, w):\n    return np.einsum("nka,nap->kp", w, x) / len(x)', "weight"),
        Mistake(
            "def maximise(x, w):\n    h = 0 * w.reshape(len(w), -1)\n    h[np.arange(len(w)), w.reshape(len(w), -1).argmax(1)] = 1\n"
            '    h = h.reshape(w.shape)\n    return np.einsum("nka,nap->kp", h, x) / np.maximum(h.sum((0, 2)), 1)[:, None]',
            "K-means",
        ),
        Mistake('def maximise(x, w):\n    return (np.einsum("nka,nap->kp", w, x) / w.sum((0, 2))[:, None]).T', "shape"),
    ),
)


def _check_score(function: Callable[..., Any]) -> Verdict:
    chance = np.random.default_rng(7)
    image, average, variance = chance.normal(size=(12, 12)), chance.normal(size=(12, 12)), 1.7
    wanted = -float(((image - average) ** 2).sum()) / (2 * variance)
    got = function(image.copy(), average.copy(), variance)
    power = np.abs(rfft2(torch.from_numpy(image - average)).numpy()) ** 2
    twice = friedel_weight((12, 12)).numpy()
    per_component = 144 * variance / 2
    usual = (
        (
            -(power * twice).sum() / (2 * variance),
            "The transform is a plain sum: its power is N = 144 times that of the pixels. *Normalise*.",
        ),
        (
            -power.sum() / (4 * per_component),
            "The half transform leaves out the *mates*: each coefficient but those at kx = 0 and Nyquist stands for two.",
        ),
        (
            -2 * power.sum() / (4 * per_component),
            "Not all coefficients have a *mate* in the other half: kx = 0 and kx = Nyquist are their own.",
        ),
        (2 * wanted, "Twice too much: the exponent is −|d|² / 2σ², the *half* is missing."),
        (wanted / 2, "Half of it: σ² of each *component* is E|N|² / 2. With E|N|² in its place all posteriors are too flat."),
        (-wanted, "Its *sign*: a worse fit must have a lower score."),
    )
    for value, words in usual:
        if compare(got, value, "it").right:
            return Verdict(False, words)
    return compare(got, wanted, "the score", tolerance=1e-6)


SCORE = Exercise(
    name="score",
    question="Q40",
    prompt="""The log-likelihood −|x − a|² / 2σ² of an image and an average, both in real space, with white noise of variance σ² in
each pixel. Compute the same number **from their half transforms** `np.fft.rfft2`, without going back.""",
    starter='''
def score(image, average, variance):
    """image, average (y, x), even sizes.

    Returns -|image - average|^2 / (2 variance), from Fourier coefficients alone.
    """
    difference = np.fft.rfft2(image) - np.fft.rfft2(average)
    raise NotImplementedError
''',
    hints=(
        "Parseval: the sum of squares in Fourier space is N times that in real space, N the number of pixels.",
        "A half transform over x keeps kx ≥ 0. Columns 1 to n/2 − 1 stand for two coefficients each, columns 0 and n/2 for one.",
        "`weight = np.full(difference.shape[1], 2.0); weight[0] = weight[-1] = 1`, then −Σ weight |d|² / (2 N σ²).",
    ),
    solution="""
def score(image, average, variance):
    difference = np.fft.rfft2(image) - np.fft.rfft2(average)
    weight = np.full(difference.shape[1], 2.0)
    weight[0] = weight[-1] = 1.0
    return -(weight * np.abs(difference) ** 2).sum() / (2 * image.size * variance)
""",
    check=_check_score,
    mistakes=(
        Mistake(
            "def score(x, a, v):\n    d = np.fft.rfft2(x - a)\n    w = np.full(d.shape[1], 2.0)\n    w[0] = w[-1] = 1\n"
            "    return -(w * np.abs(d) ** 2).sum() / (2 * v)",
            "Normalise",
        ),
        Mistake("def score(x, a, v):\n    return -(np.abs(np.fft.rfft2(x - a)) ** 2).sum() / (2 * x.size * v)", "mates"),
        Mistake("def score(x, a, v):\n    return -2 * (np.abs(np.fft.rfft2(x - a)) ** 2).sum() / (2 * x.size * v)", "mate"),
        Mistake("def score(x, a, v):\n    return -(np.abs(np.fft.fft2(x - a)) ** 2).sum() / (x.size * v)", "half"),
    ),
)


def _check_shrink(function: Callable[..., Any]) -> Verdict:
    chance = np.random.default_rng(8)
    images, prior_variance = chance.normal(size=(7, 30)) + 2, chance.uniform(0.1, 5, 30)
    variance = 3.0
    wanted = images.sum(0) / variance / (len(images) / variance + 1 / prior_variance)
    got = function(images.copy(), variance, prior_variance.copy())
    if compare(got, images.mean(0), "it").right:
        return Verdict(False, "This is the plain mean: no *prior* has come in.")
    if compare(got, images.sum(0) / variance / (len(images) / variance + prior_variance), "it").right:
        return Verdict(False, "You add τ²; a *precision* 1/τ² is what adds up. A tight prior (small τ²) must pull hard.")
    if compare(got, images.mean(0) * prior_variance / (prior_variance + variance), "it").right:
        return Verdict(False, "You shrink as if there were one image: the mean of n images has the variance σ² / *n*.")
    return compare(got, wanted, "the most probable average")


SHRINK = Exercise(
    name="shrink",
    question="Q42",
    prompt="""Several aligned images of one class, each with noise of variance σ². The prior says: each coefficient of the truth is
Gaussian about 0 with variance τ² (`prior_variance`, one for each). Give the **most probable** average (MAP).""",
    starter='''
def shrink(images, variance, prior_variance):
    """images (n, coefficients), prior_variance (coefficients,). Returns (coefficients,)."""
    raise NotImplementedError
''',
    hints=(
        "Minimise Σ (x_i − m)² / 2σ² + m² / 2τ².",
        "The derivative: Σ (x_i − m) / σ² = m / τ².",
        "m = (Σ x / σ²) / (n / σ² + 1 / τ²). Compare RELION's reconstruction: the very same 1 / τ² in its denominator.",
    ),
    solution="""
def shrink(images, variance, prior_variance):
    precision = len(images) / variance + 1 / prior_variance
    return images.sum(axis=0) / variance / precision
""",
    check=_check_shrink,
    mistakes=(
        Mistake("def shrink(x, v, t):\n    return x.mean(0)", "prior"),
        Mistake("def shrink(x, v, t):\n    return x.sum(0) / v / (len(x) / v + t)", "precision"),
        Mistake("def shrink(x, v, t):\n    return x.mean(0) * t / (t + v)", "variance"),
    ),
)


def _dft(size: int) -> np.ndarray:
    at = np.arange(size)
    return np.exp(-2j * np.pi * np.outer(at, at) / size) / np.sqrt(size)


def _check_covariance(function: Callable[..., Any]) -> Verdict:
    variance = np.random.default_rng(9).uniform(0.2, 3.0, 16)
    transform = _dft(16)
    wanted = transform @ np.diag(variance) @ transform.conj().T
    got = function(variance.copy())
    if compare(got, transform @ np.diag(variance) @ transform.T, "it").right:
        return Verdict(False, "A covariance of complex numbers is E[a b*]: the second transform must be *conjugated*.")
    if compare(got, np.diag(variance).astype(complex), "it").right or compare(got, np.diag(variance), "it").right:
        return Verdict(False, "That is the covariance in *real space*. Transform it from both sides.")
    return compare(got, wanted, "the covariance matrix")


COVARIANCE = Exercise(
    name="fourier_covariance",
    question="Q43",
    prompt="""Noise in a row of pixels is independent, Gaussian, with mean 0 and another variance in each pixel. Give the covariance
matrix E[N(k) N(k')*] of its **unitary** Fourier coefficients (divide the plain transform by √n). When is it diagonal?""",
    starter='''
def fourier_covariance(variance):
    """variance (n,), one for each pixel. Returns a complex (n, n) matrix."""
    raise NotImplementedError
''',
    hints=(
        "The transform is a matrix F, and coefficients are F x. What is the covariance of F x, given that of x?",
        "Cov(F x) = F Cov(x) F†, F† the conjugate transpose; here Cov(x) = diag(variance).",
        "`F = np.exp(-2j * np.pi * np.outer(k, k) / n) / np.sqrt(n)` with `k = np.arange(n)`.",
    ),
    solution="""
def fourier_covariance(variance):
    n = len(variance)
    k = np.arange(n)
    transform = np.exp(-2j * np.pi * np.outer(k, k) / n) / np.sqrt(n)
    return transform @ np.diag(variance) @ transform.conj().T
""",
    check=_check_covariance,
    mistakes=(
        Mistake("def fourier_covariance(v):\n    f = np.fft.fft(np.eye(len(v)))\n    return f @ np.diag(v) @ f.conj().T", "normalisation"),
        Mistake(
            "def fourier_covariance(v):\n    f = np.fft.fft(np.eye(len(v))) / np.sqrt(len(v))\n    return f @ np.diag(v) @ f.T",
            "conjugated",
        ),
        Mistake("def fourier_covariance(v):\n    return np.diag(v)", "real space"),
        Mistake(
            "def fourier_covariance(v):\n    f = np.fft.ifft(np.eye(len(v))) * np.sqrt(len(v))\n    return f @ np.diag(v) @ f.conj().T",
            "conjugate",
        ),
    ),
)
