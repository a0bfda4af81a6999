"""Averaging what turns: 2-D expectation-maximisation, played round by round on small images (11 and 18 February 2021)."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Averaging what turns: 2-D expectation-maximisation")


@app.cell(hide_code=True)
def _():
    import math

    import marimo as mo
    import numpy as np
    import torch

    from vitreous.learning.exercise import bench, help_of, prompt_of, verdict
    from vitreous.learning.exercises.em_2d import COVARIANCE, MAXIMISE, RESPONSIBILITIES, SCORE, SHRINK
    from vitreous.learning.page import claim, closing, opening, question, show, steps
    from vitreous.views.figure import PURE, Axis, Figure, Panel
    from vitreous.views.marks import Line, Picture, Rule
    from vitreous.views.pictures import scale_bar

    return (
        Axis, COVARIANCE, Figure, Line, MAXIMISE, PURE, Panel, Picture, RESPONSIBILITIES, Rule, SCORE, SHRINK, bench, claim,
        closing, help_of, math, mo, np, opening, prompt_of, question, scale_bar, show, steps, torch, verdict,
    )  # fmt: skip


@app.cell(hide_code=True)
def _(opening):
    opening("em-2d")
    return


@app.cell(hide_code=True)
def _(mo):
    mo.md(
        r"""
        A hundred and sixty photographs of two things. Each lies turned by an angle nobody wrote down, and each is so noisy that you cannot
        say which of
        the two it shows. To average them you must know how they lie; to know how they lie you must have the average. Every cryo-EM program
        lives in this circle, and **expectation-maximisation** is how it gets out.

        The photographs are small, 32 × 32 pixels of 7 Å, two views of a ribosome's head, so that a whole classification takes a third of a
        second and you can watch each round. Turning is done by the same function that classifies your own data
        (`vitreous.numerics.planes.turned`). Shifts and the CTF are left out: they change nothing in the idea.
        """
    )
    return


@app.cell
def _(math, np, torch):
    from vitreous.numerics.disc import disc
    from vitreous.numerics.filters import soft_disc
    from vitreous.numerics.planes import half_planes, turned, turns
    from vitreous.numerics.rotations import random_rotations
    from vitreous.runtime.chance import torch_generator
    from vitreous.simulate.specimens import project_atoms, specimen

    SIDE, PIXEL = 32, 7.0
    band = disc(SIDE, 15)  # the Fourier coefficients that are kept
    angles = turns(12.0)  # 30 in-plane angles, radians
    inside = soft_disc((SIDE, SIDE), 13.0, 0.0) > 0.5  # pixels that are compared: a disc, so that corners do not matter

    def views():
        """Two views of the particle, of mean 0 outside and variance 1 inside the disc."""
        rotations = random_rotations(40, torch_generator(4, "views")).numpy()[[19, 13]]
        seen = project_atoms(specimen("ribosome head"), rotations, np.zeros((2, 2)), size=SIDE, pixel_size=PIXEL)
        seen = seen - seen[:, ~inside].mean(1)[:, None, None]
        return seen / seen[:, inside].std(1)[:, None, None]

    def at_angles(images, angle):
        """Each image turned by each angle: (images, angles, y, x)."""
        which = torch.arange(len(images)).repeat_interleave(len(angle))
        values = turned(half_planes(images, 15), which, angle.repeat(len(images)), band, len(band))
        return band.image(values).reshape(len(images), len(angle), SIDE, SIDE)

    truth = views()

    def photographs(noise, count=160, seed=1):
        """Noisy images, which view each shows, and how far it is turned."""
        chance = torch_generator(seed, "photographs")
        kind = torch.randint(0, 2, (count,), generator=chance)
        turn = 2 * math.pi * torch.rand(count, generator=chance).double()
        values = turned(half_planes(truth, 15), kind, turn, band, len(band))
        return band.image(values) + noise * torch.randn(count, SIDE, SIDE, generator=chance), kind, turn

    return PIXEL, SIDE, angles, at_angles, band, half_planes, inside, photographs, torch_generator, truth, turned


@app.cell(hide_code=True)
def _(PIXEL, Panel, Picture, SIDE, inside, scale_bar, torch):
    def picture(values, title, limit=2.5):
        """A panel that shows an image, or a vector of the disc's pixels."""
        values = torch.as_tensor(values)
        if values.ndim == 1:
            whole = torch.zeros(SIDE, SIDE)
            whole[inside] = values.float()
            values = whole
        box = SIDE * PIXEL
        return Panel(
            title=title, equal=True, marks=(Picture(values=values.numpy(), extent=(0, box, 0, box), limits=(-limit, limit)), scale_bar(box))
        )

    return (picture,)


@app.cell(hide_code=True)
def _(mo):
    mo.md(
        """
        ## One image: where might it lie?

        Take the first photograph and suppose, for once, that we had the true average. Turn the average with the slider and watch how well
        it
        explains the photograph. Then make the noise stronger: the sharp peak becomes a hill, then a plain.
        """
    )
    return


@app.cell(hide_code=True)
def _(mo):
    tried = mo.ui.slider(0, 348, 12, value=0, label="try the angle (°)", show_value=True)
    grain = mo.ui.slider(1.0, 8.0, 0.5, value=3.0, label="noise (σ of a pixel; the signal has 1)", show_value=True)
    mo.hstack([tried, grain], justify="start", gap=2)
    return grain, tried


@app.cell
def _(at_angles, inside, truth, angles):
    turned_views = at_angles(truth, angles)[:, :, inside]  # (2 views, 30 angles, pixels)
    return (turned_views,)


@app.cell(hide_code=True)
def _(Axis, Figure, Line, PURE, Panel, Rule, angles, grain, inside, math, np, photographs, picture, show, torch, tried, turned_views):
    _images, _kind, _turn = photographs(grain.value, count=1, seed=3)
    _image, _true, _view = _images[0][inside], math.degrees(float(_turn[0])), turned_views[int(_kind[0])]
    _score = -((_image - _view) ** 2).sum(1) / (2 * grain.value**2)
    _weight = torch.softmax(_score, 0).numpy()
    _best = int(_weight.argmax())
    _number = round(tried.value / 12)
    _degrees = np.rad2deg(angles.numpy())
    show(
        Figure(
            name="one-image", title="Where might it lie?", columns=4, height=2.9,
            panels=(
                picture(_images[0], "the photograph", 2 + grain.value),
                picture(_view[_number], f"the average at {tried.value}°"),
                Panel(title="how probable each angle is", weight=1.7,
                      x=Axis("Angle", "°", limits=(0, 360)), y=Axis("Posterior", PURE, limits=(0, 1.05)), legend="none",
                      marks=(Line(x=_degrees, y=_weight, points=3.5), Rule(at=float(tried.value), text="tried", colour="orange"),
                             Rule(at=_true, text="true", colour="green", style="dotted"))),
            ),
            caption=f"The posterior of {tried.value}° is {_weight[_number]:.2f}; the best angle has {_weight[_best]:.2f}. With little noise "
            "one angle takes all. With much noise many share: choosing the best of them anyway is choosing noise.",
        )
    )  # fmt: skip
    return


@app.cell(hide_code=True)
def _(mo, question, steps):
    mo.vstack([
        question("Q41"),
        mo.md("First one class, as in Nelson's chapter; then the two lines that several classes add. Open the steps one after the other."),
        steps(
            ("What one image says", r"""An image $X_i$ is the average $A$ turned by an unknown $\varphi$, plus white noise of variance $\sigma^2$:
$$P(X_i \mid \varphi, A) \propto \sigma^{-P} \exp\!\Big(-\frac{|X_i - R_\varphi A|^2}{2\sigma^2}\Big),$$
$P$ the number of pixels. We do not know $\varphi$, so we **add up over it**, each angle with its prior $1/n_\varphi$. That sum is the likelihood."""),
            ("What all images say", r"""Images are independent, so log-likelihoods add:
$$L(A, \sigma) = \sum_i \ln \sum_\varphi \tfrac{1}{n_\varphi} P(X_i \mid \varphi, A).$$
The logarithm of a sum: setting its derivative to zero gives no closed answer."""),
            ("The trick: weights", r"""Its derivative with respect to $A$ is
$$\frac{\partial L}{\partial A} = \sum_i \sum_\varphi \gamma_{i\varphi}\, \frac{R_\varphi^{-1} X_i - A}{\sigma^2},
\qquad \gamma_{i\varphi} = \frac{P(X_i \mid \varphi, A)}{\sum_{\varphi'} P(X_i \mid \varphi', A)}.$$
The $\gamma$ are the posteriors you saw above. They depend on $A$: that is the circle. **Hold them constant** for a moment, and the
equation is solved at once by a weighted mean."""),
            ("E, then M", r"""**Expectation**: with $A, \sigma$ as they are, compute all $\gamma_{i\varphi}$.
**Maximisation**: with the $\gamma$ as they are,
$$A = \frac{\sum_{i\varphi} \gamma_{i\varphi} R_\varphi^{-1} X_i}{\sum_{i\varphi} \gamma_{i\varphi}}, \qquad
\sigma^2 = \frac{1}{nP}\sum_{i\varphi} \gamma_{i\varphi} |X_i - R_\varphi A|^2.$$"""),
            ("Why it never gets worse", r"""By Jensen's inequality, for any weights $\gamma$ that sum to 1,
$$\ln \sum_\varphi p_\varphi \;\ge\; \sum_\varphi \gamma_\varphi \ln \frac{p_\varphi}{\gamma_\varphi},$$
with equality if $\gamma_\varphi \propto p_\varphi$. The E step makes the right side touch $L$; the M step raises the right side; so $L$
rises at
least as much. It climbs to *a* top, not to *the* top: the start decides which."""),
            ("Several classes", r"""The sum runs over class *and* angle, $P(X_i) = \sum_k p_k \sum_\varphi \tfrac{1}{n_\varphi} P(X_i \mid \varphi, A_k)$, with class
proportions $p_k$. So **two things change**: the weights become $\gamma_{ik\varphi}$, summing to 1 over classes and angles together, and
there
is one more line to maximise, $p_k = \frac{1}{n}\sum_{i\varphi}\gamma_{ik\varphi}$. Classes compete: a class that explains a little better
gets more
weight everywhere, and may swallow the others."""),
        ),
    ])  # fmt: skip
    return


@app.cell(hide_code=True)
def _(mo):
    mo.md(
        r"""
        **What is constant in a round, and what changes between rounds?**

        | | during the E step | during the M step | between rounds |
        |:---|:---|:---|:---|
        | averages $A_k$ | constant | **new** | changed |
        | noise $\sigma^2$, proportions $p_k$ | constant | **new** | changed |
        | weights $\gamma_{ik\varphi}$ | **new** | constant | thrown away |
        | images, number of classes, angles tried, mask | constant | constant | constant (programs refine the angular step now and then) |

        Both steps together are twenty lines in this lesson's file (`expectation` and `maximisation`; the menu ⋯ shows the code). Everything
        else in a classification program is bookkeeping.
        """
    )
    return


@app.cell
def _(angles, at_angles, inside, math, torch):
    def turned_back(images):
        """Every image turned back by every angle, pixels of the disc: (n, angles, pixels); and |X|² of each image."""
        pixels = at_angles(images, -angles)[:, :, inside]
        return pixels, images_norm(pixels)

    def images_norm(pixels):
        return pixels[:, 0].square().sum(1)

    def expectation(pixels, norm, averages, variance, share):
        """Weights (n, classes, angles), and the log-likelihood, less a constant."""
        product = torch.einsum("nap,kp->nka", pixels, averages)
        distance = norm[:, None, None] - 2 * product + averages.square().sum(1)[:, None]
        exponent = share.log()[:, None] - distance / (2 * variance)
        total = torch.logsumexp(exponent.flatten(1), 1)
        likelihood = float((total - 0.5 * pixels.shape[-1] * math.log(variance)).sum())
        return (exponent - total[:, None, None]).exp(), likelihood

    def maximisation(pixels, norm, weights):
        """New averages, variance of the noise, and shares of the classes."""
        held = weights.sum((0, 2))
        averages = torch.einsum("nka,nap->kp", weights, pixels) / held.clamp_min(1e-9)[:, None]
        # The weighted mean of |x − A|² without another pass over the pixels: the products with A add up to |A|², for A is their mean.
        distance = norm.sum() - held @ averages.square().sum(1)
        return averages, float(distance / (len(pixels) * pixels.shape[-1])), held / held.sum()

    def rounds(pixels, norm, classes, seed, count=14):
        """The whole course: (averages, weights, variance, shares, log-likelihood) of each round, the start first."""
        picked = torch.randperm(len(pixels), generator=torch.Generator().manual_seed(seed))[:classes]
        averages, variance, share = 0.5 * pixels[picked, 0], float(pixels.var()), torch.full((classes,), 1 / classes)
        course = []
        for _ in range(count + 1):
            weights, likelihood = expectation(pixels, norm, averages, variance, share)
            course.append((averages, weights, variance, share, likelihood))
            averages, variance, share = maximisation(pixels, norm, weights)
            share = share.clamp_min(1e-6)
        return course

    return expectation, rounds, turned_back


@app.cell(hide_code=True)
def _(mo):
    mo.md(
        """
        ## Play it round by round

        Classes start from single photographs, chosen by the *start*. **Step through the rounds.** When do the averages become sharp,
        before or after the
        class of the chosen photograph is decided? Then try **another start**, **three classes** for two things, **one class** for both,
        and more **noise**.
        """
    )
    return


@app.cell(hide_code=True)
def _(mo):
    noise = mo.ui.slider(1.0, 4.0, 0.5, value=2.0, label="noise (σ)", show_value=True)
    classes = mo.ui.slider(1, 3, 1, value=2, label="classes", show_value=True)
    seed = mo.ui.slider(0, 9, 1, value=1, label="start", show_value=True)
    step = mo.ui.slider(0, 14, 1, value=0, label="round", show_value=True, full_width=True)
    chosen = mo.ui.slider(0, 159, 1, value=7, label="photograph", show_value=True)
    mo.vstack([mo.hstack([noise, classes, seed, chosen], justify="start", gap=2), step])
    return chosen, classes, noise, seed, step


@app.cell
def _(noise, photographs, turned_back):
    images, kind, _ = photographs(noise.value)
    pixels, norm = turned_back(images)
    return images, kind, norm, pixels


@app.cell
def _(classes, norm, pixels, rounds, seed):
    course = rounds(pixels, norm, classes.value, seed.value)
    return (course,)


@app.cell(hide_code=True)
def _(Axis, Figure, Line, PURE, Panel, angles, chosen, classes, course, images, kind, noise, np, picture, show, step):
    _averages, _weights, _variance, _share, _likelihood = course[step.value]
    _mine = _weights[chosen.value].numpy()
    _inks = ("blue", "orange", "green")
    _styles = ("solid", "dashed", "dotted")
    _degrees = np.rad2deg(angles.numpy())
    _labels = _weights.sum(2).argmax(1)
    _purity = sum(int((kind[_labels == k]).bincount(minlength=2).max()) for k in range(classes.value) if bool((_labels == k).any())) / len(
        kind
    )
    show(
        Figure(
            name="rounds", title=f"Round {step.value}", columns=classes.value + 2, height=2.7,
            panels=(
                picture(images[chosen.value], f"photograph {chosen.value}", 2 + noise.value),
                *(picture(_averages[k], f"class {k + 1}: {float(_share[k]):.0%}") for k in range(classes.value)),
                Panel(title="its weights", weight=1.9, legend="above" if classes.value > 1 else "none",
                      x=Axis("Turned by", "°", limits=(0, 360)), y=Axis("Weight", PURE, limits=(0, 1.05)),
                      marks=(*(Line(x=_degrees, y=_mine[k], colour=_inks[k], style=_styles[k], points=3, label=str(k + 1))
                               for k in range(classes.value)),)),
            ),
            caption=f"Round {step.value}: the photograph's best weight is {_mine.max():.2f}; σ is estimated as {_variance**0.5:.2f}; {_purity:.0%} of the photographs are in a class that "
            "is mostly of their own kind (50 % is chance). Look for weights that are spread at first and gather as the averages sharpen.",
        )
    )  # fmt: skip
    return


@app.cell(hide_code=True)
def _(Axis, Figure, Line, PURE, Panel, Rule, course, np, show, step):
    _number = np.arange(len(course))
    _gain = np.array([each[4] for each in course]) - course[-1][4]
    _sure = np.array([float(each[1].flatten(1).amax(1).mean()) for each in course])
    show(
        Figure(
            name="climb", title="The climb", columns=2, height=2.5,
            panels=(
                Panel(title="It only goes up", x=Axis("Round", PURE, whole=True), y=Axis("Log-likelihood below the last", PURE), legend="none",
                      marks=(Line(x=_number[1:], y=_gain[1:], points=4), Rule(at=float(step.value), colour="orange"))),
                Panel(title="How sure it is", x=Axis("Round", PURE, whole=True), y=Axis("Mean of the best weights", PURE, limits=(0, 1.05)),
                      marks=(Line(x=_number, y=_sure, colour="green", points=4), Rule(at=float(step.value), colour="orange")), legend="none"),
            ),
            caption="Left: the likelihood never falls, but it may end on a lower hill: compare starts by its last value, not by how sure the "
            "weights are. Right: with few noisy images the weights become sure of nonsense too. Certainty is not truth.",
        )
    )  # fmt: skip
    return


@app.cell(hide_code=True)
def _(claim, mo, np, photographs, rounds, turned_back):
    _images, _kind, _ = photographs(2.0)
    _course = rounds(*turned_back(_images), 2, 1)
    _climb = np.diff([each[4] for each in _course])
    _labels = _course[-1][1].sum(2).argmax(1)
    _right = float((_labels == _kind).float().mean())
    _right = max(_right, 1 - _right)
    mo.vstack([
        claim("Without exception, no round lowers the log-likelihood (noise 2, two classes, start 1; single precision).", bool((_climb > -1).all())),
        claim(f"After 14 rounds {_right:.0%} of the photographs are in the right class, though in a single one the noise has 4 times the "
              "variance of the signal.", _right > 0.97),
    ])  # fmt: skip
    return


@app.cell(hide_code=True)
def _(RESPONSIBILITIES, bench, help_of, mo, prompt_of):
    responsibilities_bench = bench(RESPONSIBILITIES)
    mo.vstack([prompt_of(RESPONSIBILITIES), responsibilities_bench, help_of(RESPONSIBILITIES)])
    return (responsibilities_bench,)


@app.cell(hide_code=True)
def _(RESPONSIBILITIES, responsibilities_bench, verdict):
    verdict(RESPONSIBILITIES, responsibilities_bench.value)
    return


@app.cell(hide_code=True)
def _(MAXIMISE, bench, help_of, mo, prompt_of):
    maximise_bench = bench(MAXIMISE)
    mo.vstack([prompt_of(MAXIMISE), maximise_bench, help_of(MAXIMISE)])
    return (maximise_bench,)


@app.cell(hide_code=True)
def _(MAXIMISE, maximise_bench, verdict):
    verdict(MAXIMISE, maximise_bench.value)
    return


@app.cell(hide_code=True)
def _(mo, question):
    mo.vstack([
        question("Q39"),
        mo.md(
            r"""
            Bayes' way is to give every unknown a **prior**, and to **integrate** over what you do not care about, instead of betting on
            one value.

            | unknown | a good prior | in practice |
            |:---|:---|:---|
            | in-plane angle, orientation | uniform; later, near last round's (Gaussian on the sphere); preferred views learned | integrated at first, point estimate once it is sharp |
            | shift | Gaussian about the pick, σ a few pixels | integrated, over a small range |
            | class | the proportions $p_k$ (Dirichlet if few images) | integrated over all, then often cut to the best for further work |
            | map or average | Gaussian, variance $\tau^2(k)$ falling with $k$ (Wilson, or measured from the FSC) | point estimate (MAP); two half-sets tell its error |
            | noise $\sigma^2(k)$ | broad inverse-gamma; smooth in $k$ | point estimate per group: thousands of coefficients decide it |
            | defocus, astigmatism, $C_s$, pixel size | Gaussian about the fit (error 50 Å to 200 Å); about the calibration | point estimate, refined once the map is good |
            | is it a particle at all? | a few per cent of rubbish | point estimate: a human or a network throws it out |
            | number of classes | prefers fewer | tried by hand |
            | motion, dose | smooth trajectories (Gaussian process) | point estimate |

            **Why point estimates at all?** Integrating costs a sum over all values of all unknowns together: poses × shifts × classes is
            already
            the whole cost of refinement. It pays where the posterior is *broad* (angles of a noisy image); where it is sharp the integral
            equals its
            peak and a point is as good. The danger is the middle: broad, but treated as a point. Then errors look like detail. Watch it
            happen.

            ### Einstein from noise

            Take 400 photographs of **pure noise** and whisper view 1 to two programs as their start, at 3 % of its strength. One bets: the best
            angle takes all (K-means, cross-correlation). One integrates (EM). Nobody ever photographed view 1. Step from round 0 to round 1.
            """
        ),
    ])  # fmt: skip
    return


@app.cell(hide_code=True)
def _(mo):
    loops = mo.ui.slider(0, 12, 1, value=1, label="round", show_value=True)
    loops
    return (loops,)


@app.cell
def _(SIDE, expectation, torch, torch_generator, turned_back, turned_views):
    told = turned_views[0, 0] - turned_views[0].mean(0)  # view 1, less what is the same at every angle
    pure_noise = turned_back(torch.randn(400, SIDE, SIDE, generator=torch_generator(7, "noise")))

    def from_noise(hard, count=12):
        """Averages round by round from pure noise of σ = 1, started from 3 % of view 1."""
        (pixels, norm), average, course = pure_noise, 0.03 * told[None], []
        for _ in range(count + 1):
            course.append(average[0])
            weights, _ = expectation(pixels, norm, average, float(pixels.var()), torch.ones(1))
            if hard:
                weights = (weights == weights.amax(2, keepdim=True)).float()
            average = torch.einsum("nka,nap->kp", weights, pixels) / len(pixels)
        return course

    betting, integrating = from_noise(hard=True), from_noise(hard=False)
    strengths = [[float(average @ told / (told @ told)) for average in course] for course in (betting, integrating)]
    return betting, integrating, strengths, told


@app.cell(hide_code=True)
def _(Axis, Figure, Line, PURE, Panel, Rule, betting, integrating, loops, np, picture, show, strengths, told):
    _number = np.arange(len(betting))
    show(
        Figure(
            name="einstein", title="Einstein from noise", columns=4, height=2.8,
            panels=(
                picture(0.2 * told, "view 1 (its turning part)", 0.4),
                picture(betting[loops.value], "betting", 0.4),
                picture(integrating[loops.value], "integrating", 0.4),
                Panel(title="how much of it is in the average", weight=1.4, x=Axis("Round", PURE, whole=True),
                      y=Axis("Share of view 1", PURE, limits=(0, 0.26)),
                      marks=(Line(x=_number, y=strengths[0], colour="red", points=3.5, label="betting"),
                             Line(x=_number, y=strengths[1], colour="blue", style="dashed", points=3.5, label="integrating"),
                             Rule(at=float(loops.value), colour="muted"))),
            ),
            caption="The bet makes a strong view 1 out of noise in a single round. The integral hands on what it was told, no more; but without a prior it too "
            "begins to fit noise, round by round. What helps: a prior (below), half-sets that never meet, and a test on noise.",
        )
    )  # fmt: skip
    return


@app.cell(hide_code=True)
def _(claim, mo, strengths):
    _bet, _integral = (course[1] for course in strengths)
    mo.vstack([
        claim(
            f"Told 3 % of view 1 and given nothing but noise, after one round the bet holds {_bet:.1%} of it, the integral {_integral:.1%}.",
            _bet > 0.1 and _integral < 0.06,
        ),
        mo.md("`vitreous controls` runs this very test on your own data set: your particles against as many pictures of noise."),
    ])  # fmt: skip
    return


@app.cell(hide_code=True)
def _(mo, question):
    mo.vstack([
        question("Q40"),
        mo.md(
            r"""
            Because all of the above depends on images through **squared distances and weighted sums**, and the Fourier transform keeps
            both: it is a
            turn of the coordinate axes (Parseval; a *unitary* map). With the plain sum of our convention,
            $\sum_r |x - a|^2 = \frac{1}{N}\sum_k |X - A|^2$. So the weights $\gamma$ come out the same, and an average of transforms is the
            transform of the average. What **has to be changed**:

            - **noise**: $\sigma^2$ becomes $\sigma^2(k)$, one per ring; this is the *reason* to go there, since coloured noise is
              independent only in Fourier space,
            - **the ½**: a coefficient has two components, each of variance $\sigma^2 = E|N|^2/2$; a half plane holds each pair of mates
              once,
            - **the lens**: convolution with the CTF becomes a product, $|X - c\,R_\varphi A|^2$, and the average a quotient $\sum \gamma c
              X/\sigma^2 \big/ \sum \gamma c^2/\sigma^2$,
            - **shifts** become phases, rotations stay rotations (with interpolation in Fourier space, hence padding),
            - **resolution** becomes a choice: keep a disc of coefficients, and grow it. Less work, and no noise from where there is no
              signal yet.

            Play with the first of these lines: noise is made **red** below, as ice, carbon and damage make it.
            """
        ),
    ])  # fmt: skip
    return


@app.cell
def _(angles, at_angles, band, photographs, torch, truth):
    def red_noise_test(red, noise=5.0):
        """Share of photographs put into the right class with true averages: one σ² for all coefficients, and one for each ring."""
        plain, kind, _ = photographs(0.0, count=160, seed=11)
        k = band.shell.double() / 224.0
        colour = torch.sqrt(1 + red / (1 + (k * 100) ** 2)).float()
        colour = colour / colour.square().mean().sqrt()
        white = torch.randn(len(plain), 32, 32, generator=torch.Generator().manual_seed(2))
        seen = band.take(plain) + noise * colour * band.take(white)
        references = band.take(at_angles(truth, angles).flatten(0, 1))
        variance = (noise * colour * 32) ** 2 / 2  # of each component: E|N|² / 2

        def right(weight):
            score = (seen * weight) @ references.conj().T
            score = score.real - 0.5 * (references.abs() ** 2 @ weight)
            best = torch.logsumexp(score.reshape(len(seen), 2, -1), 2).argmax(1)
            return float((best == kind).float().mean())

        return right(torch.full_like(variance, 1 / float(variance.mean()))), right(1 / variance), seen[0]

    return (red_noise_test,)


@app.cell(hide_code=True)
def _(mo):
    redness = mo.ui.slider(steps=[0, 3, 10, 30, 100, 300], value=30, label="redness of the noise", show_value=True)
    redness
    return (redness,)


@app.cell
def _(np, red_noise_test):
    reds = (0, 3, 10, 30, 100, 300)
    shares = np.array([red_noise_test(float(red))[:2] for red in reds])
    return reds, shares


@app.cell(hide_code=True)
def _(Axis, Figure, Line, PURE, Panel, Rule, band, np, picture, red_noise_test, redness, reds, shares, show):
    _image = red_noise_test(float(redness.value))[2]
    _at = reds.index(redness.value)
    show(
        Figure(
            name="red", title="Coloured noise", columns=3, height=2.9,
            panels=(
                picture(band.image(_image), "a photograph", 12),
                Panel(title="Photographs in the right class", weight=2.0, legend="lower left",
                      x=Axis("Redness (power at k = 0 over white, less 1)", PURE, ticks=tuple((i, str(r)) for i, r in enumerate(reds))),
                      y=Axis("Share", PURE, limits=(0.45, 1.02)),
                      marks=(Line(x=np.arange(6), y=shares[:, 1], colour="green", points=5, label="one σ² for each ring"),
                             Line(x=np.arange(6), y=shares[:, 0], colour="red", style="dashed", points=5, label="one σ² for all"),
                             Rule(at=float(_at), colour="muted"))),
            ),
            caption="The noise's total power is the same everywhere; only its colour changes, and true averages are given. One σ² listens to the loud low "
            "frequencies; ring by ring the quiet ones are heard, and little is lost.",
        )
    )  # fmt: skip
    return


@app.cell(hide_code=True)
def _(claim, mo, photographs, shares, torch, truth):
    from vitreous.numerics.fourier import rfft2
    from vitreous.numerics.shells import friedel_weight

    _image = photographs(2.0, count=1)[0][0].double()
    _real = float((_image - truth[0]).square().sum())
    _half = rfft2(_image - truth[0].double()).abs() ** 2 * friedel_weight((32, 32))
    mo.vstack([
        claim(f"|x − a|² is {_real:.4f} in pixels and the same from Fourier coefficients, to 10 digits.", abs(float(_half.sum()) / 1024 / _real - 1) < 1e-10),
        claim(f"With redness 30 rings put {shares[3, 1]:.0%} into the right class, a single σ² {shares[3, 0]:.0%}.", shares[3, 1] > shares[3, 0] + 0.05),
        claim("With white noise the two are the same.", bool(torch.isclose(torch.tensor(shares[0, 0]), torch.tensor(shares[0, 1])))),
    ])  # fmt: skip
    return


@app.cell(hide_code=True)
def _(SCORE, bench, help_of, mo, prompt_of):
    score_bench = bench(SCORE)
    mo.vstack([prompt_of(SCORE), score_bench, help_of(SCORE)])
    return (score_bench,)


@app.cell(hide_code=True)
def _(SCORE, score_bench, verdict):
    verdict(SCORE, score_bench.value)
    return


@app.cell(hide_code=True)
def _(mo, question):
    mo.vstack([
        question("Q42"),
        mo.md(
            r"""
            By Bayes $P(A \mid X) \propto P(X \mid A)\,P(A)$; take minus the logarithm and the product becomes a sum:

            $$\underbrace{-\ln P(A\mid X)}_{\text{loss}} = \underbrace{\frac{|X - A|^2}{2\sigma^2}}_{\text{data}} \;+\; \underbrace{-\ln P(A)}_{\text{penalty}} + \text{const}.$$

            A prior **adds a penalty**, nothing else. Convenient ones keep the loss convex and the M step closed:

            | penalty | prior | what it does | where |
            |:---|:---|:---|:---|
            | $A^2/2\tau^2$ (ridge, Tikhonov) | Gaussian | shrinks all by $\tau^2/(\tau^2+\sigma^2)$: the Wiener filter | RELION's $1/\tau^2$; vitreous' `solve_averages` |
            | $\lvert A\rvert/b$ (L1) | Laplace | small ones to exactly 0 | sparse maps, wavelets |
            | $A/b,\ A \ge 0$ | exponential | no negative density | iterative solvers with positivity |
            | none | flat | nothing; the noise comes in whole | least squares |

            Below, one datum. Left: the loss and its lowest point. Right: the estimate for every datum: the *shape* of the prior is the
            shape of
            this curve. Move the strength.
            """
        ),
    ])  # fmt: skip
    return


@app.cell(hide_code=True)
def _(mo):
    datum = mo.ui.slider(-4.0, 4.0, 0.25, value=2.0, label="datum (in σ)", show_value=True)
    width = mo.ui.slider(0.3, 4.0, 0.1, value=1.0, label="width of the prior τ (in σ)", show_value=True)
    mo.hstack([datum, width], justify="start", gap=2)
    return datum, width


@app.cell
def _(math, np):
    def penalties(m, width):
        """−ln P of each prior, all of standard deviation ``width``."""
        laplace = width / math.sqrt(2)
        return {
            "Gaussian": m**2 / (2 * width**2),
            "Laplace": np.abs(m) / laplace,
            "exponential": np.where(m >= 0, m / width, np.inf),
        }

    def estimates(x, width):
        """Where the loss is least, with σ = 1."""
        pull = math.sqrt(2) / width
        return {
            "Gaussian": x * width**2 / (width**2 + 1),
            "Laplace": np.sign(x) * np.maximum(np.abs(x) - pull, 0),
            "exponential": np.maximum(x - 1 / width, 0),
        }

    return estimates, penalties


@app.cell(hide_code=True)
def _(Axis, Figure, Line, PURE, Panel, Rule, datum, estimates, np, penalties, show, width):
    _m = np.linspace(-5, 5, 401)
    _inks = {"Gaussian": ("blue", "solid"), "Laplace": ("orange", "dashed"), "exponential": ("purple", "dotted")}
    _loss = {name: (datum.value - _m) ** 2 / 2 + each for name, each in penalties(_m, width.value).items()}
    _found = {name: float(each) for name, each in estimates(np.array(datum.value), width.value).items()}
    _words = ", ".join(f"{name} {value:.2f}" for name, value in _found.items())
    show(
        Figure(
            name="priors", title="Priors", columns=2, height=3.1,
            panels=(
                Panel(title="The loss", x=Axis("Average", "σ", limits=(-5, 5)), y=Axis("Loss above its least", PURE, limits=(0, 6)),
                      marks=(*(Line(x=_m, y=np.where(np.isfinite(each), each - np.min(each), np.nan), colour=_inks[name][0], style=_inks[name][1], label=name)
                               for name, each in _loss.items()), Rule(at=datum.value, text="datum"))),
                Panel(title="What is made of a datum", x=Axis("Datum", "σ", limits=(-5, 5)), y=Axis("Most probable average", "σ", limits=(-5, 5)),
                      legend="upper left",
                      marks=(*(Line(x=_m, y=each, colour=_inks[name][0], style=_inks[name][1], label=name)
                               for name, each in estimates(_m, width.value).items()),
                             Line(x=_m, y=_m, colour="muted", width=0.8, label="no prior"), Rule(at=datum.value))),
            ),
            caption=f"Of this datum they make: {_words}. Look for the slope (Gaussian: everything shrinks alike), the flat piece at 0 (Laplace: a "
            "threshold) and the half that is forbidden (exponential).",
        )
    )  # fmt: skip
    return


@app.cell(hide_code=True)
def _(claim, estimates, np, penalties):
    _m = np.linspace(-6, 6, 12001)
    _far = 0.0
    for _x in (-3.0, -0.4, 0.7, 2.5):
        for _name, _penalty in penalties(_m, 1.3).items():
            _least = _m[np.argmin((_x - _m) ** 2 / 2 + _penalty)]
            _far = max(_far, abs(float(_least - estimates(np.array(_x), 1.3)[_name])))
    claim(f"Each closed form is where the loss is least: on a fine grid they differ by {_far:.4f} σ at most.", _far < 2e-3)
    return


@app.cell(hide_code=True)
def _(SHRINK, bench, help_of, mo, prompt_of):
    shrink_bench = bench(SHRINK)
    mo.vstack([prompt_of(SHRINK), shrink_bench, help_of(SHRINK)])
    return (shrink_bench,)


@app.cell(hide_code=True)
def _(SHRINK, shrink_bench, verdict):
    verdict(SHRINK, shrink_bench.value)
    return


@app.cell(hide_code=True)
def _(mo, question, steps):
    mo.vstack([
        question("Q43"),
        steps(
            ("White noise stays white", r"""Coefficients are linear in the pixels, $\hat N = F N$ with $F$ unitary. A linear map of a Gaussian vector is
Gaussian, with the covariance $F\,C\,F^\dagger$. For white noise $C = \sigma^2 1$, so $F \sigma^2 1 F^\dagger = \sigma^2 1$: **white and
Gaussian again**.
(Real images have $\hat N(-k) = \hat N(k)^*$: only one of each pair is free, and its two components each have half of $E|\hat N|^2$.)"""),
            ("A variance for each ring", r"""Let coefficients be independent with variance $S(k)$: the Fourier covariance is $\mathrm{diag}\,S$. In real space
$C = F^\dagger\,\mathrm{diag}(S)\,F$, whose element $(r, r')$ depends only on $r - r'$: it is $\mathrm{FT}^{-1}S$ at $r - r'$
(Wiener-Khinchin).
So **the same variance in every pixel, but neighbours correlate**: *stationary, coloured* noise. Still Gaussian, no longer independent in space."""),
            ("A variance for each pixel", r"""Let pixels be independent with variance $\sigma^2(r)$ (a mask, an edge of carbon, uneven ice). Then the element
$(k, k')$ of the Fourier covariance is $\frac1n \sum_r \sigma^2(r)\, e^{-2\pi i (k - k')\cdot r}$: the transform of the variance at $k -
k'$.
So **equal variance at every frequency, but frequencies correlate**, over the width of that transform. A *soft, wide* window correlates only near neighbours."""),
            ("In general", r"""Any Gaussian stays Gaussian under any linear map. Independence is what moves: a covariance can be diagonal in both spaces
only if it is constant. Software chooses the space where it is nearly diagonal: **Fourier**, because ice and detectors are alike
everywhere; the
price is a mask, which mixes neighbouring frequencies (vitreous keeps account of it: `open_area` in `FourierImages`)."""),
        ),
        mo.md("Both matrices, for a row of 32 pixels. Left: who correlates with whom in space. Right: in Fourier space."),
    ])  # fmt: skip
    return


@app.cell(hide_code=True)
def _(mo):
    which = mo.ui.dropdown(
        ["white", "a variance for each ring", "a variance for each pixel", "both"], value="a variance for each ring", label="noise"
    )
    amount = mo.ui.slider(0.0, 1.0, 0.1, value=0.8, label="how uneven", show_value=True)
    mo.hstack([which, amount], justify="start", gap=2)
    return amount, which


@app.cell
def _(np):
    points = np.arange(32)
    transform = np.exp(-2j * np.pi * np.outer(points, points) / 32) / np.sqrt(32)  # unitary
    frequency = np.minimum(points, 32 - points)

    def shaping(kind, amount):
        """A matrix M: noise = M × white noise. Its covariance is M M†."""
        ring = np.sqrt(1 - amount + amount * 8 * np.exp(-((frequency / 4) ** 2)))
        pixel = np.sqrt(1 - 0.98 * amount * (np.abs(points - 15.5) > 9))
        in_fourier = (transform.conj().T @ np.diag(ring) @ transform).real
        return {"white": np.eye(32), "a variance for each ring": in_fourier, "a variance for each pixel": np.diag(pixel),
                "both": np.diag(pixel) @ in_fourier}[kind]  # fmt: skip

    def covariances(kind, amount):
        """In real and in Fourier space, each (32, 32)."""
        real = shaping(kind, amount) @ shaping(kind, amount).T
        return real, transform @ real @ transform.conj().T

    return covariances, shaping, transform


@app.cell(hide_code=True)
def _(Axis, Figure, PURE, Panel, Picture, amount, covariances, np, show, which):
    _real, _fourier = covariances(which.value, amount.value)
    _order = np.argsort((np.arange(32) + 16) % 32)

    def _matrix(values, title, word, low):
        return Panel(
            title=title, equal=True, x=Axis(word, PURE), y=Axis(word, PURE),
            marks=(Picture(values=values, extent=(low, low + 32, low, low + 32), limits=(0, float(values.max())), colours="viridis",
                           scale="Covariance (magnitude)", smooth=False),),
        )  # fmt: skip

    show(
        Figure(
            name="covariance", title="Noise in two spaces", columns=2, height=3.9,
            panels=(
                _matrix(np.abs(_real), "In real space", "Pixel", 0),
                _matrix(np.abs(np.roll(_fourier, (16, 16), (0, 1))), "In Fourier space", "Frequency", -16),
            ),
            caption="A bright diagonal alone means independence; its evenness means equal variance. Rings: even but broad on the left, uneven "
            "but thin on the right. Pixels: the other way round. Both: broad in both, and no space is right.",
        )
    )  # fmt: skip
    return


@app.cell(hide_code=True)
def _(claim, covariances, mo, np, shaping, transform):
    _chance = np.random.default_rng(1)
    _worst = []
    for _kind in ("white", "a variance for each ring", "a variance for each pixel", "both"):
        _drawn = _chance.normal(size=(10_000, 32)) @ shaping(_kind, 0.8).T @ transform.T
        _found = _drawn.T @ _drawn.conj() / len(_drawn)
        _wanted = covariances(_kind, 0.8)[1]
        _worst.append(np.abs(_found - _wanted).max() / np.abs(_wanted).max())
    _pixel = covariances("a variance for each pixel", 0.8)[1]
    mo.vstack([
        claim(f"The matrices are right: 10 000 draws of each kind of noise give the same within {max(_worst):.1%} of their largest element.", max(_worst) < 0.06),
        claim("With a variance for each pixel every frequency has the same variance, to rounding.", float(np.ptp(np.diag(_pixel).real)) < 1e-12),
    ])  # fmt: skip
    return


@app.cell(hide_code=True)
def _(COVARIANCE, bench, help_of, mo, prompt_of):
    covariance_bench = bench(COVARIANCE)
    mo.vstack([prompt_of(COVARIANCE), covariance_bench, help_of(COVARIANCE)])
    return (covariance_bench,)


@app.cell(hide_code=True)
def _(COVARIANCE, covariance_bench, verdict):
    verdict(COVARIANCE, covariance_bench.value)
    return


@app.cell(hide_code=True)
def _(mo):
    mo.md(
        """
        ## Where it happens: the real thing on the same photographs

        `vitreous.stages.classify2d.em.classify` is what `vitreous classify2d` runs on your particles. It has all of the above, in Fourier
        space: a
        variance for each ring, shifts, a prior power for each ring of each class, a band that grows from coarse to fine, and one more
        thing that
        you may have missed while playing: **classes are kept even at first**, so that none swallows the others. Here it gets the
        photographs of noise
        2.5, and no hint.
        """
    )
    return


@app.cell
def _(PIXEL, band, photographs, torch):
    from vitreous.inference.images import FourierImages
    from vitreous.stages.classify2d.em import Classify2DSettings, classify

    _images, true_kind, _ = photographs(2.5)
    _held = FourierImages(
        disc=band, pixel_size=PIXEL, values=-band.take(_images), transfer=-torch.ones(len(_images), len(band)),
        group=torch.zeros(len(_images), dtype=torch.int64),
    )  # fmt: skip
    sorted_out = classify(_held, Classify2DSettings(diameter=170.0, classes=2, iterations=10))
    return sorted_out, true_kind


@app.cell(hide_code=True)
def _(Figure, claim, mo, picture, show, sorted_out, true_kind, truth):
    _right = float((sorted_out.assignment == true_kind).float().mean())
    _right = max(_right, 1 - _right)
    _limit = float(sorted_out.averages.abs().max())
    mo.vstack([
        show(
            Figure(
                name="production", title="vitreous classify2d", columns=4, height=2.8,
                panels=(
                    *(picture(sorted_out.averages[k], f"class {k + 1}: {float(sorted_out.share[k]):.0%}", _limit) for k in range(2)),
                    *(picture(truth[k], f"truth {k + 1}") for k in range(2)),
                ),
                caption="Class averages of ten passes, and the truth (as it lies; classes lie as they please and may have changed order). "
                "Look for the same lobes at another angle, and for a flat background: the prior has taken the noise out where there is no signal.",
            )
        ),
        claim(f"It puts {_right:.0%} of the photographs into the right class.", _right > 0.9),
    ])  # fmt: skip
    return


@app.cell(hide_code=True)
def _(closing):
    closing("em-2d")
    return


if __name__ == "__main__":
    app.run()
