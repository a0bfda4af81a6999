"""Errors that name the thing, the value, the rule and the way out."""

from __future__ import annotations

from pathlib import Path


class VitreousError(Exception):
    """Root of every error that Vitreous raises on purpose."""


class InputError(VitreousError, ValueError):
    """The caller gave something that cannot be used."""


class FormatError(InputError):
    """A file is not what its name or header says.

    Parameters
    ----------
    path
        The file.
    problem
        What is wrong, with the value found and the value needed.
    where
        Row, column or byte, if known.
    """

    def __init__(self, path: str | Path, problem: str, where: str = "") -> None:
        self.path, self.problem, self.where = Path(path), problem, where
        super().__init__(f"{path}{f' ({where})' if where else ''}: {problem}")

    def __reduce__(self) -> tuple:
        return type(self), (self.path, self.problem, self.where)


class MissingExtra(VitreousError, ImportError):
    """An optional package is not installed."""


class JobError(VitreousError):
    """A job failed; ``job`` is its folder name, ``cause`` the sentence that says why."""

    def __init__(self, job: str, cause: str) -> None:
        self.job, self.cause = job, cause
        super().__init__(f"job {job} failed: {cause}")

    def __reduce__(self) -> tuple:
        return type(self), (self.job, self.cause)


class Cancelled(VitreousError):
    """The user stopped the work; what was finished is kept."""


def require(ok: bool, name: str, got: object, need: str, *, instead: str = "") -> None:
    """Raise ``InputError`` unless ``ok``.

    Parameters
    ----------
    ok
        The rule, already evaluated.
    name
        The thing the rule is about, as the user knows it.
    got
        Its value.
    need
        The rule, with its unit: "positive, in Å".
    instead
        One concrete thing to try.

    Raises
    ------
    InputError
        "<name> must be <need>; got <got>. Try: <instead>."
    """
    if not ok:
        raise InputError(f"{name} must be {need}; got {got!r}." + (f" Try: {instead}." if instead else ""))
