"""Draws a terminal session as an SVG with selectable text, light or dark as the reader's system is."""

import re
import textwrap
from html import escape

COLUMNS = 102
"""Where lines are wrapped, in characters."""
SIZE, LEADING, MARGIN, BAR = 13.0, 19.0, 22.0, 38.0
"""The font's size, the distance of lines, the margin and the height of the title bar, in pixels."""
ADVANCE = SIZE * 0.6
"""The width of a character. Each run of text is fitted to it, whatever font there is."""

STYLE = """
text { font: 13px ui-monospace, SFMono-Regular, 'SF Mono', Menlo, Consolas, 'Liberation Mono', monospace; white-space: pre }
.window { fill: #ffffff; stroke: #d1d9e0 } .bar { fill: #f6f8fa } .rule { stroke: #d1d9e0 }
.name { font-family: system-ui, -apple-system, 'Segoe UI', sans-serif; font-size: 12px; fill: #59636e }
.plain { fill: #1f2328 } .quiet { fill: #59636e } .prompt { fill: #1a7f37; font-weight: 600 }
.command { fill: #1f2328; font-weight: 600 } .step { fill: #0550ae; font-weight: 600 } .head { fill: #59636e; font-weight: 600 }
.good { fill: #1a7f37; font-weight: 600 } .bad { fill: #bc4c00 } .number { fill: #8250df }
@media (prefers-color-scheme: dark) {
.window { fill: #0d1117; stroke: #3d444d } .bar { fill: #151b23 } .rule { stroke: #3d444d } .name { fill: #9198a1 }
.plain { fill: #e6edf3 } .quiet { fill: #9198a1 } .prompt { fill: #3fb950 } .command { fill: #f0f6fc } .step { fill: #79c0ff }
.head { fill: #9198a1 } .good { fill: #3fb950 } .bad { fill: #ffa657 } .number { fill: #d2a8ff }
}
"""


def drawn(command, output):
    """The picture of a command and all that it printed."""
    rows = [[("prompt", "$ "), ("command", command)], []]
    for line in output.splitlines():
        first, *rest = wrapped(line)
        rows.append(styled(first))
        rows.extend([(rows[-1][-1][0], piece)] for piece in rest)
    width = round(COLUMNS * ADVANCE + 2 * MARGIN)
    height = round(BAR + MARGIN + len(rows) * LEADING + MARGIN / 2)
    texts = "\n".join(row(runs, BAR + MARGIN + SIZE / 2 + place * LEADING) for place, runs in enumerate(rows) if runs)
    dots = "".join(
        f'<circle cx="{20 + 20 * place}" cy="{BAR / 2:g}" r="6" fill="{colour}"/>'
        for place, colour in enumerate(("#ff5f57", "#febc2e", "#28c840"))
    )
    return f"""<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" \
role="img" aria-labelledby="title description">
<title id="title">A terminal that runs {escape(command)}</title>
<desc id="description">What the command prints, step by step; the text is in the picture.</desc>
<style>{STYLE}</style>
<rect class="window" x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="10"/>
<path class="bar" d="M1 {BAR:g}V10a9 9 0 0 1 9-9H{width - 10}a9 9 0 0 1 9 9V{BAR:g}z"/>
<path class="rule" d="M1 {BAR:g}H{width - 1}"/>
{dots}
<text class="name" x="{width / 2:g}" y="{BAR / 2 + 4:g}" text-anchor="middle">{escape(command)}</text>
{texts}
</svg>
"""


def wrapped(line):
    """A line in pieces that fit. Later pieces are indented two columns more than the line."""
    if len(line) <= COLUMNS:
        return [line]
    indent = " " * (len(line) - len(line.lstrip()) + 2)
    return textwrap.wrap(
        line, COLUMNS, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False, drop_whitespace=True
    )


RULES = [
    (re.compile(r"^(\* .*)$"), ["step"]),
    (re.compile(r"^(  \w+ \| .*)$"), ["quiet"]),
    (re.compile(r"^(  [A-Za-z]+ {2,}[A-Z].*|  [a-z]+[A-Z]\w* {2,}.*)$"), ["head"]),
    (re.compile(r"^(All steps checked out)(.*)$"), ["good", "quiet"]),
    (re.compile(r"^([a-z ]+? {2,})(.*)$"), ["quiet", "number"]),
    (re.compile(r"^(.*refused[^:]*: )(.*)$"), ["plain", "bad"]),
    (re.compile(r"^(.* -> )(Succeeded)(.*)$"), ["plain", "good", "plain"]),
]
"""Patterns of lines, with a style for each group."""


def styled(line):
    """A line as runs of text, each with its style."""
    for pattern, styles in RULES:
        if match := pattern.match(line):
            return [(style, text) for style, text in zip(styles, match.groups()) if text]
    return [("plain", line)] if line else []


def row(runs, y):
    """Runs side by side, each at its column. All spaces are kept, so that copied text is what was printed."""
    spans, column = [], 0
    for style, text in runs:
        x, length = MARGIN + column * ADVANCE, len(text) * ADVANCE
        column += len(text)
        spans.append(f'<tspan class="{style}" x="{x:.1f}" textLength="{length:.1f}">{escape(text, quote=False)}</tspan>')
    return f'<text y="{y:.1f}" xml:space="preserve">{"".join(spans)}</text>'
