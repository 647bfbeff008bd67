// Problems of attention for the tests of its kernels.
#pragma once

#include <algorithm>
#include <cmath>

#include "kernels/attention.h"
#include "paths.h"

namespace chaku::test {

struct Heads {
  int32_t n, kv, dim;
};

struct Inputs {
  Floats q, k, v;
  std::vector<std::byte> k_encoded, v_encoded;
  Floats sinks;
  AttentionProblem p;
};

// Queries and keys of the spans; `magnitude` scales the scores.
inline Inputs make_inputs(Heads heads, const std::vector<AttentionSpan>& spans, int32_t window, float magnitude) {
  int64_t n_q = 0, n_kv = 0;
  for (const AttentionSpan& s : spans) {
    n_q = std::max(n_q, s.q_end);
    n_kv = std::max(n_kv, s.kv_end);
  }
  Inputs in;
  AttentionProblem& p = in.p;
  p.q_stride = heads.n * heads.dim + 8;
  p.kv_stride = heads.kv * heads.dim + 3;
  p.o_stride = heads.n * heads.dim + 1;
  p.n_heads = heads.n;
  p.n_kv_heads = heads.kv;
  p.head_dim = heads.dim;
  p.scale = 1.0f / std::sqrt(static_cast<float>(heads.dim));
  p.window = window;
  p.spans = spans.data();
  p.n_spans = static_cast<int64_t>(spans.size());
  in.q = random_vector(n_q * p.q_stride, 1, magnitude);
  in.k = random_vector(n_kv * p.kv_stride, 2);
  in.v = random_vector(n_kv * p.kv_stride, 3);
  p.q = in.q.data();
  p.k = in.k.data();
  p.v = in.v.data();
  return in;
}

// Fills k_encoded and v_encoded, and makes k and v what these give back. Rows lie kv_stride apart, without gaps.
inline void encode_cache(DType dtype, Inputs& in) {
  const auto encode = [&](Floats& values, std::vector<std::byte>& encoded) {
    const int64_t n = static_cast<int64_t>(values.size()) / in.p.kv_stride * in.p.kv_stride;
    encoded.resize(static_cast<size_t>(row_bytes(dtype, n)));
    quantize(dtype, values.data(), encoded.data(), n);
    dequantize(dtype, encoded.data(), values.data(), n);
  };
  encode(in.k, in.k_encoded);
  encode(in.v, in.v_encoded);
}

inline std::string describe(const char* op, Heads h, const std::vector<AttentionSpan>& spans, int32_t window) {
  return std::string(op) + " h" + std::to_string(h.n) + "/" + std::to_string(h.kv) + " d" + std::to_string(h.dim) +
         " kv" + std::to_string(spans[0].kv_end - spans[0].kv_begin) + " window " + std::to_string(window);
}

// o, then lse.
inline Floats forward(const KernelTable& table, Queue& queue, Inputs& in) {
  const int64_t n_q = static_cast<int64_t>(in.q.size()) / in.p.q_stride;
  const size_t o_size = static_cast<size_t>(n_q * in.p.o_stride);
  Floats out(o_size + static_cast<size_t>(n_q * in.p.n_heads), kUntouched);
  in.p.o = out.data();
  in.p.lse = out.data() + o_size;
  table.attention(in.p, queue);
  return out;
}

// How scores are shaped: a soft cap, and a fall with distance that differs between heads.
struct Shaping {
  float soft_cap;
  bool slopes;
  float sinks = -HUGE_VALF;  // about this, -infinity: none
};

inline const Floats& slopes_of(int32_t n_heads) {
  static Floats slopes;
  slopes.clear();
  for (int32_t h = 0; h < n_heads; ++h) slopes.push_back(0.5f / static_cast<float>(1 << h));
  return slopes;
}

inline void shape(Inputs& in, Shaping shaping) {
  in.p.soft_cap = shaping.soft_cap;
  if (shaping.slopes) in.p.slopes = slopes_of(in.p.n_heads).data();
  if (shaping.sinks == -HUGE_VALF) return;
  in.sinks = random_vector(in.p.n_heads, 9);
  for (float& sink : in.sinks) sink += shaping.sinks;
  in.p.sinks = in.sinks.data();
}

// dq, dk and dv of every path.
inline void check_backward(Heads heads, const std::vector<AttentionSpan>& spans, int32_t window = 0,
                           Shaping shaping = {}) {
  Inputs in = make_inputs(heads, spans, window, 1.0f);
  shape(in, shaping);
  Floats out = forward(reference_table(), queue_of(2), in);  // every path gets the same o and lse
  in.p.o = out.data();
  in.p.lse = out.data() + (out.size() - in.q.size() / static_cast<size_t>(in.p.q_stride) * heads.n);
  const Floats d_o = random_vector(static_cast<int64_t>(out.size()), 4);
  check_paths(describe("attention_backward", heads, spans, window), kAttentionGradient,
              [&](const KernelTable& table, Queue& queue) {
                Floats gradients(in.q.size() + in.k.size() + in.v.size(), kUntouched);
                float* dq = gradients.data();
                table.attention_backward({.forward = in.p,
                                          .d_o = d_o.data(),
                                          .dq = dq,
                                          .dk = dq + in.q.size(),
                                          .dv = dq + in.q.size() + in.k.size()},
                                         queue);
                return gradients;
              });
}

}  // namespace chaku::test
