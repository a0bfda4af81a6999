import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="The Fourier transform, by computer")


@app.cell
def _():
    import os
    import tempfile
    import time

    import marimo as mo
    import numpy as np
    import torch

    from vitreous.learning.exercise import bench, help_of, prompt_of, verdict
    from vitreous.learning.exercises.fourier import DFT, FAST_SIZE
    from vitreous.learning.page import claim, closing, opening, question, show, start, steps
    from vitreous.learning.sampled import places, transform
    from vitreous.numerics.disc import disc
    from vitreous.numerics.filters import soft_disc
    from vitreous.numerics.fourier import centred_rfft2, fft1, fft2, good_size, rfft2, rfftn, to_centre
    from vitreous.numerics.rotations import random_rotations
    from vitreous.numerics.slices import half_ball, slices
    from vitreous.simulate.specimens import project_atoms, specimen
    from vitreous.views.figure import PURE, Axis, Figure, Panel
    from vitreous.views.marks import Line, Picture, RowBars, Rule, Scatter
    from vitreous.views.pictures import scale_bar

    return (
        Axis, DFT, FAST_SIZE, Figure, Line, PURE, Panel, Picture, RowBars, Rule, Scatter, bench, centred_rfft2, claim, closing, disc, fft1,
        fft2, good_size, half_ball, help_of, mo, np, opening, os, places, project_atoms, prompt_of, question, random_rotations, rfft2, rfftn,
        scale_bar, show, slices, soft_disc, specimen, start, steps, tempfile, time, to_centre, torch, transform, verdict,
    )  # fmt: skip


@app.cell
def _(opening):
    opening("fourier-sharpen")
    return


@app.cell
def _(mo):
    mo.md(r"""
    ## Three transforms that share a name

    | | signal | frequencies | formula |
    |:---|:---|:---|:---|
    | the Fourier **transform** | a function on the whole line | all | $F(u)=\int f(x)\,e^{-2\pi iux}\,dx$ |
    | the **discrete** transform, DFT | N numbers | N bins | $F_k=\sum_{n=0}^{N-1} f_n\,e^{-2\pi i\,kn/N}$ |
    | the **fast** one, FFT | the same N numbers | the same N bins | the same sums, in $N\log N$ steps instead of $N^2$ |

    The first belongs to the physics, the second to the file on your disk; the third is a way of computing the second, and adds nothing but rounding.
    Two errors lie between them, and they have nothing to do with each other: that of **sampling** (first to second) and that of
    **arithmetic** (second to third). We take them apart.
    """)
    return


@app.cell
def _(steps):
    steps(
        ("From the integral to the sum", r"""
Sample f every $\Delta$, from $-L/2$ to $L/2$, $N = L/\Delta$ samples. The integral at $u_k = k/L$ becomes

$$F(k/L)\approx \Delta\sum_n f(x_n)\,e^{-2\pi i\,k x_n/L},\qquad x_n=(n-\lfloor N/2\rfloor)\,\Delta.$$

With $x_n/L = (n-\lfloor N/2\rfloor)/N$ that is Δ times a DFT, but for where the origin lies: a plain DFT has x = 0 at the *first* sample. The factor
$e^{2\pi i k\lfloor N/2\rfloor/N}$ between the two, ±1 in turn for even N, is what `fftshift` and `ifftshift` take care of. Forgotten, every
second coefficient changes sign. In Vitreous the functions called `centred_…` take the middle for the origin."""),
        ("What sampling does", r"""
To sample is to multiply with a comb of spikes; its transform is a comb too, $1/\Delta$ apart, with which F is convolved (next lesson). So the sum is not F but
all its copies on top of each other (Poisson's summation formula):

$$\Delta\sum_n f(n\Delta)\,e^{-2\pi iun\Delta}=\sum_{m=-\infty}^{\infty}F\!\left(u+\frac m\Delta\right).$$

This is **exact**. The error of sampling is the sum of all copies but m = 0: what f holds beyond Nyquist, folded back. It is small if F falls fast."""),
        ("What a finite box does", r"""
Cutting f off at ±L/2 multiplies it with a box, and F is convolved with $L\,\mathrm{sinc}(uL)$, as wide as one bin. Nothing is lost if f is next to
zero there. A wave that does not fit a whole number of times leaks into all bins."""),
        ("Why the FFT is fast (N even)", r"""
Sort even and odd samples, and both halves are DFTs of half the length:

$$F_k=\underbrace{\sum_n f_{2n}e^{-2\pi ikn/(N/2)}}_{E_k}+e^{-2\pi ik/N}\underbrace{\sum_n f_{2n+1}e^{-2\pi ikn/(N/2)}}_{O_k},\qquad F_{k+N/2}=E_k-e^{-2\pi ik/N}O_k.$$

Work: $T(N)=2\,T(N/2)+cN$, hence $cN\log_2N$. A length with factors 3 and 5 splits into thirds and fifths. A prime does not split at
all, and needs a detour (Rader, Bluestein) that costs several times as much. (Cooley & Tukey 1965; Gauss had it in 1805.)"""),
    )  # fmt: skip
    return


@app.cell
def _(question):
    question("Q09")
    return


@app.cell
def _(DFT, bench, help_of, mo, prompt_of):
    dft_bench = bench(DFT)
    mo.vstack([prompt_of(DFT), dft_bench, help_of(DFT)])
    return (dft_bench,)


@app.cell
def _(DFT, dft_bench, verdict):
    verdict(DFT, dft_bench.value)
    return


@app.cell
def _(mo):
    mo.md(r"""
    ### The first error: sampling

    Choose a function whose transform is known on paper, how finely to sample it and how long. Then the error can be *measured*: DFT minus truth.
    """)
    return


@app.cell
def _(mo):
    sampled = mo.ui.dropdown(options=["bell exp(−πx²)", "decay exp(−x), x > 0", "cosine of 2.5 Å"], value="bell exp(−πx²)", label="Function")
    spacing = mo.ui.slider(0.1, 1.0, 0.05, value=0.5, show_value=True, label="Sampling Δ (Å)")
    extent = mo.ui.slider(2.0, 20.0, 0.5, value=8.0, show_value=True, label="Length L (Å)")
    mo.hstack([sampled, spacing, extent], justify="start", gap=2)
    return extent, sampled, spacing


@app.cell
def _(np):
    def on_paper(name, x, u, length):
        """Samples of a function and its transform in closed form."""
        if name.startswith("bell"):
            return np.exp(-np.pi * x**2), np.exp(-np.pi * u**2) + 0j
        if name.startswith("decay"):
            return np.where(x > 0, np.exp(-np.maximum(x, 0)), 0.5 * (x == 0)), 1 / (1 + 2j * np.pi * u)
        return np.cos(0.8 * np.pi * x), 0.5 * length * (np.sinc((u - 0.4) * length) + np.sinc((u + 0.4) * length)) + 0j

    return (on_paper,)


@app.cell
def _(Axis, Figure, Line, PURE, Panel, Scatter, extent, np, on_paper, places, sampled, show, spacing, transform):
    _n = max(4, round(extent.value / spacing.value))
    _x = places(_n, spacing.value)
    _u, _found = transform(on_paper(sampled.value, _x, 0.0, 1.0)[0], spacing.value)
    _fine_x, _fine_u = np.linspace(-10, 10, 801), np.linspace(-3, 3, 601)
    _curve, _ = on_paper(sampled.value, _fine_x, 0.0, 1.0)
    _, _truth = on_paper(sampled.value, 0.0, _fine_u, _n * spacing.value)
    _, _at_bins = on_paper(sampled.value, 0.0, _u, _n * spacing.value)
    _error = np.maximum(np.abs(_found - _at_bins), 1e-17)
    _nyquist = 0.5 / spacing.value
    _seen = np.abs(_u) <= 3
    show(
        Figure(
            name="sampling", title="Sampling", height=3.2, columns=3,
            caption=f"{_n} samples. Left: the function and its samples. Middle: |F| on paper (line) and Δ·|DFT| (dots), which ends at Nyquist, {_nyquist:.2f} Å⁻¹. Right: their difference. "
            "Look for how fast the bell's error falls as Δ shrinks (faster than any power) and how slowly the decay's (its jump has detail at every frequency). "
            "Make the cosine fit (L = 7.5 or 10) or not (L = 8.5) and see it leak.",
            panels=(
                Panel(title="Function", legend="none", marks=(Line(x=_fine_x, y=_curve, colour="muted", width=1.1), Scatter(x=_x, y=on_paper(sampled.value, _x, 0.0, 1.0)[0], size=18)),
                      x=Axis("Place x", "Å", limits=(-10, 10)), y=Axis("f", PURE, limits=(-1.15, 1.15))),
                Panel(title="Transform", marks=(Line(x=_fine_u, y=np.abs(_truth), colour="orange", label="on paper"), Scatter(x=_u[_seen], y=np.abs(_found[_seen]), size=18, label="Δ · DFT")),
                      x=Axis("Frequency u", "Å⁻¹", limits=(-3, 3)), y=Axis("|F|", "Å", limits=(0, None)), legend="upper right"),
                Panel(title="Error", legend="none", marks=(Line(x=_u[_seen], y=_error[_seen], colour="red", points=3.5, width=1.0),),
                      x=Axis("Frequency u", "Å⁻¹", limits=(-3, 3)), y=Axis("|Δ · DFT − F|", "Å", scale="log", limits=(1e-17, 10))),
            ),
        )
    )  # fmt: skip
    return


@app.cell
def _(claim, mo, np, places, transform):
    _u, _found = transform(np.exp(-np.pi * places(40, 0.5) ** 2), 0.5)
    _folded = sum(np.exp(-np.pi * (_u + m / 0.5) ** 2) for m in range(-5, 6))
    _worst = np.abs(_found - np.exp(-np.pi * _u**2)).max()
    _rest = np.abs(_found - _folded).max()
    _cosine = [np.abs(transform(np.cos(0.8 * np.pi * places(round(length / 0.5), 0.5)), 0.5)[1]) for length in (10, 8.5)]
    _filled = [int((each > 1e-3 * each.max()).sum()) for each in _cosine]
    mo.vstack([
        claim(f"The bell sampled every 0.5 Å: the DFT is off by up to {_worst:.3f}, at Nyquist, where two copies meet and it comes out twice too high.", abs(_worst - np.exp(-np.pi)) < 1e-9),
        claim(f"Add the copies of F, as Poisson's formula says, and {_rest:.0e} is left. So the error was all folding, none of it arithmetic.", _rest < 1e-14),
        claim(f"A cosine that fits its box fills {_filled[0]} bins; in a box half a wave off it fills all {_filled[1]}.", _filled[0] == 2 and _filled[1] == 17),
    ])  # fmt: skip
    return


@app.cell
def _(mo):
    mo.md(r"""
    ### The second error: arithmetic

    Now hold the DFT against an *exact* DFT (worked in higher precision), so that sampling has no part in it. Float64 keeps 16 digits, float32
    seven. One thing will surprise you: the direct sum is **worse** than the FFT, and gets worse the longer it is. Not because it adds more terms,
    but because of its angles: $2\pi kn/N$ grows to thousands of turns, and only the part of a turn that is left over matters. Keep
    $kn \bmod N$ instead, whole numbers and exact, and most of the error is gone.
    """)
    return


@app.cell
def _(fft1, np, torch):
    def waves_of(size, kind, *, reduced):
        """The matrix of a DFT in one precision, the product kn kept within one turn or not."""
        product = np.outer(np.arange(size), np.arange(size))
        turns = (product % size if reduced else product).astype(kind) / kind(size)
        return np.cos(kind(2 * np.pi) * turns) - 1j * np.sin(kind(2 * np.pi) * turns)

    def exact(values):
        """The DFT from a table of cosines and sines in extended precision."""
        n = np.arange(len(values))
        turn = 8 * np.arctan(np.longdouble(1)) * n.astype(np.longdouble) / len(values)
        return ((np.cos(turn) - 1j * np.sin(turn))[np.outer(n, n) % len(values)] * values).sum(1)

    lengths = 2 ** np.arange(3, 10)
    errors = {name: [] for name in ("direct, plain angles", "direct, kn mod N", "FFT")}
    errors32 = {name: [] for name in errors}
    _chance = np.random.default_rng(0)
    for _size in lengths:
        _values = _chance.normal(size=_size) + 1j * _chance.normal(size=_size)
        for _kind, _table in ((np.float64, errors), (np.float32, errors32)):
            _given = _values.astype(np.complex128 if _kind is np.float64 else np.complex64)
            _truth = exact(_given)
            _tries = (waves_of(_size, _kind, reduced=False) @ _given, waves_of(_size, _kind, reduced=True) @ _given, fft1(torch.from_numpy(_given)).numpy())
            for _name, _each in zip(_table, _tries):
                _table[_name].append(float(np.sqrt((np.abs(_each - _truth) ** 2).sum() / (np.abs(_truth) ** 2).sum())))
    return errors, errors32, lengths


@app.cell
def _(Axis, Figure, Line, PURE, Panel, errors, errors32, lengths, np, show):
    _styles = (("red", "dashed"), ("orange", "solid"), ("blue", "solid"))

    def _panel(title, table, epsilon, low, high):
        drawn = tuple(Line(x=lengths, y=table[name], colour=colour, style=style, points=4.0, label=name) for name, (colour, style) in zip(table, _styles))
        growth = Line(x=lengths, y=0.35 * epsilon * np.sqrt(np.log2(lengths)), colour="muted", style="dotted", label="~ ε √log₂N")
        return Panel(title=title, marks=(*drawn, growth), x=Axis("Length N", PURE, scale="log"), y=Axis("Relative error", PURE, scale="log", limits=(low, high)), legend="upper left")  # fmt: skip

    show(
        Figure(
            name="rounding", title="Rounding", height=3.3, columns=2,
            caption="Error of the transform of N random numbers, relative to its root mean square. Look at the slopes: the plain direct sum loses a digit for every tenfold N; the FFT, with "
            "log N steps instead of N, hardly grows at all. Fast and accurate go together here.",
            panels=(_panel("float64, ε = 2.2e−16", errors, 2.2e-16, 3e-17, 1e-11), _panel("float32, ε = 1.2e−7", errors32, 1.2e-7, 1e-8, 3e-3)),
        )
    )  # fmt: skip
    return


@app.cell
def _(claim, errors, errors32, mo):
    mo.vstack([
        claim(f"At N = 512 in float64 the FFT is wrong by {errors['FFT'][-1]:.1e}, the plain direct sum by {errors['direct, plain angles'][-1]:.1e}: over a hundred times more.",
              errors["FFT"][-1] < 1e-15 and errors["direct, plain angles"][-1] > 100 * errors["FFT"][-1]),
        claim(f"In float32, which Vitreous uses for images, the FFT is wrong by {errors32['FFT'][-1]:.1e}. An image with a signal-to-noise ratio of 1/100 does not notice.", errors32["FFT"][-1] < 1e-6),
    ])  # fmt: skip
    return


@app.cell
def _(mo):
    mo.md(r"""
    ### How much faster?

    A direct DFT takes $N^2$ complex multiply-adds, 8 operations each; an FFT about $5N\log_2N$ operations. So the limit of the speed-up is $8N/(5\log_2N)$. The
    curves below are measured on *this* machine, as this page opened.
    """)
    return


@app.cell
def _(mo, time):
    def seconds(task, budget=0.02):
        """Fastest of the tries that ``budget`` seconds allow, three at least: what disturbs a measurement only ever makes it longer."""
        task()
        taken = []
        while len(taken) < 3 or sum(taken) < budget:
            began = time.perf_counter()
            task()
            taken.append(time.perf_counter() - began)
        return min(taken)

    again = mo.ui.run_button(label="Measure again")
    again
    return again, seconds


@app.cell
def _(again, fft1, np, seconds, torch):
    _ = again.value
    tried = 2 ** np.arange(4, 12)
    direct_times, fft_times = [], []
    for _size in tried:
        _n = torch.arange(int(_size))
        _waves = torch.exp(-2j * torch.pi * (torch.outer(_n, _n) % int(_size)).double() / int(_size))
        _values = torch.randn(int(_size), dtype=torch.complex128)
        direct_times.append(seconds(lambda waves=_waves, values=_values: waves @ values, 0.01))
        fft_times.append(seconds(lambda values=_values: fft1(values), 0.01))
    direct_times, fft_times = np.array(direct_times), np.array(fft_times)
    return direct_times, fft_times, tried


@app.cell
def _(Axis, Figure, Line, PURE, Panel, claim, direct_times, fft_times, mo, np, show, tried):
    _limit = 8 * tried / (5 * np.log2(tried))
    _gain = direct_times / fft_times
    mo.vstack([
        show(
            Figure(
                name="speed", title="Speed", height=3.2, columns=2,
                caption="Left: time of one transform, the matrix made beforehand. Right: how many times faster the FFT is, and the limit by counting operations. Look for two things: short transforms gain "
                "nothing, as calling the function takes longer than the sums; and the count of operations is no law. A matrix that fits the processor's cache is multiplied faster than an FFT can stride; one that "
                "does not (64 MB at N = 2048) waits for memory, and the measured gain may even pass the limit.",
                panels=(
                    Panel(title="Time", marks=(Line(x=tried, y=1e6 * direct_times, colour="red", style="dashed", points=4.0, label="direct"), Line(x=tried, y=1e6 * fft_times, points=4.0, label="FFT")),
                          x=Axis("Length N", PURE, scale="log"), y=Axis("Time", "µs", scale="log"), legend="upper left"),
                    Panel(title="Gain", marks=(Line(x=tried, y=_limit, colour="muted", style="dotted", label="8N / (5 log₂N)"), Line(x=tried, y=_gain, points=4.0, label="measured")),
                          x=Axis("Length N", PURE, scale="log"), y=Axis("Times faster", PURE, scale="log"), legend="upper left"),
                ),
            )
        ),
        claim("At N = 2048 the FFT is more than four times faster here, by whatever is measured.", _gain[-1] > 4),
    ])  # fmt: skip
    return


@app.cell
def _(question):
    question("Q10")
    return


@app.cell
def _(mo):
    mo.md(r"""
    A 3-D refinement does a handful of 3-D transforms an iteration, one 2-D transform a particle, reads every particle from disk, and takes
    *thousands of slices a particle* out of the map to compare it with. Which of them would you make faster? Guess before you look.
    """)
    return


@app.cell
def _(again, disc, half_ball, np, os, random_rotations, rfft2, rfftn, seconds, slices, tempfile, torch):
    _ = again.value
    per_value = {}
    for _n in (256, 512, 1024):
        _image = torch.randn(_n, _n)
        per_value[f"2-D FFT, {_n}²"] = seconds(lambda image=_image: rfft2(image), 0.04) / _n**2
    for _n in (32, 64, 128):
        _map = torch.randn(_n, _n, _n)
        per_value[f"3-D FFT, {_n}³"] = seconds(lambda values=_map: rfftn(values), 0.04) / _n**3
    _points = disc(64, 30)
    _ball = half_ball(torch.randn(64, 64, 64), 30)
    _views = random_rotations(32, torch.Generator().manual_seed(0))
    per_value["a slice, by interpolation"] = seconds(lambda: slices(_ball, _views, _points), 0.04) / (32 * len(_points))
    _content = np.random.default_rng(0).random(2**20, dtype=np.float32)
    with tempfile.NamedTemporaryFile() as _file:

        def _write():
            _file.seek(0)
            _file.write(_content.tobytes())
            _file.flush()
            os.fsync(_file.fileno())

        def _read():
            if hasattr(os, "posix_fadvise"):
                os.posix_fadvise(_file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            _file.seek(0)
            return np.frombuffer(_file.read(), np.float32)

        per_value["write to disk"] = seconds(_write) / _content.size
        per_value["read from disk"] = seconds(_read) / _content.size
    return (per_value,)


@app.cell
def _(Axis, Figure, PURE, Panel, RowBars, np, per_value, show):
    _nano = {name: 1e9 * each for name, each in per_value.items()}
    show(
        Figure(
            name="costs", title="Costs", height=3.4, columns=1,
            caption="Nanoseconds for one value (pixel, voxel, coefficient), measured on this machine as the page opened. Look for the kinds: transforms cost about the same a voxel whatever their "
            "size and dimension, a slice's coefficient costs eight neighbours and a good deal of waiting for memory, and a disk is as good as its hardware, and its neighbours, let it be.",
            panels=(
                Panel(marks=(RowBars(names=tuple(_nano), lengths=list(_nano.values()), notes=tuple(f"{each:.{1 if each < 10 else 0}f} ns" for each in _nano.values())),), legend="none",
                      x=Axis("Time for one value", "ns", limits=(0, 1.15 * max(_nano.values()))), y=Axis("Task", PURE)),
            ),
        )
    )  # fmt: skip
    return


@app.cell
def _(mo, start):
    particles = mo.ui.slider(1000, 1_000_000, 1000, value=int(start("particles", 100_000, 1000, 1_000_000)), show_value=True, label="Particles")
    box = mo.ui.slider(64, 512, 32, value=round(start("box", 256, 64, 512) / 32) * 32, show_value=True, label="Box (pixels)")
    orientations = mo.ui.slider(100, 5000, 100, value=1000, show_value=True, label="Slices compared, per particle")
    mo.hstack([particles, box, orientations], justify="start", gap=2)
    return box, orientations, particles


@app.cell
def _(Axis, Figure, PURE, Panel, RowBars, box, np, orientations, particles, per_value, show):
    _pixels = particles.value * box.value**2
    _coarse = (min(box.value, 64) // 2) ** 2 * np.pi / 2
    _hours = {
        "read every particle": _pixels * per_value["read from disk"] / 3600,
        "transform every particle": _pixels * per_value["2-D FFT, 512²"] / 3600,
        "transform the map, twice padded, 4 times": 4 * (2 * box.value) ** 3 * per_value["3-D FFT, 128³"] / 3600,
        "slices of the search, to shell 32": particles.value * orientations.value * _coarse * per_value["a slice, by interpolation"] / 3600,
    }
    show(
        Figure(
            name="iteration", title="One iteration", height=2.3, columns=1,
            caption="One iteration of a refinement on this machine, with the costs measured above. Look at what dominates: not the transforms. That is why search goes from coarse to fine and looks "
            "only near the last pose, why it stops at a low shell, why slices are shared by all particles, and why there are GPUs.",
            panels=(
                Panel(marks=(RowBars(names=tuple(_hours), lengths=list(_hours.values()), notes=tuple(f"{each:,.1f} h" if each > 0.1 else f"{60 * each:.2g} min" for each in _hours.values())),),
                      legend="none", x=Axis("Time", "h"), y=Axis("Task", PURE)),
            ),
        )
    )  # fmt: skip
    return


@app.cell
def _(question):
    question("Q11")
    return


@app.cell
def _(mo):
    mo.md(r"""
    ### Trouble 1: unlucky lengths
    An FFT of 521 samples is not "a bit slower than one of 512". Every dot is one length, measured here; good lengths have no factor but 2, 3 and 5.
    """)
    return


@app.cell
def _(again, fft1, good_size, np, seconds, torch):
    _ = again.value
    sizes = np.arange(480, 545)
    good = np.array([good_size(int(each), even=False) == each for each in sizes])
    size_times = np.array([seconds(lambda n=int(each): fft1(torch.ones(16, n, dtype=torch.complex64)), 0.004) for each in sizes]) / 16
    return good, size_times, sizes


@app.cell
def _(Axis, Figure, Line, PURE, Panel, Scatter, claim, good, good_size, mo, np, show, size_times, sizes):
    _found = [good_size(n) for n in (131, 257, 521)]
    mo.vstack([
        show(
            Figure(
                name="sizes", title="Lengths", height=2.9, columns=1,
                caption=f"Time of one transform. Good lengths (diamonds) take {1e6 * np.median(size_times[good]):.1f} µs here, the others {1e6 * np.median(size_times[~good]):.1f} µs at the median. Look at the "
                "primes, 487, 491, 499, 503, 509, 521, 523 and 541: padding to the next good length is nearly always cheaper.",
                panels=(
                    Panel(marks=(Line(x=sizes, y=1e6 * size_times, colour="muted", width=0.8, opacity=0.6), Scatter(x=sizes[~good], y=1e6 * size_times[~good], colour="red", label="other", size=16),
                                 Scatter(x=sizes[good], y=1e6 * size_times[good], symbol="diamond", size=42, opacity=1.0, label="only 2, 3, 5")),
                          x=Axis("Length N", PURE), y=Axis("Time", "µs", limits=(0, None)), legend="upper right"),
                ),
            )
        ),
        claim(f"Vitreous pads 131 to {_found[0]}, 257 to {_found[1]} and 521 to {_found[2]}.", _found == [144, 270, 540]),
    ])  # fmt: skip
    return


@app.cell
def _(FAST_SIZE, bench, help_of, mo, prompt_of):
    size_bench = bench(FAST_SIZE)
    mo.vstack([prompt_of(FAST_SIZE), size_bench, help_of(FAST_SIZE)])
    return (size_bench,)


@app.cell
def _(FAST_SIZE, size_bench, verdict):
    verdict(FAST_SIZE, size_bench.value)
    return


@app.cell
def _(mo):
    slope = mo.ui.slider(0.0, 10.0, 0.5, value=4.0, show_value=True, label="Ice wedge, left to right (s.d. of the noise)")
    taper = mo.ui.slider(0, 32, 2, value=0, show_value=True, label="Soft edge (pixels)")
    mo.vstack([
        mo.md(r"""
    ### Trouble 2: a transform takes the image for a tile
    The right edge continues at the left, the top at the bottom. If they do not fit there is a cliff, and a cliff has waves of all lengths, all
    across it: a cross in every FFT. Take the gradient away or let the edge fade softly.
    """),
        mo.hstack([slope, taper], justify="start", gap=3),
    ])  # fmt: skip
    return slope, taper


@app.cell
def _(np, project_atoms, specimen):
    ribosome = project_atoms(specimen("ribosome"), np.eye(3)[None], np.zeros((1, 2)), size=128, pixel_size=3.0)[0].numpy()
    grains = -2 * ribosome / ribosome.max() + np.random.default_rng(5).normal(size=ribosome.shape)
    return (grains,)


@app.cell
def _(Axis, Figure, Line, PURE, Panel, Picture, fft2, grains, np, scale_bar, show, slope, soft_disc, taper, to_centre, torch):
    _image = grains + slope.value * np.linspace(-0.5, 0.5, 128)
    if taper.value:
        _mean = _image.mean()
        _image = _mean + (_image - _mean) * soft_disc((128, 128), 62.0 - taper.value, float(taper.value)).numpy()
    _power = to_centre(fft2(torch.from_numpy(_image - _image.mean())), (0, 1)).abs().square().numpy()
    _k = np.arange(1, 64) / 384.0
    show(
        Figure(
            name="edges", title="Edges", height=3.6, columns=3,
            caption="A noisy image on a wedge of ice, the logarithm of its power spectrum, and that along its two axes. Look for the horizontal streak through the middle: it is no structure, only the cliff "
            "between the right edge and the left. A soft edge removes it; a hard one that is merely cut would not.",
            panels=(
                Panel(title="Image", equal=True, marks=(Picture(values=_image, extent=(0, 384, 0, 384), limits=(-6, 6)), scale_bar(384.0))),
                Panel(title="Power spectrum, log", marks=(Picture(values=np.log10(_power + 1), extent=(-1 / 6, 1 / 6, -1 / 6, 1 / 6), limits=(2, 6)),),
                      x=Axis("kx", "Å⁻¹"), y=Axis("ky", "Å⁻¹")),
                Panel(title="Along the axes", marks=(Line(x=_k, y=_power[64, 65:], colour="red", label="kx, across the cliff"),
                                                     Line(x=_k, y=_power[65:, 64], style="dashed", label="ky")), legend="upper right",
                      x=Axis("Frequency", "Å⁻¹", limits=(0, 1 / 6)), y=Axis("Power", PURE, scale="log", limits=(1e2, 1e8))),
            ),
        )
    )  # fmt: skip
    return


@app.cell
def _(mo):
    mo.md(r"""
    ### Trouble 3: a small signal on a large mean
    Zero frequency is the sum of all pixels. In float32 its seven digits set the scale of everyone's rounding: on counts with a large mean the weak, fine detail drowns.
    Subtract the mean *first*; it costs one line.
    """)
    return


@app.cell
def _(Axis, Figure, Line, PURE, Panel, claim, grains, mo, np, rfft2, show, torch):
    _means = 10.0 ** np.arange(0, 8)
    _signal = torch.from_numpy(grains)
    _truth = rfft2(_signal - _signal.mean())
    _truth[0, 0] = 0

    def _wrong(image):
        found = rfft2(image).to(torch.complex128)
        found[0, 0] = 0
        return float(((found - _truth).abs().square().sum() / _truth.abs().square().sum()).sqrt())

    _plain = [_wrong((_signal + each).float()) for each in _means]
    _stored = [_wrong(((_signal + each) - (_signal + each).mean()).float()) for each in _means]
    mo.vstack([
        show(
            Figure(
                name="means", title="Means", height=2.9, columns=1,
                caption="Error of all coefficients but zero, of an image with noise of standard deviation 1 on a growing mean. Look at the straight line: every tenfold mean costs one of the seven digits. "
                "With the mean taken off in float64 before, nothing is lost.",
                panels=(
                    Panel(marks=(Line(x=_means, y=_plain, colour="red", points=4.0, label="float32 with its mean"), Line(x=_means, y=_stored, points=4.0, style="dashed", label="mean taken off first")),
                          x=Axis("Mean of the image, in standard deviations", PURE, scale="log"), y=Axis("Relative error", PURE, scale="log", limits=(1e-8, 2)), legend="upper left"),
                ),
            )
        ),
        claim(f"On a mean of a million standard deviations the error is {_plain[6]:.1%}; with the mean off, {_stored[6]:.0e}.", _plain[6] > 0.01 and _stored[6] < 1e-5),
    ])  # fmt: skip
    return


@app.cell
def _(centred_rfft2, claim, fft2, grains, mo, np, rfft2, torch):
    _image = torch.from_numpy(grains)
    _plain, _centred = rfft2(_image), centred_rfft2(_image)
    _signs = torch.from_numpy((-1.0) ** (np.arange(128)[:, None] + np.arange(65)))
    _board = float((_plain * _signs - _centred).abs().max() / _plain.abs().max())
    _full = fft2(_image)
    _parseval = float((_full.abs().square().sum() / 128**2 - _image.square().sum()).abs() / _image.square().sum())
    _half = _plain.numel() / _full.numel()
    mo.vstack([
        mo.md(r"""
    ### The rest of the list

    | trouble | what you see | what helps |
    |:---|:---|:---|
    | origin at the first pixel instead of the middle | phases like a checkerboard; a map in eight corners | `centred_rfft2`, or shift once, knowingly |
    | normalisation: 1, 1/N or 1/√N forward | everything off by a number that changes with the box | one rule in one file: Vitreous' forward transform is the plain sum |
    | a real image transformed as a complex one | twice the time and memory | half transforms, `rfft2`; remember that k and −k are one number |
    | Nyquist of an even length | it stands for +k and −k at once; a shift cannot keep its phase | odd sizes, or nothing at Nyquist |
    | products of transforms wrap around | ghosts at the opposite edge | pad: see *Convolution, by computer* |
    | memory of 3-D transforms | 1024³ complex voxels are 8 GB in float32 | half transforms, cut each axis as soon as it is transformed (`central_rfftn`) |
    | many small transforms | calling costs more than computing | transform a whole stack in one call |
    | points that lie on no grid (tilts, rotated slices) | an FFT cannot do it | interpolate in a padded transform, or a non-uniform FFT |
    """),
        claim(f"Plain and centred transform differ by a checkerboard of signs, and by nothing else ({_board:.0g}).", _board < 1e-12),
        claim(f"Parseval: Σ|F|² / N is Σ f², to {_parseval:.0e}. It is the cheapest test of anybody's normalisation.", _parseval < 1e-12),
        claim(f"A half transform of a 128² image holds {_half:.1%} of the numbers of the full one.", abs(_half - 65 / 128) < 1e-9),
    ])  # fmt: skip
    return


@app.cell
def _(closing):
    closing("fourier-sharpen")
    return


if __name__ == "__main__":
    app.run()
