"""Pages: well formed, self-contained, and texts stay texts."""

from html.parser import HTMLParser

from n3cli.render import page


class Reader(HTMLParser):
    """Open elements, texts and addresses of a page."""

    def __init__(self):
        super().__init__()
        self.open, self.texts, self.addresses = [], [], []

    def handle_starttag(self, tag, attrs):
        self.addresses += [value for key, value in attrs if key in ("src", "href")]
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data.strip())


def read(html):
    reader = Reader()
    reader.feed(html)
    assert not reader.open
    return reader


def test_everything_is_in_the_page_and_nothing_is_markup():
    nasty = "<script>alert('&')</script>"
    parts = [
        page.heading(nasty),
        page.paragraph(nasty),
        page.listing([nasty]),
        page.table(["a", nasty], [["1", nasty]]),
        page.row([page.picture(b"\x89PNG", nasty), page.drawing("<svg></svg>", nasty)]),
    ]
    reader = read(page.page(nasty, parts))
    assert reader.texts.count(nasty) == 9
    assert [address[:22] for address in reader.addresses] == ["data:image/png;base64,"]
