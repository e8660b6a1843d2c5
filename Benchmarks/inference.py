# SPDX-License-Identifier: Apache-2.0
"""Latency, bulk, memory and accuracy of engines in turns: Hearth's precisions and, where there are any, the peers."""

import operator

import measure
import report

QUERY_TOKENS, TEXT_TOKENS = 12, 256
REFERENCE = "sentence-transformers f32"


class Inference:
    def __init__(self, engines, corpus, queries, bulk, limits):
        """`bulk` is how many texts of the corpus a round embeds, `limits` what the machine could do."""
        self.engines = engines
        self.limits = limits
        self.corpus = [entry["text"] for entry in corpus]
        self.bulk = self.corpus[:bulk]
        self.lengths = [entry["tokens"] for entry in corpus[:bulk]]
        self.tokens = sum(self.lengths)
        # Of the given length or as near as there are enough.
        self.short = nearest(queries, QUERY_TOKENS, 20)
        self.long = nearest(corpus, TEXT_TOKENS, 10)
        self.samples = {engine.name: {} for engine in engines}
        self.memory = {}

    def _add(self, engine, what, timings):
        self.samples[engine.name].setdefault(what, measure.Samples()).add(timings)

    def warm_up(self):
        for engine in self.engines:
            engine.latency(self.short)
            self.memory[engine.name] = {"warm": engine.memory()}
            engine.bulk(self.bulk[:64])

    def round(self, number):
        for engine in self.engines if number % 2 == 0 else self.engines[::-1]:
            for what, texts, passes in (("query", self.short, 10), ("text", self.long, 5)):
                timings, inside = [], []
                for _ in range(passes):
                    timings += engine.latency(texts)
                    inside += getattr(engine, "inside", [])
                self._add(engine, what, timings)
                if inside:
                    self._add(engine, f"{what} overhead", map(operator.sub, timings, inside))
            before = engine.processor_time()
            self._add(engine, "bulk", [engine.bulk(self.bulk)])
            if before is not None:
                self._add(engine, "bulk processor", [engine.processor_time() - before])

    def finish(self):
        for engine in self.engines:
            self.memory[engine.name]["after bulk"] = engine.memory()

    def cosines(self):
        """Least and mean cosine of each engine's vectors to float32's of the reference, over the whole corpus."""
        vectors = {engine.name: [unit(vector) for vector in engine.vectors(self.corpus)] for engine in self.engines}
        exact = vectors.get(REFERENCE) or vectors.get("Hearth f32")
        if exact is None:
            return {}
        cosines = {}
        for name, rows in vectors.items():
            each = [sum(map(operator.mul, row, reference)) for row, reference in zip(rows, exact)]
            cosines[name] = {"least": min(each), "mean": sum(each) / len(each)}
        return cosines

    # What came out.

    def report(self, targets, cosines):
        base = next(name for name in (REFERENCE, *self.samples) if name in self.samples)
        self._report_latency(base)
        self._report_bulk(base)
        self._report_memory()
        exact = REFERENCE if REFERENCE in cosines else "Hearth f32"
        if cosines:
            report.table(
                f"Cosine to {exact}, {len(self.corpus):,} texts", ["engine", "least", "mean"],
                [[name, f"{value['least']:.6f}", f"{value['mean']:.6f}"] for name, value in cosines.items()])
        self._judge(targets)
        return {
            name: {what: samples.figures() for what, samples in kinds.items()}
            | {"tokens_per_second": self.rate(name), "memory_mb": self.memory[name], "cosine": cosines.get(name)}
            for name, kinds in self.samples.items()
        }

    def rate(self, name):
        """Tokens a second in bulk."""
        return self.tokens / self.samples[name]["bulk"].best

    def _report_latency(self, base):
        for what, tokens in (("query", QUERY_TOKENS), ("text", TEXT_TOKENS)):
            rows = []
            for name, kinds in self.samples.items():
                samples, overhead = kinds[what], kinds.get(f"{what} overhead")
                times = map(report.milliseconds, (samples.best, samples.typical, samples.p99))
                speed = report.ratio(self.samples[base][what].best / samples.best)
                rows.append([name, *times, report.milliseconds(overhead.best) if overhead else "", speed])
            head = ["engine", "best ms", "typical ms", "p99 ms", "of it RPC", f"speed to {base}"]
            report.table(f"One text of {tokens} tokens", head, rows)

    def _report_bulk(self, base):
        rows = []
        for name, kinds in self.samples.items():
            processor = kinds.get("bulk processor")
            limit = self.limits.tokens_per_second(name.split()[-1], self.lengths)
            rows.append([
                name, self.rate(name), self.tokens / kinds["bulk"].typical, len(self.bulk) / kinds["bulk"].best,
                self.tokens / processor.best if processor else "",
                f"{100 * self.rate(name) / limit:.0f} %" if limit else "", report.ratio(self.rate(name) / self.rate(base)),
            ])
        head = ["engine", "tokens/s", "typical", "texts/s", "tokens per core second", "of the limit", f"to {base}"]
        report.table(f"Bulk: {len(self.bulk):,} texts, {self.tokens:,} tokens", head, rows)

    def _report_memory(self):
        rows = [
            [name, *memory["warm"], *memory["after bulk"]] for name, memory in self.memory.items()
        ]
        report.table(
            "Memory in MB", ["engine", "resident, warm", "private, warm", "resident after bulk", "private after bulk"],
            rows)

    def _judge(self, targets):
        for engine in self.engines:
            if engine.name.startswith("Hearth"):
                self._judge_latency(targets, engine)
                targets.at_most(f"{engine.precision} private memory", 40, self.memory[engine.name]["after bulk"][1], "MB")
        automatic = next(engine.precision for engine in self.engines if engine.name.startswith("Hearth"))
        for least, precision, peer in (
            (1, automatic, REFERENCE), (12, "bf16", REFERENCE), (3, "bf16", "OpenVINO bf16"),
            (1.3, "f32", "ONNX Runtime f32"), (6, "int8", "ONNX Runtime int8"),
        ):
            ours, got, possible = f"Hearth {precision}", None, None
            if ours in self.samples and peer in self.samples:
                got = self.rate(ours) / self.rate(peer)
                limit = self.limits.tokens_per_second(precision, self.lengths)
                possible = limit and limit / self.rate(peer)
            targets.at_least(f"bulk {precision} to {peer}", least, got, "x", possible)

    def _judge_latency(self, targets, engine):
        """Against the quickest peer of the same precision."""
        for what, tokens in (("query", QUERY_TOKENS), ("text", TEXT_TOKENS)):
            peers = [
                kinds[what].best for name, kinds in self.samples.items()
                if not name.startswith("Hearth") and name.endswith(engine.precision)
            ]
            peer = min(peers, default=None)
            got = peer and self.samples[engine.name][what].best / peer
            limit = self.limits.seconds(engine.precision, tokens)
            possible = peer and limit and limit / peer
            targets.at_most(f"{engine.precision} latency, {tokens} tokens, to the best peer", 0.5, got, "x", possible)


def nearest(entries, tokens, count):
    return [entry["text"] for entry in sorted(entries, key=lambda entry: abs(entry["tokens"] - tokens))[:count]]


def unit(vector):
    length = sum(map(operator.mul, vector, vector)) ** 0.5
    return [value / length for value in vector]
