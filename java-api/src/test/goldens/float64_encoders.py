#!/usr/bin/env python3
"""Last states of small encoders in float64, for the goldens that the repository keeps; as float64_models.py.

    float64_encoders.py FOLDER    writes tokens and states of every NAME.gguf of the folder, and an index
"""
import json
import math
import pathlib
import sys

import numpy as np

from float64_models import Gguf, gelu, silu, softmax


def exact_gelu(x):
    return 0.5 * x * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))


def layer_norm(x, weight, bias, epsilon):
    x = x - x.mean(-1, keepdims=True)
    y = x / np.sqrt((x * x).mean(-1, keepdims=True) + epsilon) * weight
    return y if bias is None else y + bias


def rms_norm(x, weight, epsilon):
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + epsilon) * weight


def rotate(x, base):
    """Halves of each head against each other; x is [tokens, heads, dims]."""
    half = x.shape[-1] // 2
    angles = np.arange(x.shape[0])[:, None] * base ** (-np.arange(half) / half)
    cos, sin = np.cos(angles)[:, None, :], np.sin(angles)[:, None, :]
    a, b = x[..., :half], x[..., half:]
    return np.concatenate([a * cos - b * sin, a * sin + b * cos], -1)


def attend(q, k, v, far=None, slopes=None):
    """Everybody sees everybody, or no more than `far` away; scores fall by slopes on either side."""
    n, heads, dims = q.shape
    out = np.zeros_like(q)
    distance = np.abs(np.arange(n)[:, None] - np.arange(n)[None, :])
    for h in range(heads):
        kv = h // (heads // k.shape[1])
        for t in range(n):
            scores = k[:, kv] @ q[t, h] / math.sqrt(dims)
            if slopes is not None:
                scores = scores - slopes[h] * distance[t]
            seen = [j for j in range(n) if far is None or distance[t, j] <= far]
            out[t, h] = softmax(scores[seen]) @ v[seen, kv]
    return out


class Encoder:
    def __init__(self, gguf):
        self.tensors, self.keys = gguf.tensors, gguf.keys
        self.arch = gguf.keys["general.architecture"]

    def key(self, name, otherwise=None):
        return self.keys.get(self.arch + "." + name, otherwise)

    def get(self, name):
        return self.tensors.get(name)

    def product(self, name, x):
        y = x @ self.tensors[name + ".weight"].T
        bias = self.get(name + ".bias")
        return y if bias is None else y + bias

    def norm(self, name, x):
        if self.get(name + ".weight") is None:
            return x
        if self.arch == "gemma-embedding":
            return rms_norm(x, self.get(name + ".weight"), self.key("attention.layer_norm_rms_epsilon"))
        epsilon = self.key("attention.layer_norm_epsilon")
        return layer_norm(x, self.get(name + ".weight"), self.get(name + ".bias"), epsilon)

    def heads(self, block, x):
        heads, kv_heads = self.key("attention.head_count"), self.key("attention.head_count_kv")
        dims = self.key("attention.key_length", x.shape[1] // heads)
        if self.get(block + "attn_qkv.weight") is not None:
            all_three = self.product(block + "attn_qkv", x)
            q, k, v = np.split(all_three, [heads * dims, (heads + kv_heads) * dims], axis=1)
        else:
            q, k, v = (self.product(block + "attn_" + one, x) for one in "qkv")
        return tuple(y.reshape(len(x), -1, dims) for y in (q, k, v))

    def attention(self, layer, block, x):
        q, k, v = self.heads(block, x)
        far, slopes = None, None
        if self.arch == "nomic-bert":
            q, k = rotate(q, 1000.0), rotate(k, 1000.0)
        if self.arch == "jina-bert-v2":
            slopes = [2.0 ** (-8.0 * (h + 1) / q.shape[1]) for h in range(q.shape[1])]
        if self.arch == "modern-bert":
            local = layer % 3 != 0
            far = 4 if local else None
            q, k = (rotate(y, 10000.0 if local else 160000.0) for y in (q, k))
        if self.arch == "gemma-embedding":
            local = layer % 6 < 5
            far = 4 if local else None
            q, k = self.norm(block + "attn_q_norm", q), self.norm(block + "attn_k_norm", k)
            q, k = (rotate(y, 10000.0 if local else 1000000.0) for y in (q, k))
        return self.product(block + "attn_output", attend(q, k, v, far, slopes).reshape(len(x), -1))

    def feed_forward(self, block, x):
        if self.arch == "bert":
            return self.product(block + "ffn_down", exact_gelu(self.product(block + "ffn_up", x)))
        if self.arch == "modern-bert":
            gate, up = np.split(self.product(block + "ffn_up", x), 2, axis=1)
        else:
            gate, up = self.product(block + "ffn_gate", x), self.product(block + "ffn_up", x)
        act = {"nomic-bert": silu, "gemma-embedding": gelu}.get(self.arch, exact_gelu)
        return self.product(block + "ffn_down", act(gate) * up)

    def states(self, tokens):
        x = self.tensors["token_embd.weight"][tokens]
        if self.get("position_embd.weight") is not None:
            x = x + self.tensors["position_embd.weight"][: len(tokens)]
        if self.get("token_types.weight") is not None:
            x = x + self.tensors["token_types.weight"][0]
        if self.arch == "gemma-embedding":
            x = x * math.sqrt(x.shape[1])
        x = self.norm("token_embd_norm", x)
        for layer in range(self.key("block_count")):
            block = "blk.%d." % layer
            if self.arch in ("modern-bert", "gemma-embedding"):
                a = self.attention(layer, block, self.norm(block + "attn_norm", x))
                x = x + self.norm(block + "post_attention_norm", a)
                f = self.feed_forward(block, self.norm(block + "ffn_norm", x))
                x = x + self.norm(block + "post_ffw_norm", f)
            else:
                x = self.norm(block + "attn_output_norm", x + self.attention(layer, block, x))
                x = self.norm(block + "layer_output_norm", x + self.feed_forward(block, x))
        return self.norm("output_norm", x)


def main(folder):
    names = []
    for path in sorted(folder.glob("*.gguf")):
        encoder = Encoder(Gguf(path))
        tokens = [(7 + 53 * t + 11 * sum(path.stem.encode()) * t * t) % 259 for t in range(24)]
        (folder / (path.stem + ".tokens.json")).write_text(json.dumps({"tokens": tokens}) + "\n")
        encoder.states(tokens).astype("<f4").tofile(folder / (path.stem + ".states.f32"))
        names.append(path.stem)
    (folder / "index.json").write_text(json.dumps(names, indent=1) + "\n")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
