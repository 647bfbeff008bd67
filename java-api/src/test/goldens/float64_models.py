#!/usr/bin/env python3
"""Logits of small GGUF models in float64, for the goldens that the repository keeps.

Independent of Chaku: it reads GGUF by itself and knows each family's computation from the papers and the reference
implementations' behaviour, with plain loops over heads and tokens. Slow, and meant to be.

    float64_models.py FOLDER                   writes tokens and logits of every NAME.gguf of the folder, and an index
    float64_models.py --check FOLDER [NAME..]  compares with the logits that are there, and says the largest difference
"""
import json
import pathlib
import struct
import sys

import numpy as np

SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
ADJACENT = {"llama", "granite", "granitemoe", "deepseek2"}  # the rest rotates halves of a head against each other
WINDOWED = {"gemma2": lambda layer: layer % 2 == 0}
DELTA_RULE = {"qwen35", "qwen35moe"}


class Gguf:
    """Key values, and F32 tensors as float64 arrays [.., rows, columns]."""

    def __init__(self, path):
        self.bytes = pathlib.Path(path).read_bytes()
        self.at = 4
        assert self.bytes[:4] == b"GGUF"
        self.scalar(4)
        n_tensors, n_keys = self.scalar(10), self.scalar(10)
        self.keys = {}
        for _ in range(n_keys):
            key = self.string()
            self.keys[key] = self.value(self.scalar(4))
        heads = []
        for _ in range(n_tensors):
            name = self.string()
            dims = [self.scalar(10) for _ in range(self.scalar(4))]
            assert self.scalar(4) == 0, name + " is not F32"
            heads.append((name, dims, self.scalar(10)))
        alignment = self.keys.get("general.alignment", 32)
        data = -(-self.at // alignment) * alignment
        self.tensors = {}
        for name, dims, offset in heads:
            flat = np.frombuffer(self.bytes, "<f4", int(np.prod(dims)), data + offset)
            self.tensors[name] = flat.astype(np.float64).reshape(dims[::-1])

    def scalar(self, kind):
        value = struct.unpack_from(SCALARS[kind], self.bytes, self.at)[0]
        self.at += struct.calcsize(SCALARS[kind])
        return value

    def string(self):
        size = self.scalar(10)
        self.at += size
        return self.bytes[self.at - size : self.at].decode("utf-8", "replace")

    def value(self, kind):
        if kind == 8:
            return self.string()
        if kind == 9:
            item, count = self.scalar(4), self.scalar(10)
            return [self.value(item) for _ in range(count)]
        return self.scalar(kind)


def silu(x):
    return x / (1 + np.exp(-x))


def gelu(x):
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    e = np.exp(x - x.max())
    return e / e.sum()


class Decoder:
    def __init__(self, gguf):
        self.tensors = gguf.tensors
        self.arch = gguf.keys["general.architecture"]
        self.key = lambda name, otherwise=None: gguf.keys.get(self.arch + "." + name, otherwise)
        self.layers = self.key("block_count")
        self.width = self.key("embedding_length")
        self.heads = self.key("attention.head_count")
        kv = self.key("attention.head_count_kv", self.heads)
        self.kv_heads = kv if isinstance(kv, list) else [kv] * self.layers
        self.head_dim = self.key("attention.key_length", self.width // self.heads)
        self.epsilon = self.key("attention.layer_norm_rms_epsilon", self.key("attention.layer_norm_epsilon"))

    def weight(self, layer, name):
        return self.tensors.get("blk.%d.%s" % (layer, name))

    def product(self, layer, name, x):
        y = x @ self.weight(layer, name + ".weight").T
        bias = self.weight(layer, name + ".bias")
        return y if bias is None else y + bias

    def norm(self, x, name):
        weight, bias = self.tensors.get(name + ".weight"), self.tensors.get(name + ".bias")
        if weight is None:
            return x
        if bias is not None:
            x = x - x.mean(-1, keepdims=True)
        y = x / np.sqrt((x * x).mean(-1, keepdims=True) + self.epsilon) * weight
        return y if bias is None else y + bias

    def rotate(self, head, position):
        dims = self.key("rope.dimension_count", 0)
        if self.arch == "gpt2" or dims == 0:
            return head
        out = head.copy()
        for i in range(dims // 2):
            angle = position * self.frequency(i, dims)
            a, b = (2 * i, 2 * i + 1) if self.arch in ADJACENT else (i, i + dims // 2)
            out[a] = head[a] * np.cos(angle) - head[b] * np.sin(angle)
            out[b] = head[a] * np.sin(angle) + head[b] * np.cos(angle)
        return out

    def frequency(self, i, dims):
        """Of a pair. YaRN (arXiv 2309.00071) divides those that turn seldom within the context that was trained."""
        base = self.key("rope.freq_base", 10000.0)
        plain = base ** (-2.0 * i / dims)
        if self.key("rope.scaling.type") != "yarn":
            return plain
        trained = self.key("rope.scaling.original_context_length")
        pair = lambda turns: dims * np.log(trained / (turns * 2 * np.pi)) / (2 * np.log(base))
        low = max(0, np.floor(pair(self.key("rope.scaling.yarn_beta_fast"))))
        high = min(dims - 1, np.ceil(pair(self.key("rope.scaling.yarn_beta_slow"))))
        stretched = np.clip((i - low) / max(0.001, high - low), 0, 1)
        return plain / self.key("rope.scaling.factor") * stretched + plain * (1 - stretched)

    def latent_attention(self, l, x):
        """Keys and values of each head come from one latent a token (arXiv 2405.04434), here without the shortcut of
        attending in the latents' space."""
        tokens, rank, turned = len(x), self.key("attention.kv_lora_rank"), self.key("rope.dimension_count")
        low = self.norm(self.product(l, "attn_q_a", x), "blk.%d.attn_q_a_norm" % l)
        q = self.product(l, "attn_q_b", low).reshape(tokens, self.heads, -1)
        both = self.product(l, "attn_kv_a_mqa", x)
        latent = self.norm(both[:, :rank], "blk.%d.attn_kv_a_norm" % l)
        place = np.array([self.rotate(both[t, rank:], t) for t in range(tokens)])
        keys, values = self.weight(l, "attn_k_b.weight"), self.weight(l, "attn_v_b.weight")
        magnitude = 1 + self.key("rope.scaling.yarn_log_multiplier", 0) * np.log(self.key("rope.scaling.factor", 1.0))
        scale = magnitude**2 / np.sqrt(q.shape[-1])
        out = []
        for h in range(self.heads):
            k, v = latent @ keys[h], latent @ values[h].T
            for t in range(tokens):
                plain, rotated = q[t, h, :-turned], self.rotate(q[t, h, -turned:], t)
                out.append(softmax((k[: t + 1] @ plain + place[: t + 1] @ rotated) * scale) @ v[: t + 1])
        heads = np.array(out).reshape(self.heads, tokens, -1).transpose(1, 0, 2)
        return self.product(l, "attn_output", heads.reshape(tokens, -1))

    def attention(self, l, x):
        tokens, dim, kv_heads = len(x), self.head_dim, self.kv_heads[l]
        gated = self.arch in DELTA_RULE
        if self.weight(l, "attn_qkv.weight") is not None:
            parts = np.split(self.product(l, "attn_qkv", x), [self.heads * dim, (self.heads + kv_heads) * dim], -1)
        else:
            parts = [self.product(l, "attn_" + which, x) for which in "qkv"]
        q = parts[0].reshape(tokens, self.heads, -1)
        q, gates = q[..., :dim], q[..., dim:]
        k, v = parts[1].reshape(tokens, kv_heads, dim), parts[2].reshape(tokens, kv_heads, dim)
        q, k = self.norm(q, "blk.%d.attn_q_norm" % l), self.norm(k, "blk.%d.attn_k_norm" % l)
        for t in range(tokens):
            q[t] = [self.rotate(head, t) for head in q[t]]
            k[t] = [self.rotate(head, t) for head in k[t]]
        scale = self.key("attention.scale", 1 / np.sqrt(dim))
        window = self.key("attention.sliding_window", 0) if WINDOWED.get(self.arch, lambda _: False)(l) else 0
        cap = self.key("attn_logit_softcapping", 0)
        out = np.zeros((tokens, self.heads, dim))
        for t in range(tokens):
            first = max(0, t - window + 1) if window else 0
            for h in range(self.heads):
                g = h // (self.heads // kv_heads)
                scores = k[first : t + 1, g] @ q[t, h] * scale
                if cap:
                    scores = cap * np.tanh(scores / cap)
                out[t, h] = softmax(scores) @ v[first : t + 1, g]
        if gated:
            out *= sigmoid(gates)
        return self.product(l, "attn_output", out.reshape(tokens, -1))

    def convolve(self, x, taps):
        """Each channel with its own taps, the last of which is that of the token itself."""
        padded = np.vstack([np.zeros((taps.shape[1] - 1, x.shape[1])), x])
        return np.array([(padded[t : t + taps.shape[1]].T * taps).sum(-1) for t in range(len(x))])

    def short_convolution(self, l, x):
        gate_in, gate_out, values = np.split(self.product(l, "shortconv.in_proj", x), 3, -1)
        mixed = self.convolve(gate_in * values, self.weight(l, "shortconv.conv.weight"))
        return self.product(l, "shortconv.out_proj", gate_out * mixed)

    def delta_rule(self, l, x):
        """Gated: S decays by exp(g), then learns beta (v - S k) at k; Yang et al., arXiv 2412.06464."""
        key_heads, value_heads = self.key("ssm.group_count"), self.key("ssm.time_step_rank")
        dk, dv = self.key("ssm.state_size"), self.key("ssm.inner_size") // value_heads
        mixed = silu(self.convolve(self.product(l, "attn_qkv", x), self.weight(l, "ssm_conv1d.weight")))
        q, k, v = np.split(mixed, [key_heads * dk, 2 * key_heads * dk], -1)
        beta = sigmoid(self.product(l, "ssm_beta", x))
        steps = x @ self.weight(l, "ssm_alpha.weight").T + self.weight(l, "ssm_dt.bias").reshape(-1)
        decay = np.exp(self.weight(l, "ssm_a").reshape(-1) * np.log1p(np.exp(steps)))
        out = np.zeros((len(x), value_heads, dv))
        for h in range(value_heads):
            memory, g = np.zeros((dv, dk)), h % key_heads
            for t in range(len(x)):
                query, key = q[t, g * dk : (g + 1) * dk], k[t, g * dk : (g + 1) * dk]
                query = query / np.sqrt(query @ query + 1e-6) / np.sqrt(dk)
                key = key / np.sqrt(key @ key + 1e-6)
                memory = memory * decay[t, h]
                memory += beta[t, h] * np.outer(v[t, h * dv : (h + 1) * dv] - memory @ key, key)
                out[t, h] = memory @ query
        z = self.product(l, "attn_gate", x)
        return self.product(l, "ssm_out", self.norm(out, "blk.%d.ssm_norm" % l).reshape(len(x), -1) * silu(z))

    def mixed(self, l, x):
        if self.weight(l, "shortconv.in_proj.weight") is not None:
            return self.short_convolution(l, x)
        if self.weight(l, "attn_kv_a_mqa.weight") is not None:
            return self.latent_attention(l, x)
        return self.attention(l, x) if self.weight(l, "ssm_a") is None else self.delta_rule(l, x)

    def dense(self, l, x, suffix=""):
        activation = gelu if self.arch in ("gpt2", "gemma2") else silu
        up = self.product(l, "ffn_up" + suffix, x)
        if self.weight(l, "ffn_gate%s.weight" % suffix) is None:
            return self.product(l, "ffn_down" + suffix, activation(up))
        return self.product(l, "ffn_down" + suffix, activation(self.product(l, "ffn_gate" + suffix, x)) * up)

    def experts(self, l, x):
        router = self.weight(l, "ffn_gate_inp.weight")
        gate, up, down = (self.weight(l, "ffn_%s_exps.weight" % which) for which in ("gate", "up", "down"))
        bias = self.weight(l, "exp_probs_b.bias")
        out = np.zeros_like(x)
        for t, token in enumerate(x):
            logits = router @ token
            scores = sigmoid(logits) if self.arch in ("lfm2moe", "deepseek2") else softmax(logits)
            ranked = scores if bias is None else scores + bias.reshape(-1)
            groups = self.key("expert_group_count", 1)
            if groups > 1:  # of a group its two best count; those of other groups than the best cannot be chosen
                members = ranked.reshape(groups, -1)
                kept = np.argsort(-np.sort(members, -1)[:, -2:].sum(-1), kind="stable")
                members = members.copy()
                members[kept[self.key("expert_group_used_count") :]] = -np.inf
                ranked = members.reshape(-1)
            order = np.argsort(-ranked, kind="stable")
            chosen = order[: self.key("expert_used_count")]
            weights = scores[chosen]
            if self.arch != "qwen2moe":
                weights = weights / weights.sum()
            weights = weights * self.key("expert_weights_scale", 1.0)
            for e, weight in zip(chosen, weights):
                out[t] += weight * (down[e] @ (silu(gate[e] @ token) * (up[e] @ token)))
        if self.weight(l, "ffn_up_shexp.weight") is not None:
            shared = self.dense(l, x, "_shexp")
            own = self.weight(l, "ffn_gate_inp_shexp.weight")
            out += shared if own is None else shared * sigmoid(x @ own.reshape(-1))[:, None]
        return out

    def logits(self, tokens):
        stream = self.tensors["token_embd.weight"][tokens].copy()
        if "position_embd.weight" in self.tensors:
            stream += self.tensors["position_embd.weight"][: len(tokens)]
        stream *= np.sqrt(self.width) if self.arch == "gemma2" else self.key("embedding_scale", 1.0)
        residual = self.key("residual_scale", 1.0)
        for l in range(self.layers):
            block = "blk.%d." % l
            before = block + "ffn_norm"
            added = self.mixed(l, self.norm(stream, block + "attn_norm"))
            if before + ".weight" in self.tensors:
                added = self.norm(added, block + "post_attention_norm")
            else:  # qwen3.5 gives the norm before the feed-forward the other's name
                before = block + "post_attention_norm"
            stream = stream + residual * added
            half = self.experts if self.weight(l, "ffn_gate_inp.weight") is not None else self.dense
            stream = stream + residual * self.norm(half(l, self.norm(stream, before)), block + "post_ffw_norm")
        last = "output_norm" if "output_norm.weight" in self.tensors else "token_embd_norm"
        head = self.tensors.get("output.weight", self.tensors["token_embd.weight"])
        logits = self.norm(stream, last) @ head.T / self.key("logit_scale", 1.0)
        cap = self.key("final_logit_softcapping", 0)
        return cap * np.tanh(logits / cap) if cap else logits


def check(folder, names):
    for path in sorted(folder.glob("*.logits.f32")):
        name = path.name.split(".")[0]
        if name in names or (not names and path.name == name + ".logits.f32"):
            tokens = json.loads((folder / (name + ".tokens.json")).read_text())["tokens"]
            logits = Decoder(Gguf(folder / (name + ".gguf"))).logits(tokens)
            there = np.fromfile(folder / (name + ".logits.f32"), "<f4").reshape(logits.shape)
            print("%-12s largest difference %.1e, logits up to %.1f" % (name, abs(there - logits).max(), abs(logits).max()))


def make(folder):
    """Texts of 24 tokens, their logits, and an index that tests read."""
    index = []
    for path in sorted(folder.glob("*.gguf")):
        decoder = Decoder(Gguf(path))
        number = sum(path.stem.encode())  # that a new family leaves the others as they are
        tokens = [(7 + 53 * t + 11 * number * t * t) % len(decoder.tensors["token_embd.weight"]) for t in range(24)]
        (folder / (path.stem + ".tokens.json")).write_text(json.dumps({"tokens": tokens}) + "\n")
        decoder.logits(tokens).astype("<f4").tofile(folder / (path.stem + ".logits.f32"))
        run = {"tokens": path.stem + ".tokens.json", "n_ctx": 64, "logits": path.stem + ".logits.f32"}
        index.append(
            {
                "name": path.stem,
                "file": path.name,
                "arch": decoder.arch,
                "weight_types": ["F32"],
                "runs": [run],
                "suggested_max_abs_tol": 1e-4,
            }
        )
    (folder / "index.json").write_text(json.dumps(index, indent=1) + "\n")


if __name__ == "__main__":
    if sys.argv[1] == "--check":
        check(pathlib.Path(sys.argv[2]), sys.argv[3:])
    else:
        make(pathlib.Path(sys.argv[1]))
