"""What surfaces show of a parameter class: the fields of a web form, the rows of a documentation table."""

from __future__ import annotations

from typing import Any

from vitreous.pipeline.params import Option, options, plain


def form(declared: type) -> list[dict[str, Any]]:
    """Describe each parameter as a JSON object that a page can draw an input for."""
    return [_described(each) for each in options(declared)]


def _described(each: Option) -> dict[str, Any]:
    told = {"name": each.name, "label": label(each), "kind": each.kind, "default": plain(each.default), "unit": each.unit}
    told |= {"help": each.help, "rule": each.rule, "required": each.required, "optional": each.optional, "many": each.many}
    told |= {"choices": list(each.choices), "low": each.low, "above": each.above, "high": each.high}
    return told | {"if_none": each.if_none, "advanced": each.advanced}


def label(each: Option) -> str:
    """Name a parameter for a person: "pixel size [Å]"."""
    return each.name.replace("_", " ") + (f" [{each.unit}]" if each.unit else "")


def default_text(each: Option) -> str:
    """Say what happens when the user is silent."""
    if each.required:
        return "required"
    if each.default is None:
        return each.if_none or "none"
    if each.kind == "switch":
        return "yes" if each.default else "no"
    values = each.default if each.many else (each.default,)
    if values in ((), ("",)):
        return each.if_none or "none"
    return " ".join(f"{value:g}" if each.kind == "number" else str(value) for value in values)


def table(declared: type) -> str:
    """Write the parameters as a Markdown table."""
    rows = [f"| `{each.name}` | {each.rule} | {default_text(each)} | {each.help} |" for each in options(declared)]
    return "\n".join(["| parameter | must be | default | meaning |", "|---|---|---|---|", *rows]) + "\n"
