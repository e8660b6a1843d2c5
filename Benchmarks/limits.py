# SPDX-License-Identifier: Apache-2.0
"""What the machine could do at best, measured, and what follows from that for a model."""

import json
import os
import pathlib
import platform
import shutil
import subprocess

import report

HERE = pathlib.Path(__file__).parent
KERNELS = HERE.parent / "Sources" / "CKernels"
BYTES = {"f32": 4, "bf16": 2, "int8": 1}


class Model:
    """Operations and bytes of a BERT encoder, from its configuration."""

    def __init__(self, folder):
        settings = json.loads((pathlib.Path(folder) / "config.json").read_text(encoding="utf-8"))
        self.layers, self.hidden = settings["num_hidden_layers"], settings["hidden_size"]
        self.weights = self.layers * (4 * self.hidden**2 + 2 * self.hidden * settings["intermediate_size"])

    def operations(self, tokens):
        """Multiplications and additions of one text: every weight once a token, and attention between all tokens."""
        return tokens * 2 * self.weights + self.layers * 4 * tokens**2 * self.hidden


class Limits:
    def __init__(self, model_folder, work, threads):
        self.model = Model(model_folder)
        self.threads = threads
        self.kernels, self.peaks, self.reads = None, {}, {}
        self.program = build(work)
        self.sizes = {name: max(1, round(self.model.weights * size / 2**20)) for name, size in BYTES.items()}

    def measure(self):
        """Keeps the best of this call and those before."""
        if not self.program:
            return
        sizes = sorted({1, *self.sizes.values(), 256})
        output = subprocess.check_output([self.program, str(self.threads), *map(str, sizes)], text=True)
        for line in output.splitlines():
            kind, name, *values = line.split()
            if kind == "kernels":
                self.kernels = name
                continue
            key = (name if kind == "peak" else int(name), int(values[0]))
            found = self.peaks if kind == "peak" else self.reads
            found[key] = max(found.get(key, 0), float(values[1]))

    def tokens_per_second(self, precision, lengths):
        """What texts of these lengths could reach in bulk on all cores."""
        if not self.peaks:
            return None
        operations = sum(map(self.model.operations, lengths))
        return sum(lengths) * self.peaks[precision, self.threads] * 1e9 / operations

    def seconds(self, precision, tokens):
        """The least time of one text, all cores working on it: computing, or reading the weights once from the outer
        caches or memory. None where nothing was measured."""
        if not self.peaks:
            return None
        computing = self.model.operations(tokens) / self.peaks[precision, self.threads] / 1e9
        reading = self.model.weights * BYTES[precision] / self._fastest_read(precision) / 1e9
        return max(computing, reading)

    def _fastest_read(self, precision):
        return max(self.reads[self.sizes[precision], threads] for threads in {1, self.threads})

    def report(self, lengths):
        if not self.peaks:
            print("limits: left out, for there is no clang (CC) that builds Benchmarks/machine.c")
            return {}
        rows = []
        for precision in BYTES:
            rows.append([
                precision, self.peaks[precision, 1], self.peaks[precision, self.threads], f"{self.sizes[precision]} MB",
                self._fastest_read(precision), self.tokens_per_second(precision, lengths),
                report.milliseconds(self.seconds(precision, 12)), report.milliseconds(self.seconds(precision, 256)),
            ])
        report.table(
            f"Limits of {self.threads} cores ({self.kernels})",
            ["precision", "GFLOP/s, 1 core", "all cores", "weights", "read at GB/s", "corpus: tokens/s at most",
             "12 tokens: ms at least", "256 tokens"], rows)
        sizes = sorted({size for size, _ in self.reads})
        report.table(
            "Reading", ["GB/s from"] + [f"{size} MB" for size in sizes],
            [[f"{threads} threads", *(self.reads[size, threads] for size in sizes)] for threads in sorted({1, self.threads})])
        return {
            "kernels": self.kernels,
            "peak_gflops": {f"{name} x{threads}": rate for (name, threads), rate in self.peaks.items()},
            "read_gbps": {f"{size} MB x{threads}": rate for (size, threads), rate in self.reads.items()},
            "tokens_per_second": {name: self.tokens_per_second(name, lengths) for name in BYTES},
        }


def build(work):
    """The program that measures the machine; None where it cannot be built."""
    compiler = shutil.which(os.environ.get("CC", "clang"))
    program = work / "machine"
    if not compiler:
        return None
    native = "-mcpu=native" if platform.machine() in ("arm64", "aarch64") else "-march=native"
    sources = [HERE / "machine.c", *sorted(KERNELS.rglob("*.c"))]
    arguments = [compiler, "-std=gnu17", "-O3", native, f"-I{KERNELS / 'include'}", *map(str, sources)]
    arguments += ["-lm", "-lpthread", "-o", str(program)]
    if subprocess.run(arguments, stderr=subprocess.DEVNULL, check=False).returncode:
        return None
    return str(program)
