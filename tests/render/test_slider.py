from __future__ import annotations

import re
from html.parser import HTMLParser

from n3cli.render.page import page
from n3cli.render.slider import SCRIPT, STYLE, slider

NASTY = '<script>alert("&\'")</script>'


class Reader(HTMLParser):
    """Elements with their attributes, texts, and what is still open."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in ("meta", "img", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data.strip())

    def attributes(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def test_texts_stay_texts_and_everything_is_in_the_page():
    html = page(
        "both", [slider(b"\xff\xd8a", b"\xff\xd8b", (NASTY, "after"), NASTY), SCRIPT], STYLE
    )
    read = Reader(html)
    assert read.texts.count(NASTY) == 2
    assert len(read.attributes("script")) == 1
    assert {image["src"] for image in read.attributes("img")} == {
        "data:image/jpeg;base64,/9hh",
        "data:image/jpeg;base64,/9hi",
    }
    for word in ("http", "url(", "@import", "<link"):
        assert word not in html


def test_the_border_is_moved_by_whatever_moves_a_range():
    (range_,) = Reader(slider(b"a", b"b", ("bicubic", "n3sr"), "all")).attributes("input")
    assert range_["type"] == "range"
    assert (range_["min"], range_["max"], range_["value"]) == ("0", "100", "50")
    assert range_["aria-label"] == "all: border between bicubic and n3sr"
    assert "tabindex" not in range_  # it is reached by the keyboard as it is
    assert "disabled" not in range_


def test_before_lies_over_after_and_is_clipped():
    images = Reader(slider(b"a", b"b", ("bicubic", "n3sr"), "all")).attributes("img")
    assert [image["class"] for image in images] == ["after", "before"]
    assert [image["alt"] for image in images] == ["n3sr: all", "bicubic: all"]
    assert re.search(r"\.before {[^}]*clip-path: inset\(0 calc\(100% - var\(--at\)\) 0 0\)", STYLE)
