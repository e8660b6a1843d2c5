# SPDX-License-Identifier: Apache-2.0
"""What a user waits for: whole processes from spawn to exit, and the daemon's start."""

import os
import shutil
import subprocess
import sys

import measure
import report
from hearth import Home

QUERY = "how do I retry a failed upload"


class Processes:
    def __init__(self, executables, models, cache, model, work):
        self.places = (executables, models)
        self.cache = cache
        self.model = model
        self.samples = {}
        self.empty = empty_program(work)
        self.warm = Home(executables, models, cache)
        self.warm.start(model)

    def close(self):
        self.warm.__exit__()

    def _add(self, name, timings):
        self.samples.setdefault(name, measure.Samples()).add(timings)

    def round(self):
        environment = dict(os.environ)
        if self.empty:
            self._add("static C program", [measure.run([self.empty], environment) for _ in range(100)])
        self._add("python3 -c pass", [measure.run([sys.executable, "-c", "pass"], environment) for _ in range(20)])
        self._add("hearth --version", [self.warm.time("--version") for _ in range(50)])
        self._add("hearth embed, warm daemon", [self.warm.time("embed", QUERY) for _ in range(200)])
        self._add("hearth embed, first ever: no daemon", [self._first(self.cache) for _ in range(5)])
        self._add("hearth embed, first ever: no cache either", [self._first(None) for _ in range(5)])
        self._add("hearth embed --direct", [self.warm.time("embed", "--direct", QUERY) for _ in range(10)])
        self._add("hearth start -m, model ready", [self._first(self.cache, "start", "-m", self.model) for _ in range(5)])
        with Home(*self.places, self.cache) as home:
            self._add("hearthd serve, listening", [home.listening() for _ in range(20)])

    def _first(self, cache, *command):
        """A command's time where no daemon ever ran."""
        with Home(*self.places, cache) as home:
            return home.time(*(command or ("embed", QUERY)))

    def report(self, targets):
        reference = self.samples.get("static C program") or self.samples["python3 -c pass"]
        rows = []
        for name, samples in self.samples.items():
            times = (samples.best, samples.typical, samples.p99)
            rows.append([name, *map(report.milliseconds, times), report.ratio(samples.best / reference.best)])
        report.table(
            "Processes, spawn to exit", ["process", "best ms", "typical ms", "p99 ms", "to a static C program"], rows)

        def got(name):
            return self.samples[name].best * 1e3

        targets.at_most("whole process, warm daemon", 8, got("hearth embed, warm daemon"))
        targets.at_most("whole process, warm daemon", 3.5, got("hearth embed, warm daemon"))
        targets.at_most("first command ever", 500, got("hearth embed, first ever: no daemon"))
        targets.at_most("first command ever, no cache", 500, got("hearth embed, first ever: no cache either"))
        targets.at_most("daemon listening", 30, got("hearthd serve, listening"))
        targets.at_most("model ready", 300, got("hearth start -m, model ready"))
        targets.at_most("direct mode", 25, got("hearth embed --direct"))
        return {name: samples.figures() for name, samples in self.samples.items()}


def empty_program(work):
    """The least that a process can take here; None without a C compiler."""
    compiler = shutil.which(os.environ.get("CC", "cc"))
    program = work / "empty"
    if not compiler:
        return None
    arguments = [compiler, "-O1", "-x", "c", "-", "-o", str(program)]
    source = b"int main(void) { return 0; }\n"
    for static in (["-static"], []):
        if subprocess.run(arguments + static, input=source, stderr=subprocess.DEVNULL, check=False).returncode == 0:
            return str(program)
    return None
