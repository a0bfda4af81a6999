"""Parameters declared once: a frozen dataclass whose fields carry unit, range and help.

The command line, the web form, the documentation table, ``job.json`` and the key under which a result is stored are all
read off the declaration, so that they cannot disagree.
"""

from __future__ import annotations

import difflib
import math
import types
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, dataclass_transform, get_args, get_origin, get_type_hints

from vitreous.errors import InputError

KINDS: dict[Any, str] = {float: "number", int: "integer", str: "text", bool: "switch", Path: "path"}
ARTICLES = {"number": "a number", "integer": "an integer", "text": "a text", "switch": "true or false", "path": "a path"}
T = TypeVar("T")


def option(
    default: Any,
    unit: str = "",
    help: str = "",  # noqa: A002 - the word that argparse and the reader expect
    *,
    low: float | None = None,
    above: float | None = None,
    high: float | None = None,
    if_none: str = "",
    advanced: bool = False,
    positional: bool = False,
) -> Any:
    """Declare one parameter of a ``@parameters`` class.

    Parameters
    ----------
    default
        Value when the user says nothing; ``...`` if the user must say something.
    unit
        "Å", "kV", "e/Å²"; empty for a plain number.
    help
        What it is, in a few words, without the unit.
    low, above, high
        Smallest allowed value, largest forbidden small value, largest allowed value.
    if_none
        What happens when the value is ``None``: "read from the header".
    advanced
        Shown under "fine tuning".
    positional
        May be named by its place on the command line as well as by ``--name``.
    """
    told = {"unit": unit, "help": help, "low": low, "above": above, "high": high, "if_none": if_none, "advanced": advanced,
            "positional": positional}  # fmt: skip
    return field(default=MISSING if default is ... else default, metadata=told)


@dataclass(frozen=True, kw_only=True)
class Option:
    """One parameter as every surface sees it.

    ``kind`` is "number", "integer", "text", "switch", "path" or "choice"; ``many`` values form a tuple; an ``optional`` one may
    be ``None``; ``required`` ones have no default. The rest is what :func:`option` was told.
    """

    name: str
    kind: str
    many: bool
    optional: bool
    required: bool
    default: Any
    choices: tuple[str, ...] = ()
    unit: str = ""
    help: str = ""
    low: float | None = None
    above: float | None = None
    high: float | None = None
    if_none: str = ""
    advanced: bool = False
    positional: bool = False

    @property
    def rule(self) -> str:
        """What a value must be, in words: "a number above 0, in Å"."""
        if self.choices:
            return "one of " + ", ".join(self.choices)
        parts = [ARTICLES[self.kind]]
        parts += [f"above {self.above:g}"] if self.above is not None else []
        parts += [f"at least {self.low:g}"] if self.low is not None else []
        parts += [f"at most {self.high:g}"] if self.high is not None else []
        words = " ".join(parts[:2]) + "".join(f" and {part}" for part in parts[2:])
        return words + (f", in {self.unit}" if self.unit else "")

    def check(self, value: Any) -> Any:
        """Give ``value`` in the declared type.

        Raises
        ------
        InputError
            If it breaks the rule.
        """
        if value is None and self.optional:
            return None
        if self.many:
            if isinstance(value, (str, Path)) or not hasattr(value, "__iter__"):
                raise InputError(f"{self.name} must be a list, each {self.rule}; got {value!r}.")
            return tuple(self._one(each) for each in value)
        return self._one(value)

    def _one(self, value: Any) -> Any:
        if self.choices:
            fits = value in self.choices
        elif self.kind in ("number", "integer"):
            fits = self._is_number(value) and self._in_range(value)
        else:
            fits = isinstance(value, {"text": str, "switch": bool, "path": (str, Path)}[self.kind])
        if not fits:
            raise InputError(f"{self.name} must be {self.rule}; got {value!r}.")
        return {"number": float, "integer": int, "path": Path}.get(self.kind, lambda same: same)(value)

    def _is_number(self, value: Any) -> bool:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return False
        return math.isfinite(value) and (self.kind == "number" or value == int(value))

    def _in_range(self, value: float) -> bool:
        return (
            (self.low is None or value >= self.low)
            and (self.above is None or value > self.above)
            and (self.high is None or value <= self.high)
        )

    def read(self, text: str) -> Any:
        """Turn one word of a command line or form into a value; "none" is ``None`` where that is allowed.

        Raises
        ------
        InputError
            If the word is no such value.
        """
        if self.optional and text.lower() == "none":
            return None
        convert = {"number": float, "integer": int, "switch": lambda word: {"true": True, "false": False}[word.lower()]}
        try:
            return self._one(convert.get(self.kind, str)(text))
        except (KeyError, ValueError) as problem:
            raise InputError(f"{self.name} must be {self.rule}; got {text!r}.") from problem


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(option,))
def parameters(declared: type[T]) -> type[T]:
    """Make a class of :func:`option` fields into a frozen, keyword-only dataclass that cannot hold a forbidden value.

    A method ``check(self)``, if the class has one, is called last; it is the place for rules that join two parameters.
    """

    def settle(self: Any) -> None:
        for each in options(type(self)):
            object.__setattr__(self, each.name, each.check(getattr(self, each.name)))
        if hasattr(self, "check"):
            self.check()

    declared.__post_init__ = settle  # type: ignore[attr-defined]
    return dataclass(frozen=True, kw_only=True)(declared)


@cache
def options(declared: type) -> tuple[Option, ...]:
    """List the parameters of a ``@parameters`` class, in the order of declaration.

    Raises
    ------
    TypeError
        If a field has a type that no surface can show.
    """
    hints = get_type_hints(declared)
    return tuple(_option(f, hints[f.name]) for f in fields(declared))


def _option(declared: Any, hint: Any) -> Option:
    members = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    plain = [member for member in members if member is not type(None)]
    inner, many = plain[0], get_origin(plain[0]) is tuple
    if many:
        inner = get_args(inner)[0]
    choices = get_args(inner) if get_origin(inner) is Literal else ()
    if len(plain) != 1 or (inner not in KINDS and not choices):
        raise TypeError(f"{declared.name}: no surface can show a parameter of type {hint}")
    return Option(
        name=declared.name,
        kind="choice" if choices else KINDS[inner],
        many=many,
        optional=len(members) > 1,
        required=declared.default is MISSING,
        default=None if declared.default is MISSING else declared.default,
        choices=choices,
        **declared.metadata,
    )


def to_json(params: Any) -> dict[str, Any]:
    """Give the values of a ``@parameters`` object as JSON can hold them."""
    return {each.name: plain(getattr(params, each.name)) for each in options(type(params))}


def plain(value: Any) -> Any:
    """Give a parameter's value as JSON can hold it: paths as text, tuples as lists."""
    if isinstance(value, tuple):
        return [plain(each) for each in value]
    return str(value) if isinstance(value, Path) else value


def from_json(declared: type[T], values: Mapping[str, Any]) -> T:
    """Make the parameters again; names that are absent take their default.

    Raises
    ------
    InputError
        If a name is unknown, a required one is absent, or a value is forbidden.
    """
    known = {each.name: each for each in options(declared)}
    for name in values:
        if name not in known:
            raise InputError(f"{name!r} is no parameter of {declared.__name__}.{suggestion(name, known)}")
    for name, each in known.items():
        if each.required and name not in values:
            raise InputError(f"{name} must be given: {each.rule}.")
    return declared(**values)


def suggestion(name: str, known: Any) -> str:
    """Give " Did you mean 'x'?" or nothing."""
    near = difflib.get_close_matches(name, list(known), n=1)
    return f" Did you mean {near[0]!r}?" if near else ""
