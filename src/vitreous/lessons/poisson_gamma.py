import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Counting electrons: Poisson, Gamma and denoising")

with app.setup:
    import math

    import marimo as mo
    import numpy as np
    import torch

    from vitreous.learning.artefacts import PIXEL, SIZE, bench_specimen, views_within
    from vitreous.learning.exercise import bench, help_of, prompt_of, verdict
    from vitreous.learning.exercises.counting import POSTERIOR, belief, moments_by_summing
    from vitreous.learning.page import claim, closing, opening, question, show, start, steps
    from vitreous.numerics.areas import blurred
    from vitreous.numerics.disc import disc
    from vitreous.numerics.slices import half_ball, slices
    from vitreous.views.figure import Axis, Figure, Panel
    from vitreous.views.marks import Line, Picture, Rule, ScaleBar, Scatter

    BOX = SIZE * PIXEL  # Å


@app.cell
def _():
    opening("poisson-gamma")
    return


@app.cell
def _():
    question("Q100")
    return


@app.cell
def _():
    mo.md(r"""
    **In short.** The *counts* are Poisson: each electron lands for itself, and a pixel whose expected dose is λ shows n electrons with probability
    $\lambda^n e^{-\lambda}/n!$. The unknown *dose* λ of the pixel, which is what a denoiser wants, is Gamma: positive, and its density
    $\lambda^{\alpha-1}e^{-\beta\lambda}$ keeps its form when it is multiplied by a Poisson likelihood. That is all conjugacy means.

    ## The case you know, and the one you need
    """)
    return


@app.cell
def _():
    steps(
        ("Gauss on Gauss", r"Prior $x \sim N(\mu_0, \tau^2)$, measurement $y \sim N(x, \sigma^2)$. The posterior is Gaussian, its mean weighs the two by their precisions: "
         r"$$\hat x = \frac{\mu_0/\tau^2 + y/\sigma^2}{1/\tau^2 + 1/\sigma^2}.$$ It is the Wiener filter, one number at a time; σ² must be known and the same whatever x is."),
        ("Why electrons are different", r"For counts the variance *is* the mean: a bright pixel is noisier than a dark one, and at half an electron a frame a Gaussian believes in negative electrons."),
        ("Poisson on Gamma", r"Prior $p(\lambda) \propto \lambda^{\alpha-1}e^{-\beta\lambda}$. Counts $n_1 \dots n_N$ of N frames: likelihood $\propto \lambda^{\sum n} e^{-N\lambda}$. The product is "
         r"$$p(\lambda \mid n) \propto \lambda^{\alpha + \sum n - 1}\, e^{-(\beta + N)\lambda}:$$ a Gamma with $\alpha + \sum n$ and $\beta + N$."),
        ("Read it", r"Its mean is a weighted mean again, of what was believed and what was counted: "
         r"$$\hat\lambda = \frac{\alpha + \sum n}{\beta + N} = \frac{\beta}{\beta+N}\cdot\frac{\alpha}{\beta} + \frac{N}{\beta+N}\cdot\bar n.$$ "
         "**α is the electrons you feel you have already seen, β the frames in which you saw them.** Nothing has to be known of the noise: it comes with λ."),
        ("What the next frame shows", r"Summed over what λ may be, the next count is negative binomial: mean $\mu = \alpha/\beta$ and variance $\mu + \mu^2/\alpha$. More than Poisson: the excess is what you do not know of λ "
         "(ice of changing thickness, say). In data, variance over mean above 1 is how such an α is found."),
    )  # fmt: skip
    return


@app.cell
def _():
    dose = mo.ui.slider(0.2, 6.0, 0.2, value=round(start("dose", 2.0, 0.2, 6.0) * 5) / 5, show_value=True, label="true dose (e a pixel and frame)")
    frames = mo.ui.slider(0, 40, 1, value=3, show_value=True, label="frames counted")
    guess = mo.ui.slider(0.5, 6.0, 0.5, value=4.0, show_value=True, label="believed before: α/β (e)")
    weight = mo.ui.slider(0.5, 20, 0.5, value=2.0, show_value=True, label="how firmly: β (frames)")
    mo.vstack([mo.hstack([dose, frames], justify="start", gap=3), mo.hstack([guess, weight], justify="start", gap=3)])
    return dose, frames, guess, weight


@app.cell
def _(dose, frames, guess, weight):
    _counts = np.random.default_rng(3).poisson(dose.value, 40)[: frames.value]
    _x = np.linspace(0.01, 9, 400)
    _alpha, _beta = guess.value * weight.value, weight.value
    _after = (_alpha + _counts.sum(), _beta + len(_counts))
    _marks = [
        Line(x=_x, y=belief(_x, _alpha, _beta), colour="orange", style="dashed", label="believed before"),
        Line(x=_x, y=belief(_x, *_after), width=2.3, label="believed after"),
        Rule(at=dose.value, text="truth", colour="green", words="beside"),
    ]
    if len(_counts):
        _marks.append(Scatter(x=_counts, y=np.full(len(_counts), 0.04) + 0.05 * np.arange(len(_counts)) / len(_counts), colour="ink", size=16, label="counts"))
    _limits = _after[0] / _after[1] ** 2
    show(
        Figure(
            name="belief", title="A belief and some counts", height=3.0, columns=1,
            caption=f"After {len(_counts)} frames: {_after[0] / _after[1]:.2f} ± {math.sqrt(_limits):.2f} e. Each frame pulls the curve towards what was counted and makes it narrower. A firm belief gives way slowly, "
            "a faint one at once; after forty frames it hardly matters what you believed, and the curve is nearly a Gaussian.",
            panels=(Panel(marks=tuple(_marks), legend="upper right", x=Axis("Dose", "e a pixel and frame", limits=(-0.15, 9)), y=Axis("Density of the belief", "1/e", limits=(0, 1.15 * max(float(np.max(each.y)) for each in _marks[:2])))),),
        )
    )  # fmt: skip
    return


@app.cell
def _():
    _counts = np.array([1, 0, 2, 1])
    _mean, _variance = moments_by_summing(3.0, 2.0, _counts)
    _draw = np.random.default_rng(8)
    _next = _draw.poisson(_draw.gamma(3.0, 1 / 2.0, 400000))
    _level = 4.0
    _steady = 2 * np.sqrt(_draw.poisson([[4.0], [30.0]], (2, 200000)) + 3 / 8)
    mo.vstack([
        claim(f"Bayes' rule summed over a fine grid, α = 3 and β = 2 before, counts 1, 0, 2, 1: mean {_mean:.4f} and variance {_variance:.4f}; the Gamma of 7 and 6 has {7 / 6:.4f} and {7 / 36:.4f}.",
              abs(_mean - 7 / 6) < 1e-3 and abs(_variance - 7 / 36) < 1e-3),
        claim(f"Counts of pixels whose doses are Gamma (α = 3, β = 2): variance over mean is {_next.var() / _next.mean():.3f}; 1 + μ/α says {1 + 1.5 / 3:.3f}, Poisson alone 1.",
              abs(_next.var() / _next.mean() - 1.5) < 0.02),
        claim(f"Where there are plenty of counts the Gaussian case comes back: 2√(n + 3/8) (Anscombe 1948) has a variance of {_steady[0].var():.2f} at 4 e and {_steady[1].var():.2f} at 30 e, whatever the dose.",
              abs(_steady[0].var() - 1) < 0.05 and abs(_steady[1].var() - 1) < 0.02),
    ])  # fmt: skip
    return


@app.cell
def _():
    posterior_bench = bench(POSTERIOR)
    mo.vstack([prompt_of(POSTERIOR), posterior_bench, help_of(POSTERIOR)])
    return (posterior_bench,)


@app.cell
def _(posterior_bench):
    verdict(POSTERIOR, posterior_bench.value)
    return


@app.cell
def _():
    mo.md(r"""
    ## A denoiser made of it

    The paper learns, from noisy images alone, what each pixel is likely to be given its neighbours: that is the prior. Let the neighbours speak in
    the simplest way: the mean count around a pixel, worth β frames of belief. Each pixel then gets (β · neighbours + its own counts) / (β + N).
    """)
    return


@app.cell
def _():
    light = mo.ui.slider(steps=[0.1, 0.2, 0.5, 1, 2, 5], value=0.5, show_value=True, label="dose (e a pixel and frame)")
    taken = mo.ui.slider(1, 40, 1, value=4, show_value=True, label="frames")
    trust = mo.ui.slider(steps=[0, 1, 2, 5, 10, 20, 50, 100, 200], value=20, show_value=True, label="trust: β (frames)")
    mo.hstack([light, taken, trust], justify="start", gap=2)
    return light, taken, trust


@app.cell
def _():
    points = disc(SIZE)
    shadow = points.image(slices(half_ball(bench_specimen().values, points.radius, scale=PIXEL), views_within(90, 1, torch.Generator().manual_seed(2)), points))[0]
    # Protein scatters electrons away: dark by up to 60 %, many times what ice leaves of a real particle's contrast.
    expected = 1 - 0.6 * (shadow / shadow.max()).clamp_min(0)

    def pictures(dose, frames, beta, seed=1):
        """Truth, mean count and posterior mean, in electrons a pixel and frame."""
        counts = torch.poisson(expected * dose * frames, generator=torch.Generator().manual_seed(seed))
        around = blurred(counts / frames, 2.0)
        return expected * dose, counts / frames, (beta * around + counts) / (beta + frames)

    def error(found, truth):
        """Root mean square error over the mean dose."""
        return float((found - truth).square().mean().sqrt() / truth.mean())

    return error, pictures


@app.cell
def _(error, light, pictures, taken, trust):
    _truth, _mean, _after = pictures(light.value, taken.value, float(trust.value))
    _limits = (0.2 * light.value, 1.4 * light.value)
    show(
        Figure(
            name="denoised", title="A denoiser", height=3.1, columns=3,
            caption="At little dose counts alone are speckle, and the neighbours know better. Trust them too much and the particle blurs. The best β is where the belief is as uncertain as the counts: it falls as frames or "
            "dose grow. A network learns that trade at every pixel, and finer neighbours than a blur.",
            panels=tuple(Panel(title=title, equal=True, marks=(
                Picture(values=each.numpy(), extent=(0, BOX, 0, BOX), limits=_limits), ScaleBar(length=50.0, text="50 Å")))
                for title, each in (("expected dose", _truth), (f"counted: error {error(_mean, _truth):.0%}", _mean), (f"believed after: error {error(_after, _truth):.0%}", _after))),
        )
    )  # fmt: skip
    return


@app.cell
def _(error, pictures):
    def best(dose, frames):
        trusts = [0, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100]
        found = [error(after, truth) for truth, _, after in (pictures(dose, frames, each * frames) for each in trusts)]
        return trusts[int(np.argmin(found))], min(found), found[0]

    _faint, _bright = best(0.2, 4), best(5, 40)
    mo.vstack([
        claim(f"At 0.2 e and 4 frames the error falls from {_faint[2]:.0%} to {_faint[1]:.0%} with the best trust, {_faint[0]:g} or more frames of neighbours for each frame counted; at 5 e and 40 frames from "
              f"{_bright[2]:.0%} to {_bright[1]:.0%} with {_bright[0]:g}.", _faint[1] < 0.4 * _faint[2] and _bright[0] < 0.3 * _faint[0]),
        mo.md(r"""
    **Where it happens.** Vitreous' simulated detector counts electrons in just this way (`vitreous.physics.detector`, `vitreous simulate`), and its gain estimate knows that a pixel's variance is its mean.
    Particles are averaged from many frames and pixels, and there the sum is Gaussian for good (Anscombe, above): that is why refinement uses Gaussian noise without shame. Poisson–Gamma
    earns its keep where counts are few: single frames, hot pixels, event lists. And beware: **a denoised image holds its prior.** Pick particles on it, look at it; do not average it into a map.
    """),
    ])  # fmt: skip
    return


@app.cell
def _():
    closing("poisson-gamma")
    return


if __name__ == "__main__":
    app.run()
