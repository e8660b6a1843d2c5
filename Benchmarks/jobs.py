#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What jobs cost: a thousand small steps against a thousand processes, and the memory of steps that wait."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import measure
import report
from hearth import Home

HERE = pathlib.Path(__file__).parent
TRUE = shutil.which("true")
STEPS = 1000
QUEUED = 10_000


class Jobs:
    def __init__(self, executables, models, work):
        self.places = (executables, models)
        self.spawn = build(work)
        self.samples = {name: measure.Samples() for name in ("processes", "steps")}
        self.processor = {name: [] for name in self.samples}
        self.memory = {}

    def round(self):
        """In turns, because other work on the machine takes from both."""
        for _ in range(5):
            self._add("processes", *self._processes())
            self._add("steps", *self._steps())
        for shape in SHAPES:
            self.memory.setdefault(shape, []).append(self._bytes_per_step(SHAPES[shape]))

    def _add(self, name, seconds, processor):
        self.samples[name].add([seconds])
        self.processor[name].append(processor)

    def _processes(self):
        """Seconds, and seconds of processor time, of a thousand processes one after the other."""
        return map(float, subprocess.check_output([self.spawn, str(STEPS), TRUE]).split())

    def _steps(self):
        with Home(*self.places) as home:
            daemon = start(home)
            with home.connect() as connection:
                run(connection, [f"  - {{id: warm{index}, run: [{TRUE}]}}" for index in range(20)], "warm")
                before = processor_time(daemon)
                begin = measure.clock()
                run(connection, [f"  - {{id: s{index}, run: [{TRUE}]}}" for index in range(STEPS)], "steps")
                return measure.clock() - begin, processor_time(daemon) - before

    def _bytes_per_step(self, lines):
        """Private memory of a daemon with steps that wait behind one that runs."""
        with Home(*self.places) as home:
            start(home)
            with home.connect() as connection:
                run(connection, [f"  - {{id: warm{index}, run: [{TRUE}]}}" for index in range(20)], "warm")
                before = connection.memory()[1]
                first = "max_parallel: 1\nsteps:\n  - {id: first, run: [sleep, '1000']}"
                submit(connection, [first, *lines], "queue", is_whole=True)
                # What came with the job is given back a little later.
                time.sleep(2)
                after = connection.memory()[1]
                connection.call("job.cancel", {"id": "queue"})
                return (after - before) * 1e6 / len(lines)

    def report(self, targets):
        best = {name: samples.best for name, samples in self.samples.items()}
        rows = [
            [name, seconds, self.samples[name].typical, min(self.processor[name])] for name, seconds in best.items()]
        report.table(
            f"{STEPS:,} steps of jobs and as many processes one after the other",
            ["", "best s", "typical s", "processor s"], rows)
        ratio = best["steps"] / best["processes"]
        processor = min(self.processor["steps"]) / min(self.processor["processes"])
        print(f"steps to processes: {ratio:.2f} of the time, {processor:.2f} of the processor time")
        targets.at_most("1,000 steps to 1,000 processes", 1.3, ratio, "x")
        memory = {shape: min(values) for shape, values in self.memory.items()}
        report.table(
            f"Memory of {QUEUED:,} steps that wait", ["", "bytes per step"], [list(row) for row in memory.items()])
        for shape, value in memory.items():
            targets.at_most(f"memory of a queued step, {shape}", 2000, value, "bytes")
        return {"ratio": ratio, "processor_ratio": processor, "bytes_per_step": memory}


SHAPES = {
    "a program": [f"  - {{id: s{index}, run: [{TRUE}]}}" for index in range(QUEUED)],
    "a line for the shell, with needs": [
        f"  - {{id: step-{index}, run: ./process --input items-{index}.jsonl --output result-{index}.jsonl, "
        f"needs: [{f'step-{index - 100}' if index >= 100 else 'first'}], retries: 2, timeout: 10m}}"
        for index in range(QUEUED)
    ],
}


def start(home):
    """The daemon's process."""
    return home.json("start", "--idle-timeout", "0")["pid"]


def submit(connection, steps, name, is_whole=False):
    text = "\n".join([f"name: {name}"] + ([] if is_whole else ["steps:"]) + steps)
    submission = {"source": text, "file": f"{name}.yaml", "folder": "/", "environment": {"PATH": os.environ["PATH"]}}
    return connection.call("job.submit", submission)[0]["job_id"]


def run(connection, steps, name):
    state = connection.call("job.wait", {"id": submit(connection, steps, name)})[0]["state"]
    if state != "completed":
        raise RuntimeError(f"the job {name} is {state}")


def processor_time(process):
    """Seconds that a process, its children that live, and all theirs that ended have computed."""
    fields = pathlib.Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    own = sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    children = pathlib.Path(f"/proc/{process}/task").glob("*/children")
    return own + sum(processor_time(child) for path in children for child in path.read_text(encoding="utf-8").split())


def build(work):
    program = work / "spawn"
    compiler = os.environ.get("CC", "cc")
    subprocess.run([compiler, "-O2", str(HERE / "spawn.c"), "-o", str(program)], check=True)
    return str(program)


def main():
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        (work / "data").mkdir()
        jobs = Jobs(pathlib.Path(sys.argv[1]).absolute(), work / "data", work)
        for _ in range(rounds):
            jobs.round()
        targets = report.Targets()
        print(json.dumps(jobs.report(targets)))
        targets.print()


if __name__ == "__main__":
    main()
