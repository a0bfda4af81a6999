"""The CTF of tilted and thick specimens (sharpen stream, 21 January 2021)."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="The CTF of tilted and thick specimens")


@app.cell(hide_code=True)
def _():
    import math

    import marimo as mo
    import numpy as np
    import torch

    from vitreous.data.optics import Optics
    from vitreous.learning.exercise import bench, help_of, prompt_of, verdict
    from vitreous.learning.exercises.tilted_ctf import DEFOCUS_AT, TILE, TILTED
    from vitreous.learning.page import claim, closing, opening, show, start, steps
    from vitreous.physics.ctf import phase
    from vitreous.physics.wavelength import wavelength
    from vitreous.views.figure import PURE, Axis, Figure, Panel
    from vitreous.views.marks import Line, Note, Picture, Rule, Scatter

    return (
        Axis, DEFOCUS_AT, Figure, Line, Note, Optics, PURE, Panel, Picture, Rule, Scatter, TILE, TILTED, bench, claim, closing, help_of,
        math, mo, np, opening, phase, prompt_of, show, start, steps, torch, verdict, wavelength,
    )  # fmt: skip


@app.cell(hide_code=True)
def _(opening):
    opening("ctf-sharpen")
    return


@app.cell(hide_code=True)
def _(mo):
    mo.md(
        r"""
        The meeting had three papers to read and no printed questions. Those that a reader has to be able to answer afterwards are:

        1. Where does $-\sin\chi$ come from, and which steps of it survive a tilt?
        2. What does a tilt do to the rings, and how small must a tile be?
        3. What is Philippsen's *tilted contrast imaging function*, and why is it not a multiplication?
        4. How is a tilted micrograph corrected without a transform for every pixel?
        5. What is the same in a *thick* specimen?

        ## 1. From a wave to −sin χ
        """
    )
    return


@app.cell(hide_code=True)
def _(steps):
    steps(
        ("Behind the specimen", r"""A thin specimen delays the wave by a small phase $\varphi(r) = \sigma V_z(r)$, real and much smaller than 1:
$\psi = e^{i\varphi} \approx 1 + i\varphi$. Its intensity $|1 + i\varphi|^2 = 1 + \varphi^2$ shows next to nothing."""),
        ("Free flight is a phase in Fourier space", r"""A component $e^{2\pi i k\cdot r}$ leaves at the angle $\lambda k$ and over a distance $z$ falls
behind the unscattered wave by $\pi\lambda z k^2$ (the small-angle path difference, in radians). Underfocus looks at a plane *before* the
specimen: the sign
is turned. Spherical aberration adds $-\tfrac{\pi}{2} C_s\lambda^3k^4$. Together the lens multiplies the scattered wave by $e^{i\chi(k)}$."""),
        ("Interference", r"""$\psi' = 1 + i\,\mathrm{FT}^{-1}\{e^{i\chi}\hat\varphi\}$. To first order $|\psi'|^2 = 1 + 2\,\mathrm{Re}\big(i\,\mathrm{FT}^{-1}\{e^{i\chi}\hat\varphi\}\big)$."""),
        ("Two sidebands", r"""$\varphi$ is real, so $\hat\varphi(-k) = \hat\varphi(k)^*$, and the real part takes the coefficient at $k$ together with the mate of that at $-k$:
$$\hat I(k) = i\,e^{i\chi(k)}\hat\varphi(k) - i\,e^{-i\chi(-k)}\hat\varphi(k) .$$
**Keep these two terms in mind: they are the two sidebands.** If $\chi$ is even and the same everywhere, they have the *same*
$\hat\varphi(k)$, and
$$\hat I(k) = -2\sin\chi(k)\,\hat\varphi(k).$$"""),
        ("What a tilt breaks", r"""Weakness survives, the flight survives, the two sidebands survive. What does not is *the same everywhere*: $\chi$ depends on $r$,
and a product in Fourier space is a convolution that is alike at all places. So each sideband must be followed on its own."""),
    )  # fmt: skip
    return


@app.cell(hide_code=True)
def _(Optics, claim, math, mo, np, phase, torch):
    from vitreous.numerics.fourier import axis_frequencies, fft2, ifft2
    from vitreous.physics.defocus import components
    from vitreous.physics.multislice import exit_wave, image_of, plane

    _optics = Optics(pixel_size=2.0, amplitude_contrast=0.0)
    _k = axis_frequencies(64, 2.0).double()
    _ky, _kx = torch.meshgrid(_k, _k, indexing="ij")
    _chi = phase(torch.tensor([12000.0, 11000.0, 30.0, 0.0], dtype=torch.float64), _optics, _kx, _ky)
    _phi = 1e-4 * torch.randn(64, 64, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    _full = image_of(exit_wave([_phi], pixel_size=2.0, voltage=300.0, spacing=0.0), _chi) - 1
    _linear = 2 * ifft2(fft2(_phi) * plane((64, 64), 2.0)[1] * -torch.sin(_chi)).real
    _off = float((_full - _linear).abs().max() / _linear.abs().max())
    _z, _a, _b = components(np.array([[12000.0, 11000.0, 30.0, 0.0]]))[0]
    _form = math.pi * 0.0196874862 * (_z * (_kx**2 + _ky**2) + _a * (_kx**2 - _ky**2) + 2 * _b * _kx * _ky)
    _flat = phase(
        torch.tensor([12000.0, 11000.0, 30.0, 0.0], dtype=torch.float64),
        Optics(pixel_size=2.0, amplitude_contrast=0.0, spherical_aberration=0.0),
        _kx,
        _ky,
    )
    mo.vstack([
        claim(f"Squaring the whole wave behind the lens gives −2 sin χ φ for a weak object: they differ by {_off:.0e}, about as much as φ itself.", _off < 1e-3),
        claim("Astigmatism is a quadratic form: χ = πλ kᵀ Z k with a symmetric 2 × 2 matrix Z, to 6 digits.", bool(torch.allclose(_form, _flat, rtol=1e-6, atol=1e-6))),
    ])  # fmt: skip
    return axis_frequencies, fft2, ifft2


@app.cell(hide_code=True)
def _(mo):
    mo.md(
        r"""
        ## 2. What a tilt does to the rings

        A tilt θ about an axis at φ gives the defocus $z(r) = z_0 + \tau\cdot r$ with the slope $\tau = \tan\theta\,(-\sin\varphi,
        \cos\varphi)$. Over a whole micrograph the rings of
        all these defoci are added up. With offsets spread evenly over $\pm\Delta$ the mean power is
        $\tfrac12\big[1 - \cos 2\chi \cdot \mathrm{sinc}(2\lambda k^2 \Delta)\big]$: the rings fade, vanish at $k =
        1/\sqrt{2\lambda\Delta}$, and *come back inverted*.
        A tile keeps Δ small. **Find the tile that shows rings to 4 Å at 45°.**
        """
    )
    return


@app.cell(hide_code=True)
def _(mo, start):
    tilt = mo.ui.slider(0, 70, 1, value=round(start("tilt", 40.0, 0, 70)), label="tilt (°)", show_value=True)
    axis = mo.ui.slider(0, 180, 5, value=90, label="axis from +x (°)", show_value=True)
    centre = mo.ui.slider(
        5000, 40000, 500, value=round(start("defocus", 20000.0, 5000, 40000), -2), label="defocus in the middle (Å)", show_value=True
    )
    side = mo.ui.slider(steps=[128, 256, 512, 1024, 2048, 4096], value=4096, label="tile (pixels of 1 Å)", show_value=True)
    mo.vstack([mo.hstack([tilt, axis], justify="start", gap=2), mo.hstack([centre, side], justify="start", gap=2)])
    return axis, centre, side, tilt


@app.cell
def _(Optics, math, np, phase, torch, wavelength):
    lens = Optics(pixel_size=1.0, voltage=300.0, amplitude_contrast=0.07)
    line = torch.linspace(0.004, 0.33, 700, dtype=torch.float64)

    def slope(tilt, axis):
        """(∂z/∂x, ∂z/∂y), Å per Å."""
        return math.tan(math.radians(tilt)) * np.array([-math.sin(math.radians(axis)), math.cos(math.radians(axis))])

    def mean_power(defocus, spread):
        """Mean of sin²χ over offsets evenly within ± spread (Å) at ``line``."""
        chi = phase(torch.tensor([defocus, defocus, 0.0, 0.0], dtype=torch.float64), lens, line, torch.zeros_like(line))
        return (0.5 * (1 - torch.cos(2 * chi) * torch.sinc(2 * wavelength(300.0) * line**2 * spread))).numpy()

    return lens, line, mean_power, slope


@app.cell(hide_code=True)
def _(Axis, Figure, Line, Note, PURE, Panel, Picture, Rule, axis, centre, line, math, mean_power, np, show, side, slope, tilt, wavelength):
    _tau = slope(tilt.value, axis.value)
    _at = (np.arange(64) - 31.5) * 4096 / 64
    _map = 1e-4 * (centre.value + _tau[0] * _at[None] + _tau[1] * _at[:, None])
    _spread = math.tan(math.radians(tilt.value)) * side.value / 2
    _gone = 1 / math.sqrt(2 * wavelength(300.0) * _spread) if _spread > 0 else math.nan
    _k = line.numpy()
    show(
        Figure(
            name="tilted-rings", title="A tilted field", columns=2, height=3.3,
            panels=(
                Panel(title="Defocus", weight=0.62, x=Axis("x", "Å"), y=Axis("y", "Å"),
                      marks=(Picture(values=_map, extent=(0, 4096, 0, 4096), colours="viridis", scale="Defocus (µm)",
                                     limits=(float(_map.min()) - 1e-3, float(_map.max()) + 1e-3)),)),
                Panel(title=f"Rings of a tile of {side.value} Å", legend="above",
                      x=Axis("Spatial frequency", "Å⁻¹", limits=(0, 0.33)), y=Axis("Mean of sin²χ", PURE, limits=(0, 1.2)),
                      top=Axis("Resolution", "Å", ticks=tuple((1 / d, f"{d:g}") for d in (20, 10, 6, 5, 4, 3.5, 3))),
                      marks=(Line(x=_k, y=mean_power(centre.value, 0.0), colour="faint", width=1.0, label="in one point"),
                             Line(x=_k, y=mean_power(centre.value, _spread), label="in the tile"),
                             Rule(at=_gone, colour="orange"),
                             Note(x=_gone + (0.003 if _gone < 0.2 else -0.003), y=1.1, anchor="left" if _gone < 0.2 else "right", colour="orange",
                                  text=f"rings vanish: {1 / _gone:.1f} Å" if _gone < 0.33 else ""))),
            ),
            caption=f"Across the field the defocus runs from {_map.min():.2f} to {_map.max():.2f} µm; within the tile by ± {_spread:.0f} Å. "
            "Where blue goes flat no fit can see rings; beyond, they return upside down, and a fit that follows them finds another defocus.",
        )
    )  # fmt: skip
    return


@app.cell(hide_code=True)
def _(claim, lens, line, mean_power, mo, np, phase, torch):
    _offsets = np.linspace(-800, 800, 4001)
    _rows = torch.stack([torch.tensor([20000.0 + d, 20000.0 + d, 0.0, 0.0], dtype=torch.float64) for d in _offsets[::8]])
    _sum = torch.sin(phase(_rows, lens, line, torch.zeros_like(line))).square().mean(0).numpy()
    _off = float(np.abs(_sum - mean_power(20000.0, 800.0)).max())
    mo.vstack([
        claim(f"The closed form agrees with an average over 501 defoci within ± 800 Å (largest difference {_off:.4f}).", _off < 0.01),
        mo.md(
            "`vitreous estimate-ctf` turns this around: it fits one plane of defocus to the spectra of many tiles and writes its slope "
            "(`vitreous.stages.defocus.tilt`); `extract` then gives every particle the defocus of its own place."
        ),
    ])  # fmt: skip
    return


@app.cell(hide_code=True)
def _(DEFOCUS_AT, bench, help_of, mo, prompt_of):
    defocus_bench = bench(DEFOCUS_AT)
    mo.vstack([prompt_of(DEFOCUS_AT), defocus_bench, help_of(DEFOCUS_AT)])
    return (defocus_bench,)


@app.cell(hide_code=True)
def _(DEFOCUS_AT, defocus_bench, verdict):
    verdict(DEFOCUS_AT, defocus_bench.value)
    return


@app.cell(hide_code=True)
def _(TILE, bench, help_of, mo, prompt_of):
    tile_bench = bench(TILE)
    mo.vstack([prompt_of(TILE), tile_bench, help_of(TILE)])
    return (tile_bench,)


@app.cell(hide_code=True)
def _(TILE, tile_bench, verdict):
    verdict(TILE, tile_bench.value)
    return


@app.cell(hide_code=True)
def _(mo, steps):
    mo.vstack([
        mo.md("## 3. Philippsen: the tilted contrast imaging function"),
        steps(
            ("Add up all places", r"""Let $O(r)$ be what lies at $r$, and let each place be imaged with its own $\chi(k) + \pi\lambda k^2\,\tau\cdot r$. Then
$$\hat I(k) = \sum_r O(r)\,\big[-\sin(\chi + \pi\lambda k^2\,\tau\cdot r)\big]\,e^{-2\pi i k\cdot r}.$$"""),
            ("Split the sine into its sidebands", r"""$-\sin u = \tfrac{i}{2}(e^{iu} - e^{-iu})$:
$$\hat I(k) = \tfrac{i}{2}\Big[e^{i\chi}\sum_r O(r)\,e^{i\pi\lambda k^2\tau\cdot r}e^{-2\pi i k\cdot r} - e^{-i\chi}\sum_r O(r)\,e^{-i\pi\lambda k^2\tau\cdot r}e^{-2\pi i k\cdot r}\Big].$$"""),
            ("A phase ramp in r is a shift in k", r"""$e^{i\pi\lambda k^2\tau\cdot r}e^{-2\pi i k\cdot r} = e^{-2\pi i (k - \frac12\lambda k^2\tau)\cdot r}$, and the sums are transforms at shifted places:
$$\boxed{\;\hat I(k) = \tfrac{i}{2}\big[e^{i\chi(k)}\,\hat O(k - \tfrac12\lambda k^2\tau) - e^{-i\chi(k)}\,\hat O(k + \tfrac12\lambda k^2\tau)\big]\;}$$
With $\tau = 0$ it is $-\sin\chi\,\hat O$. (Philippsen et al. 2007 have $+\sin\chi$, so the other sign.)"""),
            ("What it says", r"""A tilted image mixes **two different** coefficients of the object into one. It cannot be undone by dividing: one equation, two unknowns; but the
coefficients at $k$ and near it are neighbours, and together they can. And it needs $\hat O$ *between* the samples: for a field of length
$L$ the shift is
$\frac12\lambda k^2 \tau L$ samples."""),
        ),
        mo.md(
            "Forty atoms lie on a tilted plane, imaged by this formula (`vitreous.physics.tilted_ctf.tilted_contrast`). Then the picture is corrected twice: as "
            "if it were flat, with the CTF of its middle, and with a filter that follows the defocus. **Tilt**, and look at the atoms at the edges."
        ),
    ])  # fmt: skip
    return


@app.cell(hide_code=True)
def _(mo):
    lean = mo.ui.slider(0, 75, 5, value=65, label="tilt about y (°)", show_value=True)
    lean
    return (lean,)


@app.cell
def _(Optics, axis_frequencies, ifft2, math, np, phase, torch, wavelength):
    from vitreous.physics.tilted_ctf import focus_basis, harmonics, tilted_contrast
    from vitreous.stages.ctf_correct.tilted import apply_basis

    FIELD, STEP, Z0 = 288, 2.0, 9000.0
    glass = Optics(pixel_size=STEP, amplitude_contrast=0.07)
    _chance = np.random.default_rng(3)
    _row = STEP * np.round(np.linspace(-115, 115, 40))
    places = np.stack([_chance.permutation(_row), _chance.permutation(_row)], 1)
    _k = axis_frequencies(FIELD, STEP).double()
    grid_y, grid_x = torch.meshgrid(_k, _k, indexing="ij")
    within = (grid_x**2 + grid_y**2 < (0.5 / STEP) ** 2).double()
    chi0 = phase(torch.tensor([Z0, Z0, 0.0, 0.0], dtype=torch.float64), glass, grid_x, grid_y)

    def atoms(kx, ky):
        """Transform of the atoms, points, at any frequency."""
        total = torch.zeros(kx.shape, dtype=torch.complex64)
        x, y = kx.float(), ky.float()
        for px, py in places:
            angle = -2 * math.pi * (x * float(px) + y * float(py))
            total += torch.complex(torch.cos(angle), torch.sin(angle))
        return total

    def seen(tilt):
        """The image of the tilted plane, origin in the middle of the field."""
        tau = (math.tan(math.radians(tilt)), 0.0)
        lam = wavelength(300.0)
        spectrum = tilted_contrast(atoms, chi0.float(), grid_x.float(), grid_y.float(), tau, lam) * within
        return torch.roll(ifft2(spectrum).real, (FIELD // 2, FIELD // 2), (0, 1)).float()

    return FIELD, STEP, apply_basis, chi0, focus_basis, glass, grid_x, grid_y, harmonics, places, seen, within


@app.cell
def _(FIELD, STEP, apply_basis, chi0, focus_basis, grid_x, grid_y, harmonics, math, np, wavelength):
    half = FIELD // 2 + 1
    rotation_rate = math.pi * wavelength(300.0)
    chi_half = chi0[:, :half].float().numpy()
    square = (rotation_rate * (grid_x**2 + grid_y**2)[:, :half]).float().numpy()
    largest = rotation_rate / (2 * STEP) ** 2
    across = (np.arange(FIELD) - FIELD // 2) * STEP

    def corrected(image, tilt):
        """Multiplied by sin χ: of the middle everywhere, and of each place."""
        offset = math.tan(math.radians(tilt)) * np.broadcast_to(across[None], (FIELD, FIELD))
        reach = max(1.0, float(np.abs(offset).max()))
        basis = focus_basis(harmonics(np.sin), reach, largest)
        chi = np.asarray(chi_half)
        flat = apply_basis(image, focus_basis(harmonics(np.sin), 1.0, largest), chi, square.clip(0, largest), np.zeros_like(offset))
        return flat, apply_basis(image, basis, chi, square.clip(0, largest), offset), len(basis)

    def heights(image, places):
        """Value at each atom."""
        column, row = (np.round(places / STEP).astype(int) + FIELD // 2).T
        return np.array([float(image[r - 1 : r + 2, c - 1 : c + 2].abs().max()) for r, c in zip(row, column)])

    return across, corrected, heights, largest


@app.cell(hide_code=True)
def _(
    Axis, FIELD, Figure, Line, PURE, Panel, Picture, STEP, Scatter, across, corrected, heights, largest, lean, math, np, places, seen, show
):
    _image = seen(lean.value)
    _flat, _following, _count = corrected(_image, lean.value)
    _box = FIELD * STEP
    _full = float(np.median(heights(_following, places)))
    _offset = math.tan(math.radians(lean.value)) * across
    _theory = np.abs(np.sinc(largest * _offset / math.pi))

    def _picture(values, title, scale):
        return Panel(title=title, equal=True, weight=0.8,
                     marks=(Picture(values=-values.numpy(), extent=(-_box / 2, _box / 2, -_box / 2, _box / 2), limits=(-scale, scale)),))  # fmt: skip

    show(
        Figure(
            name="atoms", title="Forty atoms on a slope", columns=4, height=2.9,
            panels=(
                _picture(_image, "recorded", 4 * float(_image.std())),
                _picture(-_flat, "corrected as if flat", 0.35 * _full),
                _picture(-_following, "corrected place by place", 0.35 * _full),
                Panel(title="Height of each atom", weight=1.25, x=Axis("x", "Å"), y=Axis("Over the middle's", PURE, limits=(0, 1.45)), legend="upper right",
                      marks=(Scatter(x=places[:, 0], y=heights(_flat, places) / _full, colour="red", symbol="cross", size=22, label="flat"),
                             Scatter(x=places[:, 0], y=heights(_following, places) / _full, colour="green", label="following"),
                             Line(x=across, y=_theory, colour="red", style="dashed", width=1.0))),
            ),
            caption=f"Corrected as if flat, atoms away from the axis fade as |sin Aδ / Aδ| (dashed), A = πλ / (4 Å)², whatever the defocus of the middle. "
            f"Following the defocus took {_count} transforms instead of one, and all atoms are alike.",
        )
    )  # fmt: skip
    return


@app.cell(hide_code=True)
def _(claim, corrected, heights, mo, np, places, seen):
    _flat, _following, _ = corrected(seen(65.0), 65.0)
    _a, _b = heights(_flat, places), heights(_following, places)
    _edge, _middle = np.abs(places[:, 0]) > 180, np.abs(places[:, 0]) < 60
    _lost, _kept = float(_a[_edge].mean() / _b[_middle].mean()), float(_b[_edge].mean() / _b[_middle].mean())
    mo.vstack([
        claim(f"At 65° the outer atoms keep {_lost:.0%} of their height when corrected as if flat, {_kept:.0%} place by place.", _lost < 0.7 and _kept > 0.9),
    ])  # fmt: skip
    return


@app.cell(hide_code=True)
def _(TILTED, bench, help_of, mo, prompt_of):
    tilted_bench = bench(TILTED)
    mo.vstack([prompt_of(TILTED), tilted_bench, help_of(TILTED)])
    return (tilted_bench,)


@app.cell(hide_code=True)
def _(TILTED, tilted_bench, verdict):
    verdict(TILTED, tilted_bench.value)
    return


@app.cell(hide_code=True)
def _(mo):
    mo.md(
        r"""
        ## 4. Voortman: not one filter for each pixel

        Following the defocus literally means one inverse transform for every pixel, $O(N^2 \cdot N^2\log N)$. Tiles are cheap and leave
        seams. The way out that Voortman et al. opened: the correction varies *smoothly*, so few transforms are enough, blended according to
        the place. In vitreous' words (`vitreous.physics.tilted_ctf`): as a function of offset δ and $a = \pi\lambda k^2$,

        $$-\sin(\chi + a\,\delta) = -\sin\chi\,\cos a\delta - \cos\chi\,\sin a\delta \;\approx\; \sum_{q=1}^{Q} u_q(\delta)\,g_q(k),$$

        where the $u_q$ are the singular vectors of all cosines and sines. Functions of δ within ±Δ whose "frequency" $a$ is at most $A =
        \pi\lambda/d^2$
        have only about $2A\Delta/\pi$ degrees of freedom (Slepian's time-frequency count): that is all it costs.
        """
    )
    return


@app.cell(hide_code=True)
def _(mo):
    reach = mo.ui.slider(steps=[100, 200, 400, 800, 1200, 1600, 2400], value=800, label="range of the defocus ±Δ (Å)", show_value=True)
    finest = mo.ui.slider(2.5, 8.0, 0.5, value=4.0, label="to the resolution d (Å)", show_value=True)
    mo.hstack([reach, finest], justify="start", gap=2)
    return finest, reach


@app.cell(hide_code=True)
def _(Axis, Figure, Line, PURE, Panel, Rule, finest, focus_basis, harmonics, math, np, reach, show, wavelength):
    _largest = math.pi * wavelength(300.0) / finest.value**2
    _wave = harmonics(lambda chi: -np.sin(chi))
    _basis = focus_basis(_wave, float(reach.value), _largest)
    _ranges = np.array([100, 200, 400, 800, 1200])
    _counts = [len(focus_basis(_wave, float(r), _largest)) for r in _ranges]
    _shown = np.linspace(-reach.value, reach.value, 200)
    _u = _basis.weights(_shown)
    _inks = ("blue", "orange", "green", "purple")
    _styles = ("solid", "dashed", "dotted", "solid")
    show(
        Figure(
            name="functions", title="Few functions of the defocus", columns=2, height=3.0,
            panels=(
                Panel(title="The first four weights u(δ)", legend="above", x=Axis("Offset of the defocus", "Å"), y=Axis("Weight", PURE),
                      marks=tuple(Line(x=_shown, y=_u[q], colour=_inks[q], style=_styles[q], label=str(q + 1)) for q in range(min(4, len(_u))))),
                Panel(title="How many are needed", x=Axis("Range ±Δ", "Å", limits=(0, 2500)), y=Axis("Transforms", PURE, limits=(0, 1.25 * max(_counts))), legend="lower right",
                      marks=(Line(x=_ranges, y=_counts, points=5, label="for an error below 1 %"),
                             Line(x=_ranges, y=2 * _largest * _ranges / math.pi, colour="muted", style="dashed", label="2AΔ/π"),
                             Rule(at=float(reach.value), colour="orange", text="yours"))),
            ),
            caption=f"{len(_basis)} transforms follow every defocus within ± {reach.value} Å down to {finest.value:g} Å with an error of at most {_basis.bound:.1%} at any place "
            "and frequency. A micrograph of ten million pixels would otherwise need as many.",
        )
    )  # fmt: skip
    return


@app.cell(hide_code=True)
def _(claim, focus_basis, harmonics, math, np, wavelength):
    _largest = math.pi * wavelength(300.0) / 16
    _basis = focus_basis(harmonics(lambda chi: -np.sin(chi)), 800.0, _largest)
    _chance = np.random.default_rng(4)
    _chi, _a = _chance.uniform(0, 2 * np.pi, 300).astype(np.float32), _chance.uniform(0, _largest, 300).astype(np.float32)
    _delta = _chance.uniform(-800, 800, 300)
    _sum = sum(u * _basis.filter(q, _chi, _a) for q, u in enumerate(_basis.weights(_delta)))
    _off = float(np.abs(_sum + np.sin(_chi + _a * _delta)).max())
    claim(
        f"{len(_basis)} functions give −sin(χ + aδ) at 300 random places, frequencies and phases with an error of {_off:.4f} at most.",
        _off < 0.012,
    )
    return


@app.cell(hide_code=True)
def _(mo):
    mo.md(
        r"""
        ## 5. Thick specimens: the same shift, upwards

        A part of the object at height $h$ is simply at another defocus: $\chi + \pi\lambda k^2 h$. Run through the derivation of section 3
        with
        $\delta = h$ instead of $\tau\cdot r$, and the ramp in $h$ becomes a shift in $k_z$:

        $$\hat I(k) = \tfrac{i}{2}\big[e^{i\chi}\,\hat V(k, -\tfrac12\lambda k^2) - e^{-i\chi}\,\hat V(k, +\tfrac12\lambda k^2)\big].$$

        The two sidebands lie on two paraboloids: the **Ewald sphere**, seen from both sides (`vitreous.physics.ewald.sphere_image`). A
        tilted plane
        is a special case: its $\hat V$ is constant along its normal. So the tilt and the thickness are one phenomenon, and *one defocus
        for all* fails
        where the sidebands come apart by about one sample of the object, near $d \approx \sqrt{\lambda t / 1.4}$.
        """
    )
    return


@app.cell(hide_code=True)
def _(mo, start):
    thick = mo.ui.slider(
        100, 2000, 50, value=round(start("diameter", 300.0, 100, 2000), -1), label="thickness of the particle (Å)", show_value=True
    )
    thick
    return (thick,)


@app.cell(hide_code=True)
def _(Axis, Figure, Line, Panel, Rule, np, show, thick, wavelength):
    from vitreous.physics.ewald import thickness_limit

    _t = np.linspace(50, 2000, 100)
    _voltages = ((100.0, "orange", "dashed"), (200.0, "green", "dotted"), (300.0, "blue", "solid"))
    _words = ", ".join(f"{thickness_limit(float(thick.value), wavelength(v)):.1f} Å at {v:.0f} kV" for v, *_ in _voltages)
    show(
        Figure(
            name="thickness", title="How thick may it be?", columns=1, height=2.9,
            panels=(
                Panel(x=Axis("Thickness", "Å", limits=(0, 2000)), y=Axis("Resolution where one defocus fails", "Å", limits=(0, 8)), legend="upper left",
                      marks=(*(Line(x=_t, y=[thickness_limit(float(t), wavelength(v)) for t in _t], colour=ink, style=style, label=f"{v:.0f} kV")
                               for v, ink, style in _voltages), Rule(at=float(thick.value), text="yours"))),
            ),
            caption=f"A particle {thick.value:.0f} Å thick: {_words}. Below the curve the sidebands hold different coefficients: correct for the sphere "
            "(vitreous reconstruct --ewald), or lose the detail.",
        )
    )  # fmt: skip
    return


@app.cell(hide_code=True)
def _(Optics, claim, math, mo, phase, torch, wavelength):
    from vitreous.physics.ewald import sphere_image

    _optics = Optics(pixel_size=1.0)
    _kx, _ky = torch.linspace(-0.3, 0.3, 61, dtype=torch.float64), torch.full((61,), 0.05, dtype=torch.float64)

    def _chi(z):
        return phase(torch.tensor([z, z, 0.0, 0.0], dtype=torch.float64), _optics, _kx, _ky)

    def _point(kx, ky, kz, height=150.0):
        return torch.polar(torch.ones_like(kz), -2 * math.pi * kz * height)

    _image = sphere_image(_point, _chi(15000.0), _kx, _ky, wavelength(300.0))
    _off = float((_image - -torch.sin(_chi(15150.0))).abs().max())
    mo.vstack([
        claim(f"A point 150 Å up the beam is imaged by the sphere's formula exactly as with 150 Å more defocus (difference {_off:.0e}).", _off < 1e-10),
        mo.md(
            r"""
            **So, which correction do you need?** One CTF for a micrograph: untilted, thin. One for each particle: tilted, or particles at
            various heights.
            One for each *place within* a picture (this lesson): tilted tomograms and crystals. Two sidebands (Ewald): particles thicker
            than the curve above.
            """
        ),
    ])  # fmt: skip
    return


@app.cell(hide_code=True)
def _(closing):
    closing("ctf-sharpen")
    return


if __name__ == "__main__":
    app.run()
