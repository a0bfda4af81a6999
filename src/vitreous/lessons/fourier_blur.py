import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="The Fourier transform, by eye")


@app.cell
def _():
    from itertools import pairwise

    import marimo as mo
    import numpy as np
    import torch

    from vitreous.learning.exercise import bench, help_of, prompt_of, verdict
    from vitreous.learning.exercises.fourier import BINS, SHIFT
    from vitreous.learning.page import claim, closing, opening, question, show, start, steps
    from vitreous.learning.sampled import back, places, transform
    from vitreous.numerics.fourier import axis_frequencies, shift
    from vitreous.simulate.specimens import project_atoms, specimen
    from vitreous.views.figure import PURE, Axis, Figure, Panel
    from vitreous.views.marks import Band, Line, RowBars, Rule, Scatter, Trace

    return (
        Axis, BINS, Band, Figure, Line, PURE, Panel, RowBars, Rule, SHIFT, Scatter, Trace, axis_frequencies, back, bench, claim, closing,
        help_of, mo, np, opening, pairwise, places, project_atoms, prompt_of, question, shift, show, specimen, start, steps, torch, transform, verdict,
    )  # fmt: skip


@app.cell
def _(opening):
    opening("fourier-blur")
    return


@app.cell
def _(mo):
    mo.md(r"""
    ## Every picture is a chord

    Press three keys of a piano and one complicated wave reaches your ear; your ear takes it apart into three notes again. The Fourier
    transform is that ear. It takes *anything* that varies, be it a sound in time or the density across a molecule, and says which
    waves it is made of: **how strong** each is (its amplitude) and **where its crests lie** (its phase).

    The curve below is real: an 80S ribosome (PDB 6ZU5), atom by atom, projected onto a line. Add waves to it, the longest first.
    """)
    return


@app.cell
def _(np, project_atoms, places, specimen):
    size, step = 128, 3.0
    x = places(size, step)
    _image = project_atoms(specimen("ribosome"), np.eye(3)[None], np.zeros((1, 2)), size=size, pixel_size=step)[0].numpy()
    _profile = _image.astype(float).sum(0)
    signals = {
        "a ribosome, projected onto a line": _profile / _profile.max(),
        "a box": (np.abs(x + 0.1) < 96.0).astype(float),
        "a single point": (x == 0).astype(float),
    }
    return signals, size, step, x


@app.cell
def _(mo, signals):
    chosen = mo.ui.dropdown(options=list(signals), value=next(iter(signals)), label="Signal")
    waves = mo.ui.slider(0, 64, 1, value=3, show_value=True, label="Waves added (beyond the mean)")
    mo.hstack([chosen, waves], justify="start", gap=3)
    return chosen, waves


@app.cell
def _(Axis, Figure, Line, PURE, Panel, Scatter, back, chosen, np, show, signals, size, step, transform, waves, x):
    _u, _f = transform(signals[chosen.value], step)
    _kept = np.abs(np.round(_u * size * step)) <= waves.value
    _sum = back(np.where(_kept, _f, 0), step).real
    _half = _u >= 0
    _amplitude = np.maximum(np.abs(_f) / (size * step), 1e-9)
    show(
        Figure(
            name="waves", title="A sum of waves", height=3.4, columns=2,
            caption="Left: the signal (thin) and the sum of its longest waves (thick). Right: how strong each wave is, on a scale of powers of ten; those in the sum are blue. "
            "Look for how soon the ribosome is recognised, how a box rings at its edges however many waves you add, and why a single point "
            "is the hardest of all: it needs every wave equally.",
            panels=(
                Panel(
                    title="The signal and the sum",
                    marks=(Line(x=x, y=signals[chosen.value], colour="muted", width=1.0, label="signal"),
                           Line(x=x, y=_sum, width=2.2, label=f"mean and {waves.value} waves")),
                    x=Axis("Place", "Å", limits=(-192, 192)), y=Axis("Density, relative", PURE, limits=(-0.25, 1.3)), legend="upper right", weight=1.3,
                ),
                Panel(
                    title="Its waves",
                    marks=(Scatter(x=_u[_half], y=_amplitude[_half], colour="muted", label="not used"),
                           Scatter(x=_u[_half & _kept], y=_amplitude[_half & _kept], size=26, opacity=1.0, label="in the sum")),
                    x=Axis("Spatial frequency", "Å⁻¹", limits=(-0.004, 0.17)), y=Axis("Amplitude, relative", PURE, limits=(2e-5, 1), scale="log"), legend="upper right",
                ),
            ),
        )
    )  # fmt: skip
    return


@app.cell
def _(claim, mo, np, signals, step, transform):
    def _share(waves_kept):
        _, found = transform(signals["a ribosome, projected onto a line"], step)
        middle = len(found) // 2
        variance = np.abs(found) ** 2
        variance[middle] = 0
        return variance[middle - waves_kept : middle + waves_kept + 1].sum() / variance.sum()

    _t = np.linspace(0, 0.5, 20001)
    _square = sum(4 / np.pi * np.sin(2 * np.pi * k * _t) / k for k in range(1, 400, 2))
    _overshoot = (_square.max() - 1) / 2
    mo.vstack([
        claim(f"Three waves already hold {_share(3):.0%} of the ribosome's variation; ten hold {_share(10):.1%}.", _share(3) > 0.9 and _share(10) > 0.99),
        claim(f"A sharp edge overshoots by {_overshoot:.2%} of its height, with 200 waves as with 20 (Gibbs' ringing). So hard-edged masks and "
              "filters ring, and Vitreous gives all of its own soft edges.", abs(_overshoot - 0.0895) < 2e-4),
    ])  # fmt: skip
    return


@app.cell
def _(mo):
    mo.md(r"""
    ## How is one note found?

    Here is the whole trick. To ask *how much of the wave with u periods per Å is in f?*, turn an arrow at that rate while you walk along the
    signal, and add up arrows as long as f is high. If f has that wave in it, its high parts always meet the arrow pointing the same way, and the
    sum walks off in that direction. If not, the arrows point everywhere in turn and the walk curls up.

    Where the walk **ends** is the coefficient $F(u)$: how far from the start is its *amplitude*, in which direction its *phase*.
    """)
    return


@app.cell
def _(mo):
    turns = mo.ui.slider(0.0, 12.0, 0.25, value=2.0, show_value=True, label="Turns of the arrow over the 384 Å of the box")
    turns
    return (turns,)


@app.cell
def _(np, signals, size, step, x):
    ribosome = signals["a ribosome, projected onto a line"]
    rate = np.linspace(0, 12, 241)
    along = np.abs(np.exp(-2j * np.pi * np.outer(rate, x) / (size * step)) @ ribosome) * step
    return along, rate, ribosome


@app.cell
def _(Axis, Figure, Line, PURE, Panel, Scatter, Trace, along, np, rate, ribosome, show, size, step, turns, x):
    _arrow = np.exp(-2j * np.pi * turns.value * x / (size * step))
    _walk = np.concatenate([[0], np.cumsum(ribosome * _arrow) * step])
    _end = _walk[-1]
    show(
        Figure(
            name="walk", title="One coefficient", height=3.5, columns=3,
            caption="Middle: the walk of arrows; its colour runs with the place on the left curve, and the line is the coefficient it ends in. "
            "Look for walks that go straight (much of this wave is there) and for walks that curl back to the start (a zero on the right curve).",
            panels=(
                Panel(
                    title="Signal, and the wave asked for",
                    marks=(Line(x=x, y=ribosome, colour="muted", label="f"),
                           Line(x=x, y=0.5 + 0.5 * _arrow.real, colour="orange", style="dashed", width=1.1, label="wave")),
                    x=Axis("Place", "Å", limits=(-192, 192)), y=Axis("Density, relative", PURE, limits=(-0.1, 1.35)), legend="upper right",
                ),
                Panel(
                    title="The walk", equal=True,
                    marks=(Trace(x=_walk.real, y=_walk.imag, values=np.concatenate([[x[0]], x]), scale="Place (Å)"),
                           Line(x=[0, _end.real], y=[0, _end.imag], colour="ink", width=1.4), Scatter(x=[0.0], y=[0.0], colour="ink", symbol="cross")),
                    x=Axis("Real part", "Å"), y=Axis("Imaginary part", "Å"), legend="none",
                ),
                Panel(
                    title="Where every walk ends",
                    marks=(Line(x=rate / (size * step), y=along), Scatter(x=[turns.value / (size * step)], y=[abs(_end)], colour="orange", size=50, opacity=1.0)),
                    x=Axis("Spatial frequency", "Å⁻¹", limits=(0, 0.0315)), y=Axis("Amplitude |F(u)|", "Å", limits=(0, None)), legend="none",
                ),
            ),
        )
    )  # fmt: skip
    return


@app.cell
def _(claim, mo, np, places, transform):
    _x = places(120, 0.1)
    _u, _found = transform(np.exp(-np.pi * _x**2), 0.1)
    _error = np.abs(_found - np.exp(-np.pi * _u**2)).max()
    mo.vstack([
        mo.md(r"""
    In one line, the walk is an integral, and adding all the waves up again is another:

    $$F(u)=\int_{-\infty}^{\infty} f(x)\,e^{-2\pi i u x}\,dx \qquad\qquad f(x)=\int_{-\infty}^{\infty} F(u)\,e^{+2\pi i u x}\,du$$

    $e^{-2\pi i u x}$ is the turning arrow; $u$ counts its turns per Å, so $u = 0.1$ Å⁻¹ is a wave of 10 Å. A negative $u$ turns the other way:
    for a real signal that walk is the mirror image, $F(-u)=\overline{F(u)}$, which is why half of a transform is enough.
    One function is its own transform: $e^{-\pi x^2}\leftrightarrow e^{-\pi u^2}$.
    """),
        claim(f"The sum that the computer makes of 120 samples of exp(−πx²) differs from exp(−πu²) by {_error:.0e} at most.", _error < 1e-14),
    ])  # fmt: skip
    return


@app.cell
def _(question):
    question("Q06")
    return


@app.cell
def _(mo):
    mo.md(r"""
    Four rules do nearly all the work of cryo-EM's mathematics. Play with two of them first: shift and stretch the signal, and watch what
    becomes of its transform. The dots are computed from the moved signal; the curve is what the rules foretell from the *unmoved* one.
    """)
    return


@app.cell
def _(mo):
    moved_by = mo.ui.slider(-2.0, 2.0, 0.1, value=0.0, show_value=True, label="Shift d (Å)")
    stretch = mo.ui.slider(0.5, 2.0, 0.1, value=1.0, show_value=True, label="Squeeze a (times)")
    mo.hstack([moved_by, stretch], justify="start", gap=3)
    return moved_by, stretch


@app.cell
def _(np, places):
    def bumps(at):
        """Two unlike Gaussians: nothing about it is symmetrical."""
        return np.exp(-np.pi * at**2) + 0.6 * np.exp(-np.pi * ((at - 1.2) / 0.5) ** 2)

    def bumps_transform(u):
        return np.exp(-np.pi * u**2) + 0.3 * np.exp(-np.pi * (0.5 * u) ** 2 - 2j * np.pi * 1.2 * u)

    fine = places(400, 0.05)
    return bumps, bumps_transform, fine


@app.cell
def _(Axis, Figure, Line, PURE, Panel, Scatter, bumps, bumps_transform, fine, moved_by, np, show, stretch, transform):
    _d, _a = moved_by.value, stretch.value
    _now = bumps(_a * (fine - _d))
    _u, _found = transform(_now, 0.05)
    _foretold = bumps_transform(_u / _a) / _a * np.exp(-2j * np.pi * _u * _d)
    _seen = np.abs(_u) <= 3.01
    _frequency = Axis("Frequency u", "Å⁻¹", limits=(-3, 3))

    def _panel(part, title):
        return Panel(
            title=title, legend="upper right",
            marks=(Line(x=_u[_seen], y=part(_foretold)[_seen], colour="orange", label="by the rules"),
                   Scatter(x=_u[_seen][::3], y=part(_found)[_seen][::3], size=20, label="computed")),
            x=_frequency, y=Axis(title, "Å", limits=(-1.6, 2.9) if part is not np.abs else (0, 2.9)),
        )  # fmt: skip

    show(
        Figure(
            name="rules", title="Shift and squeeze", height=3.2, columns=4,
            caption="From the left: the signal; the amplitude of its transform; real and imaginary part. Look for this: a shift leaves every amplitude alone and "
            "only turns phases, faster for higher frequencies; a squeeze by a makes the transform a times broader and a times lower.",
            panels=(
                Panel(
                    title="f(a(x − d))", legend="none",
                    marks=(Line(x=fine, y=bumps(fine), colour="muted", style="dashed", width=1.1), Line(x=fine, y=_now)),
                    x=Axis("Place x", "Å", limits=(-5, 5)), y=Axis("f", PURE, limits=(-0.05, 1.3)),
                ),
                _panel(np.abs, "Amplitude"), _panel(np.real, "Real part"), _panel(np.imag, "Imaginary part"),
            ),
        )
    )  # fmt: skip
    return


@app.cell
def _(steps):
    steps(
        ("Linearity", r"""
$$\int \big(\alpha f(x)+\beta g(x)\big)e^{-2\pi iux}dx=\alpha\int f e^{-2\pi iux}dx+\beta\int g e^{-2\pi iux}dx=\alpha F(u)+\beta G(u).$$

An integral of a sum is the sum of the integrals, and constants come out. *In cryo-EM:* the transform of an image is that of the particle plus that of
the noise, and the transform of an average is the average of the transforms."""),
        ("Shift", r"""
Let $g(x)=f(x-d)$, f moved by d to the right. Substitute $s=x-d$, so $x=s+d$ and $dx=ds$; the bounds stay at ±∞:

$$G(u)=\int f(x-d)\,e^{-2\pi iux}dx=\int f(s)\,e^{-2\pi iu(s+d)}ds=e^{-2\pi iud}\,F(u).$$

$|e^{-2\pi iud}|=1$: amplitudes stay, phases turn by $-2\pi ud$. *In cryo-EM:* a particle is centred by multiplying its coefficients with such phases, by
any fraction of a pixel and without interpolation."""),
        ("Scale", r"""
Let $g(x)=f(ax)$, f squeezed a times. Substitute $s=ax$, $dx=ds/a$. For $a>0$ the bounds stay; for $a<0$ they swap, which costs another minus. Both together:

$$G(u)=\int f(ax)\,e^{-2\pi iux}dx=\frac1{|a|}\int f(s)\,e^{-2\pi i(u/a)s}ds=\frac1{|a|}\,F\!\left(\frac ua\right).$$

Narrow here is broad there. $a=-1$ is the mirror: $f(-x)\leftrightarrow F(-u)$. *In cryo-EM:* a wrong pixel size stretches the map, and squeezes its transform."""),
        ("Convolution", r"""
Let $f(x)=(g*h)(x)=\int g(t)\,h(x-t)\,dt$. Put it in, and do the x-integral first (Fubini allows it where |g| and |h| have finite integrals):

$$F(u)=\int\!\!\int g(t)h(x-t)\,dt\;e^{-2\pi iux}dx=\int g(t)\Big[\int h(x-t)e^{-2\pi iux}dx\Big]dt.$$

The bracket is the transform of a *shifted* h, by the rule above $e^{-2\pi iut}H(u)$. H(u) does not depend on t and comes out:

$$F(u)=H(u)\int g(t)e^{-2\pi iut}dt=G(u)\,H(u).$$

A smearing in space is a plain product in frequency. *In cryo-EM:* that is why the microscope's blur is a *function*, the CTF, that coefficients are
multiplied with. The next meeting is about nothing else."""),
    )  # fmt: skip
    return


@app.cell
def _(bumps, bumps_transform, claim, fine, mo, np, transform):
    _u, _moved = transform(bumps(fine - 0.7), 0.05)
    _shift = np.abs(_moved - bumps_transform(_u) * np.exp(-2j * np.pi * _u * 0.7)).max()
    _scale = np.abs(transform(bumps(-1.4 * fine), 0.05)[1] - bumps_transform(_u / -1.4) / 1.4).max()
    _box = np.exp(-np.abs(fine) / 0.3) * (fine > 0)
    _both = np.convolve(bumps(fine), _box)[200:600] * 0.05
    _product = transform(bumps(fine), 0.05)[1] * transform(_box, 0.05)[1]
    _convolution = np.abs(transform(_both, 0.05)[1] - _product).max()
    mo.vstack([
        claim(f"Shift by 0.7 Å: rule and computation differ by {_shift:.0e}.", _shift < 1e-9),
        claim(f"Scale by −1.4, a mirror too: they differ by {_scale:.0e}.", _scale < 1e-9),
        claim(f"Convolution with a decay: product and transform of the smeared curve differ by {_convolution:.0e}.", _convolution < 1e-9),
    ])  # fmt: skip
    return


@app.cell
def _(SHIFT, bench, help_of, mo, prompt_of):
    shift_bench = bench(SHIFT)
    mo.vstack([prompt_of(SHIFT), shift_bench, help_of(SHIFT)])
    return (shift_bench,)


@app.cell
def _(SHIFT, shift_bench, verdict):
    verdict(SHIFT, shift_bench.value)
    return


@app.cell
def _(question):
    question("Q07")
    return


@app.cell
def _(mo):
    width = mo.ui.slider(1.0, 30.0, 0.5, value=8.0, show_value=True, label="Width of the curve (Å)")
    shape = mo.ui.dropdown(options=["bell", "box", "wave packet"], value="bell", label="Shape")
    mo.hstack([width, shape], justify="start", gap=3)
    return shape, width


@app.cell
def _(Axis, Band, Figure, Line, PURE, Panel, np, places, shape, show, transform, width):
    _x, _w = places(1024, 0.5), width.value
    _curve = {
        "bell": np.exp(-0.5 * (_x / _w) ** 2),
        "box": (np.abs(_x) < _w).astype(float),
        "wave packet": np.exp(-0.5 * (_x / _w) ** 2) * np.cos(2 * np.pi * _x / 10),
    }[shape.value]
    _u, _found = transform(_curve, 0.5)
    _height = np.abs(_found) / np.abs(_found).max()
    _spread = 1 / (2 * np.pi * _w)
    _centre = 0.1 if shape.value == "wave packet" else 0.0
    show(
        Figure(
            name="widths", title="Narrow and broad", height=3.1, columns=2,
            caption=f"The curve is {_w:g} Å wide (shaded: ± {_w:g} Å), its transform {_spread:.4f} Å⁻¹ (shaded). Their product is 1/2π whatever you do. "
            "Look at the wave packet: a long train of a 10 Å wave is a sharp line at 0.1 Å⁻¹, a short one is a smudge about it.",
            panels=(
                Panel(marks=(Band(x=[-_w, _w], low=[-1.1, -1.1], high=[1.15, 1.15], opacity=0.1), Line(x=_x, y=_curve)), legend="none",
                      x=Axis("Place", "Å", limits=(-80, 80)), y=Axis("f", PURE, limits=(-1.1, 1.15)), title="The curve"),
                Panel(marks=(Band(x=[_centre - _spread, _centre + _spread], low=[0, 0], high=[1.15, 1.15], colour="orange", opacity=0.12),
                             Line(x=_u, y=_height, colour="orange")), legend="none",
                      x=Axis("Spatial frequency", "Å⁻¹", limits=(-0.2, 0.2)), y=Axis("|F|, relative", PURE, limits=(0, 1.15)), title="Its transform"),
            ),
        )
    )  # fmt: skip
    return


@app.cell
def _(claim, mo, np, places, transform):
    def _width_of(at, power):
        return np.sqrt((power * at**2).sum() / power.sum())

    _x = places(2048, 0.25)
    _products = []
    for _sigma in (2.0, 5.0, 11.0):
        _curve = np.exp(-0.5 * (_x / _sigma) ** 2)
        _u, _found = transform(_curve, 0.25)
        _products.append(_width_of(_x, _curve**2) * _width_of(_u, np.abs(_found) ** 2) * 4 * np.pi)
    mo.vstack([
        mo.md(r"""
    **Where you meet this**

    | narrow | broad | so |
    |:---|:---|:---|
    | an atom, less than 1 Å across | its scattering, out to beyond 1 Å⁻¹ | high resolution is in reach at all |
    | an atom that trembles is *broader* | its scattering falls sooner: $e^{-Bk^2/4}$ | the B-factor |
    | a particle of diameter D is finite | no detail of its transform is finer than about 1/D | neighbouring coefficients closer than 1/D say the same; a box twice as wide brings no new knowledge |
    | a tight mask | smears the transform over neighbouring shells | FSC within a tight mask looks too good; it is corrected by randomised phases |
    | a source or an aperture seen as a small spot | a wave that is coherent over a broad area | Thon rings reach further |
    | a filter with a sharp edge | long ringing in space | soft edges |
    """),
        claim("Measured as standard deviations of |f|² and |F|², the widths of a bell multiply to 1/4π "
              f"(×4π: {', '.join(f'{each:.6f}' for each in _products)}). No other curve gets lower: this is Heisenberg's uncertainty relation.",
              max(abs(each - 1) for each in _products) < 1e-6),
    ])  # fmt: skip
    return


@app.cell
def _(mo):
    mo.md(r"""
    **What happens when you change magnification?** On the *camera* the particle becomes broader, so its transform, in cycles per
    **camera pixel**, becomes narrower: everything moves towards the middle of the FFT. In cycles per **Å** nothing moves, as the specimen is the
    same; what moves is the edge of the FFT, Nyquist's frequency $1/2p$, one wave every two pixels. Move the slider and read both.
    """)
    return


@app.cell
def _(mo, start):
    pixel = mo.ui.slider(0.5, 4.0, 0.05, value=start("pixel_size", 1.0, 0.5, 4.0), show_value=True, label="Pixel size p (Å)")
    pixel
    return (pixel,)


@app.cell
def _(Axis, Figure, Line, PURE, Panel, Rule, np, pixel, places, show, transform):
    def _seen(at):
        """A blob of 12 Å with a 5 Å repeat in it."""
        return np.exp(-0.5 * (at / 12) ** 2) * (1 + 0.6 * np.cos(2 * np.pi * at / 5.0))

    _p = pixel.value
    _n = places(1024, 1.0)
    _values = _seen(_n * _p)
    _u, _found = transform(_values, 1.0)
    _half = _u >= 0
    _height = np.abs(_found[_half]) / np.abs(_found).max()
    _near = np.abs(_n) <= 40
    _lost = "" if 2 * _p < 5.0 else " Now the 5 Å repeat is beyond Nyquist: its peak is folded back to a frequency where nothing is."
    show(
        Figure(
            name="magnification", title="Magnification", height=3.1, columns=3,
            caption=f"With camera pixels of 5 µm, {_p:g} Å a pixel is a magnification of {50000 / _p:,.0f}. Left: what the camera samples. Middle: its transform in "
            "cycles a pixel, ending at ½. Right: the same in Å⁻¹, where the peak of the 5 Å repeat stays put and Nyquist moves." + _lost,
            panels=(
                Panel(title="On the camera", legend="none", marks=(Line(x=_n[_near], y=_values[_near], points=3.0, width=1.0),),
                      x=Axis("Place", "pixels", limits=(-40, 40)), y=Axis("Contrast, relative", PURE, limits=(-0.05, 1.7))),
                Panel(title="Transform, per pixel", legend="none", marks=(Line(x=_u[_half], y=_height, colour="orange"), Rule(at=0.5, text="Nyquist")),
                      x=Axis("Frequency", "cycles a pixel", limits=(0, 0.57)), y=Axis("|F|, relative", PURE, limits=(0, 1.05))),
                Panel(title="Transform, per Å", legend="none",
                      marks=(Line(x=_u[_half] / _p, y=_height, colour="orange"), Rule(at=0.5 / _p, text="Nyquist"),
                             Rule(at=0.2, text="1/5 Å", colour="green", style="dotted")),
                      x=Axis("Frequency", "Å⁻¹", limits=(0, 0.6)), y=Axis("|F|, relative", PURE, limits=(0, 1.05))),
            ),
        )
    )  # fmt: skip
    return


@app.cell
def _(question):
    question("Q08")
    return


@app.cell
def _(mo):
    mo.md(r"""
    A computer has no infinite line, only a box of length $L$. In it only waves fit that close upon themselves: 0, 1, 2, … periods a box. So the frequencies are
    **bins**, $k/L$, evenly spaced by $1/L$, and they end where a wave has two samples, at Nyquist. *Evenly in frequency*
    means very unevenly in Å: the first bins are worlds apart, the last ones crowd together.
    """)
    return


@app.cell
def _(mo, start):
    box = mo.ui.slider(32, 512, 16, value=round(start("box", 128, 32, 512) / 16) * 16, show_value=True, label="Box (pixels)")
    bin_pixel = mo.ui.slider(0.5, 4.0, 0.05, value=start("pixel_size", 1.0, 0.5, 4.0), show_value=True, label="Pixel size (Å)")
    mo.hstack([box, bin_pixel], justify="start", gap=3)
    return bin_pixel, box


@app.cell
def _(Axis, Figure, Line, PURE, Panel, RowBars, axis_frequencies, bin_pixel, box, mo, np, pairwise, show):
    _length = box.value * bin_pixel.value
    _k = axis_frequencies(box.value, bin_pixel.value, half=True).double().numpy()
    _edges = [np.inf, 20.0, 10.0, 5.0, 2.5, 1.25, 0.0]
    _counts = [int(((_k > (1 / high if np.isfinite(high) else -1)) & (_k <= (1 / low if low else np.inf))).sum()) for high, low in pairwise(_edges)]
    _names = ("coarser than 20 Å", "20 to 10 Å", "10 to 5 Å", "5 to 2.5 Å", "2.5 to 1.25 Å", "finer")
    _last = [_length / each for each in (len(_k) - 3, len(_k) - 2, len(_k) - 1)]
    mo.vstack([
        show(
            Figure(
                name="bins", title="Bins", height=3.1, columns=2,
                caption="Left: bins (of the positive half) between resolutions that halve: from the second row on each has twice as many as the one above, until Nyquist ends it. Right: the "
                "length that bin k stands for. Look for how few bins describe all that is coarser than 20 Å, and how many the last halving costs.",
                panels=(
                    Panel(title="Bins by resolution", legend="none", marks=(RowBars(names=_names, lengths=_counts, notes=tuple(str(each) for each in _counts)),),
                          x=Axis("Bins", PURE, limits=(0, None)), y=Axis("Resolution", "Å")),
                    Panel(title="Length of bin k", legend="none", marks=(Line(x=np.arange(1, len(_k)), y=1 / _k[1:], points=3.5, width=1.0),),
                          x=Axis("Bin k", PURE), y=Axis("Length L / k", "Å", scale="log")),
                ),
            )
        ),
        mo.md(f"Bins are **1/{_length:g} = {1 / _length:.5f} Å⁻¹** apart. The first stand for ∞ (the mean), {_length:.4g}, {_length / 2:.4g} and "
              f"{_length / 3:.4g} Å; the last for {_last[0]:.4g}, {_last[1]:.4g} and {_last[2]:.4g} Å."),
    ])  # fmt: skip
    return


@app.cell
def _(axis_frequencies, claim, mo):
    _k = axis_frequencies(128, 1.0, half=True).double().numpy()
    _coarse, _fine = (int(((_k > 1 / a) & (_k <= 1 / b)).sum()) for a, b in ((10, 5), (5, 2.5)))
    mo.vstack([
        claim(f"128 Å box, 1 Å pixels: bins are {_k[1]:.4f} Å⁻¹ apart, and the last, k = 64, is {1 / _k[-1]:g} Å.", _k[1] == 1 / 128 and _k[-1] == 0.5),
        claim(f"From 10 to 5 Å there are {_coarse} bins (k = 13 … 25), from 5 to 2.5 Å {_fine} (k = 26 … 51).", (_coarse, _fine) == (13, 26)),
        mo.md("Read as intervals, as in the question's hint: [0, 1/128) is everything longer than 128 Å, [1/128, 2/128) is 128 to 64 Å, …, and the last, "
              "[63/128, 64/128), is 2.03 to 2.00 Å. A step of one bin at the coarse end is 64 Å, at the fine end 0.03 Å: **resolution curves "
              "are drawn against frequency, because that is where they are evenly known.**"),
    ])  # fmt: skip
    return


@app.cell
def _(BINS, bench, help_of, mo, prompt_of):
    bins_bench = bench(BINS)
    mo.vstack([prompt_of(BINS), bins_bench, help_of(BINS)])
    return (bins_bench,)


@app.cell
def _(BINS, bins_bench, verdict):
    verdict(BINS, bins_bench.value)
    return


@app.cell
def _(claim, mo, np, ribosome, shift, torch):
    _by = torch.tensor([2.5, 0.0], dtype=torch.float64)
    _once = shift(torch.from_numpy(ribosome)[None], _by)
    _twice = shift(_once, _by)[0].numpy()
    _error = np.abs(_twice - np.roll(ribosome, 5)).max()
    mo.vstack([
        mo.md(r"""
    ## In your own project

    - **Every alignment step** moves particles with the rule of Q06: `vitreous.numerics.fourier.shift` multiplies the transform with $e^{-2\pi i\,k\cdot d}$.
    - **Every FSC curve** has one point a shell, and shells are the bins of Q08 in three dimensions: shell s of a box of length L is the frequency s/L.
    - **Every box size** you type is a choice of 1/L, and every pixel size one of Nyquist: `vitreous plan-experiment` asks 2.5 pixels to a resolution.
    """),
        claim(f"Two shifts by half-way numbers, 2.5 pixels each, are one shift by 5 pixels: the ribosome's curve differs by {_error:.4f}. Nothing was interpolated, so nothing was blurred.",
              _error < 1e-3),
    ])  # fmt: skip
    return


@app.cell
def _(closing):
    closing("fourier-blur")
    return


if __name__ == "__main__":
    app.run()
