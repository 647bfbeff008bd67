// What the CUDA kernels move and compute, by formula: bytes, operations and blocks of each launch of an op. Held to the
// emulator's counts by native/tests/cuda/costs_test.cpp.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "quant/dtype.h"

namespace chaku::costs {

struct Launch {
  std::string kernel;       // as benchmarks/native/cuda_kernels.txt names it: source and a part of the mangled name
  double memory_bytes = 0;  // read and written where no cache holds them
  double cached_bytes = 0;  // read and written by way of the second-level cache, which does not hold all of it
  double working_set = 0;   // bytes that the cache must hold for that
  double tile_bytes = 0;    // read from the second-level cache by all blocks
  double near_bytes = 0;    // read from the first-level cache
  double mma = 0;           // products m16n8k16 of a warp
  double instructions = 0;  // of a thread, in float32 or integers
  int64_t blocks = 0;
  int threads = 0;
  double flight_bytes = 0;  // that a warp has under way at once
};

struct Cost {
  double least_bytes = 0;  // each operand once
  double least_flops = 0;  // that the op is made of
  bool on_tensor_cores = false;
  std::vector<Launch> launches;
};

constexpr double kMmaFlops = 2.0 * 16 * 8 * 16;
constexpr int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
constexpr int64_t round_up(int64_t a, int64_t b) { return ceil_div(a, b) * b; }

inline double weight_bytes(DType dtype, int64_t n, int64_t k) { return static_cast<double>(n * row_bytes(dtype, k)); }

// Instructions that decode an element of a weight, besides loads; from formats.cuh: shift, mask, sign, number, scale.
inline double decode_instructions(DType dtype) {
  switch (dtype) {
    case DType::kF32: return 0;
    case DType::kF16:
    case DType::kBF16: return 1;
    case DType::kQ8_0: return 4;
    default: return 5;
  }
}

// matvec.cu: y[M,N] = x[M,K] w[N,K]^T of up to eight generated tokens.
inline Cost matvec(DType dtype, int64_t m, int64_t n, int64_t k) {
  Cost c;
  c.least_bytes = weight_bytes(dtype, n, k) + 4.0 * static_cast<double>(m * k + m * n);
  c.least_flops = 2.0 * static_cast<double>(m * n * k);
  const int64_t rows = m > 1 ? 4 : 8;  // of a block
  Launch l;
  l.kernel =
      "matvec 12dot_productsILNS_5DTypeE" + std::to_string(static_cast<int>(dtype)) + (m > 1 ? "ELi8E" : "ELi1E");
  l.memory_bytes = c.least_bytes;
  l.tile_bytes = weight_bytes(dtype, n, k);
  l.near_bytes = 4.0 * static_cast<double>(m * k * ceil_div(n, m > 1 ? 1 : 2));
  // A multiplication and addition each, decoding, and the load of x by four numbers; two rows share the latter.
  l.instructions = static_cast<double>(n * k) * (decode_instructions(dtype) + static_cast<double>(m) * (1.25 + 0.25));
  l.blocks = ceil_div(n, rows);
  l.threads = 128;
  l.flight_bytes = 32.0 * 8 * (m > 1 ? 1 : 2) * static_cast<double>(row_bytes(dtype, k)) / static_cast<double>(k);
  c.launches = {l};
  return c;
}

// tensor_gemm.cu: c[M,N] of operands of bfloat16 of so much depth, rows in tiles of 64 or 128.
inline Launch gemm(int64_t m, int64_t n, int64_t depth, bool b_transposed) {
  const int64_t rows = m <= 64 ? 64 : 128, tiles_m = ceil_div(m, rows), tiles_n = ceil_div(n, 128);
  const int64_t steps = ceil_div(depth, 32);
  Launch l;
  l.kernel =
      std::string("tensor_gemm 7productILi") + (rows == 64 ? "64" : "128") + "ELb0ELb" + (b_transposed ? "1E" : "0E");
  if (rows == 64) l.kernel = "tensor_gemm 7productILi64ELb0ELb0E";
  l.mma = static_cast<double>(tiles_m * tiles_n * steps * (rows / 16) * (128 / 8) * 2);
  l.tile_bytes = static_cast<double>(tiles_m * tiles_n * steps * (rows + 128) * 32 * 2);
  l.memory_bytes = 4.0 * static_cast<double>(m * n);
  l.cached_bytes = 2.0 * static_cast<double>((m + n) * depth);
  l.working_set = l.cached_bytes;
  l.blocks = tiles_m * tiles_n;
  l.threads = 256;
  l.flight_bytes = 2.0 * static_cast<double>((rows + 128) * 32 * 2) / 8;  // two stages of three, of eight warps
  return l;
}

// Bytes of 16 that all blocks of it copy with cp.async.
inline double gemm_copies(const Launch& l) { return l.tile_bytes / 16; }

// decode.cu: numbers read in one form and written as bfloat16, which the cache may hold.
inline Launch convert(const char* kernel, double read, int64_t elements, double instructions) {
  Launch l;
  l.kernel = kernel;
  l.memory_bytes = read;
  l.cached_bytes = 2.0 * static_cast<double>(elements);
  l.working_set = l.cached_bytes;
  l.instructions = static_cast<double>(elements) * (instructions + 2);
  l.blocks = ceil_div(elements, 8 * 1024);
  l.threads = 256;
  l.flight_bytes = 32 * 8 * read / static_cast<double>(elements) * 4;
  return l;
}

// tensor_matmul.cu forward, [M,K] by [N,K], in parts of the weight that the scratch memory holds; a tail of some rank.
inline Cost tensor_product(DType dtype, int64_t m, int64_t n, int64_t k, int64_t rank, bool backward) {
  constexpr int64_t kHalf = (int64_t{64} << 20) / 4;  // elements
  Cost c;
  c.on_tensor_cores = true;
  c.least_bytes = weight_bytes(dtype, n, k) + 4.0 * static_cast<double>(m * (n + k) + rank * (n + k + m));
  c.least_flops = 2.0 * static_cast<double>(m * n * k + m * rank * (backward ? k : n));
  const int64_t tail = rank > 0 ? round_up(rank, 8) : 0, depth_all = (backward ? n : round_up(k, 8)) + tail;
  const int64_t in = backward ? n : k, fits = kHalf / (backward ? round_up(k, 8) : depth_all);
  const int64_t parts = ceil_div(n, std::min(n, fits));
  c.launches.push_back(convert("decode", 4.0 * static_cast<double>(m * (in + rank)), m * (in + rank), 1));
  for (int64_t i = 0; i < parts; ++i) {
    const int64_t rows = std::min(fits, n - i * fits);
    c.launches.push_back(convert("decode", weight_bytes(dtype, rows, k), rows * k, decode_instructions(dtype)));
    c.launches.push_back(backward ? gemm(m, k, rows + (i == 0 ? tail : 0), true) : gemm(m, rows, depth_all, false));
    if (backward && i > 0) c.launches.back().memory_bytes *= 2;  // read and added to
  }
  return c;
}

struct AttentionShape {
  int64_t tokens, heads, kv_heads, dim;
};

// tensor_attention.cu: one causal span.
inline Cost attention(const AttentionShape& s) {
  Cost c;
  c.on_tensor_cores = true;
  const double t = static_cast<double>(s.tokens), h = static_cast<double>(s.heads), d = static_cast<double>(s.dim);
  c.least_bytes = 4 * t * d * (2 * h + 2 * static_cast<double>(s.kv_heads));
  c.least_flops = 4 * (t * (t + 1) / 2) * d * h;
  const int64_t keys = s.dim > 128 ? 32 : 64, width = s.dim <= 64 ? 64 : s.dim <= 128 ? 128 : 256;
  int64_t tiles = 0;  // of 128 queries and so many keys
  for (int64_t q = 0; q < s.tokens; q += 128) tiles += ceil_div(std::min(q + 128, s.tokens), keys);
  Launch l;
  l.kernel = "tensor_attention 6attendILNS_5DTypeE0ELi" + std::to_string(width) + "E";
  l.mma = static_cast<double>(tiles * s.heads * 8 * 2 * (keys / 8) * (width / 16));
  l.memory_bytes = c.least_bytes;
  l.tile_bytes = static_cast<double>(tiles * s.heads * keys * s.dim * 2 * 4);
  // Of a score: scale, mask, maximum, exponential, sum, rounding; of a number of a key: load, round, store.
  l.instructions = static_cast<double>(tiles * s.heads * (128 * keys * 8 + keys * width * 2 * 3));
  l.blocks = ceil_div(s.tokens, 128) * s.heads;
  l.threads = 256;
  l.flight_bytes = 32 * 32;
  c.launches = {l};
  return c;
}

// tensor_attention_backward.cu: queries' gradients in three products of a tile, keys' and values' in four.
inline Cost attention_backward(const AttentionShape& s) {
  Cost c = attention(s);
  const double t = static_cast<double>(s.tokens), h = static_cast<double>(s.heads), d = static_cast<double>(s.dim);
  c.least_bytes = 4 * t * d * (4 * h + 4 * static_cast<double>(s.kv_heads));
  c.least_flops *= 2.5;
  const int64_t width = s.dim <= 64 ? 64 : 128, others = s.dim <= 64 ? 64 : 32;
  c.launches.clear();
  for (const bool queries : {true, false}) {
    // Of 128 queries and the keys up to their last, or of 128 keys and the queries from their first on.
    int64_t tiles = 0;
    for (int64_t at = 0; at < s.tokens; at += 128)
      tiles += ceil_div(queries ? std::min(at + 128, s.tokens) : s.tokens - at, others);
    tiles *= s.heads;
    Launch l;
    l.kernel = std::string("tensor_attention_backward ") + (queries ? "14query_gradientILi" : "12key_gradientILi") +
               std::to_string(width) + "E";
    l.mma = static_cast<double>(tiles * 8 * (others / 8) * (width / 16) * (queries ? 3 : 4));
    l.memory_bytes = c.least_bytes / 2;
    l.tile_bytes = static_cast<double>(tiles * others * s.dim * 2 * 4);
    l.instructions = static_cast<double>(tiles * (128 * others * 10 + others * width * 2 * 3));
    l.blocks = ceil_div(s.tokens, 128) * (queries ? s.heads : s.kv_heads);
    l.threads = 256;
    l.flight_bytes = 32 * 32;
    c.launches.push_back(l);
  }
  return c;
}

// attention.cu: a token each of some texts over their caches of halves, in blocks of 512 keys and four heads.
inline Cost paged_attention(int64_t texts, int64_t keys, int64_t heads, int64_t kv_heads, int64_t dim) {
  Cost c;
  const double n = static_cast<double>(texts * keys);
  c.least_bytes = n * static_cast<double>(kv_heads * dim) * 4 + 8.0 * static_cast<double>(texts * heads * dim);
  c.least_flops = 4 * n * static_cast<double>(heads * dim);
  Launch l;
  l.kernel = "attention 6attendILNS_5DTypeE1ELi4E";
  l.memory_bytes = c.least_bytes;
  l.tile_bytes = c.least_bytes;
  // A product, a turn of five shuffles and additions, an exponential and a sum for each head and key, over 32 lanes.
  l.instructions = n * static_cast<double>(heads) * (static_cast<double>(dim) * 3 + 32 * (10 + 8)) +
                   n * static_cast<double>(kv_heads * dim) * 2;
  l.blocks = texts * kv_heads * ceil_div(heads / kv_heads, 4) * ceil_div(keys, 512);
  l.threads = 128;
  l.flight_bytes = 2.0 * 2 * static_cast<double>(dim);
  c.launches = {l};
  if (keys > 512) {
    Launch merge;
    merge.kernel = "attention";
    merge.cached_bytes = 8.0 * static_cast<double>(texts * heads * ceil_div(keys, 512) * (dim + 2));
    merge.working_set = merge.cached_bytes;
    merge.blocks = texts * heads;
    merge.threads = 128;
    merge.flight_bytes = 128;
    c.launches.push_back(merge);
  }
  return c;
}

// rms_norm.cu forward: rows are read twice, the second time from a cache.
inline Cost rms_norm(int64_t m, int64_t d) {
  Cost c;
  c.least_bytes = 8.0 * static_cast<double>(m * d) + 4.0 * static_cast<double>(d);
  c.least_flops = 4.0 * static_cast<double>(m * d);
  Launch l;
  l.kernel = "rms_norm 7forwardILb0E";
  l.memory_bytes = c.least_bytes;
  l.near_bytes = 8.0 * static_cast<double>(m * d);
  l.instructions = 8.0 * static_cast<double>(m * d);
  l.blocks = m;
  l.threads = 256;
  l.flight_bytes = 4 * 128;  // nvcc unrolls by four
  c.launches = {l};
  return c;
}

// cross_entropy.cu with the gradient: logits are read three times and written once; rows of many words fit no cache.
inline Cost cross_entropy(int64_t m, int64_t v) {
  Cost c;
  c.least_bytes = 8.0 * static_cast<double>(m * v);
  c.least_flops = 10.0 * static_cast<double>(m * v);
  Launch l;
  l.kernel = "cross_entropy";
  l.memory_bytes = 8.0 * static_cast<double>(m * v);
  l.cached_bytes = 8.0 * static_cast<double>(m * v);
  l.working_set = 4.0 * static_cast<double>(std::min<int64_t>(m, 4 * 132) * v);
  l.instructions = 40.0 * static_cast<double>(m * v);
  l.blocks = m;
  l.threads = 512;
  l.flight_bytes = 4 * 128;
  c.launches = {l};
  return c;
}

}  // namespace chaku::costs
