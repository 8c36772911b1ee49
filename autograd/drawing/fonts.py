"""Texts keep the width that they were laid out for, in whatever font a reader has.

Graphviz lays out for Arial. Where there is no Arial, nor a font made to its measure,
browsers take one that may be a fifth wider, and texts run into each other. So each text
of an SVG says how wide it is.
"""

import html
import re

FAMILY = 'Arial,"Liberation Sans",Arimo,Helvetica,sans-serif'
# Widths of " " to "~" in thousandths of the font size (Adobe's metrics of Helvetica,
# which are Arial's).
_REGULAR = (
    "278 278 355 556 556 889 667 191 333 333 389 584 278 333 278 278 556 556 556 556 "
    "556 556 556 556 556 556 278 278 584 584 584 556 1015 667 667 722 722 667 611 778 "
    "722 278 500 667 556 833 722 778 667 778 722 667 611 722 667 944 667 667 611 278 "
    "278 278 469 556 333 556 556 500 556 556 278 556 556 222 222 500 222 833 556 556 "
    "556 556 333 500 278 556 500 722 500 500 500 334 260 334 584"
)
_BOLD = (
    "278 333 474 556 556 889 722 238 333 333 389 584 278 333 278 278 556 556 556 556 "
    "556 556 556 556 556 556 333 333 584 584 584 611 975 722 722 722 722 667 611 778 "
    "722 278 556 722 611 833 722 778 667 778 722 667 611 722 667 944 667 667 611 333 "
    "278 333 584 556 333 556 611 556 611 556 333 611 611 278 278 556 278 889 611 611 "
    "611 611 389 556 333 611 556 778 556 556 500 389 280 389 584"
)
_OTHERS = {"×": 584, "·": 278, "…": 1000, "²": 333, "³": 333, "¹": 333, "\u00a0": 278}
_WIDTHS = [
    dict(zip(map(chr, range(32, 127)), map(int, row.split()), strict=True)) | _OTHERS
    for row in (_REGULAR, _BOLD)
]
_TEXT = re.compile(r"<text ([^>]*)>([^<]*)</text>")


def fitted(svg: str, font: str) -> str:
    """Return Graphviz's SVG with the width of each text, and fonts to fall back on."""
    family = FAMILY.replace('"', "'")
    svg = svg.replace(f'font-family="{font}"', f'font-family="{family}"')
    return _TEXT.sub(_with_width, svg)


def _with_width(found: re.Match[str]) -> str:
    attributes, content = found.groups()
    text = html.unescape(content)
    size = re.search(r'font-size="([\d.]+)"', attributes)
    widths = _WIDTHS["bold" in attributes]
    if size is None or not text.strip() or not {*text} <= widths.keys():
        return found[0]
    scale = float(size[1]) / 1000
    # Spaces in front move the text: not every reader keeps them.
    bare = text.lstrip(" \u00a0")
    shift = scale * sum(widths[c] for c in text[: len(text) - len(bare)])
    bare = bare.rstrip(" \u00a0")
    width = scale * sum(map(widths.__getitem__, bare))
    if shift and 'text-anchor="start"' in attributes:
        attributes = re.sub(
            r'\bx="(-?[\d.]+)"',
            lambda x: f'x="{float(x[1]) + shift:.2f}"',
            attributes,
            count=1,
        )
    return (
        f'<text {attributes} textLength="{width:.2f}" lengthAdjust="spacingAndGlyphs">'
        f"{html.escape(bare, quote=False)}</text>"
    )
