"""Bar charts as SVG text, without a library: groups of horizontal bars, each group with its own scale."""

from __future__ import annotations

from html import escape

COLORS = {
    "kamailio": "#b0b7c3",
    "kamailio-tlsf": "#6b7688",
    "siprouter": "#2f7ed8",
    "siprouter-pure": "#8fbcee",
}
OTHER = "#999999"
WIDTH = 720
LABEL = 250
VALUE = 80
BAR = 14
GAP = 12
HEAD = 46

Group = tuple[str, list[tuple[str, float, str]]]
"""a title, and (server, value, value as text) for each bar"""


def text(x: float, y: float, content: str, *, bold: bool = False, end: bool = False, size: int = 12) -> str:
    anchor = ' text-anchor="end"' if end else ""
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x:g}" y="{y:g}" font-size="{size}"{anchor}{weight} fill="#555">{escape(content)}</text>'


def bar_chart(title: str, groups: list[Group]) -> str:
    """The chart; bars of a group are in proportion to its largest value."""
    parts = [text(0, 16, title, bold=True, size=14), *legend(groups)]
    y = HEAD
    room = WIDTH - LABEL - VALUE
    for name, bars in groups:
        most = max((value for _, value, _ in bars), default=0.0) or 1.0
        parts.append(text(LABEL - 10, y + BAR * len(bars) / 2 + 4, name, end=True))
        for server, value, shown in bars:
            length = max(1.0, value / most * room)
            color = COLORS.get(server, OTHER)
            tip = f"<title>{escape(server)}: {escape(shown)}</title>"
            parts.append(
                f'<rect x="{LABEL}" y="{y}" width="{length:.1f}" height="{BAR - 2}" fill="{color}">{tip}</rect>'
            )
            parts.append(text(LABEL + length + 5, y + BAR - 4, shown, size=11))
            y += BAR
        y += GAP
    size = f'width="{WIDTH}" height="{y}" viewBox="0 0 {WIDTH} {y}"'
    body = "\n".join(parts)
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif">\n{body}\n</svg>\n'


def legend(groups: list[Group]) -> list[str]:
    """A square and a name for each server that has a bar."""
    names = list(dict.fromkeys(server for _, bars in groups for server, _, _ in bars))
    parts = []
    x = 0
    for name in names:
        parts.append(f'<rect x="{x}" y="25" width="10" height="10" fill="{COLORS.get(name, OTHER)}"/>')
        parts.append(text(x + 15, 34, name))
        x += 30 + 7 * len(name)
    return parts
