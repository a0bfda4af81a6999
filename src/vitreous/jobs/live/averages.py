"""Class averages that grow with a session; each movie's particles go into them once, in the order in which movies were finished."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vitreous.stages.classify2d.running import RunningAverages

#: Movies after which the averages are saved: what came since the last time is added again after a kill, from the stacks.
SAVE_EVERY = 10
#: Detail that an average of particles shows at least, as a part of their diameter.
DETAIL = 1 / 3


class Gallery:
    """The averages of the session in ``folder``.

    Parameters
    ----------
    folder
        Of the session. The averages lie in its ``state``, in one file whose name says how many movies went into it, so that both
        change in the same instant.
    diameter, classes, seed
        As for :class:`~vitreous.stages.classify2d.running.RunningAverages`.
    """

    def __init__(self, folder: Path, diameter: float, classes: int, seed: int) -> None:
        self.folder, self.diameter, self.classes, self.seed = folder, diameter, classes, seed
        self.averages: RunningAverages | None = None
        self.movies = 0
        saved = sorted((folder / "state").glob("averages-*.npz"))
        if saved and classes:
            from vitreous.stages.classify2d.running import RunningAverages

            self.averages, self.movies = RunningAverages.load(saved[-1]), int(saved[-1].stem.rpartition("-")[2])

    def take(self, done: Mapping[str, Mapping[str, Any]]) -> list[str]:
        """Add the particles of movies that are not in yet.

        Parameters
        ----------
        done
            All movies of the session in the order in which they were finished.

        Returns
        -------
        list[str]
            What to say of movies whose particles could not be added.
        """
        problems = []
        for name, told in islice(done.items(), self.movies, None) if self.classes else ():
            try:
                self._add(name, told)
            except Exception as problem:  # noqa: BLE001 - averages are to look at, and must not end a session
                problems.append(f"{name}: its particles are not in the averages: {type(problem).__name__}: {problem}")
            self.movies += 1
            if self.movies % SAVE_EVERY == 0:
                self.save()
        return problems

    def _add(self, name: str, told: Mapping[str, Any]) -> None:
        import numpy as np

        from vitreous.io.mrc import open_stack
        from vitreous.stages.classify2d.running import RunningAverages

        if not told["particles"]:
            return
        stack = open_stack(self.folder / "particles" / f"{name}.mrcs")
        if self.averages is None:
            self.averages = RunningAverages(_optics(told["align"], stack.pixel_size), self.diameter, self.classes, seed=self.seed)
        fit = told["ctf"]["defocus"]
        row = [fit["u"], fit["v"], fit["angle_deg"], fit["phase_shift_deg"]]
        self.averages.add(stack.read(), np.tile(row, (stack.count, 1)))

    def save(self) -> None:
        """Keep the averages as they are now."""
        if self.averages is None:
            return
        path = self.folder / "state" / f"averages-{self.movies:07d}.npz"
        self.averages.save(path)
        for old in path.parent.glob("averages-*.npz"):
            if old != path:
                old.unlink()

    def draw(self) -> None:
        """Replace ``averages.mrcs`` and ``averages.png``, once there are averages; the picture is on twice as many pixels.

        Classes that show no detail of ``DETAIL`` of the particle are marked as rejected: few images, or no particles.
        """
        if self.averages is None or not self.averages.started:
            return
        import numpy as np
        import torch

        from vitreous.io.stacks import write_stack
        from vitreous.numerics.resample import fourier_resize
        from vitreous.views.classes import classes_figure
        from vitreous.views.render import save_figure

        found, pixel_size, reach = self.averages.averages(), self.averages.pixel_size, self.averages.resolution()
        write_stack(self.folder / "averages.mrcs", found, pixel_size)
        side = 2 * found.shape[-1]
        figure = classes_figure(
            fourier_resize(torch.from_numpy(found), (side, side)).numpy(), self.averages.weights(), pixel_size=pixel_size / 2,
            kept=reach <= DETAIL * self.diameter, notes=[f"{each:.0f} Å" if np.isfinite(each) else "–" for each in reach],
        )  # fmt: skip
        save_figure(figure, self.folder / "averages.png")


def _optics(aligned: Mapping[str, Any], pixel_size: float | None) -> Any:
    from vitreous.data.optics import Optics

    return Optics(pixel_size=pixel_size or aligned["pixel_size"], voltage=aligned["voltage"], spherical_aberration=aligned["cs"],
                  amplitude_contrast=aligned["amplitude_contrast"])  # fmt: skip
