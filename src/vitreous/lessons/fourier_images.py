import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Waves, images and volumes in reciprocal space")


@app.cell
def _():
    import marimo as mo
    import numpy as np
    import torch

    from vitreous.learning.exercise import bench, help_of, prompt_of, verdict
    from vitreous.learning.exercises.fourier import WAVE, WHERE
    from vitreous.learning.page import claim, closing, opening, show, start, steps
    from vitreous.numerics.disc import disc
    from vitreous.numerics.filters import high_pass, low_pass, raised_cosine, soft_disc
    from vitreous.numerics.fourier import centred_rfft2, fft2, from_centre, ifft2, irfft2, rfft2, to_centre
    from vitreous.numerics.shells import shell_correlation
    from vitreous.numerics.slices import half_ball, slices
    from vitreous.simulate.phantoms import chiral_phantom
    from vitreous.simulate.specimens import density_map, project_atoms, specimen
    from vitreous.stages.picking.correlation import LocalCorrelation
    from vitreous.views.figure import PURE, Axis, Figure, Panel
    from vitreous.views.marks import Circles, Line, Picture, Rule, Scatter
    from vitreous.views.pictures import scale_bar

    return (
        Axis, Circles, Figure, Line, LocalCorrelation, PURE, Panel, Picture, Rule, Scatter, WAVE, WHERE, bench, centred_rfft2, chiral_phantom,
        claim, closing, density_map, disc, fft2, from_centre, half_ball, help_of, high_pass, ifft2, irfft2, low_pass, mo, np, opening, project_atoms,
        prompt_of, raised_cosine, rfft2, scale_bar, shell_correlation, show, slices, soft_disc, specimen, start, steps, to_centre, torch, verdict,
    )  # fmt: skip


@app.cell
def _(opening):
    opening("fourier-images")
    return


@app.cell
def _(mo):
    mo.md(r"""
    ## One wave

    In an image a wave has one thing more than in a curve: a **direction**. It is all corrugated iron: crests in parallel lines. Three numbers say which
    wave: its length, its direction and where a crest lies; a fourth how strong it is. In the transform such a wave is **one dot** (and its mirror
    image): the dot's direction is the way the wave runs, its distance from the middle one over the wavelength, its brightness the
    amplitude, and what a picture of brightness does not show, its *phase*, says where the crests lie.
    """)
    return


@app.cell
def _(np, project_atoms, specimen):
    size, pixel = 96, 4.0
    extent = (0.0, size * pixel, 0.0, size * pixel)
    reach = 0.5 / pixel
    spectrum_extent = (-reach - 0.5 / extent[1], reach - 0.5 / extent[1], -reach - 0.5 / extent[1], reach - 0.5 / extent[1])
    ribosome = project_atoms(specimen("ribosome"), np.eye(3)[None], np.zeros((1, 2)), size=size, pixel_size=pixel)[0].double()
    ribosome = (ribosome - ribosome.mean()) / ribosome.std()
    return extent, pixel, reach, ribosome, size, spectrum_extent


@app.cell
def _(mo):
    periods = mo.ui.slider(0, 24, 1, value=5, show_value=True, label="Periods along x")
    periods_up = mo.ui.slider(-24, 24, 1, value=3, show_value=True, label="Periods along y")
    crest = mo.ui.slider(0, 360, 15, value=0, show_value=True, label="Phase (degrees)")
    mo.hstack([periods, periods_up, crest], justify="start", gap=2)
    return crest, periods, periods_up


@app.cell
def _(Axis, Figure, Panel, Picture, Scatter, crest, extent, fft2, np, periods, periods_up, ribosome, scale_bar, show, size, spectrum_extent, to_centre, torch):
    _kx, _ky = periods.value, periods_up.value
    _y, _x = np.mgrid[:size, :size]
    _wave = np.cos(2 * np.pi * (_kx * _x + _ky * _y) / size + np.radians(crest.value))
    _dots = to_centre(fft2(torch.from_numpy(_wave)), (0, 1)).abs().numpy()
    _power = np.log10(to_centre(fft2(ribosome), (0, 1)).abs().numpy() + 1e-3)
    _length = extent[1] / np.hypot(_kx, _ky) if _kx or _ky else np.inf
    _mark = Scatter(x=[_kx / extent[1], -_kx / extent[1]], y=[_ky / extent[1], -_ky / extent[1]], colour="amber", size=40, opacity=1.0, symbol="diamond")
    _along, _up = Axis("kx", "Å⁻¹"), Axis("ky", "Å⁻¹")
    show(
        Figure(
            name="wave", title="One wave", height=3.7, columns=3,
            caption=f"A wave of {_length:.1f} Å; its transform; and where that dot lies in the transform of a ribosome (logarithm of the amplitude). Look for the crests: they stand across the line that joins the dots. Closer "
            "crests, dots farther out. The phase moves the crests, and the picture of the transform does not change at all.",
            panels=(
                Panel(title="The wave", equal=True, marks=(Picture(values=_wave, extent=extent, limits=(-1, 1)), scale_bar(extent[1]))),
                Panel(title="Its transform", marks=(Picture(values=_dots, extent=spectrum_extent, smooth=False, limits=(0, size**2 / 2)), _mark), x=_along, y=_up),
                Panel(title="The place in a ribosome's", marks=(Picture(values=_power, extent=spectrum_extent, limits=(0, 4)), _mark), x=_along, y=_up),
            ),
        )
    )  # fmt: skip
    return


@app.cell
def _(claim, fft2, mo, np, torch):
    _y, _x = np.mgrid[:64, :64]
    _found = fft2(torch.from_numpy(3.0 * np.cos(2 * np.pi * (5 * _x + 3 * _y) / 64 + 0.7)))
    _where = sorted((int(_n) % 64, int(_n) // 64) for _n in _found.abs().flatten().topk(2).indices)
    _peak = _found[3, 5]
    mo.vstack([
        claim(f"A wave of amplitude 3 in 64² pixels has two coefficients, of {abs(_peak):.0f} each (½ · 3 · 64²), at (5, 3) and (−5, −3) = (59, 61); the phase of the first is {float(_peak.angle()):.1f}, that of the wave.",
              _where == [(5, 3), (59, 61)] and abs(abs(_peak) - 1.5 * 64**2) < 1e-6 and abs(float(_peak.angle()) - 0.7) < 1e-9),
        mo.md("**Why two dots?** A real wave is two turning arrows, one each way: $\\cos\\varphi=\\tfrac12(e^{i\\varphi}+e^{-i\\varphi})$. So of every real image the transform at $-k$ is the "
              "conjugate of that at $k$ (Friedel's pairs), and half of it is enough."),
    ])  # fmt: skip
    return


@app.cell
def _(WAVE, bench, help_of, mo, prompt_of):
    wave_bench = bench(WAVE)
    mo.vstack([prompt_of(WAVE), wave_bench, help_of(WAVE)])
    return (wave_bench,)


@app.cell
def _(WAVE, verdict, wave_bench):
    verdict(WAVE, wave_bench.value)
    return


@app.cell
def _(mo):
    mo.md(r"""
    ## An image is a sum of such waves

    Take the ribosome's waves, the strongest first, and add them. It is not the coarse ones *only* that come first: look at the mask.
    """)
    return


@app.cell
def _(fft2, ribosome):
    ranked = fft2(ribosome).abs().flatten().sort(descending=True).values
    return (ranked,)


@app.cell
def _(mo):
    strongest = mo.ui.slider(steps=[2, 4, 8, 16, 30, 50, 80, 120, 200, 300, 500, 800, 1200, 2000, 4000, 9216], value=30, show_value=True, label="Coefficients kept")
    strongest
    return (strongest,)


@app.cell
def _(Axis, Figure, Panel, Picture, extent, fft2, ifft2, np, ranked, ribosome, scale_bar, show, spectrum_extent, strongest, to_centre):
    _all = fft2(ribosome)
    _kept = _all.abs() >= ranked[strongest.value - 1]
    _sum = ifft2(_all * _kept).real.numpy()
    _share = float((_all.abs()[_kept] ** 2).sum() / (_all.abs() ** 2).sum())
    show(
        Figure(
            name="sum", title="A sum of waves", height=3.7, columns=3,
            caption=f"Left: the ribosome. Middle: the coefficients kept (white). Right: their sum, with {_share:.1%} of the variance. Look for when you would recognise it, and how few waves that takes: "
            "this is why images can be compressed, why noise can be filtered, and why a low-resolution map is enough to begin with.",
            panels=(
                Panel(title="All 9216", equal=True, marks=(Picture(values=ribosome.numpy(), extent=extent, limits=(-1.2, 4)), scale_bar(extent[1]))),
                Panel(title=f"{strongest.value} kept", marks=(Picture(values=to_centre(_kept, (0, 1)).double().numpy(), extent=spectrum_extent, smooth=False),), x=Axis("kx", "Å⁻¹"), y=Axis("ky", "Å⁻¹")),
                Panel(title="Their sum", equal=True, marks=(Picture(values=_sum, extent=extent, limits=(-1.2, 4)), scale_bar(extent[1]))),
            ),
        )
    )  # fmt: skip
    return


@app.cell
def _(claim, ranked):
    _share = float((ranked[:93] ** 2).sum() / (ranked**2).sum())
    claim(f"One coefficient in a hundred, the strongest 93, hold {_share:.1%} of this image's variance.", _share > 0.9)
    return


@app.cell
def _(mo):
    mo.md(r"""
    ## Amplitudes or phases?

    Every coefficient is two numbers. X-ray crystallographers measure amplitudes and must find the phases by other means; a camera records both. Which of
    the two makes the picture? Spoil them one at a time.
    """)
    return


@app.cell
def _(mo):
    phase_error = mo.ui.slider(0, 120, 5, value=60, show_value=True, label="Error of phases (degrees, r.m.s.)")
    amplitude_error = mo.ui.slider(0, 100, 5, value=100, show_value=True, label="Error of amplitudes (%, r.m.s., as factors)")
    mo.hstack([phase_error, amplitude_error], justify="start", gap=3)
    return amplitude_error, phase_error


@app.cell
def _(np, rfft2, size, torch):
    _noise = torch.from_numpy(np.random.default_rng(2).normal(size=(2, size, size)))
    _whitened = rfft2(_noise)
    #: One normal number a coefficient, equal and opposite at Friedel's mates for phases, equal for amplitudes.
    normals = (_whitened.imag * (2 / size**2) ** 0.5)[0], (_whitened.real * (2 / size**2) ** 0.5)[1]

    def spoilt(image, degrees, percent):
        """The image with errors of its phases and factors on its amplitudes."""
        angle = np.radians(degrees) * normals[0]
        factor = torch.exp(np.log1p(percent / 100) * normals[1])
        return torch.polar(factor, angle) * rfft2(image)

    return (spoilt,)


@app.cell
def _(Figure, Panel, Picture, amplitude_error, extent, irfft2, phase_error, ribosome, scale_bar, show, size, spoilt, torch):
    def _like(image):
        return float(torch.corrcoef(torch.stack([image.flatten(), ribosome.flatten()]))[0, 1])

    _pictures = {
        "true": ribosome,
        "phases spoilt": irfft2(spoilt(ribosome, phase_error.value, 0), (size, size)),
        "amplitudes spoilt": irfft2(spoilt(ribosome, 0, amplitude_error.value), (size, size)),
    }
    show(
        Figure(
            name="spoilt", title="Amplitudes or phases", height=3.7, columns=3,
            caption=f"Correlation with the true image: {_like(_pictures['phases spoilt']):.2f} with the phases spoilt, {_like(_pictures['amplitudes spoilt']):.2f} with the amplitudes. Look at 100 % on the amplitudes (typically half or double): "
            "still a ribosome. The same blow to the phases, 60° and then 90°, and it dissolves.",
            panels=tuple(Panel(title=name.capitalize(), equal=True, marks=(Picture(values=each.numpy(), extent=extent, limits=(-1.5, 4)), scale_bar(extent[1]))) for name, each in _pictures.items()),
        )
    )  # fmt: skip
    return


@app.cell
def _(Figure, Panel, Picture, chiral_phantom, claim, extent, fft2, high_pass, ifft2, mo, np, pixel, project_atoms, ribosome, scale_bar, show, size, torch):
    _side = np.array([[[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]])
    _helix = project_atoms(chiral_phantom(radius=70.0, pitch=90.0, sigma=5.0), _side, np.zeros((1, 2)), size=size, pixel_size=pixel)[0].double()
    _first, _second = (each / each.std() for each in (high_pass(image, 150.0, pixel, axes=2) for image in (ribosome, _helix)))
    _a, _b = fft2(_first), fft2(_second)
    _mixed = [ifft2(_a.abs() * torch.polar(torch.ones_like(_b.abs()), _b.angle())).real, ifft2(_b.abs() * torch.polar(torch.ones_like(_a.abs()), _a.angle())).real]

    def _like(one, other):
        return float(torch.corrcoef(torch.stack([one.flatten(), other.flatten()]))[0, 1])

    _amplitudes_of, _phases_of = _like(_mixed[0], _first), _like(_mixed[0], _second)
    _titles = ("A ribosome", "A helix", "Its phases, ribosome's amplitudes", "Ribosome's phases, its amplitudes")
    mo.vstack([
        show(
            Figure(
                name="swapped", title="Swapped", height=3.0, columns=4,
                caption="Two images, a helix and a ribosome, without their waves longer than 150 Å (in which any two compact particles are alike), and the two crosses between them. Look at whom the crosses take after: each is what its phases say it is.",
                panels=tuple(Panel(title=title, equal=True, marks=(Picture(values=each.numpy(), extent=extent, limits=(-1.5, 4)), scale_bar(extent[1]))) for title, each in zip(_titles, (_first, _second, *_mixed))),
            )
        ),
        claim(f"The cross with the helix's phases correlates by {_phases_of:.2f} with the helix and by {_amplitudes_of:.2f} with the ribosome that gave it the amplitudes.", _phases_of > 0.5 and _phases_of > abs(_amplitudes_of) + 0.2),
        mo.md("*In cryo-EM:* a map's phases come from the images and its amplitudes may be set by hand: sharpening multiplies them by $e^{-Bk^2/4}$ with B negative, and the map stays the same molecule. "
              "A particle's wrong *pose* is an error of phases, and nothing later can mend it: r.m.s. errors σ leave $e^{-\\sigma^2/2}$ of the signal."),
    ])  # fmt: skip
    return


@app.cell
def _(claim, normals_left):
    claim(f"Phase errors of 60° r.m.s. leave {normals_left[0]:.3f} of the signal, the mean of the errors' cosine; exp(−σ²/2) is {normals_left[1]:.3f}.", abs(normals_left[0] - normals_left[1]) < 0.01)
    return


@app.cell
def _(np, torch):
    _angle = np.radians(60.0) * torch.randn(200_000, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    normals_left = float(_angle.cos().mean()), float(np.exp(-0.5 * np.radians(60.0) ** 2))
    return (normals_left,)


@app.cell
def _(mo, start):
    keep_below = mo.ui.slider(8, 100, 1, value=round(start("resolution", 24.0, 8, 100)), show_value=True, label="Low-pass to (Å)")
    keep_above = mo.ui.slider(100, 800, 20, value=800, show_value=True, label="High-pass from (Å)")
    noisiness = mo.ui.slider(0.0, 5.0, 0.25, value=2.0, show_value=True, label="Noise (s.d. of the particle)")
    mo.vstack([
        mo.md(r"""
    ## Filters: turning waves down

    Multiply the coefficients by a curve, a *gain* from 0 to 1 at each frequency, and come back. A particle is strong at low frequencies, and white noise
    equally weak at all; so a low-pass takes away mostly noise. That is all the magic of the blurred micrograph on the picking screen. What it also takes is the detail that the map will be made of: *filter to look, never to reconstruct.*
    """),
        mo.hstack([keep_below, keep_above, noisiness], justify="start", gap=2),
    ])  # fmt: skip
    return keep_above, keep_below, noisiness


@app.cell
def _(np, ribosome):
    grain = np.random.default_rng(9).normal(size=tuple(ribosome.shape))
    return (grain,)


@app.cell
def _(Axis, Figure, Line, PURE, Panel, Picture, extent, fft2, grain, keep_above, keep_below, low_pass, noisiness, np, pixel, raised_cosine, ribosome, scale_bar, show, torch):
    _noise = torch.from_numpy(noisiness.value * grain)
    _image = -ribosome + _noise
    _seen = low_pass(_image, keep_below.value, pixel, axes=2)
    if keep_above.value < 800:
        _seen = _seen - low_pass(_seen, keep_above.value, pixel, axes=2, width=0.5)
    _shells = np.arange(1, 48)
    _k = torch.from_numpy(_shells / extent[1])
    _gain = raised_cosine(_k, 1 / keep_below.value, 0.1 / keep_below.value)
    if keep_above.value < 800:
        _gain = _gain * (1 - raised_cosine(_k, 1 / keep_above.value, 0.5 / keep_above.value))
    _signal = fft2(ribosome).abs()[0, 1:48]
    _spread = float(_seen.std())
    show(
        Figure(
            name="filters", title="Filters", height=3.7, columns=3,
            caption="Left: the particle in noise, dark as in a micrograph. Middle: amplitude of the signal and of the noise along kx, and the gain. Right: the filtered image. Look for the crossing of signal and noise: low-passed "
            "there, the particle stands out best; a little farther it drowns again. The high-pass takes the broad shading and leaves outlines.",
            panels=(
                Panel(title="In noise", equal=True, marks=(Picture(values=_image.numpy(), extent=extent), scale_bar(extent[1]))),
                Panel(title="Amplitudes and gain", marks=(Line(x=_k.numpy(), y=_signal.numpy(), label="signal", points=2.5, width=1.0),
                                                          Line(x=_k.numpy(), y=np.full(47, 96 * max(noisiness.value, 1e-3)), colour="red", style="dashed", label="noise, on average"),
                                                          Line(x=_k.numpy(), y=1e4 * np.maximum(_gain.numpy(), 1e-9), colour="orange", label="gain × 10⁴")),
                      x=Axis("kx", "Å⁻¹", limits=(0, 0.125)), y=Axis("Amplitude", PURE, scale="log", limits=(0.5, 3e4)), legend="upper right"),
                Panel(title="Filtered", equal=True, marks=(Picture(values=_seen.numpy(), extent=extent, limits=(-3.5 * _spread, 2.5 * _spread)), scale_bar(extent[1]))),
            ),
        )
    )  # fmt: skip
    return


@app.cell
def _(mo):
    mo.md(r"""
    ## Three dimensions, and the theorem all of this is for

    A volume, too, is a sum of waves: now sheets of density, one behind the other, and each dot of the transform is a direction in space. Project the
    volume, as the electron beam does. A wave whose sheets lie **along** the beam is seen edge-on: it survives. Any other has as many crests as
    troughs along every ray: it adds up to nothing. The survivors are those whose dots lie in the plane **across** the beam, through the middle:

    > the transform of a projection is the central slice of the volume's transform, across the beam.

    (Bracewell 1956; DeRosier & Klug 1968.) Collect enough slices, and you have the whole transform, hence the volume.
    """)
    return


@app.cell
def _(steps):
    steps(
        ("Take the beam along z", r"The projection is $p(x,y)=\int V(x,y,z)\,dz$, its transform $P(k_x,k_y)=\iint p(x,y)\,e^{-2\pi i(k_xx+k_yy)}dx\,dy$."),
        ("Put one into the other", r"$$P(k_x,k_y)=\iiint V(x,y,z)\,e^{-2\pi i(k_xx+k_yy+0\cdot z)}\,dx\,dy\,dz.$$ The factor for z is there all along: it is 1, as $k_z=0$."),
        ("Read it", r"The right-hand side is the three-dimensional transform of V at $(k_x,k_y,0)$: $P(k_x,k_y)=\hat V(k_x,k_y,0)$."),
        ("Turn the particle", r"A turned volume has the equally turned transform (substitute $r=R^{\mathsf T}r'$, whose determinant is 1). So the image of a particle at pose R is the slice $\hat V\big(R^{\mathsf T}(k_x,k_y,0)\big)$: one of the conventions of Vitreous, held by a test."),
    )  # fmt: skip
    return


@app.cell
def _(density_map, disc, half_ball, np, pixel, size, specimen, torch):
    _volume = density_map(specimen("ribosome"), size, pixel)
    points = disc(size, 40)
    ball = half_ball(_volume.values, 40, scale=pixel)
    from_above = np.asarray(_volume.values).sum(1)

    def view(degrees):
        """r_lab = R r_object: the particle turned about its y axis."""
        c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        return torch.tensor([[[c, 0, s], [0, 1, 0], [-s, 0, c]]], dtype=torch.float64)

    return ball, from_above, points, view


@app.cell
def _(mo):
    turned = mo.ui.slider(0, 180, 5, value=30, show_value=True, label="The particle turns about y (degrees)")
    turned
    return (turned,)


@app.cell
def _(Axis, Figure, Line, PURE, Panel, Picture, ball, centred_rfft2, extent, from_above, np, points, project_atoms, scale_bar, shell_correlation, show, size, slices, specimen, turned, view):
    _turn = view(turned.value)
    _seen = project_atoms(specimen("ribosome"), _turn.numpy(), np.zeros((1, 2)), size=size, pixel_size=extent[1] / size)[0]
    _cut = points.image(slices(ball, _turn, points))[0]
    _agree = shell_correlation(centred_rfft2(_seen), centred_rfft2(_cut), (size, size)).numpy()[1:41]
    _c, _s = np.cos(np.radians(turned.value)), np.sin(np.radians(turned.value))
    _middle, _arm = extent[1] / 2, 170.0
    _beam = Line(x=[_middle + _s * _arm, _middle - _s * _arm], y=[_middle - _c * _arm, _middle + _c * _arm], colour="amber", width=2.0, label="the beam")
    _slice = Line(x=[_middle - _c * _arm, _middle + _c * _arm], y=[_middle - _s * _arm, _middle + _s * _arm], colour="lime", style="dashed", width=2.0, label="the slice")
    show(
        Figure(
            name="slice", title="The central slice", height=3.0, columns=4,
            caption="From the left: the density seen along y, with the beam through it and, across, the slice (in Fourier space) that this view gives; the atoms projected along the beam; the inverse transform of the slice cut from the map's transform; and "
            "their correlation shell by shell. Look at the last: it stays above 0.99 at every angle. Projecting and slicing are the same thing.",
            panels=(
                Panel(title="Side", equal=True, marks=(Picture(values=from_above, extent=extent), _beam, _slice, scale_bar(extent[1])), legend="above"),
                Panel(title="Projected", equal=True, marks=(Picture(values=_seen.numpy(), extent=extent), scale_bar(extent[1]))),
                Panel(title="Sliced", equal=True, marks=(Picture(values=_cut.numpy(), extent=extent), scale_bar(extent[1]))),
                Panel(title="The two agree", legend="none", marks=(Line(x=np.arange(1, 41) / extent[1], y=_agree, points=2.5),),
                      x=Axis("Frequency", "Å⁻¹", limits=(0, None)), y=Axis("Correlation", PURE, limits=(0.9, 1.005))),
            ),
        )
    )  # fmt: skip
    return


@app.cell
def _(claim, density_map, disc, half_ball, mo, np, pixel, project_atoms, slices, specimen, view):
    def _differ(box, degrees):
        """Share of the amplitude, root mean square, in which projected atoms and a slice of the map differ."""
        cut_at, turn = disc(box, 40), view(degrees)
        cut = slices(half_ball(density_map(specimen("ribosome"), box, pixel).values, 40, scale=pixel), turn, cut_at)
        seen = cut_at.take(project_atoms(specimen("ribosome"), turn.numpy(), np.zeros((1, 2)), size=box, pixel_size=pixel))
        return float(((seen - cut).abs().square().sum() / seen.abs().square().sum()).sqrt())

    _tight, _roomy = _differ(96, 30.0), _differ(128, 30.0)
    mo.vstack([
        claim(f"Projected atoms and the slice of the map differ by {_tight:.1%} at 30° in this box, and by {_roomy:.1%} in one a third wider. The theorem is exact; what is left is interpolation between the "
              "voxels of the transform, and it is smaller the more room there is around the particle. One more reason for generous boxes.", _tight < 0.05 and _roomy < 0.7 * _tight),
        mo.md("Refinement lives on this: to compare a particle with the map at a million poses nobody projects anything. Vitreous transforms the map **once** (`half_ball`) and cuts slices (`slices`); reconstruction puts slices back (`Insertion`)."),
    ])  # fmt: skip
    return


@app.cell
def _(mo):
    scene_noise = mo.ui.slider(0.0, 6.0, 0.5, value=2.0, show_value=True, label="Noise (s.d. of the particle)")
    sought = mo.ui.dropdown(options=["the ribosome itself", "a disc of its size", "a helix"], value="the ribosome itself", label="Template")
    mo.vstack([
        mo.md(r"""
    ## Convolution's sister: cross-correlation

    Slide a template over the image, multiply and add up: where the sum is high, the image looks like the template. It is a convolution but for one mirror:

    $$(t\star f)(d)=\int \overline{t(x)}\;f(x+d)\,dx\qquad\longleftrightarrow\qquad \overline{T(k)}\,F(k).$$

    The bar over T is the only difference in Fourier space, and forgetting it the oldest mistake. For every place d at once it costs three transforms. Correlation finds particles, aligns frames,
    centres particles, and, shell by shell and normalised, is the FSC.
    """),
        mo.hstack([scene_noise, sought], justify="start", gap=3),
    ])  # fmt: skip
    return scene_noise, sought


@app.cell
def _(chiral_phantom, np, pixel, project_atoms, soft_disc, specimen, torch):
    places = np.array([[-210.0, -180.0], [150.0, -220.0], [-30.0, 60.0], [240.0, 190.0], [-230.0, 210.0]])
    _turns = np.repeat(np.eye(3)[None], len(places), 0)
    field = project_atoms(specimen("ribosome"), _turns, places, size=192, pixel_size=pixel).sum(0).double()
    _scale = field.std() * 2
    field = -field / _scale
    field_noise = torch.from_numpy(np.random.default_rng(4).normal(size=(192, 192)))
    _one = project_atoms(specimen("ribosome"), _turns[:1], np.zeros((1, 2)), size=81, pixel_size=pixel)[0].double() / _scale
    _helix = project_atoms(chiral_phantom(radius=70.0, pitch=90.0, sigma=8.0), _turns[:1], np.zeros((1, 2)), size=81, pixel_size=pixel)[0].double()
    templates = {"the ribosome itself": -_one, "a disc of its size": -soft_disc((81, 81), 30, 6).double(), "a helix": -_helix}
    return field, field_noise, places, templates


@app.cell
def _(Circles, Figure, LocalCorrelation, Panel, Picture, field, field_noise, np, pixel, places, scale_bar, scene_noise, show, soft_disc, sought, templates, torch):
    _image = field + scene_noise.value * 0.5 * field_noise
    _score = LocalCorrelation(_image, torch.ones_like(_image), soft_disc((81, 81), 38, 2).double())(templates[sought.value])
    _wide = 192 * pixel
    _extent = (0.0, _wide, 0.0, _wide)
    _truth = Circles(x=places[:, 0] + _wide / 2, y=places[:, 1] + _wide / 2, radius=150.0, colour="lime")
    _found, _left = [], _score.clone()
    for _ in range(5):
        _y, _x = np.unravel_index(int(_left.argmax()), _left.shape)
        _found.append(((_x + 0.5) * pixel, (_y + 0.5) * pixel))
        _left[max(0, _y - 30) : _y + 31, max(0, _x - 30) : _x + 31] = -1
    _picks = Circles(x=[x for x, _ in _found], y=[y for _, y in _found], radius=20.0, colour="amber", width=2.2)
    _hits = sum(min(np.hypot(x - 0.5 * _wide - px, y - 0.5 * _wide - py) for x, y in _found) < 40 for px, py in places)
    show(
        Figure(
            name="correlation", title="Correlation", height=3.9, columns=3,
            caption=f"Five ribosomes in noise; the template; the local correlation coefficient at every place, as Vitreous' picker computes it. Green: where they are. Orange: the five highest peaks, of which {_hits} are right. Look for how much noise it survives, "
            "and how broad and low the peaks of a disc are.",
            panels=(
                Panel(title="Micrograph", equal=True, marks=(Picture(values=_image.numpy(), extent=_extent), _truth, scale_bar(_wide))),
                Panel(title="Template", equal=True, marks=(Picture(values=templates[sought.value].numpy(), extent=(0, 81 * pixel, 0, 81 * pixel)), scale_bar(81 * pixel))),
                Panel(title="Correlation", equal=True, marks=(Picture(values=_score.numpy(), extent=_extent, limits=(-0.2, max(0.2, float(_score.max())))), _truth, _picks, scale_bar(_wide))),
            ),
        )
    )  # fmt: skip
    return


@app.cell
def _(WHERE, bench, help_of, mo, prompt_of):
    where_bench = bench(WHERE)
    mo.vstack([prompt_of(WHERE), where_bench, help_of(WHERE)])
    return (where_bench,)


@app.cell
def _(WHERE, verdict, where_bench):
    verdict(WHERE, where_bench.value)
    return


@app.cell
def _(closing):
    closing("fourier-images")
    return


if __name__ == "__main__":
    app.run()
