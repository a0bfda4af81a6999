"""What a picture of a particle is made of, and what its noise is (blur stream, 28 January 2021)."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="How an image comes about")


@app.cell(hide_code=True)
def _():
    import math

    import marimo as mo
    import numpy as np
    import torch

    from vitreous.learning.exercise import bench, help_of, prompt_of, verdict
    from vitreous.learning.exercises.image_formation import COMBINE, WHITEN, WORTH
    from vitreous.learning.page import claim, closing, opening, question, show, start
    from vitreous.views.figure import PURE, Axis, Figure, Panel
    from vitreous.views.histogram import histogram
    from vitreous.views.marks import Bars, Line, Picture, Rule
    from vitreous.views.pictures import common_limits, scale_bar

    return (
        Axis, Bars, COMBINE, Figure, Line, PURE, Panel, Picture, Rule, WHITEN, WORTH, bench, claim, closing, common_limits, help_of,
        histogram, math, mo, np, opening, prompt_of, question, scale_bar, show, start, torch, verdict,
    )  # fmt: skip


@app.cell(hide_code=True)
def _(opening):
    opening("image-formation-blur")
    return


@app.cell(hide_code=True)
def _(mo):
    mo.md(
        r"""
        Every program of our field, whatever its name, believes one sentence about your images:

        $$\underbrace{X_i}_{\text{image}} = \underbrace{C_i}_{\text{lens}} \cdot \underbrace{P_{R_i} V}_{\text{projection}}
        + \underbrace{N_i}_{\text{everything else}}$$

        $V$ is what you want. $P_R$ turns it and adds it up along the beam. $C$ is the contrast transfer function of the last lesson.
        And $N$ is called *noise*, which is a short word for a long list. Today we take an image apart, layer by layer, and ask of each
        layer whether the sentence is fair to it.

        ## From a molecule to a picture

        Below, the head of a ribosome (310 kDa, 180 Å) goes through a 300 kV microscope, one step at a time. **Move the dose down** until
        you lose
        the particle, then try to get it back with defocus. **Then take the ice away**: which part of the noise went with it?
        """
    )
    return


@app.cell(hide_code=True)
def _(mo, start):
    dose = mo.ui.slider(1, 80, 1, value=round(start("dose", 40.0, 1, 80)), label="dose (e/Å²)", show_value=True)
    own = round(start("defocus", 16000.0, 4000, 40000), -3)
    defocus = mo.ui.slider(4000, 40000, 1000, value=own, label="defocus (Å, underfocus)", show_value=True)
    ice = mo.ui.slider(0, 1000, 50, value=400, label="ice (Å)", show_value=True)
    mo.hstack([dose, defocus, ice], justify="start", gap=2)
    return defocus, dose, ice


@app.cell
def _(np, start, torch):
    from vitreous.data.optics import Optics
    from vitreous.numerics.fourier import frequency_squared, irfft2, rfft2
    from vitreous.physics.potential import phase_per_scattering
    from vitreous.runtime.chance import numpy_generator
    from vitreous.simulate.specimens import project_atoms, specimen

    optics = Optics(pixel_size=2.5, voltage=start("voltage", 300.0))
    size = 112
    head = specimen("ribosome head")
    seen_along_z = project_atoms(head, np.eye(3)[None], np.zeros((1, 2)), size=size, pixel_size=optics.pixel_size)[0]
    phase = seen_along_z * phase_per_scattering(optics.voltage)  # radians: how far the molecule holds the wave back

    k = frequency_squared((size, size), optics.pixel_size).sqrt()  # Å⁻¹ on the half grid
    molecules = rfft2(torch.from_numpy(numpy_generator(1, "ice").standard_normal((size, size), np.float32)))
    return Optics, frequency_squared, head, irfft2, k, molecules, numpy_generator, optics, phase, phase_per_scattering, rfft2, size


@app.cell
def _(irfft2, k, molecules, optics, phase, rfft2, torch):
    from vitreous.physics.ctf import b_envelope, ctf_grid
    from vitreous.physics.solvent import ice_memory_of_exposure, ice_phase_power

    def contrast_of(defocus, dose, ice, b_factor=60.0):
        """Relative change of the electrons' number: particle alone, ice alone."""
        lens = ctf_grid(torch.tensor([defocus, defocus, 0.0, 0.0]), optics, tuple(phase.shape)) * b_envelope(k**2, b_factor)
        grain = (ice_phase_power(k, float(ice), optics.voltage) * ice_memory_of_exposure(k, dose)).sqrt() / optics.pixel_size
        return irfft2(2 * lens * rfft2(phase), phase.shape), irfft2(2 * lens * molecules * grain, phase.shape)

    return b_envelope, contrast_of, ctf_grid, ice_memory_of_exposure, ice_phase_power


@app.cell(hide_code=True)
def _(Figure, Panel, Picture, contrast_of, defocus, dose, ice, numpy_generator, optics, phase, scale_bar, show, size):
    particle, grain = contrast_of(defocus.value, dose.value, ice.value)
    expected = dose.value * optics.pixel_size**2 * (1 + particle + grain)  # electrons a pixel, on average
    counted = numpy_generator(2, "electrons").poisson(expected.clamp_min(0).numpy())

    _box = size * optics.pixel_size

    def _picture(values, limits, title):
        return Panel(marks=(Picture(values=values, extent=(0, _box, 0, _box), limits=limits), scale_bar(_box)), equal=True, title=title)

    _mean = dose.value * optics.pixel_size**2
    _noise = _mean**-0.5
    _signal = float(particle.std())
    show(
        Figure(
            name="layers", title="An image, layer by layer", columns=4, height=3.1,
            panels=(
                _picture(phase.numpy(), (-0.05, 0.35), "1  phase of the wave"),
                _picture(particle.numpy(), (-0.12, 0.12), "2  behind the lens"),
                _picture((particle + grain).numpy(), (-0.12, 0.12), "3  with the ice"),
                _picture(counted / _mean, (1 - 0.12 - 2 * _noise, 1 + 0.12 + 2 * _noise), "4  as counted"),
            ),
            caption=f"Phase up to {float(phase.max()):.2f} rad; the lens makes of it a contrast of {_signal:.1%} r.m.s. A pixel catches "
            f"{_mean:.0f} electrons, so counting alone scatters it by {_noise:.1%}: signal over noise is {(_signal / _noise) ** 2:.2f} "
            "in a pixel (ratio of variances). Look for the particle in the last picture: your eye finds it by averaging many pixels.",
        )
    )  # fmt: skip
    return


@app.cell(hide_code=True)
def _(claim, contrast_of, optics):
    _particle, _ = contrast_of(16000.0, 40.0, 0.0)
    _counting = (40.0 * optics.pixel_size**2) ** -0.5
    claim(
        f"At 1.6 µm the particle changes the number of electrons by {float(_particle.std()):.1%} r.m.s., less than the "
        f"{_counting:.1%} by which 40 e/Å² scatter a pixel of 2.5 Å.",
        float(_particle.std()) < _counting,
    )
    return


@app.cell(hide_code=True)
def _(mo, question):
    mo.vstack([
        question("Q31"),
        mo.md(
            r"""
            *Additive Gaussian noise* says: take a clean image and add to every pixel its own throw of one and the same bell-shaped dice.
            Real noise breaks every word of that, in five ways. For each, see **how** it differs, and then **whether it matters**.

            ### 1. It counts

            A detector counts electrons. A pixel that expects $n$ of them gets 0, 1, 2 … by **Poisson's** law: variance equal to the mean,
            never negative, lopsided. In one frame of a movie a pixel expects about **one** electron. Move the slider to there: no bell.
            """
        ),
    ])  # fmt: skip
    return


@app.cell(hide_code=True)
def _(mo):
    electrons = mo.ui.slider(
        steps=[0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50], value=0.5, label="electrons expected in a pixel", show_value=True
    )
    electrons
    return (electrons,)


@app.cell
def _(math, numpy_generator, rfft2, torch):
    def flat_image(n, side=256):
        """Counts of an evenly lit detector that expects ``n`` electrons in each pixel."""
        return torch.from_numpy(numpy_generator(3, "flat", n).poisson(n, (side, side))).float()

    def coefficients(image):
        """Real parts of its Fourier coefficients away from the axes, in units of their expected spread √(n pixels / 2)."""
        inside = rfft2(image)[1 : image.shape[0] // 2, 1:-1]
        return inside.real.flatten() / math.sqrt(image.mean() * image.numel() / 2)

    return coefficients, flat_image


@app.cell(hide_code=True)
def _(Axis, Bars, Figure, Line, PURE, Panel, coefficients, electrons, flat_image, histogram, math, np, show):
    _n = electrons.value
    _image = flat_image(_n)
    _most = int(_n + 5 * math.sqrt(_n) + 3)
    _edges = np.arange(-0.5, _most + 1)
    _share = np.histogram(_image.numpy(), _edges)[0] / _image.numel()
    _x = np.linspace(_n - 4.5 * math.sqrt(_n), _most, 300)
    _bell = np.exp(-((_x - _n) ** 2) / (2 * _n)) / math.sqrt(2 * math.pi * _n)
    _bars = histogram(coefficients(_image), bins=50, limits=(-4, 4))
    _heights = np.asarray(_bars.heights) / np.sum(_bars.heights) / 0.16
    _z = np.linspace(-4, 4, 200)
    show(
        Figure(
            name="counting", title="Pixels count, Fourier coefficients do not", columns=2, height=3.0,
            panels=(
                Panel(
                    title="Pixels", x=Axis("Electrons in a pixel", PURE), y=Axis("Share of pixels", PURE),
                    marks=(Bars(edges=_edges, heights=_share, label="counted"),
                           Line(x=_x, y=_bell, colour="orange", label="Gaussian, same mean and variance")),
                ),
                Panel(
                    title="The same image's Fourier coefficients", x=Axis("Real part over its expected spread", PURE),
                    y=Axis("Density", PURE, limits=(0, 0.5)),
                    marks=(Bars(edges=_bars.edges, heights=_heights, colour="green", label="measured"),
                           Line(x=_z, y=np.exp(-(_z**2) / 2) / math.sqrt(2 * math.pi), colour="orange", label="Gaussian")),
                ),
            ),
            caption="Left: below about ten electrons bars and bell disagree, and the bell even promises negative counts. Right: every "
            "coefficient is a sum over all 65 536 pixels, so the central limit theorem has made it Gaussian, however few electrons.",
        )
    )  # fmt: skip
    return


@app.cell(hide_code=True)
def _(claim, coefficients, flat_image, mo):
    _image = flat_image(0.1)
    _z = (_image - _image.mean()) / _image.std()
    _c = coefficients(_image)
    _skew, _flat = float((_z**3).mean()), float((_z**4).mean() - 3)
    _rest = float((_c**4).mean() / (_c**2).mean() ** 2 - 3)
    mo.vstack([
        claim(
            f"With 0.1 electrons a pixel the counts have variance over mean {float(_image.var() / _image.mean()):.2f} (Poisson: 1), "
            f"skewness {_skew:.1f} (1/√n = 3.2) and excess kurtosis {_flat:.0f} (1/n = 10): nothing like a bell.",
            abs(_skew - 3.16) < 0.2 and abs(_flat - 10) < 1.5,
        ),
        claim(
            f"Their Fourier coefficients have an excess kurtosis of {_rest:+.2f}, which is 0 within twice its error of 0.04: Gaussian.",
            abs(_rest) < 0.08,
        ),
        mo.md(
            "**Does it matter?** Hardly, and this is one pretty reason why our software works on transforms: *there* the noise is Gaussian. "
            "It matters where single pixels or frames are judged, as in the detector's own counting of events."
        ),
    ])  # fmt: skip
    return


@app.cell(hide_code=True)
def _(mo):
    mo.md(
        r"""
        ### 2. It depends on the picture · 3. It has a colour · 4. Neighbours share it

        *Additive* would mean that the noise does not know the signal. But variance equals mean: where the image is brighter, it is
        noisier. Our
        particle changes the mean by a few per cent, so this one is small; a carbon edge or thick ice is another matter.

        *White* would mean equal power at all frequencies. Three things colour it:

        - **ice and carbon scatter too**, and what they scatter goes through the same lens as your particle: noise with Thon rings,
        - the molecules of ice have a favourite distance, which makes a broad **ring at 3.7 Å**,
        - **the detector** spreads an electron's signal over neighbouring pixels, and its noise with it.

        The last is also why pixels are not *independent*: one electron, several pixels.
        """
    )
    return


@app.cell(hide_code=True)
def _(mo):
    film = mo.ui.slider(0, 1000, 50, value=500, label="ice (Å)", show_value=True)
    focus = mo.ui.slider(4000, 30000, 1000, value=12000, label="defocus (Å)", show_value=True)
    blur = mo.ui.slider(0.0, 0.8, 0.1, value=0.0, label="spread of the detector's noise (pixels)", show_value=True)
    mo.hstack([film, focus, blur], justify="start", gap=2)
    return blur, film, focus


@app.cell
def _(Optics, b_envelope, ctf_grid, frequency_squared, ice_memory_of_exposure, ice_phase_power, irfft2, np, numpy_generator, rfft2, torch):
    from vitreous.numerics.shells import shell_average
    from vitreous.physics.integrating import IntegratingDetector, integrate

    side, fine = 256, Optics(pixel_size=1.2)
    fine_k = frequency_squared((side, side), fine.pixel_size).sqrt()
    grains = rfft2(torch.from_numpy(numpy_generator(4, "grains").standard_normal((side, side), np.float32)))
    line = torch.arange(side // 2 + 1) / (side * fine.pixel_size)

    def ice_seen(ice, dose):
        """Power of the ice's phase in an exposure: its molecules wander in the beam, and the envelope takes its part."""
        return ice_phase_power(fine_k, ice, 300.0) * ice_memory_of_exposure(fine_k, dose) * b_envelope(fine_k**2, 60.0) ** 2

    def noise_image(ice, defocus, spread, dose=40.0):
        """Ice without a particle, counted by a detector of unit gain."""
        lens = ctf_grid(torch.tensor([defocus, defocus, 0.0, 0.0]), fine, (side, side))
        contrast = irfft2(2 * lens * grains * ice_seen(float(ice), dose).sqrt() / fine.pixel_size, (side, side))
        camera = IntegratingDetector(conversion=1.0, signal_width=spread, noise_width=spread)
        return integrate((dose * fine.pixel_size**2 * (1 + contrast)).clamp_min(0), camera, numpy_generator(5, "noise"))

    def noise_power(ice, defocus, spread, dose=40.0):
        """The same in closed form, over that of white counting noise: (1 + n 4 c² P) NTF²."""
        lens = ctf_grid(torch.tensor([defocus, defocus, 0.0, 0.0]), fine, (side, side))
        grain = 4 * dose * shell_average(lens**2 * ice_seen(float(ice), dose), (side, side))
        return (1 + grain) * torch.exp(-4 * np.pi**2 * spread**2 * (line * fine.pixel_size) ** 2)

    return fine, line, noise_image, noise_power, shell_average, side


@app.cell(hide_code=True)
def _(
    Axis, Figure, Line, PURE, Panel, Picture, blur, film, fine, focus, line, noise_image, noise_power, np, rfft2, scale_bar,
    shell_average, show, side,
):  # fmt: skip
    _image = noise_image(film.value, focus.value, blur.value)
    _measured = shell_average(rfft2(_image - _image.mean()).abs() ** 2, (side, side)) / (side**2 * 40 * fine.pixel_size**2)
    _theory, _k = noise_power(film.value, focus.value, blur.value).numpy()[2:], line.numpy()[2:]
    _part = _image[:64, :64].numpy()
    _spread = 3 * float(np.sqrt(40 * fine.pixel_size**2))
    _edge = 64 * fine.pixel_size
    show(
        Figure(
            name="colour", title="The colour of noise", columns=2, height=3.4,
            panels=(
                Panel(
                    title="Noise alone, 64 pixels wide", equal=True, weight=0.6,
                    marks=(Picture(values=_part - _part.mean(), extent=(0, _edge, 0, _edge), limits=(-_spread, _spread), smooth=False),
                           scale_bar(_edge)),
                ),
                Panel(
                    title="Its power spectrum", legend="upper right",
                    x=Axis("Spatial frequency", "Å⁻¹"), y=Axis("Power over white counting noise", PURE, limits=(0, None)),
                    marks=(Line(x=_k, y=_measured.numpy()[2:], colour="muted", width=1.0, label="measured in the image"),
                           Line(x=_k, y=_theory, colour="blue", label="(1 + ice × CTF²) × detector"),
                           Line(x=_k, y=np.ones(len(_k)), colour="orange", style="dashed", label="additive, Gaussian, white")),
                ),
            ),
            caption="Look for Thon rings that no particle made, and for the ring of ice at 3.7 Å (0.27 Å⁻¹), which the wandering of the "
            "molecules in the beam has nearly washed out. Spread the detector: fine power falls and grains grow to more than a pixel.",
        )
    )  # fmt: skip
    return


@app.cell(hide_code=True)
def _(claim, fine, math, mo, noise_image, noise_power, rfft2, shell_average, side):
    _image = noise_image(500.0, 12000.0, 0.0)
    _found = shell_average(rfft2(_image - _image.mean()).abs() ** 2, (side, side)) / (side**2 * 40 * fine.pixel_size**2)
    _theory = noise_power(500.0, 12000.0, 0.0)
    _ratio = (_found / _theory)[20:]
    _typical, _overall = float((_ratio - 1).abs().mean()), float(_ratio.mean())
    _spread = noise_image(0.0, 12000.0, 0.7)
    _z = _spread - _spread.mean()
    _near = float((_z[:, 1:] * _z[:, :-1]).mean() / _z.var())
    mo.vstack([
        claim(
            f"The measured spectrum follows the formula: over all rings their ratio is {_overall:.3f}, ring by ring they differ by "
            f"{_typical:.0%}, as they must with some hundred coefficients in a ring.",
            abs(_overall - 1) < 0.02 and _typical < 0.08,
        ),
        claim(
            f"A detector whose noise spreads by w = 0.7 pixels gives neighbouring pixels a correlation of {_near:.2f}; the formula says "
            f"exp(−1 / 4w²) = {math.exp(-1 / (4 * 0.7**2)):.2f}.",
            abs(_near - math.exp(-1 / (4 * 0.7**2))) < 0.02,
        ),
        mo.md(
            "**Does it matter?** Yes, a lot, and it is cured: give every ring of Fourier space its own variance σ²(k). In vitreous that is "
            "`vitreous.inference.noise.NoiseSpectra`; in RELION it is the `sigma2_noise` of your optimiser's model file."
        ),
    ])  # fmt: skip
    return


@app.cell(hide_code=True)
def _(mo):
    mo.md(
        r"""
        ### 5. It is not the same everywhere

        The last unspoken word is *identically distributed*. Here is one field of ice three times over: sound, with the edge of a carbon
        film, and with
        ice crystals. No single σ²(k) is right for the second picture, and for the third none at all: crystals are *structured* noise, alike
        in every frame of the movie, and they do not average away as you add frames. Only many *different* particles do that.
        """
    )
    return


@app.cell(hide_code=True)
def _(Figure, Panel, Picture, common_limits, head, np, scale_bar, show):
    from vitreous.data.optics import Optics as _Optics
    from vitreous.simulate.faults import Faults
    from vitreous.simulate.micrograph import static_micrograph
    from vitreous.simulate.scene import draw_scene
    from vitreous.simulate.settings import SessionSettings

    _settings = SessionSettings(
        shape=(320, 320), particles=4, specimen="ribosome head", optics=_Optics(pixel_size=1.8), contaminants=0, seed=3
    )
    _scene = draw_scene(_settings, head, 0)
    fields = [static_micrograph(_settings, head, _scene, fault).numpy() for fault in (Faults(), Faults(carbon=0.4), Faults(crystals=2))]
    _limits = common_limits(np.stack([f / f.mean() for f in fields]))
    _box = 320 * 1.8
    show(
        Figure(
            name="fields", title="One field, three kinds of day", columns=3, height=3.5,
            panels=tuple(
                Panel(title=title, equal=True,
                      marks=(Picture(values=f / f.mean(), extent=(0, _box, 0, _box), limits=_limits), scale_bar(_box)))
                for f, title in zip(fields, ("sound ice", "carbon along one side", "ice crystals"))
            ),
            caption="Look at the texture, not at the particles: beside the carbon's edge the grain is stronger and the mean another; the "
            "crystals' stripes are a pattern, not noise, and a picker or a classifier takes them for signal.",
        )
    )  # fmt: skip
    return


@app.cell(hide_code=True)
def _(WHITEN, bench, help_of, mo, prompt_of):
    whiten_bench = bench(WHITEN)
    mo.vstack([
        mo.md("If coloured noise is the trouble, divide the colour out. It is what every refinement does before it compares."),
        prompt_of(WHITEN), whiten_bench, help_of(WHITEN),
    ])  # fmt: skip
    return (whiten_bench,)


@app.cell(hide_code=True)
def _(WHITEN, verdict, whiten_bench):
    verdict(WHITEN, whiten_bench.value)
    return


@app.cell(hide_code=True)
def _(mo, question):
    mo.vstack([
        question("Q32"),
        mo.md(
            r"""
            Graphene is a crystal one atom thick, nearly invisible. A continuous carbon film of 30 Å or more is amorphous and twice as dense
            as ice; and where molecules of ice keep their distance, so that ice is smooth on a large scale, atoms of carbon lie at random. It
            adds its own phase noise beneath **every** particle. So the two sets have the same $V$, other $N$. May they go into one map?

            **Yes, if each keeps its own noise.** The likelihood weighs every Fourier coefficient of image $i$ by $1/\sigma_i^2(k)$, so a
            noisy image
            simply says less. Then adding the second set can never hurt. **No, if one σ² is used for all**: then noisy images shout as
            loudly
            as good ones. Play: how thick must the film be until the honest-looking plain average is *worse than throwing half the data
            away*?
            """
        ),
    ])  # fmt: skip
    return


@app.cell(hide_code=True)
def _(mo):
    thickness = mo.ui.slider(0, 300, 10, value=100, label="carbon film (Å)", show_value=True)
    portion = mo.ui.slider(0.1, 0.9, 0.1, value=0.5, label="share of particles on carbon", show_value=True)
    mo.hstack([thickness, portion], justify="start", gap=2)
    return portion, thickness


@app.cell
def _(ice_phase_power, line, phase_per_scattering, torch):
    from vitreous.physics.potential import scattering_factor
    from vitreous.simulate.faults import CARBON_ATOMS

    def noise_on(carbon, dose=40.0, ice=200.0):
        """Noise power at each frequency over that of counting, the CTF averaged: 1 + 2 n P."""
        single = phase_per_scattering(300.0) * torch.from_numpy(scattering_factor("C", line.numpy()))
        return 1 + 2 * dose * (ice_phase_power(line, ice, 300.0) + single**2 * CARBON_ATOMS * carbon)

    def signal_to_noise(noise_a, noise_b, share_b):
        """Signal to noise of the map over that of set a alone, with its own weight for each image and with one for all."""
        a, b = 1 / noise_a, share_b / (1 - share_b) / noise_b
        ratio = share_b / (1 - share_b)
        return (a + b) * noise_a, (1 + ratio) ** 2 / (noise_a + ratio * noise_b) * noise_a

    return noise_on, signal_to_noise


@app.cell(hide_code=True)
def _(Axis, Figure, Line, PURE, Panel, Rule, line, noise_on, portion, show, signal_to_noise, thickness):
    _graphene, _carbon = noise_on(0.0), noise_on(float(thickness.value))
    _curves = (line, _graphene, _carbon, *signal_to_noise(_graphene, _carbon, portion.value))
    _k, _graphene, _carbon, _weighted, _plain = (curve.numpy()[2:] for curve in _curves)
    _x = Axis("Spatial frequency", "Å⁻¹")
    show(
        Figure(
            name="grids", title="Two grids, one map", columns=2, height=3.2,
            panels=(
                Panel(title="Noise of one image", x=_x, y=Axis("Power over counting noise", PURE, limits=(0, None)),
                      marks=(Line(x=_k, y=_graphene, label="graphene"),
                             Line(x=_k, y=_carbon, colour="orange", style="dashed", label="carbon film"))),
                Panel(title="Signal to noise of the map", x=_x, y=Axis("Over that of the graphene set alone", PURE, limits=(0, None)),
                      marks=(Line(x=_k, y=_weighted, colour="green", label="each image weighed by its own noise"),
                             Line(x=_k, y=_plain, colour="red", style="dashed", label="one weight for all"),
                             Rule(at=1.0, axis="y", text="carbon set thrown away"))),
            ),
            caption="Green never falls below the line: with the right weights more data are never worse. Red does, as soon as the film is "
            "thick enough: there the plain average would be better without half of its images.",
        )
    )  # fmt: skip
    return


@app.cell(hide_code=True)
def _(claim, mo, signal_to_noise, torch):
    _ratio = torch.linspace(1, 20, 96)
    _weighted, _plain = signal_to_noise(torch.ones(96), _ratio, 0.5)
    mo.vstack([
        claim("Weighed by its noise, the second set never makes the map worse, however noisy it is.", bool((_weighted >= 1).all())),
        claim(
            "With one weight for all and as many images of each, the second set does harm as soon as its noise has over 3 times the power.",
            bool(((_plain < 1 - 1e-6) == (_ratio > 3.0001)).all()),
        ),
        mo.md(
            r"""
            Noise is only the first thing to keep apart. Each grid may also bring its own **pixel size** (another session), **aberrations
            and beam tilt**,
            **scale** (ice of another thickness), and **preferred views**, which is the good news: carbon and graphene hold particles by
            other faces,
            so together they can fill gaps that either leaves. Hence *optics groups*: one row a session and grid, each with its own
            constants, as in
            RELION's `optics` table and vitreous' `Optics`. What they cannot mend is another *conformation*: check that each set alone gives
            the same map before you marry them.
            """
        ),
    ])  # fmt: skip
    return


@app.cell
def _(Optics, head, np):
    from vitreous.inference.load import Band, images_at_hand
    from vitreous.inference.noise import initial_noise
    from vitreous.simulate.dataset import DatasetSettings, draw_dataset
    from vitreous.simulate.snr import PixelSnr

    _settings = DatasetSettings(
        particles=240, size=48, optics=Optics(pixel_size=4.0), snr=PixelSnr(0.05), micrographs=6, noise_spread=0.4, seed=2
    )
    _dataset = draw_dataset(head, _settings)
    _stack = np.concatenate([block.numpy() for block in _dataset.images()])
    _images = images_at_hand(_stack, _dataset.particles, Band(size=48, radius=22, mask_diameter=0.0))
    found_noise = initial_noise(_images).variance[:, 10:].mean(1).sqrt().numpy()  # what vitreous makes of the images
    true_noise = _dataset.noise[::40]  # what they were made with
    return found_noise, true_noise


@app.cell(hide_code=True)
def _(claim, found_noise, mo, np, true_noise):
    _relative = (found_noise / found_noise.mean()) / (true_noise / true_noise.mean())
    _pairs = enumerate(zip(true_noise / true_noise.mean(), found_noise / found_noise.mean()), 1)
    _rows = "\n".join(f"| {number} | {true:.2f} | {found:.2f} |" for number, (true, found) in _pairs)
    mo.vstack([
        mo.md(
            "**Where it happens.** 240 particles of six micrographs, each with another level of noise, given to "
            "`vitreous.inference.noise.initial_noise`. Nobody tells it the levels; it reads them off the images:\n\n"
            f"| micrograph | true noise (relative) | found |\n|---|---|---|\n{_rows}"
        ),
        claim("It finds each micrograph's noise level to 5 %.", bool(np.abs(_relative - 1).max() < 0.05)),
    ])  # fmt: skip
    return


@app.cell(hide_code=True)
def _(COMBINE, bench, help_of, mo, prompt_of):
    combine_bench = bench(COMBINE)
    mo.vstack([prompt_of(COMBINE), combine_bench, help_of(COMBINE)])
    return (combine_bench,)


@app.cell(hide_code=True)
def _(COMBINE, combine_bench, verdict):
    verdict(COMBINE, combine_bench.value)
    return


@app.cell(hide_code=True)
def _(mo, question):
    mo.vstack([
        question("Q33"),
        mo.md(
            r"""
            EMPIAR holds several sets of apoferritin, of ribosomes, of the spike. Ten million particles for nothing! Three pictures say why
            you rarely gain.

            ### Reason 1: the number of particles sits inside a logarithm

            Signal falls off as $e^{-Bk^2/4}$ in amplitude, so $e^{-Bk^2/2}$ in power, and $N$ particles are needed to lift it over the
            noise:

            $$\ln N \approx \text{const} + \frac{B}{2}\,\frac{1}{d^2}.$$

            A straight line against $1/d^2$ of slope $B/2$ (Rosenthal & Henderson 2003). Twice the particles is one small step to the
            right, always
            the same step in $1/d^2$. **Lowering $B$ tilts the line, and that is worth millions.**

            ### Reason 2: other people's particles are worth less

            A particle of a set with $\Delta B$ more is worth $e^{-\Delta B/2d^2}$ of one of yours: next to nothing at the resolution you
            are after.
            """
        ),
    ])  # fmt: skip
    return


@app.cell(hide_code=True)
def _(mo):
    mine_b = mo.ui.slider(30, 200, 10, value=80, label="B of my set (Å²)", show_value=True)
    theirs_b = mo.ui.slider(30, 300, 10, value=150, label="B of the pooled sets (Å²)", show_value=True)
    mine_n = mo.ui.slider(steps=[10_000, 30_000, 100_000, 300_000, 1_000_000], value=100_000, label="my particles", show_value=True)
    theirs_n = mo.ui.slider(steps=[0, 100_000, 1_000_000, 10_000_000, 100_000_000], value=10_000_000, label="theirs", show_value=True)
    mo.vstack([mo.hstack([mine_b, mine_n], justify="start", gap=2), mo.hstack([theirs_b, theirs_n], justify="start", gap=2)])
    return mine_b, mine_n, theirs_b, theirs_n


@app.cell
def _(np):
    from vitreous.stages.planner.particles import Experiment, particles_needed

    resolutions = np.linspace(1.3, 8.0, 240)
    without_fall = np.array([particles_needed(d, Experiment(b_factor=0.0), diameter=180.0) for d in resolutions])

    def needed(b_factor):
        """Particles for each of ``resolutions``: the planner's number at B = 0 times e^{B / 2d²}."""
        return without_fall * np.exp(b_factor / (2 * resolutions**2))

    def worth(delta_b, resolution):
        """How many of my particles one with ``delta_b`` more is worth."""
        return np.exp(-delta_b / (2 * resolution**2))

    def reached(count, b_factor):
        """Resolution at which ``count`` particles (a number, or one for each resolution) are enough."""
        enough = count >= needed(b_factor)
        return float(resolutions[np.argmax(enough)]) if enough.any() else float("nan")

    return Experiment, needed, particles_needed, reached, resolutions, worth


@app.cell(hide_code=True)
def _(Axis, Figure, Line, Panel, Rule, mine_b, mine_n, needed, np, reached, resolutions, show, theirs_b, theirs_n, worth):
    _pooled = mine_n.value + theirs_n.value * worth(theirs_b.value - mine_b.value, resolutions)
    _alone, _together = reached(mine_n.value, mine_b.value), reached(_pooled, mine_b.value)
    _ticks = tuple((1 / d**2, f"{d:g}") for d in (6, 4, 3, 2.5, 2, 1.7, 1.5, 1.4))
    _x = 1 / resolutions**2
    show(
        Figure(
            name="pooling", title="What pooling gains", columns=1, height=3.8,
            panels=(
                Panel(
                    legend="upper left", x=Axis("Resolution, even in 1/d²", "Å", limits=(0, 0.52), ticks=_ticks),
                    y=Axis("Particles", "number", scale="log", limits=(1e2, 1e10)),
                    marks=(
                        Line(x=_x, y=needed(mine_b.value), label=f"needed at my B = {mine_b.value} Å²"),
                        Line(x=_x, y=needed(theirs_b.value), colour="orange", label=f"needed at their B = {theirs_b.value} Å²"),
                        Line(x=_x, y=np.full(len(_x), float(mine_n.value)), colour="muted", style="dashed", label="mine"),
                        Line(x=_x, y=_pooled, colour="green", style="dashed", label="all, in units of mine"),
                        Rule(at=1 / _alone**2, text=f"mine: {_alone:.2f} Å"),
                        Rule(at=1 / _together**2, colour="green", text=f"all: {_together:.2f} Å"),
                    ),
                ),
            ),
            caption=f"My set alone reaches {_alone:.2f} Å (dashed grey meets blue); with theirs, weighed rightly, {_together:.2f} Å. "
            "Watch the green line bend down: towards fine detail their particles cease to count. Then lower my own B by 20 Å² instead.",
        )
    )  # fmt: skip
    return


@app.cell(hide_code=True)
def _(Experiment, claim, mo, needed, np, particles_needed, reached, resolutions, worth):
    _direct = particles_needed(float(resolutions[100]), Experiment(b_factor=100.0), diameter=180.0)
    _one, _hundred, _better = reached(1e5, 80.0), reached(1e7, 80.0), reached(1e5, 40.0)
    mo.vstack([
        claim("These lines are the planner's own (particles_needed) to rounding.", bool(np.isclose(_direct, needed(100.0)[100]))),
        claim(f"A particle with 70 Å² more is worth {worth(70.0, 3.0):.3f} of mine at 3 Å, {worth(70.0, 2.0):.5f} at 2 Å.", worth(70, 2) < 2e-4),
        claim(
            f"At B = 80 Å² a hundred times the particles lead from {_one:.2f} to {_hundred:.2f} Å. Halving B does as much: {_better:.2f} Å.",
            _hundred < _one and abs(_better - _hundred) < 0.25,
        ),
    ])  # fmt: skip
    return


@app.cell(hide_code=True)
def _(mo):
    mo.md(
        r"""
        ### Reason 3: two rulers

        Pixel sizes in the literature are good to a per cent or two. Merge two sets whose scales differ by $\varepsilon$ and coefficient
        $k$ of
        one meets $k(1+\varepsilon)$ of the other. A particle of diameter $D$ has changed its transform by then: the two agree only to
        $\rho = 3(\sin u - u\cos u)/u^3$, $u = \pi D \varepsilon k$, and the merged map keeps the power $(1+\rho)/2$. The larger the
        particle, the worse.
        """
    )
    return


@app.cell(hide_code=True)
def _(mo, start):
    scale_error = mo.ui.slider(0.0, 3.0, 0.1, value=1.0, label="difference of scale (%)", show_value=True)
    particle_size = mo.ui.slider(50, 600, 10, value=round(start("diameter", 180.0, 50, 600), -1), label="diameter (Å)", show_value=True)
    mo.hstack([scale_error, particle_size], justify="start", gap=2)
    return particle_size, scale_error


@app.cell(hide_code=True)
def _(Axis, Figure, Line, PURE, Panel, Rule, math, np, particle_size, scale_error, show, torch):
    from vitreous.physics.ewald import overlap

    _k = torch.linspace(0.01, 0.67, 240, dtype=torch.float64)
    _kept = 0.5 * (1 + overlap(_k * 0.01 * scale_error.value, float(particle_size.value)))
    _half = np.flatnonzero(_kept.numpy() < 0.75)
    _limit = float(_k[_half[0]]) if len(_half) else math.nan
    show(
        Figure(
            name="rulers", title="Two rulers", columns=1, height=3.0,
            panels=(
                Panel(
                    x=Axis("Spatial frequency", "Å⁻¹", limits=(0, 0.67)), y=Axis("Power kept by the merged map", PURE, limits=(0.4, 1.05)),
                    top=Axis("Resolution", "Å", ticks=tuple((1 / d, f"{d:g}") for d in (10, 5, 4, 3, 2.5, 2, 1.7, 1.5))),
                    marks=(Line(x=_k.numpy(), y=_kept.numpy(), label="two equal sets, scales differing"),
                           Rule(at=_limit, text=f"half of theirs lost: {1 / _limit:.1f} Å", colour="orange", words="beside")), legend="lower left",
                ),
            ),
            caption="At 1 the two sets help each other fully; at 1/2 the second adds nothing but noise. One per cent is harmless at 8 Å; "
            "at 2 Å it costs most of what the second set could give. (vitreous refine-ctf measures the scale of a set against a map.)",
        )
    )  # fmt: skip
    return (overlap,)


@app.cell(hide_code=True)
def _(claim, mo, overlap, torch):
    _rho = float(overlap(torch.tensor(0.01 / 3.0), 180.0))
    mo.vstack([
        claim(f"Two sets of a 180 Å particle with scales 1 % apart agree to {_rho:.2f} at 3 Å instead of 1.", 0.6 < _rho < 0.75),
        mo.md(
            r"""
            ### And the rest

            - **Another molecule.** Other species, construct, ligand, buffer: pooling averages conformations. What looks like noise is
              heterogeneity.
            - **Another microscope.** $C_s$, beam tilt, trefoil, detector and its NTF must be refitted set by set (optics groups again).
            - **Another habit.** Some sets have lost their frames, doses or gain references; some are binned; some were picked with a
              template.
            - **The cost.** Ten million boxes of 256² at two bytes are 1.3 TB, read again in every iteration.
            - **The honest limit is elsewhere.** Beyond some point flexibility, alignment error and the curvature of the Ewald sphere set
              $B$, and no
              number of particles changes them.

            So: pool when the sets are *few, calibrated and equally good*, and when views or rare states are missing. Otherwise, improve
            $B$.
            """
        ),
    ])  # fmt: skip
    return


@app.cell(hide_code=True)
def _(WORTH, bench, help_of, mo, prompt_of):
    worth_bench = bench(WORTH)
    mo.vstack([prompt_of(WORTH), worth_bench, help_of(WORTH)])
    return (worth_bench,)


@app.cell(hide_code=True)
def _(WORTH, verdict, worth_bench):
    verdict(WORTH, worth_bench.value)
    return


@app.cell(hide_code=True)
def _(closing):
    closing("image-formation-blur")
    return


if __name__ == "__main__":
    app.run()
