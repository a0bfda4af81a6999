"""A report as one HTML file that asks nothing of anybody: no script, no request, pictures inside it."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from urllib.parse import quote

from vitreous.runtime.files import write_text
from vitreous.views.figure import Figure
from vitreous.views.render import render
from vitreous.views.report import Drawn, Headline, Provenance, Report, Section, Table

#: The browser itself refuses anything from elsewhere.
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def _address(content: bytes, media_type: str) -> str:
    """Data URI; SVG stays text, which is smaller than base64."""
    if media_type == "image/svg+xml":
        return f"data:{media_type},{quote(content.decode(), safe=' ,;=/+().-_')}"
    return f"data:{media_type};base64,{b64encode(content).decode()}"


def _drawn(figure: Figure | Drawn) -> Drawn:
    if isinstance(figure, Drawn):
        return figure
    return Drawn(content=render(figure, "svg"), title=figure.title, caption=figure.caption, width=figure.width)


def _figure(item: Figure | Drawn, *, alone: bool = False) -> str:
    """A figure; one of half width that stands alone has its words beside it."""
    ready = _drawn(item)
    words = f"<strong>{escape(ready.title)}.</strong> {escape(ready.caption)}"
    kind = ("half alone" if alone else "half") if ready.width == "half" else "full"
    alt = escape(f"{ready.title}. {ready.caption}", quote=True)
    paper = " on-paper" if ready.media_type == "image/png" else ""
    image = f'<img class="picture{paper}" src="{_address(ready.content, ready.media_type)}" alt="{alt}">'
    return f'<figure class="{kind}">{image}<figcaption>{words}</figcaption></figure>'


def _looks_numeric(cells: Iterable[str]) -> bool:
    """Whether a column holds numbers, and so is set to the right."""
    kept = [cell for cell in cells if cell.strip() not in ("", "–", "-")]
    return bool(kept) and all(re.match(r"^[−+\-]?[\d.,\s]+(e[+-]?\d+)?\s*(%|×|±.*)?$", cell.strip()) for cell in kept)


def _table(table: Table) -> str:
    right = [_looks_numeric(row[index] for row in table.rows) for index in range(len(table.columns))]

    def line(cells: Sequence[str], tag: str, tone: str = "") -> str:
        inside = (f"<{tag}{' class=number' if number else ''}>{escape(cell)}</{tag}>" for cell, number in zip(cells, right))
        return f'<tr class="{escape(tone)}">{"".join(inside)}</tr>' if tone else f"<tr>{''.join(inside)}</tr>"

    caption = f"<caption>{escape(table.caption)}</caption>" if table.caption else ""
    body = "".join(line(row, "td", tone) for row, tone in zip(table.rows, table.tones or ("",) * len(table.rows)))
    return f'<div class="table"><table>{caption}<thead>{line(table.columns, "th")}</thead><tbody>{body}</tbody></table></div>'


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{escape(part.strip())}</p>" for part in text.split("\n\n") if part.strip())


def _anchor(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or "section"


def _items(items: Sequence[Figure | Drawn | Table]) -> Iterator[str]:
    """Half-wide figures in pairs, everything else on its own."""
    waiting: Figure | Drawn | None = None
    for item in items:
        if not isinstance(item, Table) and item.width == "half":
            if waiting is not None:
                yield _figure(waiting) + _figure(item)
            waiting = item if waiting is None else None
            continue
        if waiting is not None:
            yield _figure(waiting, alone=True)
            waiting = None
        yield _table(item) if isinstance(item, Table) else _figure(item)
    if waiting is not None:
        yield _figure(waiting, alone=True)


def _section(section: Section, heading: str = "h2", prefix: str = "") -> str:
    items = "".join(_items(section.items))
    title = f"<{heading}>{escape(section.title)}</{heading}>"
    inside = f'{title}{_paragraphs(section.text)}<div class="items">{items}</div>'
    return f'<section id="{prefix}{_anchor(section.title)}">{inside}</section>'


def _tiles(numbers: Sequence[Headline]) -> str:
    tiles = "".join(
        f'<div class="tile"><dt>{escape(each.label)}</dt><dd><span class="value">{escape(each.value)}</span>'
        f"{f' <span class=unit>{escape(each.unit)}</span>' if each.unit else ''}"
        f"{f'<small>{escape(each.note)}</small>' if each.note else ''}</dd></div>"
        for each in numbers
    )
    return f'<dl class="tiles">{tiles}</dl>' if tiles else ""


def _warnings(warnings: Sequence[str]) -> str:
    if not warnings:
        return '<p class="fine"><span aria-hidden="true">✓</span> No step raised a warning.</p>'
    heading = "One warning" if len(warnings) == 1 else f"{len(warnings)} warnings"
    lines = "".join(f"<li>{escape(each)}</li>" for each in warnings)
    return f'<aside class="warnings"><h2><span aria-hidden="true">⚠</span> {heading}</h2><ul>{lines}</ul></aside>'


def _pairs(pairs: Mapping[str, object]) -> str:
    rows = "".join(f"<div><dt>{escape(str(name))}</dt><dd>{escape(str(value))}</dd></div>" for name, value in pairs.items())
    return f'<dl class="pairs">{rows}</dl>' if rows else ""


def _provenance(source: Provenance) -> str:
    facts = {"Started": source.started, "Machine": source.machine, "Seed": "" if source.seed is None else source.seed}
    parts = [_pairs({name: value for name, value in facts.items() if value != ""})]
    parts += [
        f"<h3>{name}</h3><pre>{escape(text)}</pre>"
        for name, text in (("Command", source.command), ("Script", source.script))
        if text
    ]
    listed = (("Parameters", source.parameters), ("Versions", source.versions))
    parts += [f"<h3>{name}</h3>{_pairs(values)}" for name, values in listed if values]
    inside = "".join(parts)
    return f'<section id="provenance"><h2>How to do it again</h2>{inside}</section>' if inside else ""


def _quarantine(items: Sequence[tuple[str, str]]) -> str:
    if not items:
        return ""
    what = "One input was" if len(items) == 1 else f"{len(items)} inputs were"
    table = _table(Table(columns=("Input", "Reason"), rows=items))
    return f'<section id="set-aside"><h2>Set aside</h2><p>{what} not used, each for its reason.</p>{table}</section>'


def _papers(papers: Sequence[str]) -> str:
    rows = "".join(f"<li>{escape(paper)}</li>" for paper in papers)
    return f'<section id="papers"><h2>Whom to cite</h2><ol>{rows}</ol></section>' if rows else ""


def _contents(report: Report) -> str:
    links = [(_anchor(section.title), section.title) for section in report.sections]
    links += [("truth", "Against the truth")] if report.truth else []
    links += [("set-aside", "Set aside")] if report.quarantine else []
    links += [("provenance", "How to do it again")] if report.provenance != Provenance() else []
    links += [("papers", "Whom to cite")] if report.papers else []
    return "<nav><ul>" + "".join(f'<li><a href="#{at}">{escape(title)}</a></li>' for at, title in links) + "</ul></nav>"


def _truth(sections: Sequence[Section]) -> str:
    if not sections:
        return ""
    inside = "".join(_section(section, "h3", "truth-") for section in sections)
    said = "The input was simulated, so the right answer of every step is known; here is how far each came from it."
    return f'<div class="truth" id="truth"><h2>Against the truth</h2><p>{said}</p>{inside}</div>'


def report_html(report: Report) -> str:
    """The report as a document; see :func:`write_report`."""
    style = (Path(__file__).parent / "report.css").read_text(encoding="utf-8")
    subtitle = f'<p class="subtitle">{escape(report.subtitle)}</p>' if report.subtitle else ""
    hero = f'<div class="hero">{_figure(report.hero)}</div>' if report.hero is not None else ""
    body = "".join((
        f'<header><p class="brand">Vitreous</p><h1>{escape(report.title)}</h1>{subtitle}</header><main>',
        _warnings(report.warnings), _tiles(report.headline), hero, _contents(report), *map(_section, report.sections),
        _truth(report.truth), _quarantine(report.quarantine), _provenance(report.provenance), _papers(report.papers), "</main>",
    ))  # fmt: skip
    refresh = f'<meta http-equiv="refresh" content="{report.refresh}">' if report.refresh else ""
    head = (
        f'<meta charset="utf-8">{refresh}<title>{escape(report.title)}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}"><style>{style}</style>'
    )
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>{body}</body></html>\n'


def write_report(path: str | Path, report: Report) -> None:
    """Write a report as one self-contained HTML file, atomically.

    Parameters
    ----------
    path
        The file.
    report
        Its content; every word in it is escaped.
    """
    write_text(path, report_html(report))
