import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="How far to trust a map: resolution")

with app.setup:
    import math

    import marimo as mo
    import numpy as np
    import torch

    from vitreous.data.volume import Volume
    from vitreous.learning.artefacts import PIXEL, SIZE, Faults, bench_specimen, reconstruct_case
    from vitreous.learning.exercise import bench, help_of, prompt_of, verdict
    from vitreous.learning.exercises.resolution import CORRECTED, CROSSING, FSC
    from vitreous.learning.page import claim, closing, opening, question, show, start, steps
    from vitreous.numerics.correlation_statistics import information_level, variance
    from vitreous.numerics.filters import apply, soft_disc
    from vitreous.numerics.fourier import frequency_squared, rfftn
    from vitreous.numerics.shells import shell_average
    from vitreous.physics.ctf import b_envelope
    from vitreous.reconstruct.fourier import map_correlation
    from vitreous.stages.controls.from_noise import from_noise
    from vitreous.stages.postprocess import as_printed
    from vitreous.stages.postprocess.fsc import fsc_curves
    from vitreous.stages.postprocess.phase_residual import expected_dpr
    from vitreous.stages.postprocess.sharpen import sharpen
    from vitreous.stages.postprocess.ssnr import fsc_ref
    from vitreous.stages.postprocess.thresholds import threshold_table
    from vitreous.views.figure import PURE, Axis, Figure, Panel
    from vitreous.views.marks import Band, Line, Picture, Rule, ScaleBar, Scatter
    from vitreous.views.resolution_axis import angstrom_axis

    BOX = SIZE * PIXEL  # Å
    NYQUIST = 0.5 / PIXEL  # Å⁻¹
    LAST = SIZE // 2
    K = np.arange(LAST) / BOX


@app.function
def curve_panel(lines, title="", rules=((1 / 7, "0.143"),), weight=1.0, legend="upper right", under=()):
    """Correlations by shell: (values, colour, style, label) each."""
    return Panel(
        title=title, weight=weight, legend=legend,
        marks=(*under, Rule(at=0.0, axis="y", style="solid"), *(Rule(at=at, axis="y", text=text) for at, text in rules),
               *(Line(x=K, y=np.asarray(values)[:LAST], colour=colour, style=style, label=label, width=2.0) for values, colour, style, label in lines)),
        x=Axis("Spatial frequency", "Å⁻¹", limits=(0, NYQUIST)), top=angstrom_axis(K, apart=0.14), y=Axis("Correlation by shell", PURE, limits=(-0.15, 1.04)),
    )  # fmt: skip


@app.function
def section(volume, title, limits=None):
    """The middle section of a map."""
    image = np.asarray(volume)[:, SIZE // 2]
    limits = limits or tuple(float(each) for each in np.quantile(image, [0.002, 0.998]))
    return Panel(title=title, equal=True, marks=(Picture(values=image, extent=(0, BOX, 0, BOX), limits=limits), ScaleBar(length=50.0, text="50 Å")))


@app.cell
def _():
    opening("resolution")
    return


@app.cell
def _():
    mo.md(r"""
    "3.4 Å" stands in the title of the paper. What *is* that number? It is not measured with a ruler: nobody saw two points 3.4 Å apart and
    told them from one. It is where a curve crosses a line. This lesson is office hours: bring the plot, and let us take it apart, the curve
    first, then the line, then the three ways in which the number lies.
    """)
    return


@app.cell
def _():
    question("Q93")
    return


@app.cell
def _():
    mo.md(r"""
    The plot most often brought is the **Fourier shell correlation**. Its idea fits in a sentence: *signal repeats, noise does not*. Deal the
    particles into two halves, make a map of each, and ask of each shell of Fourier space how far the two agree.
    """)
    return


@app.cell
def _():
    particles = mo.ui.slider(steps=[20, 50, 100, 200, 400, 800, 1600], value=400, show_value=True, label="particles")
    snr = mo.ui.slider(steps=[0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1], value=0.05, show_value=True, label="SNR of an image")
    mo.hstack([particles, snr], justify="start", gap=3)
    return particles, snr


@app.cell
def _(particles, snr):
    _case = reconstruct_case(Faults(particles=particles.value, snr=snr.value))
    _limits = tuple(float(each) for each in np.quantile(_case.volume[:, SIZE // 2].numpy(), [0.002, 0.998]))
    show(
        Figure(
            name="halves", title="Two halves", height=2.9, columns=3,
            caption="What both sections show is signal; grain that differs is noise. Halve the SNR and double the particles: the same curve. The coarse end holds "
            "longest, for there the signal is strongest and every voxel is met by more images.",
            panels=(section(_case.halves[0], "one half", _limits), section(_case.halves[1], "the other half", _limits),
                    curve_panel([(_case.truth, "green", "dashed", "whole map and truth"), (_case.fsc, "blue", "solid", "the two halves")], weight=1.5)),
        )
    )  # fmt: skip
    return


@app.cell
def _():
    steps(
        ("The curve", r"$$\mathrm{FSC}(s) = \frac{\mathrm{Re}\sum_{k \in s} A(k)\, B^*(k)}{\sqrt{\sum_{k\in s} |A|^2\, \sum_{k\in s}|B|^2}}$$ "
         "(Harauz & van Heel 1986). Keep one shell of both maps and turn back: it is the ordinary correlation of the two band-passed maps."),
        ("It forgets filters", r"Multiply both maps by any $g(|k|) \neq 0$: within a shell g comes out of all three sums and cancels. Sharpening and blurring change how a map *looks*, not its FSC."),
        ("It is a signal-to-noise ratio", r"Write A = X + N₁, B = X + N₂ with independent noise. The cross term is left with $|X|^2$, each power with $|X|^2 + |N|^2$, so "
         r"$$E[\mathrm{FSC}] \approx \frac{S}{1 + S}, \qquad S = \frac{\sum |X|^2}{\sum |N|^2} \text{ of a half}$$ (Bershad & Rockmore 1974)."),
        ("From halves to the whole", r"The whole map has twice the S: $\mathrm{FSC}_{\text{whole}} = 2F/(1+F)$. And with the *truth*, which has no noise, the whole correlates by the root of that: "
         r"$C_{\text{ref}} = \sqrt{2F/(1+F)}$ (Rosenthal & Henderson 2003). It was printed in the study group's slides also as SSNR/(2K + SSNR): that holds only if SSNR is K times the whole map's; with S of the whole map it is S/(2 + S)."),
    )  # fmt: skip
    return


@app.cell
def _():
    standard = reconstruct_case(Faults(particles=600, snr=0.1))
    return (standard,)


@app.cell
def _(standard):
    _gain = b_envelope(frequency_squared((SIZE,) * 3, PIXEL), -150.0).float()
    _sharp = [apply(each, _gain, axes=3) for each in standard.halves]
    _moved = float((map_correlation(*_sharp) - standard.fsc)[1:LAST].abs().max())
    _draw = torch.Generator().manual_seed(3)
    _x, _n1, _n2 = torch.randn(3, 400000, generator=_draw, dtype=torch.float64)
    _a, _b = _x + 2 * _n1, _x + 2 * _n2
    _found = float((_a * _b).sum() / (_a.square().sum() * _b.square().sum()).sqrt())
    _whole = float(torch.corrcoef(torch.stack([_a + _b, _x]))[0, 1])
    mo.vstack([
        claim(f"Sharpened by B = 150 Å², the two half-maps of the standard case look quite different; their FSC moves by {_moved:.4f} at most (g changes a little within the width of a shell).", _moved < 2e-3),
        claim(f"400 000 random numbers with S = 1/4: halves correlate by {_found:.3f} (the formula: 0.200), their mean with the truth by {_whole:.3f} (√(2F/(1+F)) = 0.577).",
              abs(_found - 0.2) < 0.006 and abs(_whole - 1 / math.sqrt(3)) < 0.006),
    ])  # fmt: skip
    return


@app.cell
def _():
    fsc_bench = bench(FSC)
    mo.vstack([prompt_of(FSC), fsc_bench, help_of(FSC)])
    return (fsc_bench,)


@app.cell
def _(fsc_bench):
    verdict(FSC, fsc_bench.value)
    return


@app.cell
def _():
    mo.vstack([
        question("Q91"),
        mo.md(r"""
    ### The line: which threshold?

    Two parameters stand behind every published resolution: the *threshold* and the *mask*. First the threshold. Each of these lines asks
    something else of the data; none is wrong. What is wrong is to compare numbers made with different ones.
    """),
    ])  # fmt: skip
    return


@app.cell
def _(standard):
    ball = soft_disc((SIZE,) * 3, 20, 6)
    judged = fsc_curves(*(Volume(each, PIXEL) for each in standard.halves), ball, torch.Generator().manual_seed(1), repeats=2)
    table = {row.name: row for row in threshold_table(judged)}
    return judged, table


@app.cell
def _(table):
    line = mo.ui.dropdown(list(table), value="0.143", label="threshold")
    line
    return (line,)


@app.cell
def _(judged, line, table):
    _row, _found = table[line.value], table[line.value].found
    _at = [] if _found is None else [Rule(at=1 / _found.value, text=f"{_found.value:.1f} Å", colour="blue")]
    _words = "no resolution" if _found is None else f"{_found.value:.1f} Å (95 %: {_found.finer:.1f} to {_found.coarser:.1f} Å)"
    show(
        Figure(
            name="threshold", title="The line", height=3.2, columns=1,
            caption=f"{line.value}: {_row.meaning}. It gives {_words}. The band is the 95 % interval of the curve: where it is wide and the curve is flat, the number is soft, "
            "whatever its decimals. Lines that bend depend on how many numbers a shell holds.",
            panels=(curve_panel(
                [(_row.level, "orange", "dashed", line.value), (judged.corrected, "blue", "solid", "FSC")], rules=(), legend="above",
                under=(Band(x=K, low=judged.low.numpy()[:LAST], high=judged.high.numpy()[:LAST], label="95 % interval"), *_at)),),
        )
    )  # fmt: skip
    return


@app.cell
def _(judged, table):
    def words(found):
        return "none" if found is None else f"{found.value:.2f} ({found.finer:.2f} to {found.coarser:.2f})"

    _rows = "\n".join(f"| {row.name} | {row.meaning} | {words(row.found)} |" for row in table.values())
    _half, _one = (float(information_level(torch.tensor([1e12], dtype=torch.float64), bits)) for bits in (0.5, 1.0))
    mo.vstack([
        mo.md(f"| threshold | what it asks | this map, Å (95 %) |\n|:---|:---|:---|\n{_rows}"),
        steps(
            ("Where 0.143 comes from", r"Ask that the whole map correlate with the truth by one half, which crystallographers know from figures of merit: "
             r"$\sqrt{2F/(1+F)} = 1/2 \Rightarrow 2F/(1+F) = 1/4 \Rightarrow F = 1/7 = 0.143$."),
            ("Where 0.5 comes from", r"F = 1/2 means S = 1 in each half: as much signal as noise. For one map against a model, 0.5 is the counterpart of 0.143 for two halves."),
            ("2 σ, 3 σ, 5 σ", r"What noise alone would exceed so rarely: $\tanh(z/\sqrt{n-3}) \approx z/\sqrt n$, n the independent numbers of a shell. It says *something is there*, not *it is good*. n is not the number "
             "of voxels: Friedel mates, symmetry, padding and the mask all make it smaller."),
            ("Half a bit", r"$\log_2(1 + \mathrm{SNR}) = 1/2$ gives SNR = 0.414 of the whole map, and a line that tends to 0.172 for many numbers. The argument is Shannon's, for a channel; but nobody sends "
             "anything here. Read it as another SNR, with an allowance for small n."),
        ),
        claim(f"At F = 1/7 the whole map correlates with the truth by {float(fsc_ref(torch.tensor(1 / 7))):.3f}; the half-bit and one-bit lines tend to {_half:.4f} and {_one:.4f} (1/3).",
              abs(float(fsc_ref(torch.tensor(1 / 7))) - 0.5) < 1e-6 and abs(_half - 0.1716) < 2e-4 and abs(_one - 1 / 3) < 1e-4),
        claim(f"One map, two papers: at 0.143 its resolution is {table['0.143'].found.value:.1f} Å, at 0.5 {table['0.5'].found.value:.1f} Å.",
              table["0.143"].found.value < table["0.5"].found.value - 0.5),
    ])  # fmt: skip
    return


@app.cell
def _():
    crossing_bench = bench(CROSSING)
    mo.vstack([prompt_of(CROSSING), crossing_bench, help_of(CROSSING)])
    return (crossing_bench,)


@app.cell
def _(crossing_bench):
    verdict(CROSSING, crossing_bench.value)
    return


@app.cell
def _():
    mo.md(r"""
    ### The mask: the parameter that makes resolutions

    A mask cuts away solvent, where there is only noise, and so the FSC rises: rightly. But it also multiplies both maps *by the same thing*,
    and multiplying is a convolution in Fourier space: neighbouring coefficients are mixed, the same way in both halves, and agree. How much of
    the rise is the mask's own? Take the same two halves, or two cubes of **pure noise**, and tighten.
    """)
    return


@app.cell
def _():
    tight = mo.ui.slider(4, 24, 1, value=20, show_value=True, label="radius of the mask (voxels)")
    edge = mo.ui.slider(0, 12, 1, value=6, show_value=True, label="soft edge (voxels)")
    what = mo.ui.radio(["half-maps", "pure noise"], value="half-maps", inline=True, label="of:")
    mo.hstack([tight, edge, what], justify="start", gap=3)
    return edge, tight, what


@app.cell
def _(standard):
    def of_noise(seed):
        return Volume(torch.randn(SIZE, SIZE, SIZE, generator=torch.Generator().manual_seed(seed)), PIXEL)

    pairs = {"half-maps": [Volume(each, PIXEL) for each in standard.halves], "pure noise": [of_noise(1), of_noise(2)]}
    return (pairs,)


@app.cell
def _(edge, pairs, tight, what):
    _mask = soft_disc((SIZE,) * 3, tight.value, edge.value)
    _curves = fsc_curves(*pairs[what.value], _mask, torch.Generator().manual_seed(5), repeats=1)
    _mean = (pairs[what.value][0].values + pairs[what.value][1].values) * _mask
    show(
        Figure(
            name="mask", title="The mask", height=3.1, columns=2,
            caption="Wide and soft: masked and corrected lie together, and the orange curve of random phases on zero. Small and sharp: the masked curve rises over noise itself, "
            "and the orange one with it; the corrected curve takes that share away, at the price of wild swings, since few independent numbers are left.",
            panels=(section(_mean, f"under the mask ({100 * float(_mask.mean()):.0f} % of the box)"),
                    curve_panel([(_curves.unmasked, "muted", "dashed", "no mask"), (_curves.masked, "sky", "solid", "masked"),
                                 (_curves.phase_randomised, "orange", "dotted", "phases randomised"), (_curves.corrected, "blue", "solid", "corrected")], weight=1.7)),
        )
    )  # fmt: skip
    return


@app.cell
def _(pairs):
    _small = soft_disc((SIZE,) * 3, 6, 0)
    _curves = [fsc_curves(*pairs["pure noise"], mask, torch.Generator().manual_seed(5), repeats=1) for mask in (_small, soft_disc((SIZE,) * 3, 20, 6))]
    _spread = [float(each.masked[6:LAST].square().mean().sqrt()) for each in _curves]
    _numbers = [float(each.samples[12]) for each in _curves]
    mo.vstack([
        claim(f"Beyond shell 6 the correlations of two cubes of pure noise scatter by {_spread[0]:.2f} under a sharp ball of 6 voxels, by {_spread[1]:.2f} under a soft one of 20: "
              f"shell 12 holds {_numbers[0]:.0f} independent numbers under the one and {_numbers[1]:.0f} under the other (1/√n: {_numbers[0] ** -0.5:.2f} and {_numbers[1] ** -0.5:.2f}).",
              _spread[0] > 1.3 * _spread[1] and _numbers[1] > 8 * _numbers[0]),
        mo.md("How would you know that your mask works? The curve of randomised phases is near 0 where the corrected curve crosses the line, and the resolution stays the same when the mask is "
              "made a little wider or tighter. `vitreous postprocess` does both and says so (*mask sweep*)."),
    ])  # fmt: skip
    return


@app.cell
def _():
    corrected_bench = bench(CORRECTED)
    mo.vstack([prompt_of(CORRECTED), corrected_bench, help_of(CORRECTED)])
    return (corrected_bench,)


@app.cell
def _(corrected_bench):
    verdict(CORRECTED, corrected_bench.value)
    return


@app.cell
def _():
    mo.md(r"""
    ### Einstein from noise: agreement that was put there

    The FSC believes that the halves are *independent*. Watch what happens when they are not. Below, images of pure noise, not a particle among
    them, are each moved to where they fit a picture best (here the letter Å), and averaged.
    """)
    return


@app.cell
def _():
    many = mo.ui.slider(steps=[4, 16, 64, 256, 1024], value=16, show_value=True, label="images of noise")
    many
    return (many,)


@app.cell
def _():
    def letter(side=32):
        """The sign of the ångström, drawn with three strokes and a ring."""
        y, x = np.indices((side, side)) * 1.0
        x, y = x - side / 2 + 0.5, y - 3.0
        legs = np.minimum(np.abs(x - (18 - y) * 0.45), np.abs(x + (18 - y) * 0.45)) < 1.3
        drawn = (legs & (y >= 0) & (y <= 18.5)) | ((np.abs(y - 6) < 1.1) & (np.abs(x) < 5.5)) | (np.abs(np.hypot(x, y - 22.5) - 3.2) < 1.1)
        return torch.from_numpy(drawn.astype(float))

    angstrom = letter()
    counts = (4, 16, 64, 256, 1024)
    drawn = {count: from_noise(angstrom, [count], torch.Generator().manual_seed(7)) for count in counts}
    return angstrom, counts, drawn


@app.cell
def _(angstrom, counts, drawn, many):
    _x = np.log2(counts)
    _of = {name: [float(getattr(drawn[n], name)[0]) for n in counts] for name in ("correlation", "expected", "shared", "apart")}
    _ticks = tuple((float(at), str(n)) for at, n in zip(_x, counts))
    _box = (0, 32, 0, 32)
    _one = torch.randn(32, 32, generator=torch.Generator().manual_seed(7)).numpy()
    show(
        Figure(
            name="einstein", title="Å from noise", height=2.7, columns=4,
            caption="The letter appears in nothing: it was put there by the choice of where to move each image. Two halves aligned to one picture agree (orange): an FSC between them is "
            "worthless. Two halves that each began from a start of their own do not (green): that is the gold standard.",
            panels=(Panel(title="aligned to this", equal=True, marks=(Picture(values=angstrom.numpy(), extent=_box),)),
                    Panel(title="one image", equal=True, marks=(Picture(values=_one, extent=_box),)),
                    Panel(title=f"average of {many.value}", equal=True, marks=(Picture(values=drawn[many.value].average.numpy(), extent=_box),)),
                    Panel(weight=1.7, legend="upper left", x=Axis("Images of noise", PURE, ticks=_ticks), y=Axis("Correlation", PURE, limits=(-0.15, 1.05)), marks=(
                        Line(x=_x, y=_of["expected"], colour="muted", style="dashed", label="m √N law"),
                        Line(x=_x, y=_of["correlation"], points=5, label="with the picture"),
                        Line(x=_x, y=_of["shared"], colour="orange", points=5, label="halves, one picture"),
                        Line(x=_x, y=_of["apart"], colour="green", points=5, label="halves, apart"),
                        Rule(at=math.log2(many.value), style="dotted")))),
        )
    )  # fmt: skip
    return


@app.cell
def _(drawn):
    _all = drawn[1024]
    mo.vstack([
        steps(
            ("How good is the best place?", r"A noise image of D pixels has, at each of M places, a score that is a normal deviate. The largest of M of them is m ≈ √(2 ln M): 3.3 for 1024 places."),
            ("What the average keeps", r"Along the picture each moved image has m on average; along each of the D − 1 other directions 0 with variance 1, 1/N in the mean. Hence "
             r"$$\mathrm{corr}(N) = \frac{m\sqrt N}{\sqrt{m^2 N + D - 1}},$$ which grows as √N from nothing towards 1 (Henderson 2013). More images make it *worse*."),
            ("Where it happens", "Picking with templates, aligning to a reference finer than the data support, 2-D classes of ice. The remedy is in the workflow: halves apart from the first step, and a reference low-passed to where "
             "the halves agree. `vitreous controls` puts noise in the place of your particles and shows what it becomes."),
        ),
        claim(f"1024 images of noise average to the letter with a correlation of {float(_all.correlation[0]):.2f} (the law: {float(_all.expected[0]):.2f}). Halves aligned to one letter correlate by "
              f"{float(_all.shared[0]):.2f}, halves apart by {float(_all.apart[0]):.2f}.",
              abs(float(_all.correlation[0] - _all.expected[0])) < 0.03 and float(_all.shared[0]) > 0.7 and abs(float(_all.apart[0])) < 0.15),
    ])  # fmt: skip
    return


@app.cell
def _():
    question("Q92")
    return


@app.cell
def _():
    mo.md(r"""
    A paper gives a formula, you cannot follow it, and the program prints a result that rests on it. **Make numbers dance**: draw random data for
    which you know the answer, and see whether the formula says what happens. An example from the study group's own slides. How uncertain is
    an FSC value of n independent numbers? Printed, it is $(1 - F^4)/n$. Two thousand experiments at each of nine signal-to-noise ratios say otherwise:
    """)
    return


@app.cell
def _():
    _n, _times = 100, 2000
    _draw = np.random.default_rng(5)
    _signal = _draw.normal(size=_n)
    _signal /= np.sqrt((_signal**2).mean())
    _s = np.array([0, 0.1, 0.25, 0.5, 1, 2, 4, 9, 19.0])
    _mean, _var = [], []
    for _each in _s:
        _a, _b = np.sqrt(_each) * _signal + _draw.normal(size=(2, _times, _n))
        _fsc = (_a * _b).sum(1) / np.sqrt((_a**2).sum(1) * (_b**2).sum(1))
        _mean.append(_fsc.mean())
        _var.append(_fsc.var() * _n)
    danced = dict(zip(_s.tolist(), zip(_mean, _var)))
    _f = torch.linspace(0, 0.99, 100, dtype=torch.float64)
    _one = torch.ones_like(_f)
    show(
        Figure(
            name="variance", title="A printed formula on trial", height=3.0, columns=1,
            caption="Dots are experiments. The printed curve takes numerator and denominator of the FSC for independent; but when noise happens to raise the one it raises the other as well, and "
            "most of the error cancels. Error bars drawn with it would be 1.5 to 3 times too long.",
            panels=(Panel(legend="upper right", x=Axis("FSC", PURE, limits=(-0.03, 1)), y=Axis("Variance × n", PURE, limits=(0, 1.2)), marks=(
                Line(x=_f.numpy(), y=as_printed.fsc_variance(_f, _one).numpy(), colour="orange", style="dashed", label="printed: 1 − F⁴"),
                Line(x=_f.numpy(), y=variance(_f, _one).numpy(), label="(1 − F)² (1 + 2F − F²)"),
                Scatter(x=_mean, y=_var, colour="ink", size=26, opacity=1.0, label="experiments"))),),
        )
    )  # fmt: skip
    return (danced,)


@app.cell
def _(danced):
    def at(s):
        mean = torch.tensor([s / (1 + s)], dtype=torch.float64)
        one = torch.ones(1, dtype=torch.float64)
        return danced[s][1], float(variance(mean, one)), float(as_printed.fsc_variance(mean, one))

    _draw = torch.Generator().manual_seed(4)
    _noise = [torch.view_as_complex(torch.randn(200000, 2, generator=_draw, dtype=torch.float64)) for _ in range(2)]
    _weight = sum(each.abs() for each in _noise)
    _dpr = math.degrees(math.sqrt(float((_weight * torch.angle(_noise[0] * _noise[1].conj()) ** 2).sum() / _weight.sum())))
    mo.vstack([
        claim(f"At FSC 0.5, n times the variance is {at(1.0)[0]:.2f} in the experiments, {at(1.0)[1]:.2f} by Vitreous' formula and {at(1.0)[2]:.2f} as printed; at 0.8 it is "
              f"{at(4.0)[0]:.3f}, {at(4.0)[1]:.3f} and {at(4.0)[2]:.2f}.",
              all(abs(at(s)[0] / at(s)[1] - 1) < 0.15 and at(s)[2] > 1.8 * at(s)[0] for s in (1.0, 4.0))),
        claim(f"The same trick settles what noise gives as a differential phase residual: not 90° but {_dpr:.1f}° in an experiment, and {math.degrees(expected_dpr(0.0)):.1f}° = 180°/√3 by the formula.",
              abs(_dpr - math.degrees(expected_dpr(0.0))) < 0.5),
        mo.md("The slides end with: *do not trust everything that is written in papers, even mine*. Here is a result whose algorithm you can now write yourself: take the `corrected` curve that "
              "`vitreous postprocess` prints, and derive the line of code that made it (exercise above)."),
    ])  # fmt: skip
    return


@app.cell
def _():
    mo.md(r"""
    ### After the number: the B factor

    Two maps of equal FSC can look utterly different. What you *see* is amplitude, and amplitude falls with k: atoms move, particles are
    misaligned, detectors blur. Near enough it falls as a Gaussian, $e^{-Bk^2/4}$, a straight line in a plot of ln amplitude against k² (the
    Guinier plot). Sharpening lifts it again; too much lifts the noise.
    """)
    return


@app.cell
def _():
    planted = mo.ui.slider(0, 600, 50, value=int(round(start("b_factor", 400.0, 0, 600) / 50) * 50), show_value=True, label="B of the data (Å²)")
    undone = mo.ui.slider(0, 1500, 50, value=300, show_value=True, label="sharpened by (Å²)")
    mo.hstack([planted, undone], justify="start", gap=3)
    return planted, undone


@app.cell
def _():
    noise = torch.randn(SIZE, SIZE, SIZE, generator=torch.Generator().manual_seed(8)) * 0.006
    squared = frequency_squared((SIZE,) * 3, PIXEL)

    def amplitude(values):
        """ln of the root mean square amplitude by shell."""
        return 0.5 * shell_average(rfftn(values).abs() ** 2, values.shape).log().numpy()[:LAST]

    def worn(b_factor):
        """The specimen with its amplitudes fallen by B, and noise."""
        return apply(bench_specimen().values, b_envelope(squared, b_factor).float(), axes=3) + noise

    return amplitude, noise, squared, worn


@app.cell
def _(amplitude, noise, planted, undone, worn):
    _map = worn(planted.value)
    _halves_fsc = map_correlation(_map, bench_specimen().values).clamp(0, 1) ** 2
    _fsc = _halves_fsc / (2 - _halves_fsc)
    _sharp = sharpen(Volume(_map, PIXEL), _fsc, 9.5, float(undone.value)).values
    _k2 = K[2:] ** 2
    _lift = undone.value / 4 * _k2
    show(
        Figure(
            name="guinier", title="Sharpening", height=3.0, columns=3,
            caption="Sharpen until the slope of the signal is that of the specimen itself (green): detail appears that was there all along. Go on: the section turns to speckle, since at the fine end the line is noise, "
            "and noise is lifted as well. Weighting by the FSC keeps its worst away.",
            panels=(section(_map, "as it came"), section(_sharp, f"sharpened by {undone.value} Å²"),
                    Panel(title="Guinier plot", weight=1.35, legend="upper right", x=Axis("k²", "Å⁻²", limits=(0, NYQUIST**2)), y=Axis("ln amplitude", PURE), marks=(
                        Line(x=_k2, y=amplitude(bench_specimen().values)[2:], colour="green", style="dashed", label="specimen"),
                        Line(x=_k2, y=amplitude(noise)[2:] + _lift, colour="orange", style="dotted", label="noise"),
                        Line(x=_k2, y=amplitude(_map)[2:] + _lift, label="map")))),
        )
    )  # fmt: skip
    return


@app.cell
def _(amplitude, noise, squared, worn):
    _flat = apply(noise, b_envelope(squared, 200.0).float(), axes=3)
    _slope = -4 * np.polyfit(K[3:20] ** 2, (amplitude(_flat) - amplitude(noise))[3:20], 1)[0]
    _more = math.exp(100 / 2 * (1 / 3**2 - 1 / 4**2))
    _shrunk = float(map_correlation(worn(400.0), bench_specimen().values)[16]), float(map_correlation(worn(0.0), bench_specimen().values)[16])
    mo.vstack([
        claim(f"B = 200 Å² planted, the slope of the Guinier plot gives −B/4: read back, {_slope:.0f} Å².", abs(_slope - 200) < 4),
        claim(f"A B factor costs resolution, not only looks: with the same noise the map correlates with the truth in shell 16 by {_shrunk[1]:.2f} without and {_shrunk[0]:.2f} with B = 400 Å².", _shrunk[0] < _shrunk[1] - 0.1),
        steps(
            ("Two conventions", r"Sharpening and crystallography write $e^{-Bk^2/4}$ with $B = 8\pi^2\langle u^2\rangle$ (u the shift along one direction). The slides' thermal factor is $e^{-Bk^2}$ with $B = 2\pi^2\sigma^2$: four times smaller for the same motion. Always say which."),
            ("Why N grows so fast", r"The signal's power falls as $e^{-Bk^2/2}$, and N particles raise the SNR N-fold. To hold the SNR at d: $N \propto e^{B/2d^2}$, so ln N against 1/d² is a line of slope B/2 (Rosenthal & Henderson 2003). "
             f"With B = 100 Å², from 4 to 3 Å takes {_more:.0f} times the particles. `vitreous reslog` draws that line for your data."),
        ),
    ])  # fmt: skip
    return


@app.cell
def _():
    question("Q94")
    return


@app.cell
def _():
    mo.md(r"""
    Power users do not know more parameters; they ask of every plot *what else could make it look so?* Here are six curves as they turn up in
    threads, all made on this page. Say what is behind each, then read how a power user would have asked.
    """)
    return


@app.cell
def _(pairs, squared):
    def plots():
        """Six pairs of half-maps and what was done to them."""
        draw = torch.Generator().manual_seed(21)
        clean = apply(bench_specimen().values, b_envelope(squared, 400.0).float(), axes=3)
        first, second, common = torch.randn(3, SIZE, SIZE, SIZE, generator=draw) * 0.012
        a, b = clean + first, clean + second
        few = soft_disc((SIZE,) * 3, 6, 0)
        wrong = reconstruct_case(Faults(particles=600, snr=0.2, transfer="one defocus"))
        lying = reconstruct_case(Faults(particles=600, snr=0.2, cone_deg=20.0))
        return {
            "1": ("a sound map", map_correlation(a, b)),
            "2": ("the same particles stand in both halves", map_correlation(a + common, b + common)),
            "3": ("too sharp a mask, nothing corrected", fsc_curves(*pairs["half-maps"], few, draw, repeats=1).masked),
            "4": ("all images were taken at one defocus", wrong.fsc),
            "5": ("a low-pass filter was left on", _ended(a, b)),
            "6": ("hardly any views but from the top", lying.fsc),
        }

    def _ended(a, b):
        cut = (frequency_squared((SIZE,) * 3, PIXEL).sqrt() * BOX < 11.5).float()
        found = map_correlation(apply(a, cut, axes=3), apply(b, cut, axes=3))
        return torch.where(torch.arange(len(found)) < 12, found, 0.0)

    stories = plots()
    return (stories,)


@app.cell
def _(stories):
    plot = mo.ui.radio(list(stories), value="1", inline=True, label="plot")
    story = mo.ui.dropdown(sorted(name for name, _ in stories.values()), label="what is behind it?")
    mo.hstack([plot, story], justify="start", gap=3)
    return plot, story


@app.cell
def _(plot, stories, story):
    _name, _curve = stories[plot.value]
    _asked = {
        "a sound map": "It stays near 1, falls once, and stays near 0. Dull is good.",
        "the same particles stand in both halves": "*Why does it not go to zero?* A plateau out to Nyquist is agreement of noise: duplicates picked twice, overlapping boxes, or halves that were refined together once. Remove duplicates, split again, refine anew.",
        "too sharp a mask, nothing corrected": "*What does the curve of randomised phases do?* A masked curve that wanders high and swings about has few independent numbers under it. Soften, widen, correct.",
        "all images were taken at one defocus": "*Why does it dip and come back?* There are zeros of the CTF that no other defocus fills. Collect over a range; nothing to do with alignment.",
        "a low-pass filter was left on": "*Why does it fall off a cliff?* Curves of data bend; curves that drop to 0 within one shell were cut by somebody. Give unfiltered halves.",
        "hardly any views but from the top": "*This one looks better than it is.* The halves lack the same views and agree on everything else. No global curve shows it: plot the directions, look along z, run `vitreous directions`.",
    }  # fmt: skip
    if story.value is None:
        _said = mo.md("*Choose what is behind this plot.*")
    elif story.value == _name:
        _said = mo.callout(mo.md(f"**Yes.** {_asked[_name]}"), kind="success")
    else:
        _said = mo.callout(mo.md("**Look again.** Does it fall once? Does it end near 0? Does it dip and come back? Is it smoother, or better, than such data deserve?"), kind="warn")
    mo.vstack([
        show(Figure(name="story", title="A plot from a thread", height=2.9, columns=1, caption="Ask: where does it begin to fall, how often, how steeply, and where does it end?",
                    panels=(curve_panel([(_curve, "blue", "solid", "FSC")], f"plot {plot.value}", legend="none"),))),
        _said,
    ])  # fmt: skip
    return


@app.cell
def _(stories):
    _far = {key: float(curve[18:23].mean()) for key, (_, curve) in stories.items()}
    _fsc = stories["4"][1]
    _dip = int(_fsc[8:16].argmin()) + 8
    mo.vstack([
        claim(f"Shared noise shows as a plateau: beyond 12 Å plot 2 stays at {_far['2']:.2f} where the sound one is at {_far['1']:.2f}.", _far["2"] > _far["1"] + 0.2),
        claim(f"The dip of plot 4 is real: {float(_fsc[_dip]):.2f} in shell {_dip}, and {float(_fsc[_dip + 1:_dip + 5].max()):.2f} after it.", float(_fsc[_dip + 1 : _dip + 5].max()) > float(_fsc[_dip]) + 0.1),
        mo.md(r"""
    **In Vitreous.** `vitreous fsc HALF1 HALF2` draws the curve with its interval; `vitreous postprocess` finds the mask, corrects for it, sweeps it, fits B and weights by the FSC;
    `vitreous local-resolution` asks the same question at each place, `vitreous directions` in each direction, and `vitreous controls` of noise put in the place of your particles. The theory is in docs/resolution.md.
    """),
    ])  # fmt: skip
    return


@app.cell
def _():
    closing("resolution")
    return


if __name__ == "__main__":
    app.run()
