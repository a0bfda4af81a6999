import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Interpolation, by eye")


@app.cell
def _():
    import marimo as mo
    import numpy as np
    import torch
    from scipy import ndimage
    from scipy.interpolate import BarycentricInterpolator, make_interp_spline

    from vitreous.learning.exercise import bench, help_of, prompt_of, verdict
    from vitreous.learning.exercises.interpolation import BILINEAR, IN_TRIANGLES
    from vitreous.learning.page import claim, closing, opening, question, show, start, steps
    from vitreous.simulate.specimens import project_atoms, specimen
    from vitreous.views.figure import PURE, Axis, Figure, Panel
    from vitreous.views.marks import Line, Picture, RowBars, Rule, Scatter

    return (
        Axis, BILINEAR, BarycentricInterpolator, Figure, IN_TRIANGLES, Line, PURE, Panel, Picture, RowBars, Rule, Scatter, bench, claim,
        closing, help_of, make_interp_spline, mo, ndimage, np, opening, project_atoms, prompt_of, question, show, specimen, start, steps,
        torch, verdict,
    )  # fmt: skip


@app.cell
def _(opening):
    opening("interpolation-blur")
    return


@app.cell
def _(mo):
    mo.md(r"""
    A computer knows a picture at its pixels and nowhere else. But a particle turned by 7.3° has its pixels where the camera had none; a slice through a
    map's transform passes between the points of the grid. Whatever you do with orientations, somebody has to say **what is between**. That is
    interpolation, and it is never free: it costs sharpness, or time, or both.

    ## Between the samples

    Grey: the truth. Dots: what was measured. Choose a curve, change the number of samples, and watch each rule guess the rest. Then choose *a narrow
    peak* and the *polynomial*, and give it **more** samples.
    """)
    return


@app.cell
def _(mo):
    curve = mo.ui.dropdown(["a smooth profile", "a narrow peak", "an edge"], value="a smooth profile", label="Truth")
    samples = mo.ui.slider(4, 24, 1, value=8, show_value=True, label="Samples")
    rules = mo.ui.multiselect(
        ["nearest", "linear", "cubic spline", "polynomial"], value=["nearest", "linear", "cubic spline"], label="Rules"
    )
    mo.hstack([curve, samples, rules], justify="start", gap=2)
    return curve, rules, samples


@app.cell
def _(BarycentricInterpolator, make_interp_spline, np):
    TRUTHS = {
        "a smooth profile": lambda x: 0.5 + 0.3 * np.sin(7 * x) + 0.15 * np.cos(13 * x + 1),
        "a narrow peak": lambda x: 1 / (1 + 25 * (2 * x - 1) ** 2),
        "an edge": lambda x: 1.0 * (x > 0.47),
    }

    def between(rule, x, y, at):
        """Values at the places ``at`` by one rule from the samples y at x."""
        if rule == "nearest":
            return y[np.abs(at[:, None] - x).argmin(1)]
        if rule == "linear":
            return np.interp(at, x, y)
        if rule == "cubic spline":
            return make_interp_spline(x, y, k=3)(at)
        return BarycentricInterpolator(x, y)(at)

    return TRUTHS, between


@app.cell
def _(Axis, Figure, Line, PURE, Panel, Scatter, TRUTHS, between, curve, mo, np, rules, samples, show):
    _truth, _x, _at = TRUTHS[curve.value], np.linspace(0, 1, samples.value), np.linspace(0, 1, 601)
    _colours = {"nearest": "purple", "linear": "blue", "cubic spline": "orange", "polynomial": "green"}
    _styles = {"nearest": "dotted", "linear": "solid", "cubic spline": "dashed", "polynomial": "solid"}
    _found = {rule: between(rule, _x, _truth(_x), _at) for rule in rules.value}
    _marks = [Line(x=_at, y=_truth(_at), colour="muted", width=4, opacity=0.45, label="truth")]
    _marks += [Line(x=_at, y=y, colour=_colours[rule], style=_styles[rule], label=rule) for rule, y in _found.items()]
    _marks.append(Scatter(x=_x, y=_truth(_x), colour="ink", size=24))
    _figure = Figure(
        name="between", title="What is between the samples", height=3.6,
        caption="All rules go through the dots; they differ between. Look for steps (nearest), corners (linear), overshoot beside an edge (spline) and "
        "wild swings at the two ends (polynomial).",
        panels=(Panel(marks=tuple(_marks), x=Axis("Place", "box lengths", limits=(0, 1)), y=Axis("Density", "arbitrary", limits=(-0.4, 1.4)), legend="above"),),
    )  # fmt: skip
    _rows = "\n".join(
        f"| {rule} | {np.sqrt(np.mean((y - _truth(_at)) ** 2)):.4f} | {np.abs(y - _truth(_at)).max():.4f} |" for rule, y in _found.items()
    )
    mo.vstack([show(_figure), mo.md("| rule | root-mean-square error | largest error |\n|:---|---:|---:|\n" + _rows)])
    return


@app.cell
def _(mo, question):
    mo.vstack([question("Q51"), mo.md(r"""
    | | accuracy (spacing $h$) | samples used in 1-D / 2-D / 3-D | cost a value in 3-D | smoothness |
    |:---|:---|:---|:---|:---|
    | **nearest** | error $\propto h$; exact for constants | 1 / 1 / 1 | 1 read | steps |
    | **linear** | $\propto h^2$; exact for straight lines | 2 / 4 / 8 | 8 reads, 7 mixes | no steps, but corners |
    | **cubic spline** | $\propto h^4$; exact for cubics | 4 / 16 / 64, after a pass over *all* | 64 reads and a prefilter once | two smooth derivatives |
    | **polynomial** through all | wonderful for smooth truths at well-chosen places, ruinous at even ones | all | all | perfectly smooth, which does not help |
    | **sinc** (Fourier) | exact below Nyquist | all (cut off: 6 / 36 / 216) | FFT, or 216 reads | perfect |

    The last column but one is why cryo-EM loves **trilinear**: from 8 to 64 reads is eight times the memory traffic, and a cheaper way to be accurate
    is to make the grid finer ("padding"). The orders are not to be believed but measured:
    """)])  # fmt: skip
    return


@app.cell
def _(Axis, Figure, Line, Panel, TRUTHS, between, claim, mo, np, show):
    _truth, _at = TRUTHS["a smooth profile"], np.linspace(0.2, 0.8, 997)
    _counts = np.array([11, 21, 41, 81, 161])
    _errors = {rule: np.array([np.sqrt(np.mean((between(rule, np.linspace(0, 1, n), _truth(np.linspace(0, 1, n)), _at) - _truth(_at)) ** 2)) for n in _counts])
               for rule in ("nearest", "linear", "cubic spline")}  # fmt: skip
    _orders = {rule: -np.polyfit(np.log(_counts[1:] - 1), np.log(each[1:]), 1)[0] for rule, each in _errors.items()}
    _x = np.linspace(0, 1, 9)
    _exact = {rule: max(np.abs(between(rule, _x, _x**power, _at) - _at**power).max() for power in range(degree + 1))
              for rule, degree in (("nearest", 0), ("linear", 1), ("cubic spline", 3))}  # fmt: skip
    _runge = TRUTHS["a narrow peak"]
    _all = np.linspace(0, 1, 601)
    _wild = [np.abs(between("polynomial", np.linspace(0, 1, n), _runge(np.linspace(0, 1, n)), _all) - _runge(_all)).max() for n in (8, 24)]
    _figure = Figure(
        name="orders", title="Error against the number of samples", height=3.2,
        caption="Root-mean-square error of the smooth profile, both axes logarithmic: a rule of order p is a straight line of slope −p. Twice the samples halve the "
        "error of nearest, quarter that of linear and take the spline's to a sixteenth.",
        panels=(Panel(marks=tuple(Line(x=_counts, y=_errors[rule], colour=colour, points=4, label=rule)
                                  for rule, colour in (("nearest", "purple"), ("linear", "blue"), ("cubic spline", "orange"))),
                      x=Axis("Samples", "number", scale="log", ticks=tuple((float(n), str(n)) for n in _counts)), y=Axis("Error", "arbitrary", scale="log")),),
    )  # fmt: skip
    mo.vstack([
        show(_figure),
        claim(f"Measured orders: nearest {_orders['nearest']:.2f}, linear {_orders['linear']:.2f}, cubic spline {_orders['cubic spline']:.2f}. Theory: 1, 2, 4.",
              all(abs(_orders[rule] - order) < 0.25 for rule, order in (("nearest", 1), ("linear", 2), ("cubic spline", 4)))),
        claim("Exact for polynomials of degree 0, 1 and 3.", max(_exact.values()) < 1e-12),
        claim(f"More samples can be worse: the polynomial through 8 even samples of the narrow peak errs by {_wild[0]:.2f}, through 24 by {_wild[1]:.0f}.", _wild[1] > 10 * _wild[0]),
    ])  # fmt: skip
    return


@app.cell
def _(BILINEAR, bench, help_of, mo, prompt_of):
    bilinear_bench = bench(BILINEAR)
    mo.vstack([prompt_of(BILINEAR), bilinear_bench, help_of(BILINEAR)])
    return (bilinear_bench,)


@app.cell
def _(BILINEAR, bilinear_bench, verdict):
    verdict(BILINEAR, bilinear_bench.value)
    return


@app.cell
def _(mo):
    mo.md(r"""
    ## Every interpolation takes a little

    A projection of a ribosome's head, turned once around in several steps, each step interpolating the picture that the last one left. At the end it
    is where it began. Is it *what* it was? Try one step, then eight; then change the rule.
    """)
    return


@app.cell
def _(mo):
    times = mo.ui.slider(1, 16, 1, value=8, show_value=True, label="Steps of the full turn")
    order = mo.ui.radio(["nearest", "linear", "cubic spline"], value="linear", label="Rule", inline=True)
    mo.hstack([times, order], justify="start", gap=3)
    return order, times


@app.cell
def _(ndimage, np, project_atoms, specimen):
    _head = specimen("ribosome head")
    pixel = 4.0
    original = project_atoms(_head, np.eye(3)[None], np.zeros((1, 2)), size=64, pixel_size=pixel)[0].numpy().astype(float)
    _y, _x = np.mgrid[-32:32, -32:32]
    DISC = np.hypot(_x, _y) < 30

    def once_around(rule, count):
        """The picture after ``count`` turns by 360° / count; the last lacks what a whole turn would give back for nothing."""
        turned = original
        for _ in range(count):
            turned = ndimage.rotate(turned, 360 / count + 1e-9, reshape=False, order={"nearest": 0, "linear": 1, "cubic spline": 3}[rule])
        return turned

    def likeness(a, b):
        return float(np.corrcoef(a[DISC], b[DISC])[0, 1])

    return likeness, once_around, original, pixel


@app.cell
def _(Axis, Figure, Panel, Picture, likeness, mo, once_around, order, original, pixel, show, times):
    _after = once_around(order.value, times.value)
    _half = 32 * pixel
    _extent, _top = (-_half, _half, -_half, _half), float(original.max())
    _axes = {"x": Axis("x", "Å", limits=(-_half, _half)), "y": Axis("y", "Å", limits=(-_half, _half))}
    _figure = Figure(
        name="around", title="Once around", height=3.5,
        caption="Left: before. Middle: after. Right: what was lost, stretched five times (red: too bright now, blue: too dark). A blur shows as edges in the "
        "difference; a jagged outline as noise.",
        panels=(
            Panel(title="before", marks=(Picture(values=original, extent=_extent, limits=(0, _top), smooth=False),), equal=True, **_axes),
            Panel(title=f"after {times.value} × {360 / times.value:.1f}°", marks=(Picture(values=_after, extent=_extent, limits=(0, _top), smooth=False),), equal=True, **_axes),
            Panel(title="difference × 5", marks=(Picture(values=_after - original, extent=_extent, limits=(-_top / 5, _top / 5), colours="diverging", smooth=False),), equal=True, **_axes),
        ),
    )  # fmt: skip
    mo.vstack([show(_figure), mo.md(f"Correlation with the picture before: **{likeness(_after, original):.4f}**.")])
    return


@app.cell
def _(claim, likeness, mo, once_around, original):
    _like = {rule: likeness(once_around(rule, 7), original) for rule in ("nearest", "linear", "cubic spline")}
    mo.vstack([
        claim(f"After seven steps: nearest {_like['nearest']:.3f}, linear {_like['linear']:.3f}, cubic spline {_like['cubic spline']:.4f}.",
              _like["cubic spline"] > _like["linear"] > 0.5 and _like["cubic spline"] > _like["nearest"]),
        mo.md(r"""
    **Interpolate once, and late.** This is why programs keep a pose as numbers through all of a refinement and go back to the *original* pixels each
    time; why particles extracted with a fractional shift, then turned, then binned are softer than need be; and why Vitreous extracts at whole pixels
    and keeps the rest as a shift, which in Fourier space is a phase and costs nothing.

    ## A rule is a filter

    To interpolate is to put a little hill on each sample, as high as the sample, and add them up: a **convolution**. The hill of *nearest* is a box, that
    of *linear* a triangle. And a convolution multiplies the transform: by $\operatorname{sinc}$, by $\operatorname{sinc}^2$. Below: how much of each wave a rule
    passes on.
    """),
    ])  # fmt: skip
    return


@app.cell
def _(Axis, Figure, Line, PURE, Panel, Rule, np, show):
    _f = np.linspace(0, 1.5, 400)
    _pass = {
        "nearest": (np.abs(np.sinc(_f)), "purple", "dotted"),
        "linear": (np.sinc(_f) ** 2, "blue", "solid"),
        "cubic spline": (np.sinc(_f) ** 4 / (2 / 3 + np.cos(2 * np.pi * _f) / 3), "orange", "dashed"),
        "the ideal": ((_f < 0.5).astype(float), "muted", "solid"),
    }
    show(Figure(
        name="filters", title="What a rule does to waves", height=3.2,
        caption="Left of Nyquist: how much of a wave arrives (a loss is blur). Right of it: how much of a wave that is not there is made up (jaggedness). "
        "Linear already loses 59 % of the amplitude at Nyquist, and 19 % at half of it.",
        panels=(Panel(marks=(*(Line(x=_f, y=y, colour=colour, style=style, label=rule) for rule, (y, colour, style) in _pass.items()), Rule(at=0.5, text="Nyquist")),
                      x=Axis("Frequency", "cycles a sample", limits=(0, 1.5)), y=Axis("Passed on", PURE, limits=(0, 1.1))),),
    ))  # fmt: skip
    return


@app.cell
def _(claim, mo, np, torch):
    from vitreous.numerics.slices import PAD, window

    _size = 64
    _w = window(_size).numpy()
    _sigma_error = np.abs(_w - np.sinc((np.arange(_size) - _size // 2) / (PAD * _size)) ** 2).max()
    mo.vstack([
        claim("Linear keeps sinc²(¼) = 81 % of a wave at half Nyquist and sinc²(½) = 41 % at Nyquist.", abs(np.sinc(0.25) ** 2 - 0.81) < 0.002 and abs(np.sinc(0.5) ** 2 - 0.405) < 0.001),
        mo.md(r"""
    In cryo-EM we interpolate mostly in **Fourier space**, and there everything is mirrored: what is smoothed is the transform, so what is multiplied by
    $\operatorname{sinc}^2$ is the *picture*: it fades towards the edge of its box. That can be undone, by dividing by it beforehand. The function is `window` in
    `vitreous.numerics.slices`:
    """),
        claim(f"window is sinc²(x / {PAD}n); with padding by {PAD} it falls to {_w[0]:.2f} at the edge of the box, without padding it would fall to 0.41.", _sigma_error < 1e-6 and abs(_w[0] - 0.81) < 0.01 and torch.is_tensor(window(8))),
    ])  # fmt: skip
    return


@app.cell
def _(mo, question):
    mo.vstack([question("Q52"), mo.md(r"""
    `griddata(points, values, xi)` knows nothing of grids or slices: it is told *where* something was measured, *what*, and *where one wants it*.

    - **points**: where the images' coefficients lie in 3-D Fourier space: each image is a slice, a disc of about $\tfrac{\pi}{4} n^2$ points, half of which are
      the conjugates of the others. So $\tfrac{\pi}{8} n^2 N$ rows of three numbers.
    - **values**: the coefficients themselves: as many complex numbers.
    - **xi**: the voxels of the map's transform: half of a ball in $n^3$, $\tfrac{\pi}{12} n^3$ rows of three numbers.

    Put in your own data set:
    """)])  # fmt: skip
    return


@app.cell
def _(mo, np, start):
    box = mo.ui.slider(32, 512, 16, value=int(16 * round(start("box", 256.0, 32, 512) / 16)), show_value=True, label="Box (pixels)")
    _counts = [1000, 3000, 10000, 30000, 100000, 300000, 1000000]
    _own = start("particles", 100000.0)
    number = mo.ui.slider(steps=_counts, value=min(_counts, key=lambda each: abs(np.log(each / _own))), show_value=True, label="Particles")
    mo.hstack([box, number], justify="start", gap=3)
    return box, number


@app.cell
def _(Axis, Figure, Panel, RowBars, box, mo, np, number, show):
    from vitreous.numerics.slices import ball_margin

    _n, _many = box.value, number.value
    _points = np.pi / 8 * _n**2 * _many
    _m = ball_margin(_n // 2 - 1)
    _held = {
        "points, 3 doubles each": 24 * _points,
        "values, complex": 16 * _points,
        "tetrahedra, 6.8 a point": 6.77 * _points * (4 * 4 + 4 * 4 + 12 * 8),
        "xi, 3 doubles each": 24 * np.pi / 12 * _n**3,
        "instead: sums and weights on the grid": 12.0 * (2 * _m + 1) ** 2 * (_m + 1),
    }

    def _words(size):
        power = min(int(np.log10(size) // 3), 5)
        return f"{size / 1000**power:.3g} {('B', 'kB', 'MB', 'GB', 'TB', 'PB')[power]}"

    _bars = RowBars(
        names=tuple(_held),
        lengths=[np.log10(each / 1e6) if each > 1e6 else 0.0 for each in _held.values()],
        notes=tuple(_words(each) for each in _held.values()),
    )
    _figure = Figure(name="sizes", title="How big is it?", height=2.9,
                     caption="Memory, on a logarithmic scale: each unit is ten times more. Above: what griddata would hold. Below: what direct Fourier inversion "
                     "holds, which does not grow with the number of particles at all.",
                     panels=(Panel(marks=(_bars,), legend="none", x=Axis("Memory", "log₁₀ of MB"), y=Axis("Held", "arrays")),))  # fmt: skip
    mo.vstack(
        [
            show(_figure),
            mo.md(
                f"**{_points / 1e6:,.0f} million points.** Nobody triangulates that. The way out is exercise `spread` of the next lesson: let each point add itself to the eight voxels around it, and forget it."
            ),
        ]
    )
    return


@app.cell
def _(mo, question):
    mo.vstack([question("Q53"), mo.md(r"""
    Adding and weighting are linear, so complex numbers can be interpolated like any others: real and imaginary parts each for themselves. **But look at
    what is between.** Move the particle away from the origin of the picture. By the shift theorem each coefficient is then multiplied by a phase
    $e^{-2\pi i k d / n}$: from one coefficient to the next the arrow turns by $360° \cdot d / n$.
    """)])  # fmt: skip
    return


@app.cell
def _(mo):
    off_centre = mo.ui.slider(0, 32, 1, value=12, show_value=True, label="Particle off the origin by (pixels of 64)")
    padding = mo.ui.radio(["1", "2", "4"], value="1", label="Padding", inline=True)
    mo.hstack([off_centre, padding], justify="start", gap=3)
    return off_centre, padding


@app.cell
def _(np):
    _x = np.arange(-32, 32)
    PROFILE = np.exp(-0.5 * _x**2)  # a particle one pixel wide, so that magnitudes hardly change from one coefficient to the next

    def spectrum(k, shift):
        """Transform of a Gaussian profile that sits at ``shift``, at frequencies k (per box of 64)."""
        return (np.exp(-2j * np.pi * np.outer(k, _x + shift) / 64) * PROFILE).sum(1)

    return (spectrum,)


@app.cell
def _(Axis, Figure, Line, Panel, Scatter, mo, np, off_centre, padding, show, spectrum):
    _d, _p = off_centre.value, int(padding.value)
    _fine = np.linspace(0, 8, 321)
    _grid = np.arange(0, 8 * _p + 1) / _p
    _true, _known = spectrum(_fine, _d), spectrum(_grid, _d)
    _linear = np.interp(_fine, _grid, _known.real) + 1j * np.interp(_fine, _grid, _known.imag)
    _figure = Figure(
        name="phases", title="Interpolating a transform", columns=2, height=3.4,
        caption="Left: real part; right: magnitude. Grey: the true transform, dots: the grid, blue: linear between them. With the particle at the origin they agree. Off it, "
        "the arrows turn between dots, and the mean of two arrows that point apart is too short: the magnitude sags between all dots.",
        panels=(
            Panel(title="real part", marks=(Line(x=_fine, y=_true.real, colour="muted", width=4, opacity=0.5, label="truth"), Line(x=_fine, y=_linear.real, label="linear"),
                                            Scatter(x=_grid, y=_known.real, colour="ink", size=18)),
                  x=Axis("Frequency", "1 / box", limits=(0, 8)), y=Axis("Coefficient", "arbitrary", limits=(-2.8, 2.8))),
            Panel(title="magnitude", marks=(Line(x=_fine, y=np.abs(_true), colour="muted", width=4, opacity=0.5, label="truth"), Line(x=_fine, y=np.abs(_linear), label="linear"),
                                            Scatter(x=_grid, y=np.abs(_known), colour="ink", size=18)),
                  x=Axis("Frequency", "1 / box", limits=(0, 8)), y=Axis("Magnitude", "arbitrary", limits=(0, 2.8))),
        ),
    )  # fmt: skip
    _left = np.cos(np.pi * _d / 64 / _p)
    mo.vstack(
        [
            show(_figure),
            mo.md(rf"""Halfway between two coefficients that differ by the phase $2\pi d / Pn$ the linear mean is $\cos(\pi d / Pn)$ times too short: here **{_left:.3f}**.
    With $d = n/2$ and no padding it is 0: *everything halfway is wiped out*."""),
        ]
    )
    return


@app.cell
def _(claim, mo, np, spectrum):
    _k = np.array([3.0, 3.5, 4.0])
    _shares = []
    for _d in (0, 16, 32):
        _c, _mid, _e = spectrum(_k, _d)
        _plain = spectrum(_k, 0)
        _shares.append(abs((_c + _e) / 2) / abs((_plain[0] + _plain[2]) / 2))
    mo.vstack([
        claim("Halfway between two coefficients linear interpolation leaves cos(π d/n): "
              + ", ".join(f"{share:.3f} for d = {d}" for share, d in zip(_shares, (0, 16, 32), strict=True)) + " of n = 64.",
              np.allclose(_shares, [1, np.cos(np.pi / 4), 0], atol=2e-2)),
        mo.md(r"""
    So yes, there is a problem, and it has three cures, all of which Vitreous takes (`centred_rfft2`, `half_ball`):

    1. **put the origin of the transform in the middle of the particle**, voxel $n // 2$, not in the corner where an FFT has it (a corner is $d = n/2$: the worst case);
    2. **pad**: twice the box is half the phase from dot to dot;
    3. **divide by the window** of the rule beforehand: what fades towards the edge was exactly this $\cos$, averaged.

    And what does *not* help: interpolating amplitude and phase each for itself. Phases jump from 180° to −180°, the mean of the two is 0°, and where the
    amplitude is small the phase is noise that counts as much as any other.
    """),
    ])  # fmt: skip
    return


@app.cell
def _(mo, question):
    mo.vstack([question("Q54"), mo.md(r"""
    The one program whose code you can open right now is this one. Search it for `trilinear`, `floor(` and `map_coordinates`; you will find these:

    | where | what for | dimension | rule |
    |:---|:---|:---|:---|
    | `numerics/kernels/cpu.py` (`slices`) | projecting a map at a pose | 3-D → 2-D, complex | trilinear, padded by 2, window divided out |
    | `numerics/kernels/cpu.py` (`insert`) | putting images into a map | 2-D → 3-D, complex | the transpose of it: trilinear *spreading* |
    | `numerics/between.py` | an image's transform off its grid | 2-D, complex | Kaiser-Bessel, 6 × 6 points |
    | `numerics/at_points.py` | a map at atoms | 3-D, real | trilinear |
    | `stages/picking/templates.py` | templates turned in the plane | 2-D, real | cubic spline |
    | `stages/movies/flow.py` | frames bent back | 2-D, real | bilinear |
    | `numerics/resample.py` | other pixel sizes | 2-D, 3-D | none: the transform is cut or padded (sinc) |

    **Elsewhere.** RELION's projector and back-projector are trilinear in a transform padded by 2 (nearest neighbour on request) with an iterative gridding
    correction (Scheres 2012); Xmipp and Penczek's gridding reconstruction use Kaiser-Bessel functions (Penczek et al. 2004, Abrishami et al. 2015);
    cryoDRGN interpolates nothing at all: its network is *asked* at the slice's frequencies. Look for a loop over a slice, a
    rotation, and a rounding down: that is the place.

    How good are they? Below, an image's transform at 400 frequencies off the grid, against the exact sum:
    """)])  # fmt: skip
    return


@app.cell
def _(Axis, Figure, PURE, Panel, RowBars, claim, mo, ndimage, np, original, show, torch):
    from vitreous.numerics.between import Between

    _rng = np.random.default_rng(2)
    _radius, _angle = 24 * np.sqrt(_rng.uniform(size=400)), _rng.uniform(0, 2 * np.pi, 400)
    _kx, _ky, _line = _radius * np.cos(_angle), _radius * np.sin(_angle), np.arange(-32, 32)

    def _waves(k):
        return np.exp(-2j * np.pi * np.outer(k, _line) / 64)

    _exact = np.einsum("ky,yx,kx->k", _waves(_ky), original, _waves(_kx), optimize=True)

    def _by(order, pad, divided=False):
        window = np.sinc(_line / (pad * 64)) ** 2
        k = np.arange(-32 * pad, 32 * pad + 1) / pad
        picture = original / np.outer(window, window) if divided else original
        grid = _waves(k) @ picture @ _waves(k).T
        places = [_ky * pad + 32 * pad, _kx * pad + 32 * pad]
        return ndimage.map_coordinates(grid.real, places, order=order) + 1j * ndimage.map_coordinates(grid.imag, places, order=order)

    _between = Between(64, torch.from_numpy(_kx), torch.from_numpy(_ky))(torch.from_numpy(original)[None].float())[0].numpy()
    _found = {"nearest": _by(0, 1), "nearest, padded by 2": _by(0, 2), "linear": _by(1, 1), "linear, padded by 2": _by(1, 2),
              "linear, padded by 2, window divided out": _by(1, 2, divided=True), "cubic spline, padded by 2": _by(3, 2), "Kaiser-Bessel (Between)": _between}  # fmt: skip
    _errors = {rule: float(np.linalg.norm(each - _exact) / np.linalg.norm(_exact)) for rule, each in _found.items()}
    _figure = Figure(
        name="kernels", title="Error of a slice by each rule", height=3.4,
        caption="Root-mean-square error relative to the signal, as digits that are right (−log₁₀): longer is better. Padding and the window each take linear a good way; "
        "six points of a Kaiser-Bessel function leave nothing to wish for, at 36 reads instead of 4.",
        panels=(Panel(marks=(RowBars(names=tuple(_errors), lengths=[-np.log10(each) for each in _errors.values()], notes=tuple(f"{each:.2g}" for each in _errors.values())),),
                      legend="none", x=Axis("Right digits", PURE), y=Axis("Rule", PURE)),),
    )  # fmt: skip
    mo.vstack([
        show(_figure),
        claim(f"Padding and dividing the window out takes the error of linear from {_errors['linear']:.1%} to {_errors['linear, padded by 2, window divided out']:.1%}; nearest is at "
              f"{_errors['nearest']:.0%}; Kaiser-Bessel at {_errors['Kaiser-Bessel (Between)']:.0e}.",
              _errors["linear, padded by 2, window divided out"] < _errors["linear, padded by 2"] < _errors["linear"] < _errors["nearest"]
              and _errors["Kaiser-Bessel (Between)"] < 1e-4),
    ])  # fmt: skip
    return


@app.cell
def _(claim, mo):
    from importlib import import_module
    from inspect import getsource

    _names = ("vitreous.numerics.kernels.cpu", "vitreous.numerics.between", "vitreous.numerics.at_points", "vitreous.numerics.resample")
    _sources = {name: getsource(import_module(name)) for name in _names}
    mo.vstack([
        claim("The table above is true of the code as it is: the kernels are trilinear, two more take the floor of a place, and resampling does not.",
              all(word in _sources[name] for name, word in zip(_names, ("trilinear(", "floor(", "floor("), strict=False)) and "floor(" not in _sources[_names[3]]),
    ])  # fmt: skip
    return


@app.cell
def _(mo, question):
    mo.vstack([question("Q55"), mo.md(r"""
    Scattered points have no grid to count along. `griddata` makes one: it joins the points into triangles (Delaunay: no point lies inside another triangle's
    circumcircle), finds the triangle a place lies in, and mixes its three corners. The weights are **areas**: each corner counts as much as the small
    triangle opposite to it.
    """)])  # fmt: skip
    return


@app.cell
def _(mo):
    place_x = mo.ui.slider(0.05, 0.95, 0.05, value=0.45, show_value=True, label="Place, x")
    place_y = mo.ui.slider(0.05, 0.95, 0.05, value=0.55, show_value=True, label="Place, y")
    mo.hstack([place_x, place_y], justify="start", gap=3)
    return place_x, place_y


@app.cell
def _(Axis, Figure, Line, Panel, Scatter, mo, np, place_x, place_y, show):
    from scipy.spatial import Delaunay

    _rng = np.random.default_rng(8)
    _points = _rng.uniform(size=(24, 2))
    _mesh = Delaunay(_points)
    _place = np.array([place_x.value, place_y.value])
    _in = int(_mesh.find_simplex(_place))
    _edges = {tuple(sorted((a, b))) for s in _mesh.simplices for a, b in ((s[0], s[1]), (s[1], s[2]), (s[2], s[0]))}
    _x = np.concatenate([[*_points[list(edge), 0], np.nan] for edge in _edges])
    _y = np.concatenate([[*_points[list(edge), 1], np.nan] for edge in _edges])
    _marks, _said = (
        [Line(x=_x, y=_y, colour="muted", width=0.9), Scatter(x=_points[:, 0], y=_points[:, 1], colour="ink", size=16)],
        "**Outside** all triangles: NaN. Nothing is known there.",
    )
    if _in >= 0:
        _corners = _points[_mesh.simplices[_in]]
        _part = _mesh.transform[_in, :2] @ (_place - _mesh.transform[_in, 2])
        _weights = np.array([*_part, 1 - _part.sum()])
        _marks += [
            Line(x=[_place[0], c[0]], y=[_place[1], c[1]], colour="orange", width=1 + 6 * w)
            for c, w in zip(_corners, _weights, strict=True)
        ]
        _said = (
            "Weights of its three corners: " + ", ".join(f"**{each:.2f}**" for each in _weights) + f". They add up to {_weights.sum():.2f}."
        )
    _figure = Figure(
        name="triangles", title="Scattered points, joined", width="half", height=4.2,
        caption="The place you chose (red) lies in one triangle; the thickness of the orange lines is the weight of each corner. Move it across an edge: one corner is "
        "let go at weight 0 and another taken up at weight 0, so the value does not jump, but its slope does.",
        panels=(Panel(marks=(*_marks, Line(x=[_place[0]], y=[_place[1]], colour="red", points=9)), x=Axis("x", "arbitrary", limits=(0, 1)), y=Axis("y", "arbitrary", limits=(0, 1)), equal=True, legend="none"),),
    )  # fmt: skip
    mo.hstack([show(_figure), mo.md(_said)], widths=[1.1, 1], align="center")
    return


@app.cell
def _(IN_TRIANGLES, bench, help_of, mo, prompt_of):
    triangles_bench = bench(IN_TRIANGLES)
    mo.vstack([prompt_of(IN_TRIANGLES), triangles_bench, help_of(IN_TRIANGLES)])
    return (triangles_bench,)


@app.cell
def _(IN_TRIANGLES, triangles_bench, verdict):
    verdict(IN_TRIANGLES, triangles_bench.value)
    return


@app.cell
def _(claim, mo, np, steps):
    from scipy.spatial import Delaunay as _Delaunay

    _rng = np.random.default_rng(3)
    _flat, _solid = (len(_Delaunay(_rng.uniform(size=(count, d))).simplices) / count for count, d in ((4000, 2), (4000, 3)))
    mo.vstack([
        claim(f"There are about two triangles a point in the plane (here {_flat:.2f}), and nearly seven tetrahedra a point in space (here {_solid:.2f}).", abs(_flat - 2) < 0.05 and 6 < _solid < 6.8),
        steps(
            ("The bottleneck", r"""Your two loops look at up to $2n$ triangles for each of $k$ places: $2nk$ tests. For the middling data set of question 52 that is $10^{17}$. It is not the
            arithmetic of interpolation that costs, but **finding the neighbours**."""),
            ("Faster: a better search", r"""Sort the triangles into boxes, or *walk*: from any triangle step over the edge behind which the place lies, about $\sqrt n$ steps; start from the
            triangle of the last place if places come in order, and it is two or three. SciPy walks. The next lesson counts the steps."""),
            ("Faster: make the neighbours known", r"""On a grid no search is needed: the neighbours of (3.7, 5.2) are in columns 3 and 4 and rows 5 and 6. One `floor` and it is done."""),
            ("Fastest: turn the question round", r"""In a reconstruction it is the *wanted* places that lie on a grid, and the data that are scattered. So let each datum find its eight voxels, by `floor`, and
            add itself there with its weight; divide at the end by the sum of weights. $8N$ additions and no search at all. This is direct Fourier inversion."""),
        ),
    ])  # fmt: skip
    return


@app.cell
def _(closing):
    closing("interpolation-blur")
    return


if __name__ == "__main__":
    app.run()
