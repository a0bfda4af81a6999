"""SVG as matplotlib writes it, made small, self-explaining, and at home on light and dark paper."""

from __future__ import annotations

import base64
import io
import re
from html import escape

import numpy as np

from vitreous.views.palette import COLOURS, variables
from vitreous.views.png import encode_png

FONTS = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'DejaVu Sans', sans-serif"


def themed_style() -> str:
    """Variables for every role: light by default, dark where the reader's surroundings are."""
    return f"<style>{variables('svg')}</style>"


def _smaller(match: re.Match[str]) -> str:
    """Encode an embedded image anew; grey ones need one byte a pixel instead of four."""
    import matplotlib.image

    content = base64.b64decode(match[1])
    pixels = matplotlib.image.imread(io.BytesIO(content), format="png")
    pixels = (np.asarray(pixels) * 255 + 0.5).astype(np.uint8)
    if pixels.ndim == 3 and pixels.shape[2] == 4 and pixels[..., 3].min() == 255:
        pixels = pixels[..., :3]
    if pixels.ndim == 3 and pixels.shape[2] == 3 and np.ptp(pixels, axis=2).max() == 0:
        pixels = pixels[..., 0]
    small = encode_png(np.ascontiguousarray(pixels))
    return "data:image/png;base64," + base64.b64encode(min(content, small, key=len)).decode()


def adaptive(text: str, title: str, caption: str) -> str:
    """Rewrite an SVG of matplotlib.

    Parameters
    ----------
    text
        The SVG, drawn with the palette's colours for light paper.
    title, caption
        For readers who cannot see it: SVG's ``title`` and ``desc``.

    Returns
    -------
    str
        An SVG without prologue and metadata, with its colours as variables that follow ``prefers-color-scheme``, its words
        in the reader's own typeface, and its pictures re-encoded.
    """
    text = text[text.index("<svg") :]
    text = re.sub(r"\s*<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r"data:image/png;base64,\s*([A-Za-z0-9+/=\s]+)", _smaller, text)
    for role, (light, dark) in COLOURS.items():
        if light != dark:
            text = text.replace(light, f"var(--{role})")
    text = re.sub(r"font: ([^;\"]*?)'DejaVu Sans'(?:, sans-serif)?", lambda match: f"font: {match[1]}{FONTS}", text)
    words = f"<title>{escape(title)}</title><desc>{escape(caption)}</desc>{themed_style()}"
    return re.sub(r"(<svg[^>]*>)", lambda match: match[1] + words, text, count=1)
