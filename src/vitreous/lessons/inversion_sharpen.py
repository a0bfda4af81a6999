import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="The artefact detective")

with app.setup:
    import dataclasses
    import math

    import marimo as mo
    import numpy as np
    import torch

    from vitreous.data.volume import Volume
    from vitreous.learning.artefacts import PIXEL, SIZE, SUSPECTS, Faults, bench_specimen, hidden_case, reconstruct_case, views_within
    from vitreous.learning.exercise import bench, help_of, prompt_of, verdict
    from vitreous.learning.exercises.inversion import CORNER_WEIGHTS, WIENER
    from vitreous.learning.page import claim, closing, opening, question, show, steps
    from vitreous.numerics.disc import disc
    from vitreous.numerics.filters import apply, radius
    from vitreous.numerics.fourier import frequency_squared, irfftn, to_centre
    from vitreous.numerics.shells import shell_index
    from vitreous.numerics.slices import half_ball, slices
    from vitreous.numerics.symmetry import symmetry
    from vitreous.reconstruct.fourier import map_correlation
    from vitreous.stages.orientations.sampling import sampling, views_of
    from vitreous.views.figure import PURE, Axis, Figure, Panel
    from vitreous.views.marks import Line, Note, Picture, Rule, ScaleBar, Scatter
    from vitreous.views.orientations import graticule, hammer
    from vitreous.views.resolution_axis import angstrom_axis

    BOX = SIZE * PIXEL  # Å
    NYQUIST = 0.5 / PIXEL  # Å⁻¹
    SHELLS = np.arange(SIZE // 2)
    K = SHELLS / BOX


@app.cell
def _():
    opening("inversion-sharpen")
    return


@app.cell
def _():
    mo.md(r"""
    The blur lesson put discs into Fourier space and divided by how many met. Here we ask where that recipe comes from, what a computer does to
    it, and, when a map looks wrong, *who did it*. Mathematics first; then a bench with every fault on a switch; then six unsolved cases.

    ## Where "put in and divide" comes from
    """)
    return


@app.cell
def _():
    steps(
        ("The model", r"Image i is $X_i = c_i\, S_i V + N_i$: $S_i$ takes the slice of $\hat V$ at $R_i^T(k_x, k_y, 0)$, $c_i$ is the CTF, and each coefficient of "
         r"the noise has variance $\sigma_i^2$."),
        ("Least squares", r"Minimise $\sum_i \lVert X_i - c_i S_i V\rVert^2/\sigma_i^2 + \lVert V\rVert^2/\tau^2$. The derivative vanishes where "
         r"$$\Big(\underbrace{\sum_i S_i^* \tfrac{c_i^2}{\sigma_i^2} S_i}_{A} + \tfrac{1}{\tau^2}\Big) V = \sum_i S_i^* \tfrac{c_i X_i}{\sigma_i^2}.$$"),
        ("What $S^*$ is", r"$S_i$ interpolates: a point of a slice is a weighted sum of the eight cells around it. Its adjoint $S_i^*$ shares a value among the same "
         r"cells with the same weights: *insertion* is not a choice, it is the transpose of *projection*."),
        ("The one approximation", r"A is nearly diagonal: a slice mixes a cell with its neighbours only. Replace it by its row sums, $A \approx \mathrm{diag}\big(\sum_i S_i^* c_i^2/\sigma_i^2\big)$, "
         r"and the solution is one division: $$\hat V(k) = \frac{\sum_i S_i^*(c_i X_i/\sigma_i^2)}{\sum_i S_i^*(c_i^2/\sigma_i^2) + 1/\tau^2(k)}$$ "
         "(Scheres 2012, J. Mol. Biol. 415:406). It is the head of `vitreous.reconstruct.fourier`, word for word."),
        ("What the approximation costs", r"Sharing a value among neighbours is a convolution of $\hat V$ with a triangle, one cell wide on each side. In real space that *multiplies* the map by "
         r"$\mathrm{sinc}^2(x/pn)$ along each axis, p the padding: at the edge of the box by 0.41 without padding, by 0.81 with p = 2. So divide by it. What cannot be divided away are the "
         "copies of the map, one box apart, that leak through the window's side lobes: padding pushes them down."),
    )  # fmt: skip
    return


@app.cell
def _():
    question("Q65")
    return


@app.cell
def _():
    mo.md(r"""
    ### Inside the black box: interpolation

    The same 300 perfect slices, put in four ways by thirty lines of NumPy (they are in this notebook; open it and change them).
    """)
    return


@app.cell
def _():
    truth = bench_specimen()
    points = disc(SIZE)
    perfect = views_within(90, 300, torch.Generator().manual_seed(6))
    cuts = slices(half_ball(truth.values, points.radius, scale=PIXEL), perfect, points)

    def put_in(turns, values, trilinear, pad):
        """Map of slices by direct inversion: nearest cell or eight corners, on a grid ``pad`` times as fine; no window divided out."""
        grid = SIZE * pad
        flat = torch.stack([points.kx, points.ky, torch.zeros_like(points.kx)]).double()
        at = pad * torch.einsum("nji,jk->nki", turns, flat).reshape(-1, 3).numpy()
        at, coefficients = np.concatenate([at, -at]), np.concatenate([values.flatten().numpy(), values.flatten().numpy().conj()])
        low = np.floor(at) if trilinear else np.rint(at)
        sums = np.zeros((3, grid**3))
        for corner in np.ndindex(2, 2, 2) if trilinear else [(0, 0, 0)]:
            part = np.prod(np.where(corner, at - low, 1 - (at - low)), 1) if trilinear else np.ones(len(at))
            x, y, z = ((low + corner).astype(int) % grid).T
            cell = (z * grid + y) * grid + x
            for row, weight in enumerate((part * coefficients.real, part * coefficients.imag, part)):
                sums[row] += np.bincount(cell, weight, grid**3)
        real, imaginary, met = sums.reshape(3, grid, grid, grid)[..., : grid // 2 + 1]
        far = frequency_squared((grid,) * 3).sqrt().numpy() * grid > pad * (points.radius + 0.5)
        seen = (met > 1e-2) & ~far
        filled = np.where(seen, (real + 1j * imaginary) / np.where(seen, met, 1), 0)
        whole = to_centre(irfftn(torch.from_numpy(filled), (grid,) * 3), (0, 1, 2)).numpy()
        cut = slice((grid - SIZE) // 2, (grid - SIZE) // 2 + SIZE)
        return whole[cut, cut, cut] / PIXEL

    def window(trilinear, pad):
        """What the interpolation multiplies the map with, ``(SIZE, SIZE, SIZE)``."""
        line = np.sinc((np.arange(SIZE) - SIZE // 2) / (pad * SIZE)) ** (2 if trilinear else 1)
        return line[:, None, None] * line[:, None] * line

    ways = {
        ("nearest cell", 1): (False, 1), ("nearest cell", 2): (False, 2), ("trilinear", 1): (True, 1), ("trilinear", 2): (True, 2),
    }  # fmt: skip
    raw = {way: put_in(perfect, cuts, *how) for way, how in ways.items()}
    return cuts, perfect, points, raw, truth, ways, window


@app.cell
def _():
    share = mo.ui.radio(["nearest cell", "trilinear"], value="nearest cell", inline=True, label="each value goes to:")
    padding = mo.ui.radio({"none": 1, "2 ×": 2}, value="none", inline=True, label="padding:")
    mended = mo.ui.switch(value=False, label="divide by the window")
    mo.hstack([share, padding, mended], justify="start", gap=3)
    return mended, padding, share


@app.cell
def _(points, raw, truth, ways, window):
    def lack(found):
        """1 − correlation with the truth by shell."""
        return 1 - map_correlation(torch.from_numpy(found.astype(np.float32)), truth.values).numpy()[: SIZE // 2]

    def gain_by_radius(found, width=3):
        """Least-squares factor of the map to the truth in hulls about the centre."""
        hull = (radius((SIZE,) * 3) / width).long().numpy()
        shell = shell_index((SIZE,) * 3)
        t = apply(truth.values, ((shell > 0) & (shell <= points.radius)).float(), axes=3).double().numpy()
        above, below = (np.bincount(hull.ravel(), (t * each).ravel()) for each in (found, t))
        return (np.arange(len(above)) + 0.5) * width * PIXEL, above / np.maximum(below, 1e-30)

    put = {}
    for _way, _how in ways.items():
        for _mend in (False, True):
            _map = raw[_way] / window(*_how) if _mend else raw[_way]
            put[*_way, _mend] = (_map, lack(_map), *gain_by_radius(_map))
    return (put,)


@app.cell
def _(mended, padding, put, share, truth):
    _map, _lack, _r, _gain = put[share.value, padding.value, mended.value]
    _section, _true = _map[:, SIZE // 2], truth.values[:, SIZE // 2].numpy()
    _frame, _top = (0, BOX, 0, BOX), float(_true.max())
    _inside = _r < 68
    show(
        Figure(
            name="interpolation", title="Interpolation", height=3.0, columns=4,
            caption="Nearest cell, no padding: the map fades towards the rim and a haze of misplaced detail covers it. Trilinear weights lower the haze, padding "
            "lowers it more; dividing by the window mends the fading, exactly where it is the only fault (trilinear, 2 ×).",
            panels=(
                Panel(title="a section", equal=True, marks=(Picture(values=_section, extent=_frame, limits=(-0.3 * _top, _top)), ScaleBar(length=50.0, text="50 Å"))),
                Panel(title="error, 4 × brighter", equal=True, marks=(
                    Picture(values=_section - _true, extent=_frame, limits=(-0.25 * _top, 0.25 * _top), colours="diverging"),)),
                Panel(title="what is missed of each shell", weight=1.25, legend="none", marks=(
                    *(Line(x=K[1:], y=each[1][1:].clip(1e-6), colour="faint", width=1.2) for each in put.values()),
                    Line(x=K[1:], y=_lack[1:].clip(1e-6), width=2.3)),
                    x=Axis("Spatial frequency", "Å⁻¹", limits=(0, NYQUIST)), y=Axis("1 − correlation", PURE, scale="log", limits=(1e-5, 1.0))),
                Panel(title="map over truth", weight=1.1, legend="none", marks=(Line(x=_r[_inside], y=_gain[_inside], points=4), Rule(at=1.0, axis="y")),
                      x=Axis("Distance from the centre", "Å", limits=(0, 70)), y=Axis("Factor", PURE, limits=(0.4, 1.1))),
            ),
        )
    )  # fmt: skip
    return


@app.cell
def _(put):
    _near, _best = put["nearest cell", 1, True], put["trilinear", 2, True]
    _at = round(BOX / 15)
    _faded, _whole = put["trilinear", 1, False], put["trilinear", 2, True]
    _rim = int(np.searchsorted(_faded[2], 60))
    mo.vstack([
        claim(f"At 15 Å nearest cell without padding misses {_near[1][_at]:.1%} of the correlation, trilinear with padding {_best[1][_at]:.2%}: "
              f"{_near[1][_at] / _best[1][_at]:.0f} times less, for eight times the work and eight times the memory.", _near[1][_at] > 8 * _best[1][_at]),
        claim(f"Some 60 Å from the centre trilinear weights without padding leave {_faded[3][_rim]:.2f} of the density; padded and divided by the window, {_whole[3][_rim]:.2f}.",
              _faded[3][_rim] < 0.85 and abs(_whole[3][_rim] - 1) < 0.03),
    ])  # fmt: skip
    return


@app.cell
def _():
    corner_bench = bench(CORNER_WEIGHTS)
    mo.vstack([prompt_of(CORNER_WEIGHTS), corner_bench, help_of(CORNER_WEIGHTS)])
    return (corner_bench,)


@app.cell
def _(corner_bench):
    verdict(CORNER_WEIGHTS, corner_bench.value)
    return


@app.cell
def _():
    mo.vstack([
        mo.md(r"### Wrong angles\n\nMost errors of alignment are small, random and unnoticed. What do they do? Derive it, then look.".replace("\\n", "\n")),
        steps(
            ("An error turns the page", r"A pose that is off by the small rotation vector ω puts what belongs at r to r + ω × r. Over all particles the map is the mean over ω: "
             r"$$V_{\text{map}} = \langle V \circ e^{-\omega\times} \rangle_\omega.$$"),
            ("Locally it is a shift", r"Near r the particle moves by ω × r: not along r, and by σ r (root mean square) along each of the two directions across it. The mean of shifted copies is a convolution: "
             r"with a Gaussian of standard deviation $\sigma r$, flat as a pancake facing the centre."),
            ("In numbers", r"Detail at k across r is multiplied by $e^{-2\pi^2 \sigma^2 r^2 k^2}$: in the crystallographers' convention $e^{-Bk^2/4}$ a local $B = 8\pi^2 \sigma^2 r^2$. "
             r"1° at r = 100 Å is a shift of 1.7 Å and B = 240 Å²; at r = 20 Å it is 10 Å². **So maps blur at the rim first.**"),
            ("Prediction for a blob", r"A Gaussian blob of standard deviation s at distance r keeps $s^2/(s^2 + \sigma^2 r^2)$ of its height (one factor $s/\sqrt{s^2+\sigma^2r^2}$ for each of two directions), one at the centre all of it."),
        ),
    ])  # fmt: skip
    return


@app.cell
def _():
    def blobs(s=9.0, r=63.0):
        """Two equal Gaussian blobs: at the centre, and at x = r; Å."""
        z, y, x = ((np.indices((SIZE,) * 3) - SIZE // 2) * PIXEL).astype(float)
        at = lambda place: np.exp(-((x - place) ** 2 + y**2 + z**2) / (2 * s * s))  # noqa: E731
        return Volume(torch.from_numpy((at(0.0) + at(r)).astype(np.float32)), PIXEL)

    _law = {}
    for _degrees in (3.0, 6.0):
        _map, _right = (reconstruct_case(Faults(particles=1500, angle_deg=each), blobs()).volume[SIZE // 2, SIZE // 2].numpy() for each in (_degrees, 0.0))
        _ends = [float(_map[at] / _right[at]) for at in (SIZE // 2, SIZE // 2 + round(63 / PIXEL))]
        _law[_degrees] = (*_ends, 81 / (81 + (math.radians(_degrees) * 63) ** 2))
    mo.vstack([
        claim(f"Measured on 1500 images of two such blobs (s = 9 Å), errors of {degrees:.0f}° leave {centre:.2f} of the height at the centre and {rim:.2f} at 63 Å; "
              f"the law says 1 and {law:.2f}.", abs(centre - 1) < 0.03 and abs(rim - law) < 0.04)
        for degrees, (centre, rim, law) in _law.items()
    ])  # fmt: skip
    return


@app.cell
def _():
    wobble = mo.ui.slider(0, 15, 1, value=6, show_value=True, label="errors of the angles (° about each axis)")
    crowd = mo.ui.slider(steps=[10, 20, 50, 100, 200, 400, 800], value=200, show_value=True, label="particles")
    mo.hstack([wobble, crowd], justify="start", gap=3)
    return crowd, wobble


@app.function
def three_sections(volume, limits=None):
    """Marks of one row of sections across z, y and x, a gap between them; its width is 3.1 boxes."""
    cuts_ = [volume[SIZE // 2], volume[:, SIZE // 2], volume[:, :, SIZE // 2]]
    limits = limits or tuple(float(each) for each in np.quantile(np.stack(cuts_), [0.002, 0.998]))
    marks = []
    for at, (cut, name) in enumerate(zip(cuts_, ("across z", "across y", "across x"))):
        left = 1.05 * at * BOX
        marks += [Picture(values=np.asarray(cut), extent=(left, left + BOX, 0, BOX), limits=limits),
                  Note(x=left + 0.03 * BOX, y=0.93 * BOX, text=name, anchor="left", colour="white", size=7.5)]  # fmt: skip
    return (*marks, ScaleBar(length=50.0, text="50 Å"))


@app.function
def curves_panel(lines, title=""):
    """Correlations by shell: (values, colour, style, label) each."""
    return Panel(
        title=title, legend="above", weight=0.62,
        marks=(Rule(at=0.0, axis="y", style="solid"), Rule(at=1 / 7, axis="y", text="0.143"),
               *(Line(x=K, y=np.asarray(values)[: SIZE // 2], colour=colour, style=style, label=label, width=2.0) for values, colour, style, label in lines)),
        x=Axis("Spatial frequency", "Å⁻¹", limits=(0, NYQUIST)), top=angstrom_axis(K, apart=0.2), y=Axis("Correlation by shell", PURE, limits=(-0.35 if min(
            float(np.nanmin(np.asarray(values))) for values, *_ in lines) < -0.15 else -0.1, 1.04)),
    )  # fmt: skip


@app.cell
def _(crowd, wobble):
    _case = reconstruct_case(Faults(particles=crowd.value, angle_deg=wobble.value))
    show(
        Figure(
            name="wrong-angles", title="Wrong angles", height=2.8, columns=2,
            caption="Errors smear the rim into arcs while the middle stays crisp; more particles smooth the arcs and sharpen nothing. Few particles: rays "
            "through the particle, all the way out, and a curve that sags from the coarse end.",
            panels=(
                Panel(title="the map", marks=three_sections(_case.volume.numpy()), equal=True, weight=1.6),
                curves_panel([(_case.truth, "green", "dashed", "map and truth"), (_case.fsc, "blue", "solid", "half-maps")]),
            ),
        )
    )  # fmt: skip
    return


@app.cell
def _():
    mo.vstack([
        question("Q66"),
        mo.md(r"""
    You see an artefact. It might be the angles, the views, the noise, or all of them. **Make it happen on purpose.** With synthetic data you know
    the truth, so you can switch each cause on alone, and learn its signature; then look for that signature in the real map. Use your own
    pixel size, box and number of particles (`vitreous simulate` makes whole data sets); here is a bench small enough to answer at once.
    """),
    ])  # fmt: skip
    return


@app.cell
def _():
    particles = mo.ui.slider(steps=[8, 16, 32, 64, 125, 250, 500, 1000], value=500, show_value=True, label="particles")
    angle = mo.ui.slider(0, 15, 1, value=0, show_value=True, label="errors of the angles (°)")
    cone = mo.ui.slider(10, 90, 5, value=90, show_value=True, label="views from a cone of (°, 90: all)")
    snr = mo.ui.slider(steps=[0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 10], value=0.5, show_value=True, label="SNR of an image")
    lens = mo.ui.dropdown(["right", "ignored", "wrong defocus", "one defocus"], value="right", label="CTF")
    mo.vstack([mo.hstack([particles, angle, snr], justify="start", gap=2), mo.hstack([cone, lens], justify="start", gap=2)])
    return angle, cone, lens, particles, snr


@app.function
def view_marks(rotations):
    """Viewing directions as dots on a Hammer map of the sphere."""
    towards = rotations[:, 2].numpy()
    rot, tilt = np.degrees(np.arctan2(towards[:, 1], towards[:, 0])), np.degrees(np.arccos(towards[:, 2].clip(-1, 1)))
    x, y = hammer(rot, tilt)
    return (*graticule(), Scatter(x=x, y=y, size=5.0, opacity=0.5))


@app.cell
def _(angle, cone, lens, particles, snr):
    _case = reconstruct_case(Faults(particles=particles.value, angle_deg=angle.value, cone_deg=cone.value, snr=snr.value, transfer=lens.value))
    show(
        Figure(
            name="bench", title="The bench", height=2.8, columns=2,
            caption="Change one thing at a time. Look at the solvent (grain, rays, a dark moat?), at the rim against the middle, along z against across it, and at "
            "both curves: the blue one is all that real data can show you, the green one is the privilege of knowing the truth.",
            panels=(
                Panel(title="the map", marks=three_sections(_case.volume.numpy()), equal=True, weight=1.6),
                curves_panel([(_case.truth, "green", "dashed", "map and truth"), (_case.fsc, "blue", "solid", "half-maps")]),
            ),
        )
    )  # fmt: skip
    return


@app.cell
def _():
    # One case of each culprit, at the strengths of the guessing game.
    exhibits = {}
    for _number in range(1, len(SUSPECTS) + 1):
        _culprit, _faults = hidden_case(_number)
        exhibits[_culprit] = (_faults, reconstruct_case(_faults))
    return (exhibits,)


@app.cell
def _(exhibits):
    _hull = radius((SIZE,) * 3)
    _middle, _rim = (_hull < 9).float(), ((_hull >= 11) & (_hull < 18)).float()

    def _band(case, where):
        return float(map_correlation(*case.halves, where)[4:13].mean())

    _views, _noise, _angles, _wrong = (exhibits[name][1] for name in ("views", "noise", "angles", "transfer"))
    _more = reconstruct_case(dataclasses.replace(exhibits["noise"][0], particles=4 * exhibits["noise"][0].particles))
    _cone = exhibits["views"][0].cone_deg
    _unseen = sampling(views_of(views_within(_cone, 3000, torch.Generator().manual_seed(1)), symmetry("C1"))).unsampled
    mo.vstack([
        mo.md("**Signatures**, each a number measured on the exhibits of this page:"),
        claim(f"Angles: halves agree by {_band(_angles, _middle):.2f} in the middle of the particle and {_band(_angles, _rim):.2f} at its rim "
              f"(sound images: {_band(exhibits['nothing'][1], _middle):.2f} and {_band(exhibits['nothing'][1], _rim):.2f}).",
              _band(_angles, _middle) - _band(_angles, _rim) > 0.12 > _band(exhibits["nothing"][1], _middle) - _band(exhibits["nothing"][1], _rim) + 0.05),
        claim(f"Preferred views: the halves agree ({_views.fsc[8]:.2f} in shell 8), for both lack the same pages; the truth does not ({_views.truth[8]:.2f}). "
              f"A cone of {_cone:.0f}° leaves 1 − sin {_cone:.0f}° = {1 - math.sin(math.radians(_cone)):.2f} of all directions of Fourier space unmeasured (counted: {_unseen:.2f}). "
              "The half-map curve is blind to what no image shows.",
              float(_views.fsc[8]) > 0.9 and float(_views.truth[8]) < 0.8 and abs(_unseen - 1 + math.sin(math.radians(_cone))) < 0.06),
        claim(f"Noise: four times the particles lift the half-maps in shell 8 from {exhibits['noise'][1].fsc[8]:.2f} to {_more.fsc[8]:.2f}: SNR adds up.",
              float(_more.fsc[8]) > float(exhibits["noise"][1].fsc[8]) + 0.2),
        claim(f"CTF ignored: halves still agree ({_wrong.fsc[14]:.2f} in shell 14), on detail of the wrong sign: with the truth it is −{-_wrong.truth[14]:.2f}.",
              float(_wrong.fsc[14]) > 0.4 and float(_wrong.truth[14]) < -0.3),
    ])  # fmt: skip
    return


@app.cell
def _():
    mo.md(r"""
    | culprit | in the map | half-map FSC | what more particles do | the test that proves it |
    |:---|:---|:---|:---|:---|
    | errors of the angles | rim smeared into arcs about the centre, middle crisp | falls early, smoothly | little | compare middle and rim; let poses be refined again |
    | preferred views | drawn out along one direction, streaks | **good** | nothing | plot the directions; section of the weights; tilt |
    | low SNR | grain everywhere, solvent too | falls early | much: N acts as SNR | four times the particles |
    | few particles | rays through the particle | sags from the coarse end, ragged | much: gaps close | section of the weights |
    | wrong CTF | dark moat round the particle, hollow or embossed inside | dips, bumps | nothing | compare with a known structure: the sign alternates |
    | nothing | | falls once, late | a little further out | |
    """)
    return


@app.cell
def _():
    wiener_bench = bench(WIENER)
    mo.vstack([mo.md("Two of the culprits, noise and gaps, are kept in check by what is added to the denominator. Write that line yourself:"),
               prompt_of(WIENER), wiener_bench, help_of(WIENER)])  # fmt: skip
    return (wiener_bench,)


@app.cell
def _(wiener_bench):
    verdict(WIENER, wiener_bench.value)
    return


@app.cell
def _():
    mo.md(r"""
    ## Who did it?

    A map lies on your desk. Somebody made one mistake, or none. You see what a user sees: the map and its half-map curve. Order tests, one at a
    time (a good detective needs two at most), then name the culprit. Every six cases hold each culprit once, in some order.
    """)
    return


@app.cell
def _():
    number = mo.ui.slider(1, 24, 1, value=1, show_value=True, label="case")
    ordered = mo.ui.dropdown(
        ["none", "where do the views come from?", "four times the particles", "middle against rim", "against a known structure"],
        value="none", label="order a test:",
    )  # fmt: skip
    mo.hstack([number, ordered], justify="start", gap=3)
    return number, ordered


@app.cell
def _(number):
    culprit, hidden = hidden_case(number.value)
    desk = reconstruct_case(hidden)
    show(
        Figure(
            name="case", title="The case", height=2.8, columns=2,
            caption="Look at the solvent, at rim against middle, at one direction against another, and at the shape of the curve.",
            panels=(
                Panel(title=f"case {number.value}", marks=three_sections(desk.volume.numpy()), equal=True, weight=1.5),
                curves_panel([(desk.fsc, "blue", "solid", "half-maps")]),
            ),
        )
    )  # fmt: skip
    return culprit, desk, hidden


@app.cell
def _(desk, hidden, ordered):
    def tested(name):
        """The figure of a test that was ordered."""
        if name.startswith("where"):
            return Figure(name="views", title="Views", height=2.6, columns=2, panels=(
                Panel(title="viewing directions", marks=view_marks(desk.rotations), equal=True, weight=1.5),
                Panel(title="how often met (ky, kz)", equal=True, marks=(Picture(values=np.log10(1 + desk.weights.numpy()), extent=(-1, 1, -1, 1), colours="viridis"),))),
                caption="Each dot a particle's viewing direction; beside it a section of how often each cell of Fourier space was met. Look for a lump, or for gaps.")  # fmt: skip
        if name.startswith("four"):
            more = reconstruct_case(dataclasses.replace(hidden, particles=4 * hidden.particles))
            lines = [(more.fsc, "orange", "solid", "four times the particles"), (desk.fsc, "blue", "solid", "as on the desk")]
            words = "Noise and gaps give way to more particles; wrong angles, wrong CTF and missing views do not."
        elif name.startswith("middle"):
            hull = radius((SIZE,) * 3)
            lines = [(map_correlation(*desk.halves, ((hull >= low) & (hull < high)).float()), ink, "solid", label)
                     for low, high, ink, label in ((0, 9, "blue", "within 40 Å"), (11, 18, "orange", "50 to 80 Å out"))]  # fmt: skip
            words = "Half-maps compared within the middle of the particle and within its rim. A wide gap between the curves means that the rim moves."
        else:
            lines = [(desk.truth, "green", "solid", "with a known structure"), (desk.fsc, "blue", "solid", "half-maps")]
            words = "The structure of a relative, say. Agreement below that of the halves says that both halves share an error; below 0, that its sign is wrong."
        return Figure(name="test", title="Test", height=2.8, columns=1, caption=words, panels=(curves_panel(lines, name),))

    mo.md("*No test ordered.*") if ordered.value == "none" else show(tested(ordered.value))
    return


@app.cell
def _(number):
    accused = mo.ui.radio({words: name for name, words in SUSPECTS.items()}, label=f"Case {number.value}: I accuse")
    accused
    return (accused,)


@app.cell
def _(accused, culprit, hidden):
    _why = {
        "nothing": "Nothing was wrong: the curve falls once and late, rim and middle agree, views are even.",
        "angles": f"The angles were off by {hidden.angle_deg:.0f}° about each axis: the rim is smeared into arcs, and *middle against rim* shows it.",
        "views": f"All views came from a cone of {hidden.cone_deg:.0f}°: the map is drawn out along z. The half-maps never noticed; *where do the views come from?* does.",
        "noise": f"The SNR of an image was {hidden.snr:.3f}: grain in the solvent as in the particle. *Four times the particles* helps at once.",
        "few": f"There were {hidden.particles} particles: rays, and gaps between the pages in *where do the views come from?*",
        "transfer": "The CTF was " + ("ignored" if hidden.transfer == "ignored" else f"of a defocus {hidden.defocus_error:.0f} Å off")
                    + ": the halves share the error, so only *against a known structure* tells, where the curve leaves that of the halves or changes sign.",
    }  # fmt: skip
    if accused.value is None:
        _said = mo.md("*Name a culprit.*")
    elif accused.value == culprit:
        _said = mo.callout(mo.md(f"**Case closed.** {_why[culprit]}"), kind="success")
    else:
        _hint = {
            "nothing": "Something is wrong here; order another test.",
            "angles": "With wrong angles the rim is worse than the middle, by much. Is it?",
            "views": "Then dots would crowd on the sphere. Did you look?",
            "noise": "Then the solvent would be as grainy as the particle, and four times the particles would lift the curve. Do they?",
            "few": "Then there would be rays, and gaps between the pages. Are there?",
            "transfer": "Then the map would disagree with a known structure where its halves still agree. Does it?",
        }[accused.value]  # fmt: skip
        _said = mo.callout(mo.md(f"**Not guilty.** {_hint}"), kind="warn")
    _said
    return


@app.cell
def _():
    closing("inversion-sharpen")
    return


if __name__ == "__main__":
    app.run()
