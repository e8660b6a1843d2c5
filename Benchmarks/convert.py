# SPDX-License-Identifier: Apache-2.0
"""Converts a BERT model for the peers that read graphs, in the peers' own Python.

    convert.py MODEL_FOLDER CONVERTED_FOLDER

Writes plain.onnx, fused-f32.onnx and fused-int8.onnx (dynamic, per channel) for ONNX Runtime, and plain.xml for
OpenVINO. The graph is written out by hand, because ONNX Runtime's fusions look for the shape that plain BERT code has.
"""

import json
import math
import pathlib
import sys

import torch
from torch import nn


class Encoder(nn.Module):
    def __init__(self, folder):
        from safetensors.torch import load_file

        super().__init__()
        settings = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        self.heads = settings["num_attention_heads"]
        self.weights = {name.removeprefix("bert."): value for name, value in load_file(folder / "model.safetensors").items()}
        self.epsilon = settings["layer_norm_eps"]
        self.layers = nn.ModuleList(self._layer(f"encoder.layer.{n}.") for n in range(settings["num_hidden_layers"]))
        self.words = self._embedding("word")
        self.types = self._embedding("token_type")
        self.places = self._embedding("position")
        self.norm = self._norm("embeddings.LayerNorm")

    def _embedding(self, kind):
        return nn.Embedding.from_pretrained(self.weights[f"embeddings.{kind}_embeddings.weight"])

    def _linear(self, name):
        weight = self.weights[name + ".weight"]
        layer = nn.Linear(weight.shape[1], weight.shape[0])
        layer.weight.data, layer.bias.data = weight, self.weights[name + ".bias"]
        return layer

    def _norm(self, name):
        weight = self.weights[name + ".weight"]
        layer = nn.LayerNorm(weight.shape[0], eps=self.epsilon)
        layer.weight.data, layer.bias.data = weight, self.weights[name + ".bias"]
        return layer

    def _layer(self, prefix):
        linear = {
            "query": "attention.self.query", "key": "attention.self.key", "value": "attention.self.value",
            "output": "attention.output.dense", "up": "intermediate.dense", "down": "output.dense",
        }
        norms = {"attention_norm": "attention.output.LayerNorm", "norm": "output.LayerNorm"}
        modules = {name: self._linear(prefix + source) for name, source in linear.items()}
        return nn.ModuleDict(modules | {name: self._norm(prefix + source) for name, source in norms.items()})

    def _split(self, x):
        return x.view(x.size(0), x.size(1), self.heads, x.size(2) // self.heads).permute(0, 2, 1, 3)

    def _attend(self, layer, x, mask):
        query, key, value = (self._split(layer[name](x)) for name in ("query", "key", "value"))
        scores = torch.matmul(query, key.transpose(-1, -2)) / math.sqrt(query.size(-1)) + mask
        context = torch.matmul(torch.softmax(scores, dim=-1), value).permute(0, 2, 1, 3).contiguous()
        return layer["output"](context.view(context.size(0), context.size(1), -1))

    def forward(self, input_ids, attention_mask, token_type_ids):
        positions = torch.arange(self.places.num_embeddings).unsqueeze(0)[:, : input_ids.size(1)]
        x = self.norm(self.words(input_ids) + self.types(token_type_ids) + self.places(positions))
        mask = (1.0 - attention_mask[:, None, None, :].to(torch.float32)) * torch.finfo(torch.float32).min
        for layer in self.layers:
            x = layer["attention_norm"](self._attend(layer, x, mask) + x)
            x = layer["norm"](layer["down"](nn.functional.gelu(layer["up"](x))) + x)
        return x


def export(model, target):
    encoder = Encoder(model).eval()
    ids = torch.randint(1000, 20000, (2, 16))
    names = ["input_ids", "attention_mask", "token_type_ids"]
    axes = {name: {0: "batch", 1: "length"} for name in [*names, "last_hidden_state"]}
    with torch.no_grad():
        torch.onnx.export(
            encoder, (ids, torch.ones_like(ids), torch.zeros_like(ids)), str(target), input_names=names,
            output_names=["last_hidden_state"], dynamic_axes=axes, opset_version=14, dynamo=False)
    return encoder.heads, encoder.norm.normalized_shape[0]


def fuse(source, target, heads, width):
    from onnxruntime.transformers import optimizer
    from onnxruntime.transformers.fusion_options import FusionOptions

    options = FusionOptions("bert")
    options.enable_embed_layer_norm = True
    fused = optimizer.optimize_model(
        str(source), model_type="bert", num_heads=heads, hidden_size=width, optimization_options=options, opt_level=1)
    if not fused.get_fused_operator_statistics().get("Attention"):
        sys.exit("convert: ONNX Runtime fused no attention; its figures would not be its best")
    fused.save_model_to_file(str(target))


def quantize(source, target):
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(
        str(source), str(target), weight_type=QuantType.QInt8, per_channel=True,
        extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT})


def main():
    model, converted = map(pathlib.Path, sys.argv[1:])
    converted.mkdir(parents=True, exist_ok=True)
    plain, fused = converted / "plain.onnx", converted / "fused-f32.onnx"
    heads, width = export(model, plain)
    fuse(plain, fused, heads, width)
    quantize(fused, converted / "fused-int8.onnx")

    import openvino

    openvino.save_model(openvino.convert_model(str(plain)), str(converted / "plain.xml"), compress_to_fp16=False)


if __name__ == "__main__":
    main()
