import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Phase contrast and the CTF, by eye")


@app.cell(hide_code=True)
def _():
    import math

    import marimo as mo
    import numpy as np
    import torch

    from vitreous.data.optics import Optics
    from vitreous.learning.exercise import bench, help_of, prompt_of, verdict
    from vitreous.learning.exercises.ctf import CTF, ENVELOPE
    from vitreous.learning.page import claim, closing, opening, question, show, start, steps
    from vitreous.numerics.filters import low_pass
    from vitreous.numerics.fourier import frequency_squared, irfft2, rfft2, to_centre
    from vitreous.physics.ctf import b_envelope, ctf, ctf_grid
    from vitreous.physics.wavelength import wavelength
    from vitreous.runtime.chance import numpy_generator
    from vitreous.views.figure import PURE, Axis, Figure, Panel
    from vitreous.views.marks import Box, Circles, Line, Picture, Rule
    from vitreous.views.pictures import common_limits, scale_bar
    from vitreous.views.resolution_axis import angstrom_axis

    return (
        Axis, Box, CTF, Circles, ENVELOPE, Figure, Line, Optics, PURE, Panel, Picture, Rule, angstrom_axis, b_envelope, bench, claim,
        closing, common_limits, ctf, ctf_grid, frequency_squared, help_of, irfft2, low_pass, math, mo, np, numpy_generator, opening, prompt_of,
        question, rfft2, scale_bar, show, start, steps, to_centre, torch, verdict, wavelength,
    )  # fmt: skip


@app.cell(hide_code=True)
def _(opening):
    opening("ctf-blur")
    return


@app.cell(hide_code=True)
def _(mo):
    mo.md(
        r"""
        A protein in ice is as clear as glass in water: it takes next to no electrons away, it only holds their wave back a little. In
        perfect focus you would see nothing. So the microscope is put *out* of focus on purpose, and waves that were scattered at
        different angles come to differ in their path, so that they add up or cancel. Which of them do is said by one curve, the
        **contrast transfer function**:

        $$c(k) = -\sin\chi(k), \qquad \chi(k) = \pi\lambda z k^2 - \tfrac{\pi}{2} C_s \lambda^3 k^4 + \arcsin Q .$$

        Read it like this. Detail of size $d$ is a wave of frequency $k = 1/d$. It reaches the image multiplied by $c(k)$: by $-1$, black on
        white and full strength; by $0$, not at all; by $+1$, full strength with black and white exchanged. The defocus $z$ (positive is
        underfocus), the wavelength $\lambda$, the lens' spherical aberration $C_s$ and the amplitude contrast $Q$ are all that is in it.

        **Move each slider by itself** and say beforehand what the curve will do. The envelope (dashed) is a second matter: it only ever
        makes the wave weaker.
        """
    )
    return


@app.cell(hide_code=True)
def _(mo, start):
    defocus = mo.ui.slider(-10000, 40000, 500, value=round(start("defocus", 15000.0, -10000, 40000)), show_value=True, label="defocus (Å)")
    voltage = mo.ui.slider(80, 300, 20, value=round(start("voltage", 300.0, 80, 300)), show_value=True, label="voltage (kV)")
    share = mo.ui.slider(0.0, 1.0, 0.01, value=start("amplitude_contrast", 0.1, 0.0, 1.0), show_value=True, label="amplitude contrast")
    falling = mo.ui.slider(0, 300, 10, value=round(start("b_factor", 60.0, 0, 300)), show_value=True, label="B factor (Å²)")
    mo.vstack([mo.hstack([defocus, voltage], justify="start", gap=3), mo.hstack([share, falling], justify="start", gap=3)])
    return defocus, falling, share, voltage


@app.cell
def _(Optics, ctf, torch):
    k = torch.linspace(0, 0.3, 500, dtype=torch.float64)  # Å⁻¹: to 3.3 Å

    def curve(defocus, voltage=300.0, amplitude_contrast=0.1, at=k):
        """c(k) along +x of a lens without astigmatism, by the function that CTF estimation uses."""
        optics = Optics(pixel_size=1.0, voltage=float(voltage), amplitude_contrast=float(amplitude_contrast))
        values = torch.tensor([defocus, defocus, 0.0, 0.0], dtype=torch.float64)  # u, v in Å, angle and phase shift in degrees
        return ctf(values, optics, at, torch.zeros_like(at))

    def zeros(transfer, at=k):
        """Where a curve crosses zero, Å⁻¹: between two samples of different sign, on the line from one to the other."""
        at, values = at.numpy(), transfer.numpy()
        before = (values[1:] * values[:-1] < 0).nonzero()[0]
        return at[before] - values[before] * (at[before + 1] - at[before]) / (values[before + 1] - values[before])

    return curve, k, zeros


@app.cell
def _(
    Axis, Figure, Line, PURE, Panel, Rule, angstrom_axis, b_envelope, curve, defocus, falling, k, share, show, voltage,
    zeros,
):  # fmt: skip
    _envelope = b_envelope(k**2, falling.value).numpy()
    _transfer = curve(defocus.value, voltage.value, share.value)
    _zeros = zeros(_transfer)
    _axis = Axis("Spatial frequency", "Å⁻¹", limits=(0.0, 0.3))
    _marks = (
        Rule(at=0.0, axis="y"),
        Line(x=k.numpy(), y=_envelope, colour="orange", style="dashed", label="envelope"),
        Line(x=k.numpy(), y=-_envelope, colour="orange", style="dashed"),
        Line(x=k.numpy(), y=_transfer.numpy() * _envelope, colour="blue", label="CTF × envelope"),
    )
    _first = f"the first zero is at {1 / _zeros[0]:.1f} Å" if len(_zeros) else "there is no zero before 3.3 Å"
    show(
        Figure(
            name="ctf", title="Contrast transfer", height=3.4,
            caption=f"What of each wave reaches the image, and with which sign. Here {_first}, and there are {len(_zeros)} zeros to 3.3 Å. "
            "More defocus: the curve rises earlier, so that large things are seen well, and crosses zero more often. Look at k = 0: all the "
            "contrast that is there is the amplitude contrast.",
            panels=(Panel(marks=_marks, x=_axis, top=angstrom_axis(k.numpy()), y=Axis("Transfer", PURE, limits=(-1.1, 1.1)),
                          legend="above"),),
        )
    )  # fmt: skip
    return


@app.cell(hide_code=True)
def _(question):
    question("Q23")
    return


@app.cell(hide_code=True)
def _(mo):
    mo.md(
        r"""
        A signal star is a test picture with every frequency in it, each at its own place: with $n$ spokes, the distance from one spoke to
        the next at radius $r$ is $2\pi r / n$, so the frequency there is

        $$k(r) = \frac{n}{2\pi r}.$$

        Fine detail is in the middle, coarse detail at the rim. **Before you touch the slider:** a zero of the CTF takes one frequency away.
        Where in the star will it be missing, and what will the spokes look like on either side of it?
        """
    )
    return


@app.cell
def _(Optics, ctf_grid, frequency_squared, math, np, rfft2, torch):
    SPOKES, STAR_SIZE = 60, 256
    star_optics = Optics(pixel_size=2.0)  # 300 kV, 2.7 mm, 10 % amplitude contrast
    _across = (np.arange(STAR_SIZE) - STAR_SIZE // 2) * star_optics.pixel_size
    star_radius = np.hypot(*np.meshgrid(_across, _across))
    star_angle = np.arctan2(*np.meshgrid(_across, _across, indexing="ij"))
    _edges = ((star_radius - 225) / 3, (42 - star_radius) / 2)  # a soft rim, and a blank middle where spokes are finer than two pixels
    _rim = 1 / np.prod([1 + np.exp(np.clip(each, -50, 50)) for each in _edges], axis=0)
    star = 0.5 * (1 + np.tanh(4 * np.cos(SPOKES * star_angle))) * _rim
    star_waves = rfft2(torch.from_numpy(star))
    star_k = frequency_squared((STAR_SIZE, STAR_SIZE), star_optics.pixel_size).sqrt()

    def lens(defocus, optics=star_optics, size=STAR_SIZE):
        """The CTF on the grid of an image's half transform."""
        return ctf_grid(torch.tensor([defocus, defocus, 0.0, 0.0], dtype=torch.float64), optics, (size, size))

    def radius_of(frequency):
        """Å from the middle of the star at which a frequency is found."""
        return SPOKES / (2 * math.pi * frequency)

    return SPOKES, STAR_SIZE, lens, radius_of, star, star_angle, star_k, star_optics, star_radius, star_waves


@app.cell(hide_code=True)
def _(mo, start):
    star_defocus = mo.ui.slider(0, 40000, 500, value=round(start("defocus", 15000.0, 0, 40000)), show_value=True, label="defocus (Å)")
    star_zeros = mo.ui.switch(value=True, label="mark where the zeros should be")
    mo.hstack([star_defocus, star_zeros], justify="start", gap=3)
    return star_defocus, star_zeros


@app.cell
def _(
    Circles, Figure, Panel, Picture, STAR_SIZE, curve, irfft2, lens, radius_of, scale_bar, show, star, star_defocus, star_optics,
    star_waves, star_zeros, to_centre, torch, zeros,
):  # fmt: skip
    _c = lens(star_defocus.value)
    _seen = irfft2(star_waves * _c, (STAR_SIZE, STAR_SIZE)).numpy()
    _whole = to_centre(torch.cat([_c, _c[:, 1:-1].flip(1)], 1), (0, 1)).numpy()  # without astigmatism, left is right
    _crossed = zeros(curve(star_defocus.value))
    _half, _nyquist = STAR_SIZE * star_optics.pixel_size / 2, 0.5 / star_optics.pixel_size
    _rings = [Circles(x=[0.0], y=[0.0], radius=radius_of(_each), colour="amber", width=1.1) for _each in _crossed if radius_of(_each) > 45]
    _extent, _spread = (-_half, _half, -_half, _half), 2.5 * float(_seen.std())
    show(
        Figure(
            name="star", title="The signal star", height=4.0,
            caption="Left: the star. Middle: what the lens multiplies its waves by (white +1, black −1). Right: what is seen. At each zero "
            "(amber rings) the spokes fade to grey, and beyond it they come back with black and white exchanged: follow one spoke outwards "
            "and count how often it changes.",
            panels=(
                Panel(title="the star", marks=(Picture(values=star, extent=_extent), scale_bar(2 * _half)), equal=True),
                Panel(title=f"the CTF, to {1 / _nyquist:g} Å",
                      marks=(Picture(values=_whole, extent=(-_nyquist, _nyquist, -_nyquist, _nyquist), limits=(-1.0, 1.0)),), equal=True),
                Panel(title="the star through it", equal=True,
                      marks=(Picture(values=_seen, extent=_extent, limits=(_seen.mean() - _spread, _seen.mean() + _spread)),
                             *(_rings if star_zeros.value else []), scale_bar(2 * _half))),
            ),
        )
    )  # fmt: skip
    return


@app.cell(hide_code=True)
def _(SPOKES, STAR_SIZE, claim, curve, irfft2, lens, mo, np, radius_of, star, star_angle, star_radius, star_waves, torch):
    def _spokes(picture, radius):
        """Strength of the spokes at a radius: cosine part of their wave along that circle."""
        _ring = np.abs(star_radius - radius) < 1.5
        return 2 * float((picture[_ring] * np.cos(SPOKES * star_angle[_ring])).mean())

    _image = irfft2(star_waves * lens(15000.0), (STAR_SIZE, STAR_SIZE)).numpy()
    _radii = np.arange(100, 210, 2.0)
    _measured = np.array([_spokes(_image, r) / _spokes(star, r) for r in _radii])
    _expected = curve(15000.0, at=torch.from_numpy(SPOKES / (2 * np.pi * _radii))).numpy()
    _agreement = float(np.corrcoef(_measured, _expected)[0, 1])
    _zero = radius_of(0.0575)
    mo.vstack([
        claim(f"At 15 000 Å the spokes' strength from 100 Å outwards follows c(n / 2πr): their correlation is {_agreement:.3f}.",
              _agreement > 0.99),
        claim(f"The first zero, at 17.4 Å, is the outermost grey ring, {_zero:.0f} Å from the middle: "
              f"there {abs(_spokes(_image, _zero) / _spokes(star, _zero)):.2f} of the contrast is left.",
              abs(_spokes(_image, _zero) / _spokes(star, _zero)) < 0.1),
    ])  # fmt: skip
    return


@app.cell(hide_code=True)
def _(mo):
    mo.md(
        r"""
        So the picture is not blurred, as an eye out of focus would see it: the finest spokes are sharp, but **displaced in sign**. Multiplying
        waves by $c(k)$ is the same as convolving the star with the image of a point (the transform of $c$), whose rings you meet at the end of
        this lesson. And nothing can bring back what stands on a zero: that is why particles are recorded at *many* defoci.
        """
    )
    return


@app.cell(hide_code=True)
def _(question):
    question("Q26")
    return


@app.cell
def _(Optics, low_pass, np, rfft2):
    from vitreous.simulate.specimens import project_atoms, specimen

    SIZE = 128
    optics = Optics(pixel_size=2.5)
    particle = project_atoms(specimen("ribosome head"), np.eye(3)[None], np.zeros((1, 2)), size=SIZE, pixel_size=optics.pixel_size)[0]
    particle_waves = rfft2(particle.double())
    coarse = rfft2(low_pass(particle, 10.0, optics.pixel_size, axes=2).double())  # as far as the eye sees in noise
    half = SIZE * optics.pixel_size / 2  # Å
    field = (-half, half, -half, half)
    return SIZE, coarse, field, half, optics, particle, particle_waves


@app.cell(hide_code=True)
def _(mo, start):
    _own = min(abs(round(start("defocus", 12000.0, -30000, 30000))), 30000)
    both = mo.ui.slider(0, 30000, 500, value=_own, show_value=True, label="away from focus, either way (Å)")
    both
    return (both,)


@app.cell
def _(
    Axis, Figure, Line, PURE, Panel, Picture, Rule, SIZE, both, coarse, common_limits, curve, field, half, irfft2, k, lens, np, optics,
    particle, scale_bar, show,
):  # fmt: skip
    _under, _over = (irfft2(coarse * lens(_sign * both.value, optics, SIZE), (SIZE, SIZE)).numpy() for _sign in (1, -1))
    _limits = common_limits(np.stack([_under, _over]), low=0.05, high=99.95)
    _middle = SIZE // 2
    _x = (np.arange(SIZE) - _middle) * optics.pixel_size
    _low = k.numpy() < 0.12
    show(
        Figure(
            name="under-over", title="Under and over focus", height=3.5, columns=4,
            caption="Under focus the particle is dark with a bright fringe around it; over focus it is bright with a dark one. The curves are "
            "nearly each other's negatives: the sign of the first, broad lobe of the CTF is what your eye sees. They are not quite: at k = 0 "
            "both begin at −Q, so amplitude contrast helps under focus and works against you over focus.",
            panels=(
                Panel(title="in truth", marks=(Picture(values=particle.numpy(), extent=field), scale_bar(2 * half)), equal=True),
                Panel(title=f"{both.value} Å under focus", marks=(Picture(values=_under, extent=field, limits=_limits),), equal=True),
                Panel(title=f"{both.value} Å over focus", marks=(Picture(values=_over, extent=field, limits=_limits),), equal=True),
                Panel(title="CTF", weight=1.5, legend="bottom", x=Axis("Spatial frequency", "Å⁻¹", limits=(0.0, 0.12)),
                      y=Axis("Transfer", PURE, limits=(-1.3, 1.1)),
                      marks=(Rule(at=0.0, axis="y"), Line(x=k.numpy()[_low], y=curve(both.value).numpy()[_low], label="under"),
                             Line(x=k.numpy()[_low], y=curve(-both.value).numpy()[_low], colour="orange", style="dashed", label="over"))),
            ),
        )
    )  # fmt: skip
    return


@app.cell(hide_code=True)
def _(SIZE, claim, irfft2, lens, mo, optics, particle, particle_waves):
    _inside = (particle > 0.5 * particle.max()).numpy()
    _mean = {z: float(irfft2(particle_waves * lens(z, optics, SIZE), (SIZE, SIZE)).numpy()[_inside].mean()) for z in (12000.0, -12000.0)}
    mo.vstack([
        claim("12 000 Å under focus the particle's middle is darker than its surroundings, and as far over focus it is brighter.",
              _mean[12000.0] < 0 < _mean[-12000.0]),
        mo.md(
            r"""
            In words: in underfocus the wave that went straight on and the scattered ones have run *further apart* in the sense that makes them
            cancel behind the particle. Over focus they meet with the opposite sign. In a 2-D spectrum the two look alike, for it shows $c^2$:
            only the *shape* of the first ring, through $Q$ and $C_s$, tells which is which. So a program that fits rings has to be told
            that you were under focus, and all of them assume it.
            """
        ),
    ])  # fmt: skip
    return


@app.cell
def _(CTF, bench, help_of, mo, prompt_of):
    transfer_bench = bench(CTF)
    mo.vstack([prompt_of(CTF), transfer_bench, help_of(CTF)])
    return (transfer_bench,)


@app.cell
def _(CTF, transfer_bench, verdict):
    verdict(CTF, transfer_bench.value)
    return


@app.cell(hide_code=True)
def _(question):
    question("Q24")
    return


@app.cell(hide_code=True)
def _(mo):
    mo.md(
        r"""
        The B factor is an envelope, $e^{-Bk^2/4}$. **Positive**, it is what the microscope does: everything that shakes a little during the
        exposure, or from one particle to the next, weakens fine detail more than coarse. **Negative**, it is what *you* do in the computer
        to undo it: sharpening. The one is done to the signal alone; the other to signal **and noise**. Move the slider to both sides.
        """
    )
    return


@app.cell(hide_code=True)
def _(mo):
    b_factor = mo.ui.slider(-200, 400, 10, value=100, show_value=True, label="B factor (Å²)")
    b_factor
    return (b_factor,)


@app.cell
def _(SIZE, frequency_squared, irfft2, lens, numpy_generator, optics, particle_waves, rfft2, torch):
    particle_k2 = frequency_squared((SIZE, SIZE), optics.pixel_size)
    _seen = particle_waves * lens(12000.0, optics, SIZE)
    _strength = float(irfft2(_seen, (SIZE, SIZE)).std())
    grain = rfft2(torch.from_numpy(numpy_generator(3, "grain").normal(0, 0.25 * _strength, (SIZE, SIZE))))
    return grain, particle_k2


@app.cell
def _(
    Axis, Figure, Line, PURE, Panel, Picture, SIZE, angstrom_axis, b_envelope, b_factor, field, grain, half, irfft2, k, lens, np, optics,
    particle_k2, particle_waves, scale_bar, show,
):  # fmt: skip
    _damp = b_envelope(particle_k2, b_factor.value)
    _signal = particle_waves * lens(12000.0, optics, SIZE) * _damp
    _alone, _noisy = (irfft2(_w, (SIZE, SIZE)).numpy() for _w in (_signal, _signal + grain * (_damp if b_factor.value < 0 else 1.0)))
    _reach = [3 * float(each.std()) for each in (_alone, _noisy)]
    _shown = k.numpy() < 0.2
    _envelope = b_envelope(k**2, b_factor.value).numpy()[_shown]
    _title = "sharpened, with its noise" if b_factor.value < 0 else "as recorded, with noise"
    show(
        Figure(
            name="b-factor", title="The B factor", height=3.5,
            caption="With a positive B fine detail of the signal sinks below a noise that stays. With a negative one all detail is raised, and the "
            "noise with it: beyond the resolution where there was signal, only grain comes up. Sharpening gives no information; it makes what "
            "there is visible.",
            panels=(
                Panel(title="envelope", x=Axis("Spatial frequency", "Å⁻¹", limits=(0.0, 0.2)), top=angstrom_axis(k.numpy()[_shown]),
                      y=Axis("Factor", PURE, scale="log", limits=(0.01, 10.0)), marks=(Line(x=k.numpy()[_shown], y=_envelope),)),
                Panel(title="the signal alone", equal=True,
                      marks=(Picture(values=_alone, extent=field, limits=(-_reach[0], _reach[0])), scale_bar(2 * half))),
                Panel(title=_title, marks=(Picture(values=_noisy, extent=field, limits=(-_reach[1], _reach[1])),), equal=True),
            ),
        )
    )  # fmt: skip
    return


@app.cell(hide_code=True)
def _(question):
    question("Q27")
    return


@app.cell(hide_code=True)
def _(claim, math, mo, numpy_generator, steps):
    _shifts = numpy_generator(0, "shifts").normal(0.0, 0.8, 200_000)  # Å, along the direction of k
    _average = float(abs(sum(complex(math.cos(x), math.sin(x)) for x in (2 * math.pi * _shifts / 5.0)[:50_000]) / 50_000))
    _formula = math.exp(-(8 * math.pi**2 * 0.8**2) / 4 / 25)
    mo.vstack([
        mo.md(
            r"""
            In the equation of an image, B gathers what the microscope does to fine detail: a source of finite size and finite spread of
            energies (coherence), drift within a frame, the detector's pixels. But the same letter stands in many places:

            | B of … | what moves, or spreads | sign |
            |:---|:---|:---:|
            | the image (this lesson) | coherence, drift, charging, the detector | + |
            | radiation damage | atoms leave their places as dose mounts: B grows with it | + |
            | polishing | motion of a particle within a frame, and damage, frame by frame | + |
            | the reconstruction (Rosenthal and Henderson) | all of these, and errors of angles, shifts and defocus | + |
            | the atomic model (ADP) | each atom about its mean place: heat, disorder | + |
            | sharpening | nothing: the computer's answer to the sum of the others | − |

            They are all called B for one reason: **many small random displacements make one Gaussian**, whatever their cause, and the name of
            its width comes from crystallography (Debye and Waller, about 1913-1923).
            """
        ),
        steps(
            ("One wave, displaced", r"A wave $e^{2\pi i k x}$ shifted by $u$ is multiplied by $e^{-2\pi i k u}$."),
            ("Many displacements", r"Average over shifts of variance $\sigma^2$ along $k$. For a Gaussian, "
             r"$\langle e^{-2\pi i k u}\rangle = e^{-2\pi^2 \sigma^2 k^2}$: its own transform."),
            ("Give it a name", r"Set $2\pi^2\sigma^2 k^2 = B k^2 / 4$. So $B = 8\pi^2\sigma^2$: a displacement of 1 Å is a B of 79 Å²."),
            ("Several causes", r"Independent displacements add their variances, and envelopes multiply: **Bs add**. That is why one number can "
             r"stand for all of them, and why it says nothing about which one to blame."),
            ("Beware", r"Some texts write $e^{-Bk^2}$. Their B is a quarter of ours ($B = 2\pi^2\sigma^2$). Always ask which."),
        ),
        claim(f"Waves of 5 Å shifted at random by 0.8 Å (r.m.s.) keep {_average:.3f} of their mean amplitude; B = 8π²σ² says {_formula:.3f}.",
              abs(_average - _formula) < 0.01),
    ])  # fmt: skip
    return


@app.cell(hide_code=True)
def _(question):
    question("Q28")
    return


@app.cell(hide_code=True)
def _(b_envelope, claim, math, mo, torch):
    _at_five = float(b_envelope(torch.tensor(1 / 25.0, dtype=torch.float64), 100.0))
    _as_pixels = [math.exp(-100.0 * (_pixel / 5.0) ** 2 / 4) for _pixel in (0.5, 1.0, 2.0)]
    mo.vstack([
        mo.md(
            r"""
            Put the numbers in: $e^{-100/(4\cdot 5^2)} = e^{-1}$. It is so, with *5 Å* (a length; the notes print 5 Å²) and with the 4 in the
            exponent. A picture that is drawn without a pixel size has to assume one: if frequency is counted in cycles per *pixel*, the B in it
            is in pixels², and $B_{\text{Å}^2} = B_{\text{px}^2} \cdot a^2$ for a pixel of $a$ Å. So a notebook that says "B = 100" and
            draws 5 Å at 0.2 cycles per pixel has assumed 1 Å.
            """
        ),
        claim(f"At B = 100 Å² and 5 Å the envelope of Vitreous is {_at_five:.4f} = 1/e.", abs(_at_five - math.exp(-1)) < 1e-12),
        claim("The same 100, taken as pixels² by mistake, leaves of 5 Å detail "
              f"{_as_pixels[0]:.2f}, {_as_pixels[1]:.2f} and {_as_pixels[2]:.2f} at pixels of 0.5, 1 and 2 Å.",
              [round(_each, 2) for _each in _as_pixels] == [0.78, 0.37, 0.02]),
    ])  # fmt: skip
    return


@app.cell
def _(ENVELOPE, bench, help_of, mo, prompt_of):
    envelope_bench = bench(ENVELOPE)
    mo.vstack([prompt_of(ENVELOPE), envelope_bench, help_of(ENVELOPE)])
    return (envelope_bench,)


@app.cell
def _(ENVELOPE, envelope_bench, verdict):
    verdict(ENVELOPE, envelope_bench.value)
    return


@app.cell(hide_code=True)
def _(question):
    question("Q25")
    return


@app.cell(hide_code=True)
def _(mo):
    mo.md(
        r"""
        Look for the magnification in $c(k)$: it is not there. The lens acts on detail of the *specimen*, in Å. Magnification only says how
        many Å a pixel is, and so **which $k$ a pixel of the transform is**: bin $j$ of $N$ lies at $k = j/(Na)$, and the picture ends at Nyquist,
        $1/2a$. Three things follow when you lower the magnification, all against the rings: Nyquist comes down until few zeros are left inside;
        the ones that are left lie where the detector is worst, near its Nyquist; and the same electrons *per pixel* are fewer *per Å²*. Below is
        the spectrum of a carbon film, 20 electrons a pixel, 256 pixels across. **Enlarge the pixel.**
        """
    )
    return


@app.cell(hide_code=True)
def _(mo, start):
    _pixel = round(start("pixel_size", 1.0, 0.5, 5.0), 1)
    pixel = mo.ui.slider(0.5, 5.0, 0.1, value=_pixel, show_value=True, label="pixel (Å)")
    film = mo.ui.slider(5000, 30000, 500, value=12000, show_value=True, label="defocus (Å)")
    mo.hstack([pixel, film], justify="start", gap=3)
    return film, pixel


@app.cell
def _(frequency_squared, numpy_generator):
    RINGS = 256
    speckle = numpy_generator(7, "speckle").gamma(12.0, 1 / 12.0, (RINGS, RINGS))  # a spectrum that is the mean of twelve
    bins2 = frequency_squared((RINGS, RINGS), 1.0)  # (cycles a pixel)²

    def dqe(share_of_nyquist):
        """Quantum efficiency of a counting camera, roughly."""
        return 0.85 * (1 - 0.65 * share_of_nyquist**2)

    def signal_to_noise(transfer, frequency, pixel_size):
        """Of a thin carbon film, 20 electrons a pixel, an envelope of 60 Å²."""
        from numpy import exp

        return 1.5 * (20 / pixel_size**2) * 0.2 * transfer**2 * exp(-60 * frequency**2 / 2) * dqe((2 * frequency * pixel_size).clip(0, 1))

    return RINGS, bins2, signal_to_noise, speckle


@app.cell
def _(
    Axis, Figure, Line, Optics, PURE, Panel, Picture, RINGS, bins2, curve, film, lens, np, pixel, show, signal_to_noise, speckle,
    to_centre, torch,
):  # fmt: skip
    _c = lens(film.value, Optics(pixel_size=float(pixel.value)), RINGS).numpy()
    _half = signal_to_noise(_c, np.sqrt(bins2.numpy()) / pixel.value, pixel.value)
    _whole = to_centre(torch.from_numpy(np.concatenate([_half, _half[:, -2:0:-1]], 1)), (0, 1)).numpy()
    _power = (1 + _whole) * speckle
    _nyquist = 0.5 / pixel.value
    _along = torch.linspace(0, _nyquist, 600, dtype=torch.float64)
    _snr = signal_to_noise(curve(film.value, at=_along).numpy(), _along.numpy(), pixel.value)
    show(
        Figure(
            name="magnification", title="Rings and magnification", height=3.7,
            caption=f"With pixels of {pixel.value} Å the spectrum ends at {2 * pixel.value:g} Å. Left: what the camera's live spectrum shows. Right: "
            "how much the rings stand out of the noise. Small pixels: few rings, but bright, and far from the edge where the camera fails.",
            panels=(
                Panel(title=f"spectrum to {2 * pixel.value:g} Å", equal=True, weight=0.75,
                      marks=(Picture(values=_power, extent=(-_nyquist, _nyquist, -_nyquist, _nyquist), limits=(0.3, 2.6)),)),
                Panel(title="rings over noise", marks=(Line(x=_along.numpy(), y=_snr, width=1.2),), y=Axis("Signal over noise", PURE, scale="log",
                      limits=(0.01, 100.0)), x=Axis("Spatial frequency", "Å⁻¹", limits=(0.0, 1.0))),
            ),
        )
    )  # fmt: skip
    return


@app.cell(hide_code=True)
def _(claim, curve, mo, zeros):
    _zero = float(zeros(curve(12000.0))[0])
    _places = [256 * _pixel * _zero for _pixel in (0.5, 1.0, 4.0)]
    mo.vstack([
        claim(f"At 12 000 Å the first zero is at {1 / _zero:.1f} Å whatever the magnification; in a transform of 256 pixels that is bin "
              f"{_places[0]:.0f} with pixels of 0.5 Å, {_places[1]:.0f} with 1 Å and {_places[2]:.0f} with 4 Å, of 128.",
              [round(_each) for _each in _places] == [8, 16, 66]),
        mo.md("Too small a pixel is not free either: the field shrinks, with fewer particles in it. That is the bargain of Nyquist, question 21."),
    ])  # fmt: skip
    return


@app.cell(hide_code=True)
def _(question):
    question("Q29")
    return


@app.cell(hide_code=True)
def _(mo):
    mo.md(
        r"""
        Amplitude contrast is a *constant* phase, $\arcsin Q$; defocus is a phase that grows as $k^2$. Over the few rings that a noisy spectrum
        shows, a little more of the one looks like a little less of the other. Below the truth has $Q = 0.1$ and 15 000 Å. Assume another $Q$,
        and the best defocus is fitted for you, as an estimator does, from 30 to 5 Å.
        """
    )
    return


@app.cell(hide_code=True)
def _(mo):
    assumed = mo.ui.slider(0.0, 0.5, 0.01, value=0.25, show_value=True, label="amplitude contrast assumed")
    assumed
    return (assumed,)


@app.cell
def _(Optics, ctf, curve, np, torch):
    fit_k = torch.linspace(1 / 30, 1 / 5, 300, dtype=torch.float64)
    truth = curve(15000.0, at=fit_k).numpy() ** 2
    _tried = torch.arange(14000.0, 16001.0, 10.0, dtype=torch.float64)
    _defoci = torch.stack([_tried, _tried, 0 * _tried, 0 * _tried], 1)

    def best_defocus(amplitude_contrast):
        """The defocus whose rings agree best with the truth's if this Q is assumed, and their correlation."""
        rings = ctf(_defoci, Optics(pixel_size=1.0, amplitude_contrast=amplitude_contrast), fit_k, torch.zeros_like(fit_k)).numpy() ** 2
        agreement = np.corrcoef(truth, rings)[0, 1:]
        return float(_tried[int(agreement.argmax())]), float(agreement.max())

    fits = {round(q, 2): best_defocus(float(q)) for q in np.arange(0.0, 0.501, 0.01)}
    return fit_k, fits, truth


@app.cell
def _(Axis, Figure, Line, PURE, Panel, Rule, angstrom_axis, assumed, curve, fit_k, fits, show, truth):
    _q = round(float(assumed.value), 2)
    _found, _agreement = fits[_q]
    _wrong = curve(_found, 300.0, _q, at=fit_k).numpy() ** 2
    show(
        Figure(
            name="amplitude-contrast", title="Amplitude contrast and the fit", height=3.3,
            caption=f"With Q = {_q:g} assumed the best defocus is {_found:.0f} Å instead of 15 000, and the rings agree to {_agreement:.4f}. The "
            "fit hides the mistake: the two curves part only at the coarse end, where real spectra are covered by the background.",
            panels=(
                Panel(title="rings, c²", weight=1.6, legend="above", x=Axis("Spatial frequency", "Å⁻¹"), top=angstrom_axis(fit_k.numpy()),
                      y=Axis("Power", PURE, limits=(0.0, 1.05)),
                      marks=(Line(x=fit_k.numpy(), y=truth, colour="muted", label="truth"),
                             Line(x=fit_k.numpy(), y=_wrong, colour="orange", style="dashed", label="fit"))),
                Panel(title="what it does to the defocus", x=Axis("Amplitude contrast assumed", PURE), y=Axis("Defocus found", "Å"),
                      marks=(Line(x=list(fits), y=[each[0] for each in fits.values()]), Rule(at=_q, colour="orange"),
                             Rule(at=15000.0, axis="y", text="truth"))),
            ),
        )
    )  # fmt: skip
    return


@app.cell(hide_code=True)
def _(claim, fits, mo):
    _found, _agreement = fits[0.2]
    mo.vstack([
        claim(f"Twice the true Q moves the defocus by −{15000 - _found:.0f} Å, and the rings still agree to {_agreement:.4f}.",
              -250 < _found - 15000 < -40 and _agreement > 0.98),
        mo.md(
            r"""
            - **More or less?** More contrast at low frequency would be welcome, but amplitude contrast is made of electrons that are *lost*: stopped
              by the aperture, or scattered inelastically. You want the little that there is, and phase contrast for the rest.
            - **Why not fit it?** Because of what you have just seen: $Q$ and $z$ trade against each other, and what could tell them apart, the
              first lobe below 30 Å, is where the background is steepest. A fitted $Q$ mostly follows the noise.
            - **Unsure?** Take what is known for your voltage and thickness, 0.07 to 0.1 for ice, and **keep the same value everywhere**: from
              the fit of the CTF to refinement. A constant small error is taken up by the defocus; two different values are not.
            """
        ),
    ])  # fmt: skip
    return


@app.cell(hide_code=True)
def _(question):
    question("Q30")
    return


@app.cell(hide_code=True)
def _(mo):
    mo.md(
        r"""
        Where does detail go that defocus displaces? The wave of frequency $k$ leaves the specimen at the angle $\lambda k$. A distance $z$ further
        on it has moved aside by $\lambda z k$, forwards for one sideband and backwards for the other:

        $$d(k) = \frac{1}{2\pi}\frac{d\chi}{dk} = \lambda z k - C_s\lambda^3 k^3 .$$

        The finer the detail, and the larger the defocus, the further it goes. **Choose your defocus and box**, and see what of the particle is
        still inside.
        """
    )
    return


@app.cell(hide_code=True)
def _(mo, start):
    far = mo.ui.slider(2000, 40000, 500, value=round(start("defocus", 20000.0, 2000, 40000)), show_value=True, label="defocus (Å)")
    _box = round(start("box", 112.0, 16, 2048) * start("pixel_size", 2.5, 0.2, 20.0) / 10) * 10
    box = mo.ui.slider(180, 600, 10, value=min(max(_box, 180), 600), show_value=True, label="box (Å)")
    mo.hstack([far, box], justify="start", gap=3)
    return box, far


@app.cell
def _(
    Axis, Box, Circles, Figure, Line, PURE, Panel, Picture, angstrom_axis, box, far, irfft2, lens, low_pass, np, optics,
    particle, rfft2, scale_bar, show, torch,
):  # fmt: skip
    from vitreous.physics.delocalisation import displacement, lost_share

    WIDE = 256
    _pad = (WIDE - len(particle)) // 2
    _padded = torch.nn.functional.pad(particle, (_pad, _pad, _pad, _pad))
    wide_waves = rfft2(low_pass(_padded, 6.0, optics.pixel_size, axes=2, width=0.3).double())
    _image = irfft2(wide_waves * lens(far.value, optics, WIDE), (WIDE, WIDE)).numpy()
    _away, _side = WIDE * optics.pixel_size / 2, box.value / 2
    _k = np.linspace(0.01, 0.3, 16)
    _moved = np.abs(displacement(_k, optics, far.value))
    _lost = lost_share(_k, optics, far.value, diameter=180.0, box=float(box.value))
    _room = 0.5 * (box.value - 180.0)
    _shown = np.sqrt(np.abs(_image - np.median(_image)))
    show(
        Figure(
            name="delocalisation", title="Delocalisation", height=3.7,
            caption="Left: where the particle's contrast is, its strength without sign (square root, so that the weak is seen); the particle is "
            "the circle. Middle: how far detail moves; above the dashed line it begins to leave the box. Right: the share of each frequency's "
            "power that the box cuts off.",
            panels=(
                Panel(title="where the contrast is", equal=True, weight=0.9,
                      marks=(Picture(values=_shown, extent=(-_away, _away, -_away, _away), limits=(0.0, float(np.quantile(_shown, 0.995)))),
                             Circles(x=[0.0], y=[0.0], radius=90.0, colour="sky"),
                             Box(extent=(-_side, _side, -_side, _side), colour="amber"), scale_bar(2 * _away))),
                Panel(title="how far detail goes", x=Axis("Spatial frequency", "Å⁻¹", limits=(0.0, 0.3)), top=angstrom_axis(_k),
                      y=Axis("Displacement", "Å", limits=(0.0, 250.0)), legend="upper left",
                      marks=(Line(x=_k, y=_moved), Line(x=[0.0, 0.3], y=[_room, _room], style="dashed", colour="orange", label="room beside the particle"))),
                Panel(title="what the box loses", x=Axis("Spatial frequency", "Å⁻¹", limits=(0.0, 0.3)), top=angstrom_axis(_k),
                      y=Axis("Share of the power", PURE, limits=(-0.02, 1.02)), marks=(Line(x=_k, y=_lost),)),
            ),
        )
    )  # fmt: skip
    return displacement, lost_share


@app.cell(hide_code=True)
def _(claim, displacement, mo, optics, wavelength):
    _third = float(displacement(1 / 3, optics, 20000.0))
    _simple = wavelength(300.0) * 20000.0 / 3
    mo.vstack([
        claim(f"2 µm under focus at 300 kV, detail of 3 Å is found {_third:.0f} Å from where it belongs (λz/d alone: {_simple:.0f} Å).",
              120 < _third < _simple < 135),
        mo.md(
            r"""
            - **How defocused can an image get?** As long as the box holds $D + 2d(k)$ at the resolution you want. In a smaller box the CTF is
              sampled too coarsely: from one Fourier bin to the next its phase turns by more than π, and no correction can be right.
            - **Where to?** To all sides, as rings: the particle is surrounded by its own fine detail. It is not lost. CTF correction, done in
              a box that is wide enough, brings it back.
            - **On a real micrograph** the neighbours' detail comes into *your* box, and a particle near the edge of the camera has part of
              its own outside for ever. A synthetic image in a small periodic box hides both: what leaves on the right comes back on
              the left. This is why boxes are one and a half to two times the particle, and why crowded, strongly defocused images
              end at lower resolution.
            """
        ),
    ])  # fmt: skip
    return


@app.cell(hide_code=True)
def _(closing):
    closing("ctf-blur")
    return


if __name__ == "__main__":
    app.run()
