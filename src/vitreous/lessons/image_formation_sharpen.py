"""Beyond the weak and the thin: detector, complex CTF and multislice (sharpen stream, 11 February 2021)."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Beyond the weak and the thin: image formation in full")


@app.cell(hide_code=True)
def _():
    import itertools
    import math

    import marimo as mo
    import numpy as np
    import torch

    from vitreous.data.optics import Optics
    from vitreous.learning.exercise import bench, help_of, prompt_of, verdict
    from vitreous.learning.exercises.image_formation import DQE, MULTISLICE
    from vitreous.learning.page import claim, closing, opening, question, show, start, steps
    from vitreous.numerics.fourier import axis_frequencies, fft2, frequency_squared, ifft2, irfft2, rfft2
    from vitreous.physics.ctf import phase
    from vitreous.physics.multislice import approximation_errors, exit_wave, image_of, plane
    from vitreous.physics.wavelength import wavelength
    from vitreous.runtime.chance import numpy_generator
    from vitreous.views.figure import PURE, Axis, Figure, Panel
    from vitreous.views.marks import Line, Picture, Rule
    from vitreous.views.pictures import scale_bar

    return (
        Axis, DQE, Figure, Line, MULTISLICE, Optics, PURE, Panel, Picture, Rule, approximation_errors, axis_frequencies, bench, claim,
        closing, exit_wave, fft2, frequency_squared, help_of, ifft2, image_of, irfft2, itertools, math, mo, np, numpy_generator, opening, phase,
        plane, prompt_of, question, rfft2, scale_bar, show, start, steps, torch, verdict, wavelength,
    )  # fmt: skip


@app.cell(hide_code=True)
def _(opening):
    opening("image-formation-sharpen")
    return


@app.cell(hide_code=True)
def _(mo):
    mo.md(
        r"""
        The full chain, as Vulović et al. (2013) write it, with the place in vitreous where each link is:

        | link | formula | function |
        |:---|:---|:---|
        | atoms to potential to phase | $\varphi_n = \sigma\int V\,dz$ in each slice | `physics.potential`, `simulate.specimens.project_atoms` |
        | through the specimen | $\psi_{n+1} = P * (e^{i\varphi_n}\psi_n)$ | `physics.multislice.exit_wave` |
        | through the lens | $I_0 = \lvert\mathrm{FT}^{-1}\{T(k)\,\hat\psi\}\rvert^2$ | `physics.multislice.image_of` |
        | chance | $n \sim \mathrm{Poisson}$ | `physics.integrating.integrate` |
        | through the detector | $I = C\,\mathrm{FT}^{-1}\{\mathrm{NTF}\cdot\hat n\} + \text{readout}$ | `physics.integrating.integrate` |

        and the short form that everybody reconstructs with, $\hat I = -\sin\chi\cdot\hat\varphi$. Between the two lie a handful of approximations. We go from
        the detector upwards, and at each link ask what the short form has left out, and *when you would notice*.
        """
    )
    return


@app.cell(hide_code=True)
def _(mo, question):
    mo.vstack([
        question("Q34"),
        mo.md(
            r"""
            A detector's transfer is a function of **two** frequencies. Papers plot a *section* of it (from the image of a straight edge) or its ring average. Three things
            differ when it is applied in two dimensions:

            1. **Corners.** The aperture of a square pixel, $\mathrm{sinc}(k_x)\,\mathrm{sinc}(k_y)$, is nearly round inside Nyquist's circle (0.64
               along an axis, 0.65 on the diagonal). But the plane has corners, out to $\sqrt2$ Nyquist, of which a curve that ends at Nyquist
               says nothing: $1 - \pi/4$, a fifth of all coefficients, lies there.
            2. **Point and line.** A 1-D inverse transform of the section gives the **line** spread function, the image of a thin line. The image of a **point** is the 2-D
               (Hankel) transform of the same curve, and is narrower in its tails: $\mathrm{LSF}(x) = \int \mathrm{PSF}(x, y)\,dy$.
            3. **Rows.** Convolving rows with a 1-D kernel blurs along x only, and leaves every horizontal line as sharp as it was.

            And the order matters: chance comes *before* the spread of noise. $\mathrm{DQE} = \mathrm{MTF}^2/\mathrm{NTF}^2$ (no readout noise), so signal is weakened by
            $\mathrm{MTF}/\mathrm{NTF} = \sqrt{\mathrm{DQE}}$ before the Poisson draw and everything by NTF after it.
            """
        ),
    ])  # fmt: skip
    return


@app.cell(hide_code=True)
def _(mo):
    spread = mo.ui.slider(0.0, 1.0, 0.05, value=0.35, label="spread of the signal c (pixels)", show_value=True)
    square = mo.ui.checkbox(value=True, label="square pixels")
    mo.hstack([spread, square], justify="start", gap=2)
    return spread, square


@app.cell
def _(axis_frequencies, ifft2, math, np, torch):
    SIDE = 64
    _k = axis_frequencies(SIDE).double()
    k_x, k_y = _k[None], _k[:, None]

    def transfer(c, square):
        """MTF on the whole plane: exp(−2πc|k|), long tails as of scattered electrons, times the pixel's aperture."""
        tails = torch.exp(-2 * math.pi * c * torch.hypot(k_x, k_y))
        return tails * torch.sinc(k_x) * torch.sinc(k_y) if square else tails

    def spreads(mtf):
        """Profile through the point spread function and the line spread function, both of height 1, at 0 to 6 pixels."""
        point = ifft2(mtf.to(torch.complex128)).real[0, :7]
        line = ifft2((mtf * (k_y == 0)).to(torch.complex128)).real[0, :7]
        return (point / point[0]).numpy(), (line / line[0]).numpy()

    return SIDE, spreads, transfer


@app.cell(hide_code=True)
def _(Axis, Figure, Line, PURE, Panel, Picture, SIDE, np, show, spread, spreads, square, torch, transfer):
    _mtf = transfer(spread.value, square.value)
    _centred = torch.roll(_mtf, (SIDE // 2, SIDE // 2), (0, 1)).numpy()
    _along, _across = _mtf[0, : SIDE // 2].numpy(), torch.diagonal(_mtf)[: SIDE // 2].numpy()
    _k = np.arange(SIDE // 2) / SIDE
    _point, _line = spreads(_mtf)
    show(
        Figure(
            name="mtf", title="One curve or a plane", columns=3, height=3.0,
            panels=(
                Panel(title="MTF in the plane", x=Axis("kx", "cycles a pixel"), y=Axis("ky", "cycles a pixel"), weight=0.85,
                      marks=(Picture(values=_centred, extent=(-0.5, 0.5, -0.5, 0.5), limits=(0, 1), colours="viridis", scale="MTF"),)),
                Panel(title="Along two directions", x=Axis("|k|", "cycles a pixel"), y=Axis("MTF", PURE, limits=(0, 1.05)),
                      marks=(Line(x=_k, y=_along, label="along x"),
                             Line(x=_k * 2**0.5, y=_across, colour="orange", style="dashed", label="along the diagonal"))),
                Panel(title="Image of a point and of a line", x=Axis("Distance", "pixels"), y=Axis("Over the middle", PURE, limits=(-0.1, 1.05)),
                      marks=(Line(x=np.arange(7), y=_point, points=4, label="point (2-D)"),
                             Line(x=np.arange(7), y=_line, colour="orange", style="dashed", points=4, label="line (1-D)"))),
            ),
            caption="Left: a fifth of the plane lies in the corners. Middle: there the diagonal goes on beyond Nyquist. Right: what you get from the published curve by a "
            "one-dimensional transform is the dashed line, and its tails are too strong for a point.",
        )
    )  # fmt: skip
    return


@app.cell(hide_code=True)
def _(claim, frequency_squared, mo, np, numpy_generator, rfft2, spreads, torch, transfer):
    from vitreous.numerics.shells import shell_average
    from vitreous.physics.integrating import IntegratingDetector, integrate

    _mtf = transfer(0.35, False)
    _point, _line = spreads(_mtf)
    _camera = IntegratingDetector(conversion=5.0, signal_width=0.6, noise_width=0.4)
    _flats = torch.stack([integrate(torch.full((128, 128), 10.0), _camera, numpy_generator(1, "flat", i)) for i in range(12)])
    _power = shell_average((rfft2(_flats).abs() ** 2).mean(0) / 128**2, (128, 128))
    _k2 = (torch.arange(65) / 128.0) ** 2
    _measured = float(_flats.mean()) ** 2 * _camera.mtf(_k2) ** 2 / (10.0 * _power)
    _off = float((_measured / _camera.dqe(_k2, 10.0) - 1)[4:].abs().mean())
    mo.vstack([
        claim(f"Three pixels away a point has fallen to {_point[3]:.3f} and a line to {_line[3]:.3f} of its middle, with one and the same MTF.", _line[3] > 2 * _point[3]),
        claim(f"From 12 simulated flat images and the MTF, the measured DQE agrees with MTF²/NTF² within {_off:.1%} a ring.", bool(_off < 0.04) and bool(np.isfinite(_off))),
    ])  # fmt: skip
    return IntegratingDetector, integrate


@app.cell(hide_code=True)
def _(DQE, bench, help_of, mo, prompt_of):
    dqe_bench = bench(DQE)
    mo.vstack([prompt_of(DQE), dqe_bench, help_of(DQE)])
    return (dqe_bench,)


@app.cell(hide_code=True)
def _(DQE, dqe_bench, verdict):
    verdict(DQE, dqe_bench.value)
    return


@app.cell(hide_code=True)
def _(mo, question):
    mo.vstack([
        question("Q36"),
        mo.md(
            r"""
            **Electrons are independent in their model, pixels are not.** The Poisson draw is made pixel by pixel, independently; that is the last place where
            independence holds. Then NTF convolves: one electron's signal lies in several pixels, and they share its luck. So already the paper's own
            equation 7 breaks pixel independence, as soon as NTF is not flat. *What else would?*

            - **structural noise**: ice and carbon, seen through the lens; correlated over the whole delocalisation,
            - **coincidence loss** in counting: an electron hides another nearby in the same frame (and makes the response non-linear),
            - **interpolation**: aligned frames are resampled; binning with overlap; magnification correction,
            - **gain errors and dead pixels**: the same in every image, so images are not independent either.

            The picture shows how much a pixel shares with its neighbours, for each.
            """
        ),
    ])  # fmt: skip
    return


@app.cell(hide_code=True)
def _(mo):
    reason = mo.ui.dropdown(
        ["counting alone", "detector (NTF)", "ice behind the lens", "moved by half a pixel"], value="detector (NTF)", label="noise"
    )
    reason
    return (reason,)


@app.cell
def _(IntegratingDetector, Optics, frequency_squared, ifft2, integrate, irfft2, np, numpy_generator, rfft2, torch):
    from vitreous.physics.ctf import ctf_grid
    from vitreous.physics.solvent import ice_phase_power

    _optics, _shape = Optics(pixel_size=2.0), (192, 192)
    _counted = torch.from_numpy(numpy_generator(4, "count").poisson(40.0, _shape).astype(np.float32))
    _spread = IntegratingDetector(conversion=1.0, signal_width=0.6, noise_width=0.5)
    _grain = rfft2(torch.from_numpy(numpy_generator(5, "ice").standard_normal(_shape, np.float32)))
    _grain = _grain * ice_phase_power(frequency_squared(_shape, 2.0).sqrt(), 800.0, 300.0).sqrt() / 2.0
    _lens = ctf_grid(torch.tensor([8000.0, 8000.0, 0.0, 0.0]), _optics, _shape)
    noises = {
        "counting alone": _counted,
        "detector (NTF)": integrate(torch.full(_shape, 40.0), _spread, numpy_generator(6, "detector")),
        "ice behind the lens": irfft2(2 * _lens * _grain, _shape),
        "moved by half a pixel": 0.5 * (_counted + torch.roll(_counted, 1, 1)),
    }

    def shared(image):
        """Correlation of pixels at each distance: the transform of the power, (y, x)."""
        centred = (image - image.mean()).double()
        power = rfft2(centred).abs() ** 2
        found = irfft2(power, image.shape)
        return found / found[0, 0]

    return noises, shared


@app.cell(hide_code=True)
def _(Axis, Figure, Line, PURE, Panel, Picture, Rule, noises, np, reason, shared, show, torch):
    _image = noises[reason.value]
    _map = torch.roll(shared(_image), (12, 12), (0, 1))[:25, :25].numpy()
    _part = (_image[:48, :48] - _image.mean()).numpy()
    show(
        Figure(
            name="shared", title=f"What neighbours share: {reason.value}", columns=3, height=3.0,
            panels=(
                Panel(title="Noise, 48 pixels wide", equal=True, weight=0.85,
                      marks=(Picture(values=_part, extent=(0, 48, 0, 48), limits=(-3 * float(_part.std()), 3 * float(_part.std())), smooth=False),)),
                Panel(title="Correlation", weight=0.9, x=Axis("Δx", "pixels"), y=Axis("Δy", "pixels"),
                      marks=(Picture(values=_map, extent=(-12.5, 12.5, -12.5, 12.5), limits=(-0.3, 0.3), colours="diverging", scale="Correlation (cut at ±0.3)", smooth=False),)),
                Panel(title="Along x", x=Axis("Δx", "pixels"), y=Axis("Correlation", PURE, limits=(-0.3, 1.05)), legend="none",
                      marks=(Line(x=np.arange(-12, 13), y=_map[12], points=4), Rule(at=0.0, axis="y"))),
            ),
            caption="Independent pixels are a single dot. NTF widens it; a half-pixel move pairs neighbours along x only; ice rings, for the lens has spread each "
            "molecule over many pixels.",
        )
    )  # fmt: skip
    return


@app.cell(hide_code=True)
def _(claim, math, mo, noises, shared):
    _alone, _ntf, _moved = (float(shared(noises[name])[0, 1]) for name in ("counting alone", "detector (NTF)", "moved by half a pixel"))
    mo.vstack([
        claim(f"Neighbours correlate by {_alone:+.3f} after counting alone: nothing, within the error of {1 / 192:.3f}.", abs(_alone) < 3 / 192),
        claim(f"By {_ntf:.2f} behind the detector (a Gaussian NTF of w = 0.5 pixels, without sampling e^(−1/4w²) = {math.exp(-1):.2f}), by {_moved:.2f} after a half-pixel move.",
              abs(_ntf - 0.4) < 0.03 and abs(_moved - 0.5) < 0.02),
    ])  # fmt: skip
    return


@app.cell(hide_code=True)
def _(mo, question):
    mo.vstack([
        question("Q35"),
        mo.md(
            r"""
            They act on different things. The **complex** one, $T(k) = K(k)\,A(k)\,e^{i\chi}$ (aperture $A$, coherence $K$; the sign of the exponent goes with that of the
            transform), multiplies the **wave**, before it is squared. It is never zero within the aperture: the lens loses nothing. The **real** one,
            $-\sin\chi$, multiplies the **phase of the object**, after squaring and after dropping the square: it is what is left of the interference between what was scattered and
            what was not. Its zeros are a loss of *intensity*, not of the wave.

            For a weak object both say the same. Below, the ribosome's head with its phase multiplied by a factor: 1 is the molecule in vacuum, 10 is heavy metal. **Find the strength
            at which you would notice the difference by eye.**
            """
        ),
    ])  # fmt: skip
    return


@app.cell(hide_code=True)
def _(mo, start):
    strength = mo.ui.slider(0.25, 10.0, 0.25, value=2.0, label="phase × ", show_value=True)
    focus = mo.ui.slider(2000, 20000, 500, value=round(start("defocus", 8000.0, 2000, 20000), -2), label="defocus (Å)", show_value=True)
    mo.hstack([strength, focus], justify="start", gap=2)
    return focus, strength


@app.cell
def _(Optics, axis_frequencies, exit_wave, fft2, ifft2, image_of, itertools, np, phase, plane, torch):
    from vitreous.physics.potential import phase_per_scattering
    from vitreous.physics.splat import project_gaussians
    from vitreous.simulate.specimens import specimen

    N, PIXEL, SLICES = 72, 2.5, 4
    head = specimen("ribosome head")
    _edges = np.linspace(head.positions[:, 2].min() - 1, head.positions[:, 2].max() + 1, SLICES + 1)
    _rows = [(head.positions[:, 2] >= a) & (head.positions[:, 2] < b) for a, b in itertools.pairwise(_edges)]
    slices = torch.stack([
        project_gaussians(head.positions[r], head.weights[r], head.sigma[r], np.eye(3)[None], np.zeros((1, 2)), size=N, pixel_size=PIXEL)[0]
        for r in _rows
    ]).double() * phase_per_scattering(300.0)  # fmt: skip
    thickness = float(_edges[-1] - _edges[0])
    whole = slices.sum(0)
    _, band = plane((N, N), PIXEL)

    def chi_of(defocus, n=N, pixel=PIXEL):
        """χ on the whole plane of n × n pixels."""
        line = axis_frequencies(n, pixel).double()
        ky, kx = torch.meshgrid(line, line, indexing="ij")
        return phase(
            torch.tensor([defocus, defocus, 0.0, 0.0], dtype=torch.float64), Optics(pixel_size=pixel, amplitude_contrast=0.0), kx, ky
        )

    def by_wave(phi, chi, pixel=PIXEL):
        """Contrast by the complex CTF: the wave through the lens, squared."""
        return image_of(exit_wave([phi], pixel_size=pixel, voltage=300.0, spacing=0.0), chi) - 1

    def by_sine(phi, chi):
        """Contrast by the sin CTF."""
        return 2 * ifft2(fft2(phi) * band * -torch.sin(chi)).real

    return N, PIXEL, SLICES, by_sine, by_wave, chi_of, slices, thickness, whole


@app.cell
def _(by_sine, by_wave, chi_of, np, whole):
    _chi = chi_of(8000.0)
    factors = np.array([0.25, 0.5, 1.0, 2.0, 4.0, 7.0, 10.0])
    wave_sine = np.array([
        float((by_wave(f * whole, _chi) - by_sine(f * whole, _chi)).square().mean().sqrt() / by_wave(f * whole, _chi).square().mean().sqrt())
        for f in factors
    ])  # fmt: skip
    return factors, wave_sine


@app.cell(hide_code=True)
def _(
    Axis,
    Figure,
    Line,
    N,
    PIXEL,
    PURE,
    Panel,
    Picture,
    Rule,
    by_sine,
    by_wave,
    chi_of,
    factors,
    focus,
    scale_bar,
    show,
    strength,
    wave_sine,
    whole,
):
    _chi = chi_of(float(focus.value))
    _wave, _sine = by_wave(strength.value * whole, _chi), by_sine(strength.value * whole, _chi)
    _scale, _box = 3 * float(_sine.std()), N * PIXEL

    def _picture(values, title):
        return Panel(
            title=title,
            equal=True,
            marks=(Picture(values=values.numpy(), extent=(0, _box, 0, _box), limits=(-_scale, _scale)), scale_bar(_box)),
        )

    show(
        Figure(
            name="complex", title="Two CTFs", columns=4, height=2.8,
            panels=(
                _picture(_wave, "complex: |T ψ|²"), _picture(_sine, "real: −2 sin χ φ"), _picture(_wave - _sine, "their difference"),
                Panel(title="R.m.s. difference", x=Axis("Phase ×", PURE, scale="log"), y=Axis("Over the contrast", PURE, scale="log"), legend="none",
                      marks=(Line(x=factors, y=wave_sine, points=4), Rule(at=float(strength.value), colour="orange"))),
            ),
            caption=f"Greatest phase {strength.value * float(whole.max()):.1f} rad. One grey scale for all three, three standard deviations of the contrast. Look where the "
            "difference is largest: where the phase is largest, and always of one sign in the middle (the square has no sign).",
        )
    )  # fmt: skip
    return


@app.cell(hide_code=True)
def _(claim, mo, wave_sine):
    mo.vstack([
        claim(f"For the molecule itself (× 1) they differ by {wave_sine[2]:.0%} of the contrast, and the error grows in proportion to the phase: twice, × {wave_sine[3] / wave_sine[2]:.2f}.",
              wave_sine[2] < 0.3 and 1.6 < wave_sine[3] / wave_sine[2] < 2.4),
        mo.md(
            r"""
            | use the real one, $-\sin\chi$ | use the complex one |
            |:---|:---|
            | to *reconstruct*: linear, so images can be averaged, filtered, weighed | to *simulate*: truth for tests |
            | single particles in ice, phases below about 0.3 rad beyond the mean | gold, negative stain, viruses with dense cores, thick cells |
            | a mean phase does not count: only differences do | tilted illumination, dark field, apertures that cut one side (then no mates interfere) |
            """
        ),
    ])  # fmt: skip
    return


@app.cell(hide_code=True)
def _(mo, question, steps):
    mo.vstack([
        question("Q38"),
        mo.md("They are often named in one breath and are two different things. Go through the derivation and mark the step where each enters (Koeck & Karshikoff 2015)."),
        steps(
            ("The wave equation for fast electrons", r"""$\partial\psi/\partial z = \frac{i\lambda}{4\pi}\nabla_{xy}^2\psi + i\sigma V\psi$: spreading and scattering, both all the way
through (small angles were assumed to drop $\partial^2/\partial z^2$)."""),
            ("Slices", r"""Over a thin $\Delta z$ the two may act one after the other: multiply by $e^{i\varphi_n}$, then convolve with the propagator $e^{-i\pi\lambda\Delta z k^2}$.
**Multislice**; exact as $\Delta z \to 0$."""),
            ("The projection assumption", r"""Leave out the propagator *between* slices. Then all transmissions multiply, $\psi = \prod e^{i\varphi_n} = e^{i\sum\varphi_n}$: **only the sum
along the beam matters.** Here, and only here, $V(x, y, z)$ becomes its projection. It says that the sample is *thin*, $\lambda k^2 t/2 \ll 1$; it does **not** say that it is weak. The
object is a *phase object* (the phase grating)."""),
            ("The weak-phase approximation", r"""Replace $e^{i\varphi}$ by $1 + i\varphi$ (first Born, in projection), and drop $\varphi^2$ after squaring. It says that the sample is *weak*; it does **not**
say that it is thin. It makes the image linear."""),
            ("One without the other", r"""*Thin but strong*: a gold particle; projection holds, linearity does not. *Weak but thick*: a large virus at 2 Å; keep $1 + i\varphi$ and the propagators:
$\hat\psi = 1 + i\sum_n e^{-i\pi\lambda k^2(t - z_n)}\hat\varphi_n$, linear in $V$ and **not** a projection: it is the Ewald sphere. *Neither*: multislice."""),
        ),
        mo.md("The head of the ribosome again, cut into four slices. Stretch it along the beam, and strengthen it: each error follows its own slider."),
    ])  # fmt: skip
    return


@app.cell(hide_code=True)
def _(mo):
    stretch = mo.ui.slider(0.5, 12.0, 0.5, value=1.0, label="thickness × ", show_value=True)
    power = mo.ui.slider(0.25, 8.0, 0.25, value=1.0, label="phase × ", show_value=True)
    mo.hstack([stretch, power], justify="start", gap=2)
    return power, stretch


@app.cell
def _(PIXEL, SLICES, approximation_errors, chi_of, np, slices, thickness):
    def errors(phase_factor, thickness_factor):
        """Weak-phase and projection error, as shares of the contrast."""
        found = approximation_errors(
            phase_factor * slices, chi_of(8000.0), pixel_size=PIXEL, voltage=300.0, spacing=thickness_factor * thickness / SLICES
        )
        return found.weak, found.projection

    grid = np.array([0.25, 0.5, 1.0, 2.0, 4.0, 8.0])
    by_strength, by_thickness = np.array([errors(f, 1.0) for f in grid]), np.array([errors(1.0, f) for f in grid])
    return by_strength, by_thickness, errors, grid


@app.cell(hide_code=True)
def _(Axis, Figure, Line, PURE, Panel, Rule, by_strength, by_thickness, errors, grid, power, show, stretch, thickness, whole):
    _weak, _projection = errors(power.value, stretch.value)

    def _panel(title, axis, values, at):
        return Panel(
            title=title, x=axis, y=Axis("Error over the contrast", PURE, scale="log", limits=(5e-3, 3.0)), legend="lower right",
            marks=(Line(x=grid, y=values[:, 0], points=4, label="weak phase"),
                   Line(x=grid, y=values[:, 1], colour="orange", style="dashed", points=4, label="projection"),
                   Rule(at=at, colour="muted")),
        )  # fmt: skip

    show(
        Figure(
            name="approximations", title="Two approximations", columns=2, height=3.1,
            panels=(
                _panel("Stronger, as thick", Axis("Phase ×", PURE, scale="log"), by_strength, float(power.value)),
                _panel("Thicker, as strong", Axis("Thickness ×", PURE, scale="log"), by_thickness, float(stretch.value)),
            ),
            caption=f"At the sliders (phase up to {power.value * float(whole.max()):.2f} rad, {stretch.value * thickness:.0f} Å thick, detail to 7.5 Å): weak phase {_weak:.1%}, projection {_projection:.1%}. "
            "Left, only the blue line rises in proportion; right, only the dashed one. That is the difference.",
        )
    )  # fmt: skip
    return


@app.cell(hide_code=True)
def _(by_strength, by_thickness, claim, mo):
    _weak, _thick = by_strength[3, 0] / by_strength[2, 0], by_thickness[5, 1] / by_thickness[4, 1]
    _idle = by_thickness[5, 0] / by_thickness[0, 0]
    mo.vstack([
        claim(f"Twice the phase makes the weak-phase error {_weak:.2f} times as large; eight times the thickness instead of four, the projection error {_thick:.2f} times. (Its floor is the band limit of the slices.)",
              1.6 < _weak < 2.4 and 1.6 < _thick < 2.4),
        claim(f"From a quarter to eight times the thickness the weak-phase error changes by a factor of {_idle:.2f} only.", 0.7 < _idle < 1.4),
    ])  # fmt: skip
    return


@app.cell(hide_code=True)
def _(mo, question):
    mo.vstack([
        question("Q37"),
        mo.md(
            r"""
            Nothing in the *principle* changes: minimise $\sum_i |X_i - f(V; \text{pose}_i)|^2/2\sigma^2$ plus a prior, with $f$ the better model. But $f$ is not linear, so there is no
            Fourier-slice shortcut, no sum of insertions and no closed quotient; one **differentiates through the model** and descends. Here is the smallest honest example: an
            object whose phase is too strong for the linear model, three images at three defoci, and the gradient of `exit_wave` and `image_of`
            (PyTorch gives it for free). Raise the strength.
            """
        ),
    ])  # fmt: skip
    return


@app.cell(hide_code=True)
def _(mo):
    heavy = mo.ui.slider(0.5, 5.0, 0.5, value=3.0, label="phase × ", show_value=True)
    heavy
    return (heavy,)


@app.cell
def _(N, PIXEL, by_wave, chi_of, fft2, ifft2, plane, torch, whole):
    from vitreous.numerics.resample import fourier_resize

    COARSE = PIXEL * N / 48  # a coarser grid, so that many steps are quick
    object_ = fourier_resize(whole, (48, 48))
    chis = [chi_of(z, 48, COARSE) for z in (5000.0, 15000.0, 40000.0)]

    def band_limited(phi):
        """Without what the model cannot see: beyond the band."""
        return ifft2(fft2(phi) * plane((48, 48), COARSE)[1]).real

    def linear_solution(images):
        """Least squares with the sin CTF: Σ c X / (Σ c² + small)."""
        total = sum(fft2(image) * -2 * torch.sin(chi) for image, chi in zip(images, chis))
        return band_limited(ifft2(total / (sum(4 * torch.sin(chi) ** 2 for chi in chis) + 1e-3)).real)

    def descended(images, start, rounds=4):
        """Least squares with the whole wave, from ``start``; and the misfit of each round."""
        phi = start.clone().requires_grad_(True)
        optimiser = torch.optim.LBFGS([phi], max_iter=4, history_size=8, line_search_fn="strong_wolfe")

        def misfit():
            optimiser.zero_grad()
            loss = sum((by_wave(phi, chi, COARSE) - image).square().sum() for image, chi in zip(images, chis))
            loss.backward()
            return loss

        course = [optimiser.step(misfit).item() for _ in range(rounds)]
        return band_limited(phi.detach()), course

    def solve(factor):
        """Truth, linear and descended solution, each less its border's mean, and the misfit of each round."""
        truth = band_limited(factor * object_)
        images = [by_wave(truth, chi, COARSE) for chi in chis]
        first = linear_solution(images)
        found, course = descended(images, first)
        return *(each - each[:4].mean() for each in (truth, first, found)), course

    def off(values, truth):
        """R.m.s. error over the truth's r.m.s."""
        return float((values - truth).square().mean().sqrt() / truth.square().mean().sqrt())

    return off, solve


@app.cell(hide_code=True)
def _(Axis, Figure, Line, N, PIXEL, PURE, Panel, Picture, heavy, np, off, scale_bar, show, solve):
    _truth, _first, _found, _course = solve(heavy.value)
    _top, _box = float(_truth.max()), N * PIXEL

    def _picture(values, title):
        return Panel(
            title=title,
            equal=True,
            marks=(Picture(values=values.numpy(), extent=(0, _box, 0, _box), limits=(-0.1 * _top, _top)), scale_bar(_box)),
        )

    _off = [off(each, _truth) for each in (_first, _found)]
    show(
        Figure(
            name="descent", title="Reconstruction through the whole model", columns=4, height=2.8,
            panels=(
                _picture(_truth, "truth (phase)"), _picture(_first, f"linear model: {_off[0]:.0%} off"),
                _picture(_found, f"descended: {_off[1]:.0%} off"),
                Panel(title="Misfit", x=Axis("Round", PURE, whole=True), y=Axis("Sum of squares", PURE, scale="log"), legend="none",
                      marks=(Line(x=np.arange(len(_course)), y=_course, points=4),)),
            ),
            caption=f"Greatest phase {_top:.1f} rad. The linear answer is flattened and haloed; four steps a round of descent through the wave take it away. Every step costs three "
            "images forwards and backwards, here of one view: now imagine ten thousand views, and unknown poses.",
        )
    )  # fmt: skip
    return


@app.cell(hide_code=True)
def _(claim, math, mo, off, solve):
    _truth, _first, _found, _course = solve(3.0)

    _linear, _descended = off(_first, _truth), off(_found, _truth)
    _n, _s = 256, 64
    _slice, _multi = 5 * _n**2, _s * 2 * 5 * _n**2 * 2 * math.log2(_n) + 8 * _n**3
    mo.vstack([
        claim(f"At three times the phase of the molecule the linear model is {_linear:.0%} off, the descent {_descended:.0%}; its misfit fell by a factor of {_course[0] / _course[-1]:.0f}.",
              _descended < 0.5 * _linear),
        mo.md(
            f"""
            **The bottlenecks**, for one image of {_n} pixels, {_s} slices:

            | | projection (central slice) | multislice |
            |:---|:---|:---|
            | turn the object | interpolate one plane: {_slice / 1e6:.1f} million operations | interpolate the whole volume: {8 * _n**3 / 1e6:.0f} million |
            | through it | nothing | {_s} × 2 transforms: {(_multi - 8 * _n**3) / 1e6:.0f} million |
            | gradient | insert one plane | the same way back, with {_s} waves kept ({_s * _n**2 * 8 / 1e6:.0f} MB an image) |
            | search of poses | products of matrices, shared by all images | each pose is a simulation of its own |

            That is {_multi / _slice:.0f} times the work of a slice, before a single pose is searched. So in practice: poses from the linear model, then a **few** rounds with the better
            one; or the **first** correction alone, the Ewald sphere, which is linear and costs two insertions instead of one (`vitreous reconstruct --ewald`); slices as
            thick as the resolution allows; and GPUs. (Descending also needs a start close enough: the loss is no longer convex.)
            """
        ),
    ])  # fmt: skip
    return


@app.cell(hide_code=True)
def _(MULTISLICE, bench, help_of, mo, prompt_of):
    multislice_bench = bench(MULTISLICE)
    mo.vstack([prompt_of(MULTISLICE), multislice_bench, help_of(MULTISLICE)])
    return (multislice_bench,)


@app.cell(hide_code=True)
def _(MULTISLICE, multislice_bench, verdict):
    verdict(MULTISLICE, multislice_bench.value)
    return


@app.cell(hide_code=True)
def _(closing):
    closing("image-formation-sharpen")
    return


if __name__ == "__main__":
    app.run()
