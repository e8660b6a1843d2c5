# SPDX-License-Identifier: Apache-2.0
"""One peer in one process, in the peers' own Python. Reads requests from standard input, a JSON object a line, and
answers each with a line.

    peer.py ENGINE PRECISION MODEL_FOLDER CONVERTED_FOLDER THREADS
"""

import json
import os
import pathlib
import resource
import sys
import time

import numpy

BATCH = 32


class SentenceTransformers:
    def __init__(self, precision, model, converted, threads):
        import torch
        from sentence_transformers import SentenceTransformer

        torch.set_num_threads(threads)
        types = {"f32": torch.float32, "bf16": torch.bfloat16}
        self.model = SentenceTransformer(str(model), device="cpu", model_kwargs={"dtype": types[precision]})

    def embed(self, texts):
        return self.model.encode(texts, batch_size=BATCH, show_progress_bar=False).astype(numpy.float32)


class Padded:
    """Tokenizes, sorts by length, pads a batch to its longest text, computes, and takes the mean over the tokens: what
    a careful user of a graph runtime writes."""

    def __init__(self, model):
        from tokenizers import Tokenizer

        self.tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
        self.tokenizer.no_padding()
        limits = json.loads((model / "sentence_bert_config.json").read_text(encoding="utf-8"))
        self.tokenizer.enable_truncation(limits["max_seq_length"])

    def embed(self, texts):
        ids = [encoding.ids for encoding in self.tokenizer.encode_batch_fast(texts)]
        order = sorted(range(len(ids)), key=lambda index: -len(ids[index]))
        vectors = [None] * len(ids)
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            shape = (len(batch), max(len(ids[index]) for index in batch))
            tokens, mask = numpy.zeros(shape, numpy.int64), numpy.zeros(shape, numpy.int64)
            for row, index in enumerate(batch):
                tokens[row, : len(ids[index])] = ids[index]
                mask[row, : len(ids[index])] = 1
            inputs = {"input_ids": tokens, "attention_mask": mask, "token_type_ids": numpy.zeros_like(tokens)}
            hidden = self.run(inputs)
            weights = mask.astype(numpy.float32)[:, None, :]
            means = (weights @ hidden)[:, 0] / weights.sum(2)
            means /= numpy.linalg.norm(means, axis=1, keepdims=True)
            for row, index in enumerate(batch):
                vectors[index] = means[row]
        return numpy.array(vectors, numpy.float32)


class ONNXRuntime(Padded):
    def __init__(self, precision, model, converted, threads):
        import onnxruntime

        super().__init__(model)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(
            str(converted / f"fused-{precision}.onnx"), options, providers=["CPUExecutionProvider"])

    def run(self, inputs):
        return self.session.run(None, inputs)[0]


class OpenVINO(Padded):
    def __init__(self, precision, model, converted, threads):
        import openvino
        from openvino.properties import hint, inference_num_threads, num_streams

        super().__init__(model)
        settings = {
            inference_num_threads(): threads, num_streams(): 1, hint.performance_mode(): hint.PerformanceMode.LATENCY,
            hint.inference_precision(): precision,
        }
        compiled = openvino.Core().compile_model(str(converted / "plain.xml"), "CPU", settings)
        self.request = compiled.create_infer_request()

    def run(self, inputs):
        self.request.infer(inputs)
        return self.request.get_output_tensor(0).data


KINDS = {"sentence-transformers": SentenceTransformers, "ONNX Runtime": ONNXRuntime, "OpenVINO": OpenVINO}


def timed(engine, texts):
    start = time.perf_counter()
    engine.embed(texts)
    return time.perf_counter() - start


def memory():
    """Megabytes: resident, and private."""
    kilobytes = {"VmRSS": 0, "RssAnon": 0}
    for line in open("/proc/self/status", encoding="ascii"):
        name, value = line.split(":", 1)
        if name in kilobytes:
            kilobytes[name] = int(value.split()[0])
    return [kilobytes["VmRSS"] * 1024 / 1e6, kilobytes["RssAnon"] * 1024 / 1e6]


def answer(engine, request):
    texts = request.get("texts")
    if request["do"] == "latency":
        return [timed(engine, [text]) for text in texts]
    if request["do"] == "bulk":
        return timed(engine, texts)
    if request["do"] == "vectors":
        engine.embed(texts).tofile(request["file"])
        return texts and len(texts)
    if request["do"] == "cpu":
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return usage.ru_utime + usage.ru_stime
    return memory()


def main():
    name, precision, model, converted, threads = sys.argv[1:]
    # Libraries talk; only answers go to whoever asks.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    engine = KINDS[name](precision, pathlib.Path(model), pathlib.Path(converted), int(threads))
    engine.embed(["ready"])
    print(json.dumps("ready"), file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(engine, json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main()
