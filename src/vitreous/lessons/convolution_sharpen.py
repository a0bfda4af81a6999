import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Convolution, sampling and Nyquist, by computer")


@app.cell
def _():
    import time

    import marimo as mo
    import numpy as np
    import torch
    from scipy.ndimage import convolve1d

    from vitreous.data.optics import Optics
    from vitreous.learning.exercise import bench, help_of, prompt_of, verdict
    from vitreous.learning.exercises.convolution import CONVOLVE_2D, WIENER
    from vitreous.learning.page import claim, closing, opening, question, show, start, steps
    from vitreous.learning.sampled import back, places, transform
    from vitreous.numerics.fourier import axis_frequencies, good_size, irfft2, rfft2
    from vitreous.numerics.shells import shell_average, spread
    from vitreous.physics.ctf import ctf, ctf_grid
    from vitreous.physics.integrating import IntegratingDetector
    from vitreous.simulate.specimens import project_atoms, specimen
    from vitreous.stages.ctf_correct.filters import wiener_average
    from vitreous.stages.planner.particles import Experiment, particles_needed
    from vitreous.views.figure import PURE, Axis, Figure, Panel
    from vitreous.views.marks import Line, Picture, Rule, Scatter
    from vitreous.views.pictures import scale_bar

    return (
        Axis, CONVOLVE_2D, Experiment, Figure, IntegratingDetector, Line, Optics, PURE, Panel, Picture, Rule, Scatter, WIENER,
        axis_frequencies, back, bench, claim, closing, convolve1d, ctf, ctf_grid, good_size, help_of, irfft2, mo, np, opening, particles_needed, places,
        project_atoms, prompt_of, question, rfft2, scale_bar, shell_average, show, specimen, spread, start, steps, time, torch, transform, verdict, wiener_average,
    )  # fmt: skip


@app.cell
def _(opening):
    opening("convolution-sharpen")
    return


@app.cell
def _(mo):
    mo.md(r"""
    ## One theorem, and its small print

    $$f=g*h\qquad\Longleftrightarrow\qquad F(u)=G(u)\,H(u)$$

    It promises three things: to *undo* a blur by a division, to *regroup* blurs at will, and to *compute* them fast. Each promise has small print: H may be zero, the integrals must exist, and the computer's signals are periodic. This lesson
    is about the small print.
    """)
    return


@app.cell
def _(question):
    question("Q17")
    return


@app.cell
def _(mo):
    blur = mo.ui.slider(0.1, 1.0, 0.05, value=0.4, show_value=True, label="Blur σ (Å)")
    noise_power = mo.ui.slider(-16.0, -1.0, 0.5, value=-6.0, show_value=True, label="Noise, 10^… of the signal")
    constant = mo.ui.slider(-16.0, 0.0, 0.5, value=-16.0, show_value=True, label="Wiener's constant, 10^…")
    mo.vstack([
        mo.md(r"""
    The signal has a spike at the origin and two broad bumps. Blur it, add a little noise (rounding, $10^{-16}$, is noise too), and divide by H. Wiener's constant all the way to the left is the plain division.
    """),
        mo.hstack([blur, noise_power, constant], justify="start", gap=2),
    ])  # fmt: skip
    return blur, constant, noise_power


@app.cell
def _(np, places):
    x = places(256, 0.1)
    truth = 4.0 * (x == 0) + np.exp(-0.5 * ((x - 4) / 1.2) ** 2) + 0.6 * np.exp(-0.5 * ((x + 5) / 2.0) ** 2)
    grain = np.random.default_rng(3).normal(size=256)
    return grain, truth, x


@app.cell
def _(Axis, Figure, Line, PURE, Panel, back, blur, constant, grain, noise_power, np, show, transform, truth, x):
    _u, _g = transform(truth, 0.1)
    _h = np.exp(-2 * (np.pi * blur.value * _u) ** 2)
    _seen = back(_g * _h, 0.1).real + 10**noise_power.value * grain
    _noisy = transform(_seen, 0.1)[1]
    _weight = 10**constant.value if constant.value > -16 else 0.0
    _inverse = _h / np.maximum(_h**2 + _weight, 1e-300)
    _found = back(np.clip((_noisy * _inverse).real, -1e12, 1e12) + 1j * np.clip((_noisy * _inverse).imag, -1e12, 1e12), 0.1).real
    _level = 10**noise_power.value * 0.1 * 16
    _half = _u >= 0
    _height = max(4.6, min(1.1 * np.abs(_found).max(), 1e13))
    show(
        Figure(
            name="deconvolved", title="Deconvolution", height=3.3, columns=3,
            caption="Left: truth and what is recorded. Middle: the signal behind the blur, |GH|, the level of the noise, and the gain of the deconvolution. Right: the deconvolved signal. Look for where |GH| sinks below the noise: from there on only noise is amplified. "
            "Then raise the constant until it meets the noise.",
            panels=(
                Panel(title="Signal", legend="upper right", marks=(Line(x=x, y=truth, colour="muted", width=1.1, label="truth"), Line(x=x, y=_seen, label="recorded")), x=Axis("Place", "Å", limits=(-12, 12)), y=Axis("f", PURE, limits=(-0.5, 4.4))),
                Panel(title="In Fourier space", legend="upper right",
                      marks=(Line(x=_u[_half], y=np.maximum(np.abs(_g * _h)[_half], 1e-40), label="|G H|"), Line(x=_u[_half], y=np.full(_half.sum(), _level), colour="red", style="dashed", label="noise"),
                             Line(x=_u[_half], y=np.clip(_inverse[_half], 1e-20, 1e30), colour="orange", label="gain")),
                      x=Axis("Frequency", "Å⁻¹", limits=(0, 5)), y=Axis("Amplitude", PURE, scale="log", limits=(1e-18, 1e18))),
                Panel(title="Deconvolved", legend="none", marks=(Line(x=x, y=truth, colour="muted", width=1.1), Line(x=x, y=_found, colour="green")), x=Axis("Place", "Å", limits=(-12, 12)), y=Axis("f", PURE, limits=(-_height if _height > 5 else -1.5, _height))),
            ),
        )
    )  # fmt: skip
    return


@app.cell
def _(steps):
    steps(
        ("What is divided", r"Recorded is $X=GH+N$. So $X/H=G+N/H$: the signal comes back **exactly**, plus the noise divided by H. A Gaussian H falls to $10^{-16}$, the rounding of a computer, at $u=1.37/\sigma$; there $N/H$ is as large as G without any other noise. At a zero of H it is 0/0: what the blur took altogether no division gives back."),
        ("Why at the spike", r"Every smooth part of g has its whole transform where H is still large: it comes back well. A spike δ(x) needs **all** frequencies, equally strong and all in phase at the origin: $\delta(x)=\int e^{2\pi iux}du$. Most of them are lost, and those near the limit are wrong. Cut off at $u_c$, the same integral is $\sin(2\pi u_cx)/\pi x$: a peak of height $2u_c$ with ringing around it. So the error is largest exactly where the sharpest thing is, and grows with every frequency one adds: that is what is seen around the origin in the lecture."),
        ("Bound the gain", r"Choose the estimate $\hat G=WX$ that minimises $E|\hat G-G|^2=|WH-1|^2S+|W|^2P_N$, with S and $P_N$ the power of signal and noise. Set the derivative to $\overline W$ to zero: $$W=\frac{\overline H\,S}{|H|^2S+P_N}=\frac{\overline H}{|H|^2+1/\mathrm{SNR}}.$$ (Wiener 1949.) Large H: the inverse. Small H: zero. In between a compromise; its error is $\frac{S}{|H|^2\mathrm{SNR}+1}$."),
        ("Or measure again", r"Zeros of H stay zeros, whatever the filter. A second image with *another* H, zeros elsewhere, fills them: $\hat G=\frac{\sum_i\overline{H_i}X_i}{\sum_i|H_i|^2+1/\mathrm{SNR}}$. That is why data are taken at many defoci, and it is the formula of every reconstruction in cryo-EM."),
    )  # fmt: skip
    return


@app.cell
def _(claim, mo, np):
    _chance = np.random.default_rng(1)
    _h = np.exp(-np.linspace(0, 3, 200) ** 2)
    _snr = 5.0
    _shape = (400, 200)
    _g = (_chance.normal(size=_shape) + 1j * _chance.normal(size=_shape)) * np.sqrt(_snr / 2)
    _x = _g * _h + (_chance.normal(size=_shape) + 1j * _chance.normal(size=_shape)) * np.sqrt(0.5)

    def _error(constant):
        return float((np.abs(_x * _h / (_h**2 + constant) - _g) ** 2).mean())

    _foretold = float((_snr / (_h**2 * _snr + 1)).mean())
    _tried = [_error(factor / _snr) for factor in (0.25, 1.0, 4.0)]
    mo.vstack([
        claim(f"400 noisy signals at an SNR of 5: the mean square error of Wiener's filter is {_tried[1]:.3f}; the formula S/(|H|²SNR + 1) says {_foretold:.3f}.", abs(_tried[1] / _foretold - 1) < 0.02),
        claim(f"A constant four times too small or too large does worse: {_tried[0]:.3f} and {_tried[2]:.3f}.", _tried[1] < min(_tried[0], _tried[2])),
        claim(f"The plain division has an error of {_error(0.0):,.0f}, {_error(0.0) / _snr:,.0f} times the signal's own power of {_snr:g}.", _error(0.0) > 1000 * _snr),
    ])  # fmt: skip
    return


@app.cell
def _(WIENER, bench, help_of, mo, prompt_of):
    wiener_bench = bench(WIENER)
    mo.vstack([prompt_of(WIENER), wiener_bench, help_of(WIENER)])
    return (wiener_bench,)


@app.cell
def _(WIENER, verdict, wiener_bench):
    verdict(WIENER, wiener_bench.value)
    return


@app.cell
def _(mo, start):
    images = mo.ui.slider(1, 12, 1, value=3, show_value=True, label="Images, each at its own defocus")
    defocus = mo.ui.slider(5000, 30000, 500, value=start("defocus", 15000.0, 5000, 30000), show_value=True, label="Mean defocus (Å)")
    image_noise = mo.ui.slider(0.0, 3.0, 0.25, value=0.5, show_value=True, label="Noise (s.d. of the image)")
    mo.vstack([
        mo.md("**In cryo-EM** the blur is the lens, and H the CTF, with zeros all along. Undo it with one image, then with several: this is `wiener_average`, the function behind Vitreous' Wiener averages, with the SNR of each shell."),
        mo.hstack([images, defocus, image_noise], justify="start", gap=2),
    ])  # fmt: skip
    return defocus, image_noise, images


@app.cell
def _(np, project_atoms, specimen):
    size, pixel = 128, 3.0
    wide = size * pixel
    extent = (0.0, wide, 0.0, wide)
    ribosome = project_atoms(specimen("ribosome"), np.eye(3)[None], np.zeros((1, 2)), size=size, pixel_size=pixel)[0]
    ribosome = (ribosome - ribosome.mean()) / ribosome.std()
    return extent, pixel, ribosome, size, wide


@app.cell
def _(Axis, Figure, Line, Optics, PURE, Panel, Picture, ctf, ctf_grid, defocus, extent, image_noise, images, irfft2, np, pixel, rfft2, ribosome, scale_bar, shell_average, show, size, spread, torch, wide, wiener_average):
    _optics = Optics(pixel_size=pixel)
    _values = defocus.value * np.linspace(0.75, 1.25, images.value) if images.value > 1 else np.array([defocus.value])
    _rows = [torch.tensor([each, each, 0.0, 0.0], dtype=torch.float64) for each in _values]
    _c = torch.stack([ctf_grid(each, _optics, (size, size)) for each in _rows]).float()
    _noise = torch.from_numpy(np.random.default_rng(6).normal(size=(12, size, size))).float()[: images.value]
    _recorded = irfft2(rfft2(ribosome.float()) * _c, (size, size)) + image_noise.value * _noise
    _power_of_signal = spread(shell_average(rfft2(ribosome.float()).abs().square(), (size, size)), (size, size)).float()
    _snr = _power_of_signal / (max(image_noise.value, 0.02) ** 2 * size**2)
    _back = -wiener_average(_recorded, _c, _snr)
    _like = float(torch.corrcoef(torch.stack([_back.flatten(), ribosome.flatten().float()]))[0, 1])
    _k = torch.linspace(0, 0.5 / pixel, 500, dtype=torch.float64)
    _power = sum(ctf(each, _optics, _k, torch.zeros_like(_k)) ** 2 for each in _rows) / images.value
    show(
        Figure(
            name="series", title="A focus series", height=3.4, columns=4,
            caption=f"The first image recorded; the power that all of them transfer, Σc²/n; the Wiener average, which correlates with the truth by {_like:.3f}; the truth. Look at the zeros: one image leaves many, a series none but the one at the very left, "
            "where phase contrast has only the amplitude contrast to show.",
            panels=(
                Panel(title="Recorded", equal=True, marks=(Picture(values=_recorded[0].numpy(), extent=extent), scale_bar(wide))),
                Panel(title="Transferred", legend="none", marks=(Line(x=_k.numpy(), y=_power.numpy(), colour="orange"),), x=Axis("Frequency", "Å⁻¹", limits=(0, 0.167)), y=Axis("Mean of c²", PURE, limits=(0, 1.05))),
                Panel(title="Wiener average", equal=True, marks=(Picture(values=_back.numpy(), extent=extent, limits=(-2.0 * float(_back.std()), 3.5 * float(_back.std()))), scale_bar(wide))),
                Panel(title="Truth", equal=True, marks=(Picture(values=ribosome.numpy(), extent=extent, limits=(-1.5, 3.5)), scale_bar(wide))),
            ),
        )
    )  # fmt: skip
    return


@app.cell
def _(question):
    question("Q18")
    return


@app.cell
def _(steps):
    steps(
        ("Two of them", r"$$(f_a*f_b)(x)=\int e^{-at^2-b(x-t)^2}dt.$$ Complete the square in t: $at^2+b(x-t)^2=(a+b)\Big(t-\frac{bx}{a+b}\Big)^2+\frac{ab}{a+b}x^2.$ The shifted Gaussian integrates to $\sqrt{\pi/(a+b)}$, wherever its middle is: $$f_a*f_b=\sqrt{\frac{\pi}{a+b}}\;f_{ab/(a+b)}.$$"),
        ("f₂ * f₃, then f₁", r"$f_2*f_3=\sqrt{\pi/5}\,f_{6/5}$. With $a=1$, $b=6/5$: $\frac{ab}{a+b}=\frac{6/5}{11/5}=\frac6{11}$ and $\sqrt{\frac{\pi}{11/5}}=\sqrt{\frac{5\pi}{11}}$. Together $\sqrt{\frac\pi5}\sqrt{\frac{5\pi}{11}}\,f_{6/11}=\frac{\pi}{\sqrt{11}}\,e^{-6x^2/11}$."),
        ("f₁ * f₂, then f₃", r"$f_1*f_2=\sqrt{\pi/3}\,f_{2/3}$. With $a=2/3$, $b=3$: $\frac{ab}{a+b}=\frac{2}{11/3}=\frac6{11}$ and $\sqrt{\frac{\pi}{11/3}}=\sqrt{\frac{3\pi}{11}}$. Together again $\frac{\pi}{\sqrt{11}}\,e^{-6x^2/11}$. ∎"),
        ("What it says", r"$1/a$ is twice a variance, and $\frac{a+b}{ab}=\frac1a+\frac1b$: under convolution **variances add**, here $1+\frac12+\frac13=\frac{11}{6}$. Addition does not care for brackets. So do not B-factors: motion, ice, detector and refinement errors simply add up to the one B that a Guinier plot shows."),
        ("In general", r"By Fubini $\iint f(s)g(t-s)h(x-t)\,ds\,dt$ is the same in either order, if $|f|,|g|,|h|$ have finite integrals. Without that it may fail: for $f=1$, $g=\delta'$ and h a step, $(f*g)*h=0$, but $f*(g*h)=1$."),
    )  # fmt: skip
    return


@app.cell
def _(claim, mo, np):
    _x = np.arange(-400, 401) * 0.02
    _f = {a: np.exp(-a * _x**2) for a in (1, 2, 3)}

    def _with(one, other):
        return np.convolve(one, other, "same") * 0.02

    _right, _left = _with(_f[1], _with(_f[2], _f[3])), _with(_with(_f[1], _f[2]), _f[3])
    _paper = np.pi / np.sqrt(11) * np.exp(-6 * _x**2 / 11)
    mo.vstack([
        claim(f"On a grid the two bracketings differ by {np.abs(_right - _left).max():.0e}, and from π/√11 · exp(−6x²/11) by {np.abs(_right - _paper).max():.0e}.", np.abs(_right - _left).max() < 1e-12 and np.abs(_right - _paper).max() < 1e-9),
        claim(f"At the origin all three are {_right[400]:.6f}; π/√11 is {np.pi / np.sqrt(11):.6f}.", abs(_right[400] - np.pi / np.sqrt(11)) < 1e-9),
    ])  # fmt: skip
    return


@app.cell
def _(question):
    question("Q19")
    return


@app.cell
def _(mo):
    kernel_name = mo.ui.dropdown(options=["Gaussian", "box", "sharpen", "Sobel, along x"], value="box", label="Kernel")
    kernel_side = mo.ui.slider(3, 41, 2, value=25, show_value=True, label="Side (pixels)")
    padded = mo.ui.checkbox(label="pad with zeros")
    mo.vstack([
        mo.md(r"""
    Products go element by element, so both transforms must have the **same shape**, and one bin must mean the **same frequency** in both: same pixel size, same number of pixels. So the kernel is put into an empty image:

    1. pad image and kernel with zeros to at least $N+K-1$ pixels (so that what runs over an edge falls on zeros, not on the other side), then on to a good length;
    2. put the kernel's *middle* at pixel (0, 0), its left half wrapping around to the far end, or the result is shifted by half a kernel;
    3. transform, multiply, transform back, and cut out the image.

    Leave out step 1 and the image is a torus. The ribosome below was put near an edge so that you see it.
    """),
        mo.hstack([kernel_name, kernel_side, padded], justify="start", gap=3),
    ])  # fmt: skip
    return kernel_name, kernel_side, padded


@app.cell
def _(good_size, irfft2, np, rfft2, torch):
    def kernel_of(name, side):
        at = np.arange(side) - side // 2
        line = np.exp(-0.5 * (at / (side / 6)) ** 2)
        if name == "Gaussian":
            return np.outer(line, line) / line.sum() ** 2
        if name == "box":
            return np.ones((side, side)) / side**2
        if name == "sharpen":
            spike = np.zeros((side, side))
            spike[side // 2, side // 2] = 2.0
            return spike - np.ones((side, side)) / side**2
        slope = -at * line
        return np.outer(line / line.sum(), slope / np.abs(slope).sum())

    def by_transform(image, kernel, *, pad):
        """Convolution by a product of transforms, of the image's own shape."""
        rows, columns = image.shape
        half = kernel.shape[0] // 2
        shape = tuple(good_size(n + kernel.shape[0] - 1) for n in (rows, columns)) if pad else (rows, columns)
        large, small = torch.zeros(shape, dtype=torch.float64), torch.zeros(shape, dtype=torch.float64)
        large[:rows, :columns] = image
        small[: kernel.shape[0], : kernel.shape[1]] = torch.from_numpy(kernel)
        small = torch.roll(small, (-half, -half), (0, 1))
        return irfft2(rfft2(large) * rfft2(small), shape)[:rows, :columns]

    def in_real_space(image, kernel):
        """The same as a sum of moved copies of the image, one for each pixel of the kernel, with zeros beyond the image."""
        half = kernel.shape[0] // 2
        rows, columns = image.shape
        wide = np.pad(image.numpy(), half)
        total = np.zeros((rows, columns))
        for j, i in np.ndindex(kernel.shape):
            total += kernel[j, i] * wide[2 * half - j : 2 * half - j + rows, 2 * half - i : 2 * half - i + columns]
        return torch.from_numpy(total)

    return by_transform, in_real_space, kernel_of


@app.cell
def _(Figure, Panel, Picture, by_transform, extent, in_real_space, kernel_name, kernel_of, kernel_side, np, padded, ribosome, scale_bar, show, torch, wide):
    _image = torch.roll(ribosome.double(), (30, -36), (0, 1))
    _kernel = kernel_of(kernel_name.value, kernel_side.value)
    _fourier = by_transform(_image, _kernel, pad=padded.value)
    _real = in_real_space(_image, _kernel)
    _gap = _fourier - _real
    _spread = float(_real.abs().max())
    _placed = np.zeros(_image.shape)
    _half = kernel_side.value // 2
    _placed[: kernel_side.value, : kernel_side.value] = _kernel / np.abs(_kernel).max()
    _placed = np.roll(_placed, (-_half, -_half), (0, 1))
    show(
        Figure(
            name="padding", title="Padding", height=3.2, columns=4,
            caption=f"The image; the kernel in an empty image, its middle at the first pixel; the product of transforms; its difference from the sum in real space, at most {float(_gap.abs().max()):.1e}. Look at the edges of the last: without padding "
            "the top comes in at the bottom, in a rim of half a kernel. Pad, and only rounding is left.",
            panels=(
                Panel(title="Image", equal=True, marks=(Picture(values=_image.numpy(), extent=extent, limits=(-1.5, 3.5)), scale_bar(wide))),
                Panel(title="Kernel, placed", equal=True, marks=(Picture(values=_placed, extent=extent, limits=(-1, 1), colours="diverging", smooth=False),)),
                Panel(title="By Fourier space", equal=True, marks=(Picture(values=_fourier.numpy(), extent=extent, limits=(-0.45 * _spread, _spread)), scale_bar(wide))),
                Panel(title="Minus real space", equal=True, marks=(Picture(values=_gap.numpy(), extent=extent, limits=(-0.3 * _spread, 0.3 * _spread), colours="diverging"), scale_bar(wide, "ink"))),
            ),
        )
    )  # fmt: skip
    return


@app.cell
def _(by_transform, claim, in_real_space, kernel_of, mo, ribosome, torch):
    _image = torch.roll(ribosome.double(), (30, -36), (0, 1))
    _kernel = kernel_of("Sobel, along x", 15)
    _truth = in_real_space(_image, _kernel)
    _with, _without = (float((by_transform(_image, _kernel, pad=pad) - _truth).abs().max() / _truth.abs().max()) for pad in (True, False))
    mo.vstack([
        claim(f"Padded, Fourier and real space agree to {_with:.0e} of the maximum, for a lopsided kernel too; unpadded they differ by {_without:.0%}.", _with < 1e-12 and _without > 0.05),
        mo.md("*The other way round*, making the image's transform as small as the kernel's, cannot work: fewer bins are fewer frequencies. And a kernel given at another pixel size must be resampled first."),
    ])  # fmt: skip
    return


@app.cell
def _(question):
    question("Q20")
    return


@app.cell
def _(mo):
    tall = mo.ui.slider(3, 41, 2, value=9, show_value=True, label="Side of the kernel (pixels)")
    mo.vstack([
        mo.md(r"""
    Because **a name is not a function.** "Gaussian blur" is the one case in which the kernel called so and the filter called so are each other's transforms. A box *kernel* has the transform sinc, which crosses zero and goes negative; a box *filter* cuts off hard at a frequency, and its kernel is a sinc that rings. And
    "sharpen" is a 3 × 3 kernel for one person and a straight boost of high frequencies for another. Given the *same* function, padded, both ways agree to rounding, as you saw above.
    """),
        tall,
    ])  # fmt: skip
    return (tall,)


@app.cell
def _(Axis, Figure, Line, PURE, Panel, Rule, kernel_of, np, show, tall):
    _side = tall.value
    _k = np.linspace(0, 0.5, 301)
    _at = np.arange(_side) - _side // 2

    def _gain(name):
        return np.cos(2 * np.pi * np.outer(_k, _at)) @ kernel_of(name, _side).sum(0)

    _filters = {
        "Gaussian": np.exp(-2 * (np.pi * _side / 6 * _k) ** 2),
        "box": (_k <= 0.5 / _side).astype(float),
        "sharpen": 1 + (_k >= 0.5 / _side).astype(float),
    }
    show(
        Figure(
            name="names", title="Kernels and filters of one name", height=3.1, columns=3,
            caption=f"Gain along kx of the {_side} × {_side} kernel (solid) and of the Fourier filter that goes by the same name (dashed). Look at where they differ: hardly for the Gaussian (only its tails are cut); everywhere for the box, whose kernel turns contrast over "
            "between its zeros, at multiples of 1/side; and for sharpening, which boosts some frequencies more than others.",
            panels=tuple(
                Panel(title=name.capitalize(), legend="upper right" if name != "sharpen" else "lower right", marks=(Rule(at=0.0, axis="y"), Line(x=_k, y=_gain(name), label="kernel"), Line(x=_k, y=curve, colour="orange", style="dashed", label="filter")),
                      x=Axis("Frequency", "cycles a pixel", limits=(0, 0.5)), y=Axis("Gain", PURE, limits=(-0.35, 1.1) if name != "sharpen" else (0, 2.4)))
                for name, curve in _filters.items()
            ),
        )
    )  # fmt: skip
    return


@app.cell
def _(by_transform, in_real_space, kernel_of, np, time, torch):
    sides = np.array([1, 3, 5, 7, 9, 13, 17, 21])
    _image = torch.randn(192, 192, dtype=torch.float64, generator=torch.Generator().manual_seed(0))

    def _seconds(task):
        task()
        taken = []
        while len(taken) < 3 or sum(taken) < 0.03:
            began = time.perf_counter()
            task()
            taken.append(time.perf_counter() - began)
        return min(taken)

    _boxes = [kernel_of("box", int(each)) for each in sides]
    real_times = np.array([_seconds(lambda box=each: in_real_space(_image, box)) for each in _boxes])
    fourier_times = np.array([_seconds(lambda box=each: by_transform(_image, box, pad=True)) for each in _boxes])
    return fourier_times, real_times, sides


@app.cell
def _(Axis, Figure, Line, PURE, Panel, claim, fourier_times, mo, np, real_times, show, sides):
    _n = 192
    _real = 2.0 * _n**2 * sides**2
    _padded = (_n + sides - 1.0) ** 2
    _fourier = 3 * 2.5 * _padded * np.log2(_padded) + 3 * _padded
    _meets = int(sides[np.flatnonzero(_real > _fourier)[0]])
    mo.vstack([
        show(
            Figure(
                name="faster", title="Which is faster?", height=3.1, columns=2,
                caption="An image of 192² and kernels of K × K pixels. Left: operations counted, 2N²K² against three real FFTs and a product. Right: measured on this machine as the page opened. Look for the crossing: small kernels belong in real space, large ones in Fourier "
                "space. Gaussians and boxes are separable, 4N²K operations in two passes, which moves the crossing far to the right; running sums make a box cost the same at any K.",
                panels=(
                    Panel(title="Operations", legend="lower right", marks=(Line(x=sides, y=_real / 1e6, points=4.0, label="real space"), Line(x=sides, y=4.0 * _n**2 * sides / 1e6, colour="green", style="dotted", label="real space, separable"), Line(x=sides, y=_fourier / 1e6, colour="orange", style="dashed", points=4.0, label="Fourier space")),
                          x=Axis("Side K", "pixels"), y=Axis("Operations", "millions", scale="log")),
                    Panel(title="Time", legend="lower right", marks=(Line(x=sides, y=1e3 * real_times, points=4.0, label="real space"), Line(x=sides, y=1e3 * fourier_times, colour="orange", style="dashed", points=4.0, label="Fourier space")),
                          x=Axis("Side K", "pixels"), y=Axis("Time", "ms", scale="log")),
                ),
            )
        ),
        claim(f"By operations the two meet near K = {_meets} on this image. So Fourier space is not always quicker: a 3 × 3 kernel never needs it.", _meets in (9, 13)),
    ])  # fmt: skip
    return


@app.cell
def _(question):
    question("Q21")
    return


@app.cell
def _(mo, start):
    goal = mo.ui.slider(1.5, 8.0, 0.1, value=round(start("resolution", 3.0, 1.5, 8.0), 1), show_value=True, label="Resolution wanted (Å)")
    own_pixel = mo.ui.slider(0.4, 3.0, 0.05, value=start("pixel_size", 0.85, 0.4, 3.0), show_value=True, label="Pixel size (Å)")
    camera = mo.ui.dropdown(options=["counting, sharp pixels", "integrating"], value="counting, sharp pixels", label="Camera")
    mo.vstack([
        mo.md(r"""
    Nyquist's frequency is $1/2p$, p the pixel **on the specimen**. It is raised by making p smaller: a higher magnification, a camera with smaller pixels, or super-resolution counting (which finds the electron within its pixel). The price:

    - **field of view**: particles in a micrograph go with $p^2$; halve p and you need four times as many micrographs, hours and terabytes;
    - **dose per pixel** falls with $p^2$ at the same dose on the specimen: fine for counting, but readout noise counts more;
    - gain: the camera's **DQE** at the frequency you want is better, as it lies at a smaller share of Nyquist.

    Two curves that pull in opposite directions have an optimum between them: micrographs needed = particles needed (they go with 1/DQE) over particles in a micrograph. The numbers come from the function behind `vitreous plan-experiment`.
    """),
        mo.hstack([goal, own_pixel, camera], justify="start", gap=2),
    ])  # fmt: skip
    return camera, goal, own_pixel


@app.cell
def _(Experiment, IntegratingDetector, np, particles_needed, torch):
    def quality(kind, share):
        """DQE at a frequency in cycles a pixel: of a counting camera with square pixels, or of an integrating one at 30 electrons a pixel."""
        if kind.startswith("counting"):
            return 0.9 * np.sinc(share) ** 2
        eye = IntegratingDetector(conversion=10.0, signal_width=0.45, noise_width=0.25, readout=5.0)
        return 0.6 * eye.dqe(torch.as_tensor(share, dtype=torch.float64) ** 2, 30.0).numpy()

    def micrographs(resolution, pixels, kind, diameter=200.0):
        """(DQE at the resolution, particles in a 4096² micrograph, micrographs needed) for each pixel size; infinite beyond Nyquist."""
        pixels = np.atleast_1d(pixels)
        dqe = quality(kind, pixels / resolution)
        room = (4096 * pixels / (1.5 * diameter)) ** 2
        needed = np.array([particles_needed(resolution, Experiment(dqe=float(q), b_factor=80.0), diameter=diameter) for q in dqe])
        return dqe, room, np.where(pixels <= 0.5 * resolution, needed / room, np.inf)

    return micrographs, quality


@app.cell
def _(Axis, Figure, Line, PURE, Panel, Rule, camera, goal, micrographs, np, own_pixel, show):
    _p = np.linspace(0.3, 4.2, 157)
    _dqe, _room, _needed = micrographs(goal.value, _p, camera.value)
    _best = float(_p[np.argmin(_needed)])
    _own = float(micrographs(goal.value, own_pixel.value, camera.value)[2][0])
    _said = f"your pixel of {own_pixel.value:g} Å cannot reach it" if not np.isfinite(_own) else f"your pixel of {own_pixel.value:g} Å needs {_own / _needed.min():.2f} times as many micrographs as the best"
    _marks = (Rule(at=own_pixel.value, text="yours", colour="green"), Rule(at=0.5 * goal.value, text="Nyquist", colour="red"))
    _axis = Axis("Pixel size p", "Å", limits=(0.3, 0.62 * goal.value + 0.4))
    show(
        Figure(
            name="pixel", title="The best pixel", height=3.2, columns=3,
            caption=f"For {goal.value:g} Å the fewest micrographs are needed at p = {_best:.2f} Å, {goal.value / _best:.1f} pixels to the resolution; {_said}. Look how flat the valley is on its right side and how steep on its left: too high a magnification costs dearly, and a pixel a "
            "little too large nothing, until Nyquist is met. Model: particles of 200 Å, B = 80 Å², 40 e/Å², 4096² pixels.",
            panels=(
                Panel(title="The camera at 1/d", legend="none", marks=(Line(x=_p, y=np.where(_p <= 0.5 * goal.value, _dqe, np.nan)), *_marks), x=_axis, y=Axis("DQE", PURE, limits=(0, 1))),
                Panel(title="Room", legend="none", marks=(Line(x=_p, y=_room), *_marks), x=_axis, y=Axis("Particles a micrograph", PURE, limits=(0, float((4096 * (0.62 * goal.value + 0.4) / 300) ** 2)))),
                Panel(title="Together", legend="none", marks=(Line(x=_p, y=_needed, colour="orange"), *_marks), x=_axis, y=Axis("Micrographs needed", PURE, scale="log")),
            ),
        )
    )  # fmt: skip
    return


@app.cell
def _(claim, micrographs, mo, np):
    _p = np.linspace(0.3, 1.5, 241)
    _counting, _integrating = (micrographs(3.0, _p, kind)[2] for kind in ("counting, sharp pixels", "integrating"))
    _best = [float(_p[np.argmin(each)]) for each in (_counting, _integrating)]
    _cost = float(_counting[np.argmin(np.abs(_p - 0.75))] / _counting.min())
    mo.vstack([
        claim(f"With perfectly sharp pixels the best is Nyquist itself, {_best[0]:.2f} Å for 3 Å (p² sinc²(p/d) goes with sin²(πp/d), largest at p = d/2); with a blurring camera it is {_best[1]:.2f} Å.", abs(_best[0] - 1.5) < 0.01 and _best[1] < 1.35),
        claim(f"Twice the magnification, 0.75 Å for 3 Å, needs {_cost:.1f} times as many micrographs as the best.", 1.5 < _cost < 3),
        mo.md(r"""
    **What should guide you**

    - the resolution you can *hope* for (particle, ice, flexibility), not the one you dream of: ask for $d \approx 2.5p$ to $3p$. Two pixels are the theory; the rest is for interpolation, for what lies near Nyquist folded back, and for the camera's worst third. (A printed slide gives R/3 of 4 Å as 1.67 Å; it is 1.33 Å.)
    - the particle's size: large boxes of small pixels are slow; many small particles want a large field;
    - the camera's own DQE curve, at *your* voltage;
    - delocalisation: detail at d spreads over $\lambda z/d$, so a wide field loses less at its rim.
    """),
    ])  # fmt: skip
    return


@app.cell
def _(question):
    question("Q22")
    return


@app.cell
def _(CONVOLVE_2D, bench, help_of, mo, prompt_of):
    plane_bench = bench(CONVOLVE_2D)
    mo.vstack([prompt_of(CONVOLVE_2D), plane_bench, help_of(CONVOLVE_2D)])
    return (plane_bench,)


@app.cell
def _(CONVOLVE_2D, plane_bench, verdict):
    verdict(CONVOLVE_2D, plane_bench.value)
    return


@app.cell
def _(mo):
    low_pass_sigma = mo.ui.slider(6.0, 24.0, 1.0, value=12.0, show_value=True, label="Low-pass: σ of the Gaussian (Å)")
    kernel_half = mo.ui.slider(0, 16, 1, value=3, show_value=True, label="Kernel kept: half its side (pixels)")
    mo.vstack([
        mo.md(r"""
    Now with a kernel that means something: a low-pass filter on the ribosome's projection. Its Gaussian never ends, so cut it off and make its sum 1 again: how small may it be?
    """),
        mo.hstack([low_pass_sigma, kernel_half], justify="start", gap=3),
    ])  # fmt: skip
    return kernel_half, low_pass_sigma


@app.cell
def _(by_transform, convolve1d, low_pass_sigma, np, pixel, ribosome):
    def cut_line(sigma, half):
        """A Gaussian of standard deviation sigma (Å), cut off after ``half`` pixels, its sum 1."""
        line = np.exp(-0.5 * (np.arange(-half, half + 1) * pixel / sigma) ** 2)
        return line / line.sum()

    def cut_gaussian(sigma, half):
        """The same in two dimensions: the product of one along x and one along y."""
        return np.outer(cut_line(sigma, half), cut_line(sigma, half))

    def along_both(image, line):
        """Convolution with such a product: along y, then along x, each a sum over few pixels."""
        return convolve1d(convolve1d(image, line, axis=0, mode="constant"), line, axis=1, mode="constant")

    whole = by_transform(ribosome.double(), cut_gaussian(low_pass_sigma.value, 31), pad=True)
    cut_errors = [np.sqrt(np.mean((along_both(ribosome.double().numpy(), cut_line(low_pass_sigma.value, half)) - whole.numpy()) ** 2)) / float(whole.std()) for half in range(17)]
    return cut_errors, cut_gaussian, whole


@app.cell
def _(Axis, Figure, Line, PURE, Panel, Picture, Rule, Scatter, cut_errors, cut_gaussian, extent, in_real_space, kernel_half, low_pass_sigma, np, pixel, ribosome, scale_bar, show, whole, wide):
    _cut = in_real_space(ribosome.double(), cut_gaussian(low_pass_sigma.value, kernel_half.value))
    _three = 3 * low_pass_sigma.value / pixel
    show(
        Figure(
            name="cut", title="A smaller kernel", height=3.3, columns=4,
            caption=f"The whole Gaussian by Fourier space; a kernel of {2 * kernel_half.value + 1}² pixels by real space; their difference (five times brighter); the error for every size. Look at the last: at 2σ one or two per cent, at 3σ a tenth of one; then rounding of the picture, not the kernel, "
            "limits you. Three sigma to each side is the usual choice.",
            panels=(
                Panel(title="Whole", equal=True, marks=(Picture(values=whole.numpy(), extent=extent, limits=(-1.2, 3)), scale_bar(wide))),
                Panel(title="Cut off", equal=True, marks=(Picture(values=_cut.numpy(), extent=extent, limits=(-1.2, 3)), scale_bar(wide))),
                Panel(title="Difference × 5", equal=True, marks=(Picture(values=5 * (_cut - whole).numpy(), extent=extent, limits=(-2, 2), colours="diverging"), scale_bar(wide, "ink"))),
                Panel(title="Error", legend="none", marks=(Line(x=np.arange(17), y=np.maximum(cut_errors, 1e-9), points=3.5), Scatter(x=[kernel_half.value], y=[max(cut_errors[kernel_half.value], 1e-9)], colour="orange", size=50, opacity=1.0), Rule(at=_three, text="3σ")),
                      x=Axis("Half side", "pixels", limits=(0, 16.5)), y=Axis("R.m.s. error, relative", PURE, scale="log", limits=(1e-6, 2))),
            ),
        )
    )  # fmt: skip
    return


@app.cell
def _(by_transform, claim, cut_gaussian, in_real_space, mo, ribosome):
    _image = ribosome.double()
    _kernel = cut_gaussian(12.0, 12)
    _loop = in_real_space(_image, _kernel)
    _gap = float((_loop - by_transform(_image, _kernel, pad=True)).abs().max() / _loop.abs().max())
    _whole = by_transform(_image, cut_gaussian(12.0, 31), pad=True)
    _errors = [float((in_real_space(_image, cut_gaussian(12.0, half)) - _whole).square().mean().sqrt() / _whole.std()) for half in (4, 8, 12)]
    mo.vstack([
        claim(f"σ = 12 Å is 4 pixels. Real and Fourier space agree to {_gap:.0e} for the same kernel: the theorem is exact, and 25² = 625 sums a pixel became a handful.", _gap < 1e-12),
        claim(f"Cut off at σ, 2σ and 3σ the image is off by {_errors[0]:.1%}, {_errors[1]:.2%} and {_errors[2]:.3%} of its contrast.", _errors[0] > 5 * _errors[1] > 25 * _errors[2]),
    ])  # fmt: skip
    return


@app.cell
def _(closing):
    closing("convolution-sharpen")
    return


if __name__ == "__main__":
    app.run()
