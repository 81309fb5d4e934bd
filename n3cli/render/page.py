"""A self-contained HTML page: no file and no address beside it is needed."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from html import escape

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem;
  color: #222; background: #fff }
table { border-collapse: collapse; margin: 1rem 0 }
th, td { padding: .25rem .7rem; border-bottom: 1px solid #ddd; text-align: right; white-space: pre }
th:first-child, td:first-child { text-align: left }
.wide { overflow-x: auto }
.row { display: flex; flex-wrap: wrap; gap: .6rem }
figure { margin: 0 }
figcaption { font-size: 13px; color: #555 }
img { image-rendering: pixelated; width: 12rem; height: auto; display: block }
svg { max-width: 100%; height: auto }
"""


def page(title: str, parts: Sequence[str], style: str = "") -> str:
    """Put parts under a title.

    Args:
        title: of the page, plain text.
        parts: HTML, as the other functions here make it.
        style: CSS that the parts need beside the page's own.
    """
    body = "\n".join([f"<h1>{escape(title)}</h1>", *parts])
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}{style}</style>\n</head>\n"
        f"<body>\n{body}\n</body>\n</html>\n"
    )


def heading(text: str) -> str:
    """A heading, from plain text."""
    return f"<h2>{escape(text)}</h2>"


def paragraph(text: str) -> str:
    """A paragraph, from plain text."""
    return f"<p>{escape(text)}</p>"


def listing(items: Sequence[str]) -> str:
    """A list of plain texts."""
    return "<ul>" + "".join(f"<li>{escape(item)}</li>" for item in items) + "</ul>"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of plain texts."""
    head = "".join(f"<th>{escape(cell)}</th>" for cell in header)
    body = "\n".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return (
        f'<div class="wide"><table>\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody>\n</table></div>"
    )


def row(figures: Sequence[str]) -> str:
    """Figures beside each other."""
    return '<div class="row">\n' + "\n".join(figures) + "\n</div>"


def picture(png: bytes, caption: str) -> str:
    """A PNG file with a caption."""
    return (
        f'<figure><img alt="{escape(caption)}" src="{data_uri(png, "png")}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def data_uri(file: bytes, kind: str) -> str:
    """A picture file as an address that holds all of it; `kind` is `png` or `jpeg`."""
    return f"data:image/{kind};base64,{b64encode(file).decode()}"


def drawing(svg: str, caption: str) -> str:
    """An SVG element with a caption."""
    return f"<figure>{svg}<figcaption>{escape(caption)}</figcaption></figure>"
