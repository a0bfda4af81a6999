"""A map against its atomic model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vitreous.jobs.options import PixelSize
from vitreous.pipeline.context import Context
from vitreous.pipeline.job import Estimate, JobType, Result
from vitreous.pipeline.params import option, parameters
from vitreous.pipeline.ports import Input, Inputs, Output

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from vitreous.data.atomic_model import AtomicModel
    from vitreous.data.volume import Volume
    from vitreous.stages.model import ModelComparison
    from vitreous.stages.postprocess import Postprocessed

#: Digits of the numbers in tables.
DIGITS = 6
#: Å: a model moved by more than this is written where it fits.
WORTH_WRITING = 0.5
#: What a voxel needs: bytes, and seconds of one core.
BYTES_PER_VOXEL, SECONDS_PER_VOXEL = 120, 3e-6


@parameters
class CheckModel(PixelSize):
    """How a map is held against a model."""

    resolution: float | None = option(None, "Å", "of the map, as claimed", above=0, high=100, if_none="from the half-maps, else d_model")
    contour: float | None = option(None, "", "level for the share of atoms inside", if_none="the one that encloses half the atoms' volume")


def run(inputs: Inputs, params: CheckModel, context: Context) -> Result:
    """Compare map and model, judge, and draw."""
    from vitreous.errors import InputError
    from vitreous.io.mrc import read_volume
    from vitreous.io.pdb import read_ensemble, write_moved
    from vitreous.runtime.files import write_json
    from vitreous.runtime.progress import Progress
    from vitreous.stages.model import compare, figures, fit_variability, judge_model

    if (inputs.get("half1") is None) != (inputs.get("half2") is None):
        raise InputError("half-maps must be given both or not at all; got one. Try: --half1 A.mrc --half2 B.mrc.")
    volume, models = read_volume(inputs["map"], params.pixel_size), read_ensemble(inputs["model"])
    context.report(Progress("compare map and model", 0, 1))
    halves = _halves(inputs, params, context)
    resolution = params.resolution or (halves.resolution.value if halves and halves.resolution else None)
    found = compare(volume, models[0], resolution=resolution, level=params.contour)
    varied = fit_variability(models) if len(models) > 1 else None
    check = judge_model(found)
    told = {**figures(found), "model_count": len(models), "d_fsc_angstrom": resolution}
    _write_residues(context.outputs / "residues.csv", found, models[0], varied)
    _write_fsc(context.outputs / "model_fsc.csv", found)
    _write_decisions(context.outputs / "decisions.csv", found)
    if found.misplaced and found.placed.moved > WORTH_WRITING:
        write_moved(inputs["model"], context.outputs / "model_fitted.cif", found.placed.rotation, found.placed.translation)
    draw(found, volume, halves, resolution, context.outputs)
    context.report(Progress("compare map and model", 1, 1))
    warnings = _warnings(found, len(models), check.reason if check.verdict in ("warn", "fail") else "")
    write_json(context.outputs / "model.json", {
        **told, "verdict": check.verdict, "reason": check.reason, "warnings": list(warnings),
        "decisions": [row.__dict__ for row in found.decisions],
        "segments": [{**each.__dict__, "z": round(each.z, 2)} for each in found.segments],
    })  # fmt: skip
    return Result(figures=told, warnings=warnings)


def _halves(inputs: Inputs, params: CheckModel, context: Context) -> Postprocessed | None:
    from vitreous.io.mrc import read_volume
    from vitreous.runtime.chance import torch_generator
    from vitreous.stages.postprocess import postprocess

    if inputs.get("half1") is None:
        return None
    mask = inputs.get("mask")
    first, second = (read_volume(inputs[port], params.pixel_size) for port in ("half1", "half2"))
    return postprocess(first, second, torch_generator(context.seed, "phases"),
                       mask=None if mask is None else read_volume(mask, params.pixel_size))  # fmt: skip


def _warnings(found: ModelComparison, models: int, said: str) -> tuple[str, ...]:
    more = [said] if said else []
    if found.b_factors_odd:
        more.append(f"The model's B-factors were left out: {found.b_factors_odd}. One overall B was fitted instead.")
    if models > 1:
        more.append(f"The file holds {models} models: the first was compared, and residues.csv tells how far they differ.")
    return tuple(more)


def _write_residues(path: Path, found: ModelComparison, whole: AtomicModel, varied: np.ndarray | None) -> None:
    """Write one row a residue: its Q, atoms inside the contour, side chain's Z, and the ensemble's spread."""
    import numpy as np

    from vitreous.runtime.files import write_text
    from vitreous.stages.model.q_score import by_residue

    model = found.model
    index, first = np.unique(model.residue_index, return_index=True)
    inside = by_residue(found.inclusion.astype(float), model.residue_index)
    side = dict(zip(found.side_chains.residue.tolist(), found.side_chains.z.tolist()))
    spread = {} if varied is None else dict(zip(np.unique(whole.residue_index).tolist(), varied.tolist()))
    numbers = model.numbers if len(model.numbers) else model.residue_index.astype(str)
    rows = ["chain,residue,number,q_score,atom_inclusion,side_chain_z,variability_angstrom"]
    for at, row, q, share in zip(index.tolist(), first, found.q.residues, inside):
        numbers_of = ("" if value is None else f"{value:.4g}" for value in (q, share, side.get(at), spread.get(at)))
        rows.append(",".join([str(model.chains[row]), str(model.residues[row]), str(numbers[row]), *numbers_of]))
    write_text(path, "\n".join(rows) + "\n")


def _write_fsc(path: Path, found: ModelComparison) -> None:
    from vitreous.runtime.files import write_text

    fsc = found.fsc
    columns = {
        "spatial_frequency_per_angstrom": fsc.k, "fsc_model_masked": fsc.masked, "fsc_model_low": fsc.low,
        "fsc_model_high": fsc.high, "fsc_model_unmasked": fsc.unmasked, "independent_samples": fsc.samples,
    }  # fmt: skip
    rows = (",".join(f"{value:.{DIGITS}g}" for value in row) for row in zip(*(column[1:].tolist() for column in columns.values())))
    write_text(path, "\n".join([",".join(columns), *rows]) + "\n")


def _write_decisions(path: Path, found: ModelComparison) -> None:
    from vitreous.runtime.files import write_text

    rows = (f'{row.estimate},"{row.relation}",{"yes" if row.expected else "no"},"{row.action}"' for row in found.decisions)
    write_text(path, "\n".join(["estimate,relation,as_expected,action", *rows]) + "\n")


def draw(found: ModelComparison, volume: Volume, halves: Postprocessed | None, resolution: float | None, folder: Path) -> None:
    """Draw all pictures of a comparison."""
    import numpy as np

    from vitreous.views.model_fit import model_fsc_figure, model_slices_figure, q_histogram_figure, residue_figure, resolutions_figure
    from vitreous.views.render import save_figure

    fsc, model = found.fsc, found.model
    k, masked, low, high, unmasked = (curve[1:].numpy() for curve in (fsc.k, fsc.masked, fsc.low, fsc.high, fsc.unmasked))
    beside = None if halves is None else np.interp(k, halves.curves.k.numpy(), halves.curves.corrected.numpy(), right=np.nan)
    save_figure(model_fsc_figure(k, masked, low=low, high=high, unmasked=unmasked, halves=beside, resolution=fsc.resolution(0.5)),
                folder / "model_fsc.svg")  # fmt: skip
    first = np.unique(model.residue_index, return_index=True)[1]
    chain_of = model.chains[first]
    by_chain = {str(name): found.q.residues[chain_of == name] for name in dict.fromkeys(chain_of)}
    chains = {name: (np.arange(1, len(q) + 1), q) for name, q in by_chain.items()}
    save_figure(residue_figure(chains, expected=found.q_expected), folder / "q_residues.svg")
    save_figure(q_histogram_figure(found.q.atoms, expected=found.q_expected), folder / "q_atoms.svg")
    save_figure(model_slices_figure(volume.values.numpy(), volume.voxel_size, model.positions - np.array(volume.corner)),
                folder / "model_slices.svg")  # fmt: skip
    advice = tuple(f"{row.relation}: {row.action}." for row in found.decisions if not row.expected)
    estimates = {
        "d_FSC": resolution, "d_99": found.d_99, "d_model": found.d_model.resolution,
        "d_model, B as given": found.d_model_as_given.resolution,
        "d_FSC_model, 0.143": fsc.resolution(1 / 7), "d_FSC_model, 0.5": fsc.resolution(0.5),
    }  # fmt: skip
    save_figure(resolutions_figure(estimates, advice), folder / "resolutions.svg")


def estimate(inputs: Inputs, params: CheckModel) -> Estimate:
    """Expect transforms of the map and of the model's density, some on finer grids."""
    from math import prod

    from vitreous.io.mrc import read_header

    voxels = prod(read_header(inputs["map"]).shape)
    return Estimate(seconds=15 + SECONDS_PER_VOXEL * voxels, memory=400_000_000 + BYTES_PER_VOXEL * voxels)


JOB = JobType(
    name="check-model",
    summary="Hold a map against its atomic model: correlations, Q-scores, resolutions, hand, pixel size",
    params=CheckModel,
    inputs=(
        Input("map", "volume", "sharpened or plain, density bright", positional=True),
        Input("model", "model", "PDB or mmCIF, where it lies in the map; waters and hydrogens are left out", positional=True),
        Input("half1", "half-map 1", "unfiltered, for the resolution the halves support", optional=True),
        Input("half2", "half-map 2", "the other half", optional=True),
        Input("mask", "mask", "for the half-maps; made from them without it", optional=True),
    ),
    outputs=(
        Output("summary", "model.json", "figures", "all figures, verdict, and what the resolutions mean"),
        Output("fitted", "model_fitted.cif", "model", "the model where it fits better, if that is more than 0.5 Å away", optional=True),
        Output("residues", "residues.csv", "table", "Q-score, inclusion, side chain's Z and variability of each residue"),
        Output("decisions", "decisions.csv", "table", "what the differences of the resolutions mean, and what to do"),
        Output("fsc", "model_fsc.csv", "curve", "correlation of map and model by shell, with its 95 % interval"),
        Output("fsc_picture", "model_fsc.svg", "picture", "the same"),
        Output("q_residues_picture", "q_residues.svg", "picture", "Q-scores along the chains"),
        Output("q_atoms_picture", "q_atoms.svg", "picture", "their distribution"),
        Output("slices_picture", "model_slices.svg", "picture", "atoms on slices of the map"),
        Output("resolutions_picture", "resolutions.svg", "picture", "resolutions of map and model side by side"),
    ),
    run="vitreous.jobs.check_model:run",
    estimate="vitreous.jobs.check_model:estimate",
    papers=(
        "Afonine et al., Acta Cryst. D74, 531 (2018).",
        "Afonine et al., Acta Cryst. D74, 814 (2018).",
        "Pintilie et al., Nat. Methods 17, 328 (2020).",
        "Barad et al., Nat. Methods 12, 943 (2015).",
        "Pintilie & Chiu, J. Struct. Biol. 204, 564 (2018).",
        "Herzik, Fraser & Lander, Structure 27, 344 (2019).",
    ),
)
