#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures Hearth as its users meet it, and beside other engines on the same machine in the same minutes."""

import argparse
import itertools
import json
import os
import pathlib
import subprocess
import sys

import corpus
import limits
import measure
import peers
import report
from hearth import Engine, Home
from inference import Inference
from jobs import Jobs
from processes import Processes
from web import Web

MODEL = "all-minilm-l6-v2"
PRECISIONS = ("bf16", "f32", "int8")
SECTIONS = ("process", "inference", "files", "web", "jobs", "limits")


def options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("executables", type=pathlib.Path, help="folder of hearth and hearthd")
    parser.add_argument("--only", choices=SECTIONS, action="append", help="leave the other sections out")
    parser.add_argument("--peers", action="store_true", help="set the peers up if they are not there, and measure them")
    parser.add_argument("--no-peers", action="store_true", help="leave the peers out although they are there")
    parser.add_argument("--rounds", type=int, default=3, help="rounds over everything (default: 3)")
    parser.add_argument("--bulk", type=int, default=300, help="texts of the corpus that a round embeds (default: 300)")
    parser.add_argument(
        "--requests", type=int, default=2, help="requests that each connection sends over HTTP in a round (default: 2)")
    parser.add_argument("--json", type=pathlib.Path, help="write the figures to this file, too")
    return parser.parse_args()


class Bench:
    def __init__(self, arguments):
        self.arguments = arguments
        self.work = pathlib.Path(os.environ.get("HEARTH_BENCH_WORK", ".build/bench")).absolute()
        self.executables = arguments.executables.absolute()
        self.targets = report.Targets()
        self.figures = {"machine": measure.machine()}
        self.models = self.work / "home" / "data"
        self.cache = self.work / "home" / "cache"
        self.cache.mkdir(parents=True, exist_ok=True)
        self.folder = self.model_folder()
        if not (self.work / "queries.jsonl").exists():
            corpus.write(self.folder, self.work)
        self.machine = limits.Limits(self.folder, self.work, self.figures["machine"]["cores"])
        self.corpus, self.queries = (corpus.read(self.work, name) for name in ("corpus", "queries"))

    def model_folder(self):
        """The folder of the model, which is pulled the first time."""
        environment = dict(os.environ, HEARTH_HOME=str(self.work / "home"))

        def models(*arguments):
            command = [str(self.executables / "hearth"), "models", *arguments, "--json"]
            return json.loads(subprocess.check_output(command, env=environment))

        path = models("show", MODEL)["path"]
        return path if path else models("pull", MODEL)["path"]

    def run(self):
        machine = self.figures["machine"]
        print(f"{machine['cpu']}, {machine['cores']} cores, {' '.join(machine['features'])}")
        print(f"{machine['system']}, {machine['date']}, load {machine['load']:.1f}")
        for section in self.arguments.only or SECTIONS:
            self.figures[section] = getattr(self, section)()
        self.figures["targets"] = self.targets.results
        self.targets.print()
        if self.arguments.json:
            self.arguments.json.write_text(json.dumps(self.figures, indent=1) + "\n", encoding="utf-8")

    def limits(self):
        self.machine.measure()
        return self.machine.report([entry["tokens"] for entry in self.corpus])

    def process(self):
        processes = Processes(self.executables, self.models, self.cache, MODEL, self.work)
        try:
            for _ in range(self.arguments.rounds):
                processes.round()
        finally:
            processes.close()
        return processes.report(self.targets)

    def jobs(self):
        jobs = Jobs(self.executables, self.models, self.work)
        for _ in range(self.arguments.rounds):
            jobs.round()
        return jobs.report(self.targets)

    def inference(self):
        engines = []
        try:
            for engine in itertools.chain(self.own_engines(), self.peers()):
                engines.append(engine)
            return self.measure_inference(engines)
        finally:
            for engine in engines:
                engine.close()

    def measure_inference(self, engines):
        inference = Inference(engines, self.corpus, self.queries, self.arguments.bulk, self.machine)
        inference.warm_up()
        for number in range(self.arguments.rounds):
            # In the same minutes, because other work on the machine takes from all alike.
            self.machine.measure()
            inference.round(number)
        inference.finish()
        return inference.report(self.targets, inference.cosines())

    def own_engines(self):
        """A daemon per precision."""
        for precision in PRECISIONS:
            yield Engine(self.executables, self.models, self.cache, MODEL, precision)

    def has_peers(self):
        if self.arguments.no_peers or not (self.arguments.peers or peers.are_installed()):
            print("peers: left out; --peers sets them up")
            return False
        return peers.install(self.folder)

    def peers(self):
        if self.has_peers():
            yield from peers.start(self.folder, self.figures["machine"]["cores"], self.work)

    def web(self):
        places = (self.executables, self.models, self.cache)
        web = Web(places, MODEL, self.work, self.corpus, self.queries, self.arguments.requests)
        try:
            if self.has_peers():
                web.add_peers(self.folder, self.figures["machine"]["cores"])
            for number in range(self.arguments.rounds):
                web.round(number)
            return web.report(self.targets)
        finally:
            web.close()

    def files(self):
        """A file through the command, as a user embeds a corpus."""
        samples = measure.Samples()
        tokens = sum(entry["tokens"] for entry in self.corpus)
        with Home(self.executables, self.models, self.cache) as home:
            precision = home.start(MODEL)["dtype"]
            command = ("embed", "--input", str(self.work / "corpus.jsonl"), "--input-format", "jsonl", "--format", "npy")
            with home.connect() as connection:
                before = connection.memory()
                for _ in range(self.arguments.rounds):
                    samples.add([home.time(*command, output=self.work / "vectors.npy")])
                after = connection.memory()
        rate = tokens / samples.best
        report.table(
            f"hearth embed --input, {len(self.corpus):,} texts, {tokens:,} tokens, {precision}",
            ["", "seconds", "texts/s", "tokens/s", "daemon's private MB before", "after"],
            [["corpus.jsonl to vectors.npy", samples.best, len(self.corpus) / samples.best, rate, before[1], after[1]]])
        return {"precision": precision, "tokens_per_second": rate, **samples.figures()}


if __name__ == "__main__":
    try:
        Bench(options()).run()
    except (RuntimeError, OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"bench: {error}")
