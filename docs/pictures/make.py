#!/usr/bin/env python3
"""Draws what a command prints on a terminal of 100 columns, as an SVG that follows the reader's colour scheme.

    docs/pictures/make.py awscreds-bench docs/pictures/sts.svg sts --regional --lab
"""

import html
import os
import re
import subprocess
import sys

COLUMNS = 100
LINE = 18
COLUMN = 8.43
MARGIN = 16
STYLE = """
  svg { color-scheme: light dark; }
  .page { fill: #ffffff; stroke: #d0d7de; }
  text { font: 14px ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace; fill: #1f2328; white-space: pre; }
  .b { font-weight: 700; }
  .c31 { fill: #b3261e; } .c32 { fill: #1a7f37; } .c33 { fill: #8a5a00; }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117; stroke: #30363d; }
    text { fill: #e6edf3; }
    .c31 { fill: #ff7b72; } .c32 { fill: #56d364; } .c33 { fill: #e3b341; }
  }
"""
ESCAPE = re.compile(r"\x1b\[([0-9;]*)m")


def spans(line):
    """The line in stretches of one style: (classes, column, text)."""
    bold, colour, column, at = False, None, 0, 0
    for match in [*ESCAPE.finditer(line), None]:
        end = match.start() if match else len(line)
        text = line[at:end]
        if text.strip():
            classes = " ".join(name for name in ["b" if bold else "", f"c{colour}" if colour else ""] if name)
            yield classes, column + len(text) - len(text.lstrip()), text.strip()
        column += len(text)
        if match is None:
            return
        at = match.end()
        for code in match.group(1).split(";"):
            if code in ("", "0"):
                bold, colour = False, None
            elif code == "1":
                bold = True
            elif code in ("22",):
                bold = False
            elif code == "39":
                colour = None
            elif code in ("31", "32", "33"):
                colour = code
            elif code == "38":
                # comfy-table's eight dark colours: 38;5;N.
                number = match.group(1).split(";")[-1]
                colour = {"1": "31", "2": "32", "3": "33"}.get(number)
                break


def drawn(lines):
    width = COLUMNS * COLUMN + 2 * MARGIN
    height = len(lines) * LINE + 2 * MARGIN
    yield f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" width="{width:.0f}" height="{height}">'
    yield f"<style>{STYLE}</style>"
    yield f'<rect class="page" x="0.5" y="0.5" width="{width - 1:.0f}" height="{height - 1}" rx="6"/>'
    for row, line in enumerate(lines):
        for classes, column, text in spans(line):
            x, y = MARGIN + column * COLUMN, MARGIN + (row + 0.75) * LINE
            name = f' class="{classes}"' if classes else ""
            length = f' textLength="{len(text) * COLUMN:.1f}" lengthAdjust="spacingAndGlyphs"'
            yield f'<text{name} x="{x:.1f}" y="{y:.1f}"{length}>{html.escape(text)}</text>'
    yield "</svg>"


def main():
    program, picture, *arguments = sys.argv[1:]
    environment = {**os.environ, "COLUMNS": str(COLUMNS)}
    run = subprocess.run(
        [program, *arguments, "--color", "always"], env=environment, capture_output=True, text=True, check=True
    )
    # What a reader would type.
    text = run.stdout.replace(" --color always", "")
    with open(picture, "w", encoding="utf-8") as file:
        file.write("\n".join(drawn(text.rstrip("\n").split("\n"))) + "\n")


if __name__ == "__main__":
    main()
