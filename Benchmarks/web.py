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
# What servers are compared by: requests of one text or of several, over so many connections, for so long.
USERS, SECONDS = 16, 3
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
        self.bulk, self.rates = {}, {}
        # Name and port; the first one is measured in bulk, too.
        self.servers = []
        self.running = []
        settings = {"HEARTH_HTTP": "1", "HEARTH_HTTP_ADDRESS": "127.0.0.1:0"}
        for precision in ("auto", "f32"):
            engine = Engine(*places, model, precision, **settings)
            self.running.append(engine)
            if engine.name not in dict(self.servers):
                self.servers.append((engine.name, engine.port()))
        self.engine, self.port = self.running[0], self.servers[0][1]

    def add_peers(self, folder, threads):
        for name, precision in SERVERS:
            try:
                server = peers.Server(name, precision, folder, threads, self.work)
            except RuntimeError as error:
                print(f"peers: {error}", flush=True)
            else:
                self.running.append(server)
                self.servers.append((server.name, server.port))

    def close(self):
        for each in self.running:
            each.close()

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
        ways = [lambda: self._in_process(texts), lambda: self._over_http(texts, BASE64), lambda: self._over_http(others, FLOAT)]
        costs = [way() for way in (ways if number % 2 == 0 else ways[::-1])]
        tokens = {name: tokens for name, _, _, tokens in costs}
        tokens[IN_PROCESS] = tokens[BASE64]
        for name, seconds, processor, _ in costs:
            for what, value in (("wall", seconds), ("processor", processor)):
                samples = self.bulk.setdefault((name, what), measure.Samples())
                samples.add([value / tokens[name]])
        for name, port in self.servers if number % 2 == 0 else self.servers[::-1]:
            for count, source in ((1, self.queries), (TEXTS, self.corpus)):
                self._users(name, port, count, source)

    def _in_process(self, texts):
        """From a file to a file, by one process without a daemon."""
        file = self.work / "web.jsonl"
        file.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), encoding="utf-8")
        command = ("embed", "--direct", "-m", self.model, "--input", str(file), "--input-format", "jsonl")
        before = measure.processor_time_of_children()
        seconds = self.engine.home.time(*command, "--format", "npy", output=self.work / "web.npy")
        return IN_PROCESS, seconds, measure.processor_time_of_children() - before, None

    def _over_http(self, texts, name):
        encoding = "base64" if name == BASE64 else "float"
        parts = [texts[start : start + TEXTS] for start in range(0, len(texts), TEXTS)]
        requests = [self._request(self.port, part, encoding) for part in parts]
        before = self.engine.processor_time()
        _, tokens, seconds = clients.run(self.port, CONNECTIONS, requests)
        return name, seconds, self.engine.processor_time() - before, tokens

    def _users(self, name, port, count, source):
        fresh = self._fresh(source)
        # Made before they are sent, more than any server answers in the time.
        requests = [self._request(port, list(itertools.islice(fresh, count)), "base64") for _ in range(20_000 // count)]
        clients.run(port, USERS, requests[:USERS])
        answered, _, seconds = clients.run(port, USERS, requests[USERS:], SECONDS)
        self.rates.setdefault((name, count), measure.Samples()).add([seconds / answered])

    # What came out.

    def report(self, targets):
        base = self.bulk[IN_PROCESS, "wall"].best
        rows = []
        for name in (IN_PROCESS, BASE64, FLOAT):
            wall, processor = self.bulk[name, "wall"], self.bulk[name, "processor"]
            rows.append([name, 1 / wall.best, 1 / wall.typical, 1 / processor.best, f"{100 * base / wall.best:.1f} %"])
        report.table(
            f"{self.count:,} texts, {self.engine.precision}; over HTTP {TEXTS} a request, {CONNECTIONS} connections",
            ["", "tokens/s", "typical", "tokens per core second", "of in process"], rows)
        names = [name for name, _ in self.servers]
        rows = [
            [name] + [value for count in (1, TEXTS) for value in self._rate(name, count, names[0])] for name in names]
        head = ["", "requests/s of one text", f"to {names[0]}", f"of {TEXTS} texts", f"to {names[0]}"]
        report.table(f"/v1/embeddings, base64, {USERS} connections", head, rows)
        for name in (BASE64, FLOAT):
            targets.at_least(f"{name}, to in process", 0.95, base / self.bulk[name, "wall"].best)
        for name in names[2:]:
            for count in (1, TEXTS):
                got = self.rates[name, count].best / self.rates[names[0], count].best
                targets.at_least(f"requests of {count} to {name}", 3, got)
        return {
            "bulk": {f"{name}, {what}": samples.figures() for (name, what), samples in self.bulk.items()},
            "requests": {f"{name}, {count}": samples.figures() for (name, count), samples in self.rates.items()},
        }

    def _rate(self, name, count, base):
        samples = self.rates[name, count]
        return 1 / samples.best, report.ratio(self.rates[base, count].best / samples.best)
