# SPDX-License-Identifier: Apache-2.0
"""Tables for people, and figures against what they are meant to be."""


def table(title, head, rows):
    """Prints a table that Markdown takes as it is; first column left, the others right."""
    rows = [[cell if isinstance(cell, str) else figure(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]

    def line(cells):
        aligned = [cells[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(cells[1:], widths[1:])]
        return "| " + " | ".join(aligned) + " |"

    rule = "|" + "|".join("-" * (width + 1) + ("-" if column == 0 else ":") for column, width in enumerate(widths)) + "|"
    print(f"\n{title}\n", line(head), rule, *map(line, rows), sep="\n", flush=True)


def figure(value):
    """Three significant digits, thousands grouped."""
    if value is None:
        return ""
    if abs(value) >= 1000:
        digits = max(0, len(str(int(abs(value)))) - 3)
        return f"{round(value, -digits):,.0f}"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


def milliseconds(seconds):
    return "" if seconds is None else figure(seconds * 1e3)


def ratio(value):
    """How many times as fast or as much."""
    return f"{figure(value)} x"


class Targets:
    """What was aimed at."""

    def __init__(self):
        self.results = []

    def at_most(self, name, limit, got, unit="ms", possible=None):
        """`possible` is the best that the machine could do."""
        self._note(name, "<=", limit, got, unit, possible, lambda value: value <= limit)

    def at_least(self, name, limit, got, unit="x", possible=None):
        self._note(name, ">=", limit, got, unit, possible, lambda value: value >= limit)

    def _note(self, name, sign, limit, got, unit, possible, meets):
        verdict = "not measured" if got is None else "pass" if meets(got) else "fail"
        if verdict == "fail" and possible and not meets(possible):
            verdict = f"beyond this machine, whose limit is {figure(possible)} {unit}"
        value = "" if got is None else f"{figure(got)} {unit}"
        self.results.append({"name": name, "target": f"{sign} {figure(limit)} {unit}", "got": value, "verdict": verdict})

    def print(self):
        print()
        for result in self.results:
            got = f"got {result['got']}: " if result["got"] else ""
            print(f"target {result['name']} {result['target']}: {got}{result['verdict']}", flush=True)
