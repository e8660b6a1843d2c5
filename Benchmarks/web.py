# SPDX-License-Identifier: Apache-2.0
"""Hearth over HTTP: what of its throughput in process is left, and how many requests a second it answers beside a
Python server with the same model."""

import itertools
import json

import clients
import measure
import peers
import report
from hearth import Engine

# What has to keep the throughput: requests of so many texts over so many connections.
CONNECTIONS, TEXTS = 64, 32
IN_PROCESS, BASE64, FLOAT = "hearth embed --direct", "HTTP, base64", "HTTP, JSON numbers"
# What servers are compared by: requests of so many texts, over so many connections each, for so long.
REQUESTS = {1: 16, TEXTS: 4}
SECONDS = 3
SERVERS = [("sentence-transformers", "f32"), ("ONNX Runtime", "f32")]


class Web:
    def __init__(self, places, model, work, corpus, queries, requests):
        """`places` are the executables, the models and the cache; `requests` is how many every connection sends."""
        self.model = model
        self.work = work
        # What comes before them shall not make them too long.
        self.corpus = [entry["text"] if entry["tokens"] < 250 else entry["text"][:-30] for entry in corpus]
        self.queries = [entry["text"] for entry in queries]
        self.count = CONNECTIONS * TEXTS * requests
        self.number = itertools.count()
        self.samples = {}
        # The first one is measured in bulk, too.
        self.servers = []
        settings = {"HEARTH_HTTP": "1", "HEARTH_HTTP_ADDRESS": "127.0.0.1:0"}
        for precision in ("auto", "f32"):
            self.servers.append(Engine(*places, model, precision, **settings))
        self.engine = self.servers[0]

    def add_peers(self, folder, threads):
        for name, precision in SERVERS:
            try:
                self.servers.append(peers.Server(name, precision, folder, threads, self.work))
            except RuntimeError as error:
                print(f"peers: {error}", flush=True)

    def close(self):
        for server in self.servers:
            server.close()

    # What is asked for.

    def _fresh(self, texts):
        """As many texts as are wanted of which none came before: none is answered from a cache."""
        return (f"{next(self.number)} {text}" for text in itertools.cycle(texts))

    def _request(self, port, texts, encoding):
        content = {"model": self.model, "input": texts, "encoding_format": encoding}
        return clients.request(port, "/v1/embeddings", content)

    def round(self, number):
        texts = list(itertools.islice(self._fresh(self.corpus), self.count))
        others = list(itertools.islice(self._fresh(self.corpus), self.count))
        # The process without a daemon has no cache to answer the same texts from.
        ways = {
            IN_PROCESS: lambda: self._in_process(texts), BASE64: lambda: self._over_http(texts, "base64"),
            FLOAT: lambda: self._over_http(others, "float"),
        }
        costs = {name: ways[name]() for name in (ways if number % 2 == 0 else reversed(ways))}
        for name, (seconds, processor, tokens) in costs.items():
            self._add((name,), seconds, processor, tokens or costs[BASE64][2])
        for server in self.servers if number % 2 == 0 else self.servers[::-1]:
            self._answers(server, 1, self.queries)
            self._answers(server, TEXTS, self.corpus)

    def _in_process(self, texts):
        """From a file to a file, by one process without a daemon."""
        file = self.work / "web.jsonl"
        file.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), encoding="utf-8")
        command = ("embed", "--direct", "-m", self.model, "--input", str(file), "--input-format", "jsonl")
        before = measure.processor_time_of_children()
        seconds = self.engine.home.time(*command, "--format", "npy", output=self.work / "web.npy")
        return seconds, measure.processor_time_of_children() - before, None

    def _over_http(self, texts, encoding):
        parts = [texts[start : start + TEXTS] for start in range(0, len(texts), TEXTS)]
        port = self.engine.port()
        requests = [self._request(port, part, encoding) for part in parts]
        before = self.engine.processor_time()
        _, tokens, seconds = clients.run(port, CONNECTIONS, requests)
        return seconds, spent(self.engine, before), tokens

    def _answers(self, server, count, source):
        port, connections, fresh = server.port(), REQUESTS[count], self._fresh(source)
        # Made before they are sent, more than any server answers in the time.
        requests = [self._request(port, list(itertools.islice(fresh, count)), "base64") for _ in range(30_000 // count)]
        clients.run(port, connections, requests[:connections])
        before = server.processor_time()
        answered, _, seconds = clients.run(port, connections, requests[connections:], SECONDS)
        self._add((server.name, texts_of(count)), seconds, spent(server, before), answered)

    def _add(self, key, seconds, processor, count):
        """A timing of so many tokens or answers; the processor's time is None where nobody knows it."""
        for what, value in (("wall", seconds), ("processor", processor)):
            if value is not None:
                self.samples.setdefault((*key, what), measure.Samples()).add([value / count])

    # What came out.

    def report(self, targets):
        base = self.samples[IN_PROCESS, "wall"].best
        rows = []
        for name in (IN_PROCESS, BASE64, FLOAT):
            best = self.samples[name, "wall"].best
            rows.append([name, *self._rates(name), f"{100 * base / best:.1f} %"])
            if name != IN_PROCESS:
                targets.at_least(f"{name}, to in process", 0.95, base / best)
        report.table(
            f"{self.count:,} texts, {self.engine.precision}; over HTTP {TEXTS} a request, {CONNECTIONS} connections",
            ["", "tokens/s", "typical", "tokens per core second", "of in process"], rows)
        for count, connections in REQUESTS.items():
            self._report_answers(targets, texts_of(count), connections)
        return {", ".join(key): samples.figures() for key, samples in self.samples.items()}

    def _report_answers(self, targets, texts, connections):
        ours = self.samples[self.engine.name, texts, "wall"].best
        rows = []
        for server in self.servers:
            ratio = self.samples[server.name, texts, "wall"].best / ours
            rows.append([server.name, *self._rates(server.name, texts), report.ratio(ratio)])
            if isinstance(server, peers.Server):
                targets.at_least(f"requests of {texts}, to {server.name}", 3, ratio)
        report.table(
            f"/v1/embeddings, base64, {texts} a request, {connections} connections",
            ["", "requests/s", "typical", "requests per core second", f"{self.engine.name} to it"], rows)

    def _rates(self, *key):
        """Best and typical by the clock, best by the processor."""
        wall, processor = self.samples[*key, "wall"], self.samples.get((*key, "processor"))
        return 1 / wall.best, 1 / wall.typical, 1 / processor.best if processor else ""


def spent(server, before):
    """Processor seconds since then."""
    return None if before is None else server.processor_time() - before


def texts_of(count):
    return "one text" if count == 1 else f"{count} texts"
