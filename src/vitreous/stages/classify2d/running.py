"""Two-dimensional class averages that grow while a session is recorded: is it my particle, and are there enough views?

A few hundred images do not settle many classes, and what one step at a time makes of a bad start stays bad. So the first images
are kept, and classified anew by the ordinary iterations whenever there are as many as :data:`RESTARTS` says; classes change
their numbers then. Otherwise images are added by steps of stochastic expectation-maximisation
(:mod:`vitreous.stages.classify2d.online`), and after the last restart none is seen twice. Images are held to a detail of
a ninth of the particle, plenty for the question and cheap: few coefficients, few angles. Memory does not depend on how many
have come.
"""

from __future__ import annotations

import json
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike

from vitreous.data.optics import Optics
from vitreous.data.particles import Contrast, Particles
from vitreous.errors import FormatError, require
from vitreous.inference.images import FourierImages
from vitreous.inference.load import Band, images_at_hand, working_size
from vitreous.runtime.files import replacing
from vitreous.stages.classify2d.choose import detail_shell
from vitreous.stages.classify2d.em import Classify2DSettings, classify
from vitreous.stages.classify2d.online import TRUST, Online, advance, begin

#: Numbers of images at which all of them are classified anew, and the passes over them.
RESTARTS, PASSES = (200, 500, 1000), 8
#: Finest detail held, as a part of the particle; the most shells held, for large boxes; the mask on images against the particle.
FINEST, SHELLS, MASK = 1 / 9, 24, 1.2
#: Most images in one step.
STEP = 100
#: In-plane step, degrees.
STEP_DEG = 8.0
VERSION = 1


class Sorted(NamedTuple):
    """What was found for a batch: class from 0 ``(n,)``, -1 before the classes have started; log-evidence over noise ``(n,)`` or NaN."""

    assignment: np.ndarray
    quality: np.ndarray


class RunningAverages:
    """Class averages of all images so far.

    Parameters
    ----------
    optics
        Of the images.
    diameter
        Of the particle, Å.
    classes
        How many, 1 to 100.
    seed
        Of the start.
    contrast
        Whether protein is "bright" in the images, as extraction leaves them, or "dark".

    Raises
    ------
    InputError
        If a value is out of its range.
    """

    def __init__(self, optics: Optics, diameter: float, classes: int = 30, *, seed: int = 0, contrast: Contrast = "bright") -> None:
        require(np.isfinite(diameter) and diameter > 0, "diameter", diameter, "positive, in Å")
        require(1 <= classes <= 100, "classes", classes, "from 1 to 100")
        require(contrast in ("bright", "dark"), "contrast", contrast, "bright or dark")
        self.optics, self.contrast, self.box = optics, contrast, 0
        self.settings = Classify2DSettings(diameter=float(diameter), classes=int(classes), iterations=PASSES, seed=int(seed),
                                           step_deg=STEP_DEG)  # fmt: skip
        self._kept: FourierImages | None = None
        self._state: Online | None = None

    @property
    def seen(self) -> int:
        """Images so far."""
        return self._state.seen if self._state else len(self._kept) if self._kept else 0

    @property
    def started(self) -> bool:
        """Whether there are averages yet."""
        return self._state is not None

    @property
    def pixel_size(self) -> float:
        """Å per pixel of the averages; NaN before the first image."""
        return self.optics.pixel_size * self.box / self._size() if self.box else float("nan")

    def add(self, images: ArrayLike, defocus: ArrayLike) -> Sorted:
        """Sort a batch into the classes, and add it to them.

        Parameters
        ----------
        images
            ``(n, box, box)``, normalised; n may be 0, and the box is that of the first batch.
        defocus
            ``(n, 4)``: u and v in Å, angle and phase shift in degrees.

        Raises
        ------
        InputError
            If images are of another box, or not numbers; nothing of the batch is then added.
        """
        images, defocus = np.ascontiguousarray(images, np.float32), np.asarray(defocus, np.float64)
        self._check(images, defocus)
        if not len(images):
            return Sorted(np.zeros(0, np.int64), np.zeros(0))
        with torch.inference_mode():
            held = self._held(images, defocus, images.shape[-1])
            self.box = images.shape[-1]
            return self._keep(held) if self.seen < RESTARTS[-1] else self._steps(held)

    def averages(self) -> np.ndarray:
        """Class averages, float32 ``(classes, n, n)``, protein bright; none, ``(0, n, n)``, before the start."""
        return self._state.averages.numpy().copy() if self._state else np.zeros((0, self._size(), self._size()), np.float32)

    def weights(self) -> np.ndarray:
        """Share of recent images in each class, ``(classes,)``, summing to 1; none before the start."""
        return (self._state.occupancy / self._state.occupancy.sum()).numpy() if self._state else np.zeros(0)

    def resolution(self) -> np.ndarray:
        """Å to which each average holds more signal than noise, ``(classes,)``: at best the detail held; infinite where it holds none."""
        shells = [detail_shell(ssnr / TRUST) for ssnr in self._state.ssnr] if self._state else []
        with np.errstate(divide="ignore"):
            return self._size() * self.pixel_size / np.array(shells, float)

    def save(self, path: str | Path) -> None:
        """Write all that is needed to go on, as a ``.npz``, whole or not at all."""
        setup = {"version": VERSION, "optics": asdict(self.optics), "diameter": self.settings.diameter, "classes": self.settings.classes,
                 "seed": self.settings.seed, "contrast": self.contrast, "box": self.box}  # fmt: skip
        arrays: dict[str, Any] = {"setup": np.array(json.dumps(setup))}
        if self._state:
            arrays |= {f.name: np.asarray(getattr(self._state, f.name)) for f in fields(Online)}
        if self._kept:
            arrays |= {"values": self._kept.values.numpy(), "transfer": self._kept.transfer.numpy()}
        with replacing(path) as aside, aside.open("wb") as handle:
            np.savez(handle, **arrays)

    @classmethod
    def load(cls, path: str | Path) -> RunningAverages:
        """Go on where :meth:`save` was called: what comes next gives the same bits as without the interruption.

        Raises
        ------
        FormatError
            If the file is not one of these, or damaged.
        """
        try:
            with np.load(path, allow_pickle=False) as found:
                return cls._of({name: found[name] for name in found.files})
        except FileNotFoundError:
            raise
        except Exception as problem:
            raise FormatError(path, f"must be a whole file of running averages; reading failed ({problem}). Try: without it.") from problem

    @classmethod
    def _of(cls, arrays: dict[str, np.ndarray]) -> RunningAverages:
        setup = json.loads(str(arrays["setup"]))
        require(setup["version"] == VERSION, "version", setup["version"], str(VERSION), instead="begin anew")
        optics = {name: tuple(map(tuple, v)) if name == "magnification" else tuple(v) if isinstance(v, list) else v
                  for name, v in setup["optics"].items()}  # fmt: skip
        out = cls(Optics(**optics), setup["diameter"], setup["classes"], seed=setup["seed"], contrast=setup["contrast"])
        out.box = setup["box"]
        if "values" in arrays:
            empty = out._held(np.zeros((1, out.box, out.box), np.float32), np.zeros((1, 4)), out.box)
            values, transfer = (torch.from_numpy(arrays[name]) for name in ("values", "transfer"))
            out._kept = replace(empty, values=values, transfer=transfer, group=torch.zeros(len(values), dtype=torch.int64))
        if "seen" in arrays:
            kept = {f.name: torch.from_numpy(arrays[f.name]) for f in fields(Online)[2:]}
            out._state = Online(int(arrays["seen"]), float(arrays["held"]), **kept)
        return out

    def _check(self, images: np.ndarray, defocus: np.ndarray) -> None:
        box = self.box or images.shape[-1]
        require(images.ndim == 3 and images.shape[1:] == (box, box), "images", images.shape, f"(n, {box}, {box})",
                instead="extract all micrographs with one box")  # fmt: skip
        require(box >= 32, "the box", box, "at least 32 pixels")
        require(defocus.shape == (len(images), 4), "defocus", defocus.shape, f"({len(images)}, 4): u, v, angle, phase shift a particle")
        require(bool(np.isfinite(defocus).all()), "defocus", "NaN or infinities", "numbers", instead="estimate-ctf")
        length = box * self.optics.pixel_size
        require(self.settings.diameter <= length, "diameter", self.settings.diameter, f"at most the box, {length:.4g} Å",
                instead="a larger box")  # fmt: skip

    def _size(self) -> int:
        return self._band(self.box).size if self.box else 0

    def _band(self, box: int) -> Band:
        length, diameter = box * self.optics.pixel_size, self.settings.diameter
        shells = min(SHELLS, int(length / (FINEST * diameter)))
        size = working_size(box, self.optics.pixel_size, length / shells)
        return Band(size=size, radius=min(shells, size // 2 - 1), mask_diameter=MASK * diameter)

    def _held(self, images: np.ndarray, defocus: np.ndarray, box: int) -> FourierImages:
        """Coefficients of a batch, of one noise group."""
        particles = Particles(optics=(self.optics,), group=np.zeros(len(images), np.int64), defocus=defocus, contrast=self.contrast)
        return images_at_hand(images, particles, self._band(box))

    def _keep(self, images: FourierImages) -> Sorted:
        """Keep a batch; classify all that is kept whenever its number reaches one of ``RESTARTS``, else go on as usual."""
        before = len(self._kept) if self._kept else 0
        kept = self._kept = joined(self._kept, images) if self._kept else images
        if not any(before < number <= len(kept) for number in RESTARTS):
            return self._steps(images) if self._state else Sorted(np.full(len(images), -1), np.full(len(images), np.nan))
        self._state = begin(classify(kept, self.settings))
        if len(kept) >= RESTARTS[-1]:
            self._kept = None
        return Sorted(*(column[before:] for column in self._steps(kept)))

    def _steps(self, images: FourierImages) -> Sorted:
        told = []
        for rows in torch.arange(len(images)).tensor_split(-(-len(images) // STEP)):
            assert self._state is not None  # noqa: S101  the callers see to it
            self._state, explained = advance(self._state, images.take(rows), self.settings)
            told.append(Sorted(explained.assignment.numpy(), explained.found.log_evidence.numpy()))
        return Sorted(*(np.concatenate(column) for column in zip(*told)))


def joined(a: FourierImages, b: FourierImages) -> FourierImages:
    """Two batches of one kind as one."""
    columns = {name: torch.cat([getattr(a, name), getattr(b, name)]) for name in ("values", "transfer", "group")}
    return replace(a, **columns)
