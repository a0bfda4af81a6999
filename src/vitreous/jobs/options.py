"""Parameters that several jobs share."""

from __future__ import annotations

from vitreous.data.optics import Optics
from vitreous.errors import InputError, require
from vitreous.pipeline.params import option, parameters

#: The names by which users know the fields of :class:`Optics`.
FLAGS = {"pixel_size": "--pixel-size 1.06", "voltage": "--voltage 300", "cs": "--cs 2.7"}
UNITS = {"pixel_size": "positive, in Å", "voltage": "in kV", "cs": "in mm"}
USUAL_AMPLITUDE_CONTRAST = 0.1
#: Relative difference of two pixel sizes that rounding does not explain.
PIXEL_SIZE_TOLERANCE = 0.01


@parameters
class PixelSize:
    """The scale of images; overrules what a STAR file of images says."""

    pixel_size: float | None = option(None, "Å", "of the images", above=0, high=1000, if_none="from the file")


@parameters
class Microscope(PixelSize):
    """What images do not say of themselves; a STAR file of images does, and is overruled by what is given here."""

    voltage: float | None = option(None, "kV", "acceleration voltage", low=40, high=1500, if_none="from the file")
    cs: float | None = option(None, "mm", "spherical aberration", low=0, high=20, if_none="from the file")
    amplitude_contrast: float | None = option(
        None, "", "fraction of the contrast that is amplitude contrast", low=0, high=1, if_none="from the file, else 0.1"
    )

    def given(self) -> dict[str, float | None]:
        """The values by the names of :class:`Optics`, ``None`` for those that were not given."""
        return {"pixel_size": self.pixel_size, "voltage": self.voltage, "spherical_aberration": self.cs,
                "amplitude_contrast": self.amplitude_contrast}  # fmt: skip

    def optics(self, what: str, header_pixel_size: float | None = None) -> Optics:
        """Give the optics of images that have no STAR file.

        Parameters
        ----------
        what
            The file, for messages.
        header_pixel_size
            Å, as their header says; counts where none is given.

        Raises
        ------
        InputError
            If pixel size, voltage or spherical aberration is known from nowhere.
        """
        values = {"pixel_size": self.pixel_size or header_pixel_size, "voltage": self.voltage, "cs": self.cs}
        for name, value in values.items():
            require(value is not None, name, value, f"given, {UNITS[name]}: {what} says nothing of it", instead=FLAGS[name])
        contrast = self.amplitude_contrast
        return Optics(pixel_size=values["pixel_size"], voltage=values["voltage"], spherical_aberration=values["cs"],
                      amplitude_contrast=USUAL_AMPLITUDE_CONTRAST if contrast is None else contrast)  # fmt: skip


def stated_pixel_size(header: float | None) -> float | None:
    """Give the pixel size of a header to the six digits it holds, ``None`` where it is 0 or 1, which stand for "not known"."""
    return float(f"{header:.6g}") if header and abs(header - 1.0) > 1e-4 else None


def pixel_sizes_differ(given: float | None, header: float | None, tolerance: float = PIXEL_SIZE_TOLERANCE) -> bool:
    """Whether both pixel sizes are known and differ by more than ``tolerance``, a fraction of the header's."""
    stated = stated_pixel_size(header)
    return bool(given and stated and abs(given - stated) > tolerance * stated)


def check_pixel_size(given: float | None, header: float | None, path: object, tolerance: float = PIXEL_SIZE_TOLERANCE) -> None:
    """Refuse a pixel size that contradicts the file's own.

    Raises
    ------
    InputError
        If both are known and differ by more than ``tolerance``, a fraction of the header's.
    """
    if pixel_sizes_differ(given, header, tolerance):
        raise InputError(f"pixel_size must agree with the header of {path} to {100 * tolerance:g} %, in Å; got {given:g}, and the header "
                         f"says {header:.6g}. Try: --pixel-size {header:.6g}, or correct the header.")  # fmt: skip
