import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Convolution, sampling and Nyquist, by eye")


@app.cell
def _():
    import marimo as mo
    import numpy as np
    import torch

    from vitreous.data.optics import Optics
    from vitreous.learning.exercise import bench, help_of, prompt_of, verdict
    from vitreous.learning.exercises.convolution import ALIAS, CONVOLVE
    from vitreous.learning.page import claim, closing, opening, question, show, start, steps
    from vitreous.learning.sampled import places, transform
    from vitreous.numerics.filters import apply, gaussian, raised_cosine, soft_disc
    from vitreous.numerics.fourier import axis_frequencies, centred_irfft2, frequency_squared, rfft2
    from vitreous.numerics.resample import fourier_resize
    from vitreous.physics.ctf import b_envelope, ctf_grid
    from vitreous.physics.detector import aperture
    from vitreous.physics.scattering import b_factor
    from vitreous.simulate.specimens import project_atoms, specimen
    from vitreous.views.figure import PURE, Axis, Figure, Panel
    from vitreous.views.marks import Band, Line, Picture, Rule, Scatter
    from vitreous.views.pictures import scale_bar

    return (
        ALIAS, Axis, Band, CONVOLVE, Figure, Line, Optics, PURE, Panel, Picture, Rule, Scatter, aperture, apply, axis_frequencies, b_envelope,
        b_factor, bench, centred_irfft2, claim, closing, ctf_grid, fourier_resize, frequency_squared, gaussian, help_of, mo, np, opening,
        places, project_atoms, prompt_of, question, raised_cosine, rfft2, scale_bar, show, soft_disc, specimen, start, steps, torch, transform, verdict,
    )  # fmt: skip


@app.cell
def _(opening):
    opening("convolution-blur")
    return


@app.cell
def _(mo):
    mo.md(r"""
    ## A smear, everywhere the same

    Take a photograph while the camera moves: every point becomes the same little streak, as bright as the point was, and streaks that overlap add up. That is
    a convolution: *what was there* (g) and *what a point becomes* (h, the kernel). Every instrument does it to everything it records.
    """)
    return


@app.cell
def _(question):
    question("Q14")
    return


@app.cell
def _(mo):
    mo.md(r"""
    Below is the animation, held still. The notebook's film shows h gliding over g and a curve growing out of it; its formula, bounds and all, is

    $$f(x)=(g*h)(x)=\int_{-\infty}^{\infty}g(t)\,h(x-t)\,dt ,$$

    for every x from $-\infty$ to $\infty$. **One snapshot is one x**: h is *mirrored* (it is a function of $-t$) and its origin put at x; the product with g is the shaded area; the area's size is the single number $f(x)$.
    Where g and h are zero beyond some length, the integrand is zero where they do not overlap, and the bounds shrink to the overlap.
    In an image it is $\iint g(s,t)\,h(x-s,y-t)\,ds\,dt$, and one snapshot gives one pixel.
    """)
    return


@app.cell
def _(mo):
    first = mo.ui.dropdown(options=["box", "decay", "two bells"], value="two bells", label="g")
    second = mo.ui.dropdown(options=["box", "decay", "bell"], value="decay", label="h")
    at = mo.ui.slider(-4.0, 6.0, 0.1, value=0.8, show_value=True, label="x (Å)")
    swapped = mo.ui.checkbox(label="slide g over h instead")
    mo.hstack([first, second, at, swapped], justify="start", gap=2)
    return at, first, second, swapped


@app.cell
def _(np):
    def curve(name, t):
        return {
            "box": (np.abs(t) < 1.0).astype(float),
            "decay": np.where(t > 0, np.exp(-np.maximum(t, 0) / 0.8), 0.0),
            "bell": np.exp(-0.5 * (t / 0.5) ** 2),
            "two bells": np.exp(-0.5 * ((t + 1) / 0.4) ** 2) + 0.6 * np.exp(-0.5 * ((t - 1) / 0.4) ** 2),
        }[name]

    t = np.linspace(-8, 8, 1601)
    return curve, t


@app.cell
def _(Axis, Band, Figure, Line, PURE, Panel, Rule, Scatter, at, curve, first, np, second, show, swapped, t):
    _still, _slid = (second.value, first.value) if swapped.value else (first.value, second.value)
    _g, _h = curve(_still, t), curve(_slid, at.value - t)
    _whole = np.convolve(curve(_still, t), curve(_slid, t), "same") * 0.01
    _area = float((_g * _h).sum() * 0.01)
    _names = ("h", "g") if swapped.value else ("g", "h")
    show(
        Figure(
            name="sliding", title="One snapshot", height=3.3, columns=2,
            caption=f"Left: {_names[0]}(t), and {_names[1]} mirrored and put at x; shaded, their product. Its area, {_area:.3f} Å, is the dot on the right. Look for the mirror: a decay slides in with its steep side last. "
            "Then swap the two: the snapshot is another, the area the same.",
            panels=(
                Panel(
                    title="The snapshot", legend="upper right",
                    marks=(Band(x=t, low=np.zeros_like(t), high=_g * _h, colour="green", opacity=0.35), Line(x=t, y=_g, label=f"{_names[0]}(t)"),
                           Line(x=t, y=_h, colour="orange", style="dashed", label=f"{_names[1]}(x − t)"), Rule(at=at.value, text="x")),
                    x=Axis("t", "Å", limits=(-6, 7)), y=Axis("Value", PURE, limits=(0, 1.35)),
                ),
                Panel(
                    title="The convolution", legend="none",
                    marks=(Line(x=t, y=_whole, colour="green"), Scatter(x=[at.value], y=[_area], colour="ink", size=55, opacity=1.0), Rule(at=at.value, text="x")),
                    x=Axis("x", "Å", limits=(-6, 7)), y=Axis("f(x)", "Å", limits=(0, None)),
                ),
            ),
        )
    )  # fmt: skip
    return


@app.cell
def _(CONVOLVE, bench, help_of, mo, prompt_of):
    convolve_bench = bench(CONVOLVE)
    mo.vstack([prompt_of(CONVOLVE), convolve_bench, help_of(CONVOLVE)])
    return (convolve_bench,)


@app.cell
def _(CONVOLVE, convolve_bench, verdict):
    verdict(CONVOLVE, convolve_bench.value)
    return


@app.cell
def _(question):
    question("Q13")
    return


@app.cell
def _(claim, curve, mo, np, steps, t):
    _one, _other = (np.convolve(curve(a, t), curve(b, t)) for a, b in (("decay", "two bells"), ("two bells", "decay")))
    _gap = np.abs(_one - _other).max() / _one.max()
    mo.vstack([
        mo.md("The tick box above shows it; here is why it must be so."),
        steps(
            ("Write it down", r"$(g*h)(x)=\int_{-\infty}^{\infty}g(t)\,h(x-t)\,dt$; x is fixed, t runs."),
            ("Count from the other end", r"Substitute $s=x-t$, so $t=x-s$ and $dt=-ds$. As t runs from $-\infty$ to $\infty$, s runs from $+\infty$ to $-\infty$."),
            ("Turn the bounds round", r"$$\int_{+\infty}^{-\infty}g(x-s)\,h(s)\,(-ds)=\int_{-\infty}^{\infty}h(s)\,g(x-s)\,ds.$$ The minus of ds and the minus of the swapped bounds cancel."),
            ("Read it", r"That is $(h*g)(x)$, with s for t. So $g*h=h*g$: it makes no difference which one is the image and which one the kernel. (By the convolution theorem: $GH=HG$, numbers commute.)"),
            ("What does not commute", r"Cross-correlation: $(g\star h)(d)=\int \overline{g(x)}\,h(x+d)\,dx$ swaps into its own mirror image. And a mask applied before a blur is not the same as after it: one is a product, the other a convolution."),
        ),
        claim(f"Decay * two bells and two bells * decay differ by {_gap:.0e} of their height.", _gap < 1e-12),
    ])  # fmt: skip
    return


@app.cell
def _(question):
    question("Q12")
    return


@app.cell
def _(mo):
    apart = mo.ui.slider(0.0, 4.0, 0.25, value=2.0, show_value=True, label="Distance a from the middle (Å)")
    sign = mo.ui.dropdown(options=["minus", "plus", "times"], value="minus", label="Between the two")
    mo.vstack([
        mo.md(r"""
    Try it on paper before you open the steps: *shift* and *linearity* are all you need. (In the printed syllabus the minus sign got lost, and the two bells stand side by side, as if multiplied.
    Choose what stands between them, and see three quite different answers.)
    """),
        mo.hstack([apart, sign], justify="start", gap=3),
    ])  # fmt: skip
    return apart, sign


@app.cell
def _(Axis, Figure, Line, PURE, Panel, apart, np, places, show, sign, transform):
    _x, _a = places(1600, 0.05), apart.value
    _left, _right = np.exp(-np.pi * (_x + _a) ** 2), np.exp(-np.pi * (_x - _a) ** 2)
    _g = {"minus": _right - _left, "plus": _right + _left, "times": _right * _left}[sign.value]
    _u, _found = transform(_g, 0.05)
    _seen = np.abs(_u) <= 2
    _rule = {
        "minus": f"G = −2i sin(2π · {_a:g} u) exp(−πu²), imaginary and odd, as g is odd",
        "plus": f"G = 2 cos(2π · {_a:g} u) exp(−πu²), real and even, as g is even",
        "times": f"g is one bell, exp(−2πx²) exp(−2π · {_a:g}²), and G = exp(−2π · {_a:g}²) exp(−πu²/2) / √2",
    }[sign.value]
    show(
        Figure(
            name="homework", title="Homework", height=3.1, columns=2,
            caption=f"{_rule}. Look for the bell as the envelope and the beat inside it: the farther apart the two are, the faster their transform beats. Young's fringes from two slits are this picture.",
            panels=(
                Panel(title="g(x)", legend="none", marks=(Line(x=_x, y=_g),), x=Axis("x", "Å", limits=(-6, 6)), y=Axis("g", PURE, limits=(-1.1, 1.1) if sign.value != "times" or _a < 0.4 else None)),
                Panel(title="G(u)", legend="upper right", marks=(Line(x=_u[_seen], y=_found.real[_seen], label="real part"), Line(x=_u[_seen], y=_found.imag[_seen], colour="orange", style="dashed", label="imaginary part")),
                      x=Axis("u", "Å⁻¹", limits=(-2, 2)), y=Axis("G", "Å", limits=(-2.1, 2.1) if sign.value != "times" else None)),
            ),
        )
    )  # fmt: skip
    return


@app.cell
def _(claim, mo, np, places, steps, transform):
    _x = places(400, 0.05)
    _u, _found = transform(np.exp(-np.pi * (_x - 2) ** 2) - np.exp(-np.pi * (_x + 2) ** 2), 0.05)
    _gap = np.abs(_found + 2j * np.sin(4 * np.pi * _u) * np.exp(-np.pi * _u**2)).max()
    mo.vstack([
        steps(
            ("The bell you know", r"$e^{-\pi x^2}\leftrightarrow e^{-\pi u^2}$."),
            ("Shift", r"$e^{-\pi(x-2)^2}\leftrightarrow e^{-2\pi i\,2u}e^{-\pi u^2}$ and $e^{-\pi(x+2)^2}\leftrightarrow e^{+2\pi i\,2u}e^{-\pi u^2}$."),
            ("Linearity", r"$G(u)=\big(e^{-4\pi iu}-e^{4\pi iu}\big)e^{-\pi u^2}=-2i\,\sin(4\pi u)\,e^{-\pi u^2}$, since $e^{i\varphi}-e^{-i\varphi}=2i\sin\varphi$."),
            ("The same by the convolution theorem", r"g is the bell convolved with a spike at +2 and a negative spike at −2. The spikes transform into $e^{-4\pi iu}-e^{4\pi iu}$, the bell into a bell, the convolution into their product."),
        ),
        claim(f"Computed from samples, G(u) is −2i sin(4πu) exp(−πu²) to {_gap:.0e}.", _gap < 1e-12),
    ])  # fmt: skip
    return


@app.cell
def _(question):
    question("Q16")
    return


@app.cell
def _(np, project_atoms, specimen):
    size, pixel = 128, 3.0
    wide = size * pixel
    extent = (0.0, wide, 0.0, wide)
    ribosome = project_atoms(specimen("ribosome"), np.eye(3)[None], np.zeros((1, 2)), size=size, pixel_size=pixel)[0]
    ribosome = ribosome / ribosome.max()
    return extent, pixel, ribosome, size, wide


@app.cell
def _(mo):
    sigma = mo.ui.slider(1.0, 30.0, 0.5, value=8.0, show_value=True, label="Standard deviation σ of the kernel (Å)")
    mo.vstack([
        mo.md(r"""
    By the convolution theorem the transform of $g*h$ is $G\cdot H$: every wave of the image is multiplied by the kernel's value at its frequency. A Gaussian of
    standard deviation σ has a Gaussian transform of standard deviation $1/2\pi\sigma$: **the broader the kernel, the narrower what it lets through.** That is a low-pass filter, and the filter's cut-off is about $1/2\pi\sigma$.
    """),
        sigma,
    ])  # fmt: skip
    return (sigma,)


@app.cell
def _(Axis, Figure, Line, PURE, Panel, Picture, Rule, apply, b_factor, extent, frequency_squared, gaussian, np, pixel, rfft2, ribosome, scale_bar, show, sigma, size, wide):
    _k = frequency_squared((size, size), pixel).sqrt()
    _width = 1 / (2 * np.pi * sigma.value)
    _gain = gaussian(_k, _width)
    _blurred = apply(ribosome, _gain, 2)
    _x = np.linspace(-60, 60, 301)
    _line = _k[0, 1:].numpy()
    _before, _after = rfft2(ribosome)[0, 1:].abs().numpy(), rfft2(_blurred)[0, 1:].abs().numpy()
    show(
        Figure(
            name="wide", title="A wide Gaussian", height=3.3, columns=4,
            caption=f"The kernel, ± {sigma.value:g} Å; its transform, ± {_width:.4f} Å⁻¹, one over {1 / _width:.0f} Å; the amplitudes along kx before and after; the image after. Look at the two left panels move against each other. As a B-factor, "
            f"exp(−Bk²/4), this kernel is B = 8π²σ² = {b_factor(sigma.value):,.0f} Å².",
            panels=(
                Panel(title="Kernel h", legend="none", marks=(Line(x=_x, y=np.exp(-0.5 * (_x / sigma.value) ** 2) / (sigma.value * np.sqrt(2 * np.pi))),), x=Axis("x", "Å"), y=Axis("h", "Å⁻¹", limits=(0, None))),
                Panel(title="Gain H", legend="none", marks=(Line(x=_line, y=_gain[0, 1:].numpy(), colour="orange"), Rule(at=_width, text="1 / 2πσ")), x=Axis("Frequency", "Å⁻¹", limits=(0, 0.17)), y=Axis("H", PURE, limits=(0, 1.03))),
                Panel(title="Amplitudes", marks=(Line(x=_line, y=_before, colour="muted", width=1.1, label="before"), Line(x=_line, y=np.maximum(_after, 1e-9), label="after")),
                      x=Axis("kx", "Å⁻¹", limits=(0, 0.17)), y=Axis("Amplitude", PURE, scale="log", limits=(1e-3, 1e4)), legend="upper right"),
                Panel(title="The image", equal=True, marks=(Picture(values=_blurred.numpy(), extent=extent), scale_bar(wide))),
            ),
        )
    )  # fmt: skip
    return


@app.cell
def _(apply, claim, frequency_squared, gaussian, np, pixel, ribosome, size):
    _sigma = 6.0
    _x = np.arange(-20, 21) * pixel
    _line = np.exp(-0.5 * (_x / _sigma) ** 2)
    _line /= _line.sum()
    _rows = np.apply_along_axis(np.convolve, 1, ribosome.double().numpy(), _line, "same")
    _smeared = np.apply_along_axis(np.convolve, 0, _rows, _line, "same")
    _filtered = apply(ribosome.double(), gaussian(frequency_squared((size, size), pixel, like=ribosome.double()).sqrt(), 1 / (2 * np.pi * _sigma)), 2).numpy()
    _gap = np.abs(_smeared - _filtered)[24:-24, 24:-24].max() / _filtered.max()
    claim(f"A ribosome smeared with a Gaussian of 6 Å in real space, and its transform multiplied by one of 1/(2π · 6) Å⁻¹, are the same image to {_gap:.0e} of its maximum, but for the rim (where one goes on with zeros, the other with the opposite edge).", _gap < 1e-9)
    return


@app.cell
def _(mo):
    mo.md(r"""
    ## Sampling: a multiplication that makes copies

    To sample is to multiply with a comb of spikes, p apart. A product here is a convolution there, and the comb's transform is a comb again, $1/p$ apart: so the sampled
    signal has **its spectrum copied at every multiple of $1/p$**. As long as the spectrum ends below half that distance, at **Nyquist's frequency $1/2p$**, the copies lie side by side and nothing is lost. Beyond, they overlap, and what
    overlaps can never be told apart again: *aliasing*.
    """)
    return


@app.cell
def _(mo, start):
    wave_length = mo.ui.slider(0.6, 8.0, 0.1, value=3.0, show_value=True, label="Wavelength (Å)")
    sampling = mo.ui.slider(0.5, 4.0, 0.1, value=round(start("pixel_size", 1.0, 0.5, 4.0), 1), show_value=True, label="Pixel size p (Å)")
    mo.hstack([wave_length, sampling], justify="start", gap=3)
    return sampling, wave_length


@app.cell
def _(Axis, Figure, Line, PURE, Panel, Rule, Scatter, np, sampling, show, wave_length):
    _k, _p = 1 / wave_length.value, sampling.value
    _appears = _k - round(_k * _p) / _p
    _x = np.linspace(0, 24, 1201)
    _n = np.arange(0, 24.001, _p)
    _at = np.linspace(-0.9, 0.9, 1201)
    _copies = {m: np.exp(-0.5 * ((_at - m / _p) / 0.09) ** 2) for m in range(-4, 5)}
    _said = f"It is seen as a wave of {1 / abs(_appears):.3g} Å." if abs(_appears) > 1e-6 else "It is seen as a constant."
    _true = "Nyquist is not exceeded: the samples show the wave as it is." if _k <= 0.5 / _p + 1e-9 else f"The wave is beyond Nyquist. {_said}"
    show(
        Figure(
            name="aliasing", title="Sampling", height=3.2, columns=2,
            caption=f"Left: a wave, its samples and the longest wave through them. {_true} Right: the spectrum of a signal that reaches to about 0.25 Å⁻¹, and the copies that sampling makes. Look for the moment the copies touch: from there on the sum (thick) is wrong, first at Nyquist.",
            panels=(
                Panel(title="A wave and its samples", legend="above",
                      marks=(Line(x=_x, y=np.cos(2 * np.pi * _k * _x), colour="muted", width=1.0, label="wave"), Line(x=_x, y=np.cos(2 * np.pi * _appears * _x), colour="orange", style="dashed", label="seen"),
                             Scatter(x=_n, y=np.cos(2 * np.pi * _k * _n), size=26, opacity=1.0, label="samples")),
                      x=Axis("Place", "Å", limits=(0, 24)), y=Axis("Value", PURE, limits=(-1.15, 1.15))),
                Panel(title="Spectrum and copies", legend="above",
                      marks=(Line(x=_at, y=sum(_copies.values()), width=2.6, label="after sampling"), *(Line(x=_at, y=each, colour="orange" if m == 0 else "muted", style="dashed", width=1.1, label="the signal" if m == 0 else "") for m, each in _copies.items()),
                             Rule(at=0.5 / _p, text="Nyquist"), Rule(at=-0.5 / _p)),
                      x=Axis("Frequency", "Å⁻¹", limits=(-0.9, 0.9)), y=Axis("Amplitude, relative", PURE, limits=(0, 2.1))),
            ),
        )
    )  # fmt: skip
    return


@app.cell
def _(ALIAS, bench, help_of, mo, prompt_of):
    alias_bench = bench(ALIAS)
    mo.vstack([prompt_of(ALIAS), alias_bench, help_of(ALIAS)])
    return (alias_bench,)


@app.cell
def _(ALIAS, alias_bench, verdict):
    verdict(ALIAS, alias_bench.value)
    return


@app.cell
def _(claim, fourier_resize, mo, np, rfft2, torch):
    _x = np.arange(96)
    _wave = torch.from_numpy(np.cos(2 * np.pi * 30 * _x / 96)[None] * np.ones((96, 1)))
    _binned = (_wave[::2, ::2] + _wave[1::2, ::2] + _wave[::2, 1::2] + _wave[1::2, 1::2]) / 4
    _cropped = fourier_resize(_wave, (48, 48))
    _ghost = float(rfft2(_binned)[0, 18].abs() / (48**2 / 2))
    _rest = float(_cropped.abs().max())
    _expected = abs(np.cos(np.pi * 30 / 96))
    mo.vstack([
        mo.md("""
    **Binning or cropping?** To make pixels twice as large one may average 2 × 2 of them, or cut the transform off at the new Nyquist frequency. Averaging is a convolution with a small box
    followed by sampling: it weakens what is beyond the new Nyquist frequency but does not remove it, and what is left folds back. Vitreous crops (`fourier_resize`).
    """),
        claim(f"A wave of 30/96 cycles a pixel, beyond the new Nyquist of 24/96, comes back after binning as a ghost at 18/96 with {_ghost:.0%} of its amplitude, which is cos(π · 30/96); after cropping {_rest:.0e} is left.",
              abs(_ghost - _expected) < 1e-9 and _rest < 1e-12),
    ])  # fmt: skip
    return


@app.cell
def _(question):
    question("Q15")
    return


@app.cell
def _(mo):
    stage = mo.ui.dropdown(options=["the lens", "drift", "trembling atoms", "the camera's pixel", "a mask"], value="the lens", label="Where")
    strength = mo.ui.slider(1, 10, 1, value=5, show_value=True, label="Strength")
    mo.hstack([stage, strength], justify="start", gap=3)
    return stage, strength


@app.cell
def _(Optics, aperture, axis_frequencies, b_envelope, ctf_grid, frequency_squared, np, pixel, size, soft_disc, torch):
    shape = (size, size)

    def met(place, level):
        """(what is done to the image, gain on the half grid, a sentence) for a place where convolution is met."""
        k2 = frequency_squared(shape, pixel)
        if place == "the lens":
            defocus = 2000.0 * level
            return ctf_grid(torch.tensor([defocus, defocus, 0, 0], dtype=torch.float64), Optics(pixel_size=pixel), shape).float(), (
                f"Physical, 2-D. The projected potential is convolved with the point spread function, here at {defocus:.0f} Å of defocus: rings as wide as the defocus is large. H is the CTF, −sin χ(k): it changes sign, so detail changes contrast.")
        if place == "drift":
            length = 4.0 * level
            return torch.sinc(axis_frequencies(size, pixel, half=True) * length).expand(size, -1), (
                f"Physical, 2-D in form, 1-D in effect. While the shutter is open the specimen moves {length:g} Å along x: the kernel is a line of that length, H is sin(πk L)/(πk L) along x and 1 along y. Aligning movie frames undoes it.")
        if place == "trembling atoms":
            b = 60.0 * level**2
            return b_envelope(k2, b), (f"Physical, 3-D. Every atom's potential is convolved with the Gaussian of its trembling (and of all other errors of place): H = exp(−Bk²/4), here B = {b:.0f} Å², as B = 8π²σ² with σ = {np.sqrt(b / 8) / np.pi:.1f} Å.")
        if place == "the camera's pixel":
            side = max(1, level)
            y, x = axis_frequencies(size)[:, None], axis_frequencies(size, half=True)
            gain = aperture(shape) if side == 1 else torch.sinc(side * y) * torch.sinc(side * x)
            return gain, (f"Physical, 2-D. A pixel adds up all that falls on its square: convolution with a box (here {side} of these pixels wide), then sampling. H is sinc(kx a) sinc(ky a), 64 % at Nyquist of that pixel. Binning in the computer is the same.")
        reach = 60.0 - 5.0 * level
        return soft_disc(shape, reach, 4.0), (f"Computational, and the other way round: in real space a mask is a product, so in Fourier space (2-D or 3-D) the transform is convolved with the mask's, a blob of about 1/{2 * reach * pixel:.0f} Å⁻¹. "
                                              "Neighbouring coefficients become alike: this is what makes an FSC within a tight mask look too good.")  # fmt: skip

    return met, shape


@app.cell
def _(Axis, Figure, Line, PURE, Panel, Picture, apply, centred_irfft2, extent, frequency_squared, met, np, pixel, raised_cosine, ribosome, scale_bar, shape, show, size, stage, strength, torch, wide):
    _gain, _words = met(stage.value, strength.value)
    _masked = stage.value == "a mask"
    _after = ribosome * _gain if _masked else apply(ribosome, _gain, 2)
    _line = np.arange(size // 2 + 1) / wide
    _curve = _gain[size // 2, size // 2 :].numpy() if _masked else _gain[0].numpy()
    _along = np.arange(len(_curve)) * pixel if _masked else _line
    _round = raised_cosine(frequency_squared(shape, pixel).sqrt(), 0.42 / pixel, 0.14 / pixel)
    _point = None if _masked else centred_irfft2((_gain * _round).to(torch.complex64), shape)[32:96, 32:96].numpy()
    _middle = (
        Panel(title="The mask", equal=True, marks=(Picture(values=_gain.numpy(), extent=extent), scale_bar(wide)))
        if _masked
        else Panel(title="A point becomes", equal=True, marks=(Picture(values=_point, extent=(0, wide / 2, 0, wide / 2), limits=(-np.abs(_point).max() * 0.35, np.abs(_point).max() * 0.35), colours="diverging"), scale_bar(wide / 2, "ink")))
    )
    show(
        Figure(
            name="met", title="Where convolution happens", height=3.2, columns=4,
            caption=f"{_words} From the left: image, kernel, gain, result; look for which of its details survive, and in which contrast.",
            panels=(
                Panel(title="Before", equal=True, marks=(Picture(values=ribosome.numpy(), extent=extent), scale_bar(wide))),
                _middle,
                Panel(title="Along x" if _masked else "H along kx", legend="none", marks=(Line(x=_along, y=_curve, colour="orange"),),
                      x=Axis("Distance from the middle", "Å") if _masked else Axis("kx", "Å⁻¹", limits=(0, 0.17)), y=Axis("Value of the mask" if _masked else "H", PURE, limits=(-1.05, 1.05))),
                Panel(title="After", equal=True, marks=(Picture(values=_after.numpy(), extent=extent), scale_bar(wide))),
            ),
        )
    )  # fmt: skip
    return


@app.cell
def _(mo):
    mo.md(r"""
    **The whole list**

    | where | what is convolved | with what | dimensions | in Vitreous |
    |:---|:---|:---|:---|:---|
    | atoms | points | each element's scattering potential, a sum of Gaussians | 3 | `physics.splat` |
    | trembling, flexible atoms | the potential | a Gaussian, $B=8\pi^2\sigma^2$ | 3 | `physics.ctf.b_envelope` |
    | the lens | the projected potential | the point spread function, FT⁻¹ of $-\sin\chi$ | 2 | `physics.ctf`, `physics.delocalisation` |
    | a beam not quite coherent | the image | a narrow spot that grows with defocus | 2 | `physics.envelopes` |
    | drift and charging | the image | the path, one line or curve | 2 | `align-movies` |
    | the camera | the image | the pixel's square, and the spread of the electron's signal | 2 | `physics.detector` |
    | binning, low-pass filters | the image | box, Gaussian, sinc-like | 2 | `numerics.filters` |
    | picking, aligning | the micrograph | the *mirrored* template (then it is a correlation) | 2 | `stages.picking` |
    | a mask | the **transform** | the mask's transform | 3 | `postprocess` |
    | cutting slices | the **transform** | a triangle, one voxel to each side (linear interpolation) | 3 | `numerics.slices` |
    | reconstruction from few views | the map | the point spread function of the directions | 3 | `directions` |
    """)
    return


@app.cell
def _(closing):
    closing("convolution-blur")
    return


if __name__ == "__main__":
    app.run()
