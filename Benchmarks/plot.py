#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Draws what bench.py measured, as SVG.

    plot.py FIGURES.json FOLDER    writes FOLDER/throughput.svg and FOLDER/latency.svg
"""

import json
import pathlib
import sys
from xml.sax.saxutils import escape

import report

PRECISIONS = ("f32", "bf16", "int8")
WIDTH, LABELS, BAR, GAP = 760, 190, 18, 6
STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #333 }
  .title { font-weight: 600 } .note { fill: #666; font-size: 12px }
  .ours { fill: #d9541e } .peer { fill: #8a97a6 } .limit { fill: none; stroke: #8a97a6; stroke-dasharray: 3 3 }
  @media (prefers-color-scheme: dark) { text { fill: #ddd } .note { fill: #aaa } }
"""


def bars(title, note, groups):
    """Horizontal bars in groups: [(heading, limit or None, [(label, value, text)])]."""
    most = max(max([limit or 0] + [value for _, value, _ in rows]) for _, limit, rows in groups)
    scale = (WIDTH - LABELS - 70) / most
    parts, y = [], 64
    for heading, limit, rows in groups:
        parts.append(f'<text class="title" x="0" y="{y + 13}">{escape(heading)}</text>')
        y += 24
        top = y
        for label, value, text in rows:
            kind = "ours" if label.startswith("Hearth") else "peer"
            length = value * scale
            middle = y + BAR * 0.72
            parts.append(f'<text x="{LABELS - 8}" y="{middle:.1f}" text-anchor="end">{escape(label)}</text>')
            parts.append(f'<rect class="{kind}" x="{LABELS}" y="{y}" width="{length:.1f}" height="{BAR}" rx="2"/>')
            parts.append(f'<text x="{LABELS + length + 6:.1f}" y="{middle:.1f}">{escape(text)}</text>')
            y += BAR + GAP
        if limit:
            x = LABELS + limit * scale
            parts.append(f'<path class="limit" d="M{x:.1f} {top - 4} V{y - 2}"/>')
            parts.append(f'<text class="note" x="{x:.1f}" y="{top - 8}" text-anchor="middle">limit {report.figure(limit)}</text>')
        y += 14
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" role="img" aria-label="{escape(title)}">'
    texts = f'<text class="title" x="0" y="18">{escape(title)}</text><text class="note" x="0" y="38">{escape(note)}</text>'
    return "\n".join([head, f"<style>{STYLE}</style>", texts, *parts, "</svg>", ""])


def engines(figures, precision):
    """Engines of a precision, ours first."""
    names = [name for name in figures["inference"] if name.endswith(" " + precision)]
    return sorted(names, key=lambda name: not name.startswith("Hearth"))


def throughput(figures, note):
    limits = figures.get("limits", {}).get("tokens_per_second", {})
    groups = []
    for precision in PRECISIONS:
        rates = [(name, figures["inference"][name]["tokens_per_second"]) for name in engines(figures, precision)]
        groups.append((precision, limits.get(precision), [(name, rate, report.figure(rate)) for name, rate in rates]))
    return bars("Bulk, tokens a second", note, groups)


def latency(figures, note):
    groups = []
    for precision in PRECISIONS:
        times = [(name, figures["inference"][name]["query"]["best"] * 1e3) for name in engines(figures, precision)]
        groups.append((precision, None, [(name, time, f"{report.figure(time)} ms") for name, time in times]))
    return bars("One query of 12 tokens, milliseconds (less is better)", note, groups)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    figures = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
    machine = figures["machine"]
    note = f"{machine['cpu']}, {machine['cores']} cores, {figures['limits'].get('kernels', '')}, {machine['date']}"
    for name, draw in (("throughput", throughput), ("latency", latency)):
        (pathlib.Path(sys.argv[2]) / f"{name}.svg").write_text(draw(figures, note), encoding="utf-8")


if __name__ == "__main__":
    main()
