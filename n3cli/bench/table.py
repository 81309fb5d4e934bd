"""Plain tables: aligned text for a terminal, Markdown for a document."""

from __future__ import annotations

from collections.abc import Sequence


def render_table(header: Sequence[str], rows: Sequence[Sequence[str]], *, markdown: bool) -> str:
    """Lay out a table, its first column to the left and the others to the right.

    Args:
        header: the columns' names.
        rows: the cells, as many in each row as in the header.
        markdown: whether to draw it as Markdown.

    Returns:
        Its lines as one text.
    """
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]

    def line(cells: Sequence[str]) -> str:
        first, *others = (
            cell.rjust(width) if number else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return join([first, *others])

    def join(cells: Sequence[str]) -> str:
        return f"| {' | '.join(cells)} |" if markdown else "  ".join(cells).rstrip()

    first, *others = widths
    rule = ["-" * first, *("-" * (width - 1) + (":" if markdown else "-") for width in others)]
    return "\n".join([line(header), join(rule), *map(line, rows)])
