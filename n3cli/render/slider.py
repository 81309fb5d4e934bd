"""Two pictures over each other, and a border between them that the reader moves.

A range input lies over the pictures, unseen: mouse, touch and keyboard move it as they move any,
and screen readers know it. Without JavaScript the border stays in the middle.
"""

from __future__ import annotations

from html import escape

from n3cli.render.page import data_uri

STYLE = """
body { max-width: 100rem }
.slider { margin: 1.5rem 0 }
.slider > div { position: relative; display: inline-block; max-width: 100%; --at: 50% }
.slider > div:focus-within { outline: 3px solid #06c; outline-offset: 2px }
.slider img { width: auto; max-width: 100%; image-rendering: auto }
.slider .before { position: absolute; inset: 0; width: 100%; height: 100%;
  clip-path: inset(0 calc(100% - var(--at)) 0 0) }
.slider i { position: absolute; inset: 0 auto 0 var(--at); width: 2px; margin-left: -1px;
  background: #fff; box-shadow: 0 0 2px #000 }
.slider b { position: absolute; top: .5rem; padding: 0 .5rem; font-size: 13px; color: #fff;
  background: #000a }
.slider b:first-of-type { left: .5rem }
.slider b:last-of-type { right: .5rem }
.slider input { position: absolute; inset: 0; width: 100%; height: 100%; margin: 0; opacity: 0;
  appearance: none; cursor: ew-resize; touch-action: pan-y }
.slider input::-webkit-slider-thumb { appearance: none; width: 1px; height: 100% }
.slider input::-moz-range-thumb { border: 0; width: 1px; height: 100% }
"""
"""For the page that has sliders."""

SCRIPT = """<script>
for (const range of document.querySelectorAll(".slider input"))
  range.oninput = () => range.parentNode.style.setProperty("--at", range.value + "%");
</script>"""
"""A part of such a page, after the last slider."""


def slider(before: bytes, after: bytes, names: tuple[str, str], caption: str) -> str:
    """Two pictures of the same size, shown at that or as wide as the page.

    Args:
        before: a JPEG file, shown left of the border.
        after: another, shown right of it.
        names: of the two, plain text.
        caption: what they show, plain text.
    """
    left, right = (escape(name) for name in names)
    shown = escape(caption)
    return (
        '<figure class="slider"><div>\n'
        f'<img class="after" alt="{right}: {shown}" src="{data_uri(after, "jpeg")}">\n'
        f'<img class="before" alt="{left}: {shown}" src="{data_uri(before, "jpeg")}">\n'
        f"<i></i><b>{left}</b><b>{right}</b>\n"
        '<input type="range" min="0" max="100" step="any" value="50" autocomplete="off" '
        f'aria-label="{shown}: border between {left} and {right}">\n'
        f"</div><figcaption>{shown}</figcaption></figure>"
    )
