// Forward: scores are computed twice (for the maximum, then for the weights) rather than kept.
// Backward, with p = softmax(s), s = scale * q.k and delta = do.o:
//   dv_j = sum_i p_ij do_i;  ds_ij = p_ij (do_i.v_j - delta_i);
//   dq_i = scale sum_j ds_ij k_j;  dk_j = scale sum_i ds_ij q_i
// With a soft cap c, s = c tanh(scale q.k / c), and dq and dk carry its slope 1 - (s/c)^2. Distance adds a constant.
// Each output row is summed by itself, 64 dimensions at a time, in float64.
#include "kernels/attention.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "kernels/reference/reference.h"
#include "quant/codec.h"

namespace chaku::reference {
namespace {

constexpr int64_t kDims = 64;              // of an output row summed at once
constexpr int64_t kMostEncodedDim = 4096;  // kMaxHeadDim of the model layer

struct KeyRange {
  int64_t begin, end;
};

KeyRange visible_keys(const AttentionProblem& p, const AttentionSpan& span, int64_t query) {
  const int64_t own = span.kv_end - (span.q_end - query), window = p.window;
  if (!p.both_ways) return {window > 0 ? std::max(span.kv_begin, own + 1 - window) : span.kv_begin, own + 1};
  if (window == 0) return {span.kv_begin, span.kv_end};
  return {std::max(span.kv_begin, own - window / 2), std::min(span.kv_end, own + window / 2 + 1)};
}

double dot(const float* a, const float* b, int64_t n) {
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += static_cast<double>(a[i]) * b[i];
  return sum;
}

// One (query, head) pair's pointers and score function.
struct Row {
  const AttentionProblem& p;
  int64_t query;
  int64_t head;
  int64_t own_key;  // the key at the query's own position
  const AttentionSpan& span;

  int64_t kv_head() const { return head / (p.n_heads / p.n_kv_heads); }
  const float* q() const { return p.q + query * p.q_stride + head * p.head_dim; }
  float* o() const { return p.o + query * p.o_stride + head * p.head_dim; }
  const float* k(int64_t key) const { return p.k + span.row_of(key) * p.kv_stride + kv_head() * p.head_dim; }
  const float* v(int64_t key) const { return p.v + span.row_of(key) * p.kv_stride + kv_head() * p.head_dim; }
  double capped(int64_t key) const {
    float room[kMostEncodedDim];
    const float* at = p.kv_dtype == DType::kF32 ? k(key) : decode(p.k_encoded, key, room);
    const double score = p.scale * dot(q(), at, p.head_dim);
    return p.soft_cap > 0.0f ? p.soft_cap * std::tanh(score / p.soft_cap) : score;
  }
  double score(int64_t key) const {
    return capped(key) - (p.slopes != nullptr ? p.slopes[head] * std::abs(static_cast<double>(own_key - key)) : 0.0);
  }
  // d score / d (scale q.k)
  double slope(int64_t key) const {
    const double ratio = p.soft_cap > 0.0f ? capped(key) / p.soft_cap : 0.0;
    return 1.0 - ratio * ratio;
  }
  const float* value(int64_t key, float* room) const {
    return p.kv_dtype == DType::kF32 ? v(key) : decode(p.v_encoded, key, room);
  }

 private:
  // This head's key or value of a narrower format, in `room`.
  const float* decode(const void* base, int64_t key, float* room) const {
    const DTypeInfo& info = dtype_info(p.kv_dtype);
    const int64_t element = span.row_of(key) * p.kv_stride + kv_head() * p.head_dim;
    dequantize(p.kv_dtype, static_cast<const std::byte*>(base) + element / info.block_elements * info.block_bytes, room,
               p.head_dim);
    return room;
  }
};

Row make_row(const AttentionProblem& p, const AttentionSpan& span, int64_t query, int64_t head) {
  return {p, query, head, span.kv_end - (span.q_end - query), span};
}

void forward_row(const Row& row, KeyRange keys) {
  const AttentionProblem& p = row.p;
  double max = -HUGE_VAL, total = 0;
  for (int64_t j = keys.begin; j < keys.end; ++j) max = std::max(max, row.score(j));
  if (p.sinks != nullptr) {
    max = std::max<double>(max, p.sinks[row.head]);
    total = std::exp(p.sinks[row.head] - max);
  }
  for (int64_t j = keys.begin; j < keys.end; ++j) total += std::exp(row.score(j) - max);
  for (int64_t d0 = 0; d0 < p.head_dim; d0 += kDims) {
    const int64_t dims = std::min<int64_t>(kDims, p.head_dim - d0);
    double sums[kDims] = {};
    for (int64_t j = keys.begin; j < keys.end; ++j) {
      const double weight = std::exp(row.score(j) - max) / total;
      float room[kMostEncodedDim];
      const float* v = row.value(j, room);
      for (int64_t d = 0; d < dims; ++d) sums[d] += weight * v[d0 + d];
    }
    for (int64_t d = 0; d < dims; ++d) row.o()[d0 + d] = static_cast<float>(sums[d]);
  }
  if (p.lse != nullptr) p.lse[row.query * p.n_heads + row.head] = static_cast<float>(max + std::log(total));
}

// p_ij and ds_ij of one pair, the latter with the cap's slope.
struct PairGradient {
  double weight, d_score;
};

PairGradient pair_gradient(const AttentionBackwardProblem& p, const Row& row, int64_t key) {
  const AttentionProblem& f = p.forward;
  const float* d_o = p.d_o + row.query * f.o_stride + row.head * f.head_dim;
  const double weight = std::exp(row.score(key) - f.lse[row.query * f.n_heads + row.head]);
  const double delta = dot(d_o, row.o(), f.head_dim);
  return {weight, weight * (dot(d_o, row.v(key), f.head_dim) - delta) * row.slope(key)};
}

void query_gradient(const AttentionBackwardProblem& p, const Row& row, KeyRange keys) {
  const AttentionProblem& f = p.forward;
  float* dq = p.dq + row.query * f.q_stride + row.head * f.head_dim;
  for (int64_t d0 = 0; d0 < f.head_dim; d0 += kDims) {
    const int64_t dims = std::min<int64_t>(kDims, f.head_dim - d0);
    double sums[kDims] = {};
    for (int64_t j = keys.begin; j < keys.end; ++j) {
      const double d_score = pair_gradient(p, row, j).d_score;
      for (int64_t d = 0; d < dims; ++d) sums[d] += d_score * row.k(j)[d0 + d];
    }
    for (int64_t d = 0; d < dims; ++d) dq[d0 + d] = static_cast<float>(f.scale * sums[d]);
  }
}

void key_gradient(const AttentionBackwardProblem& p, const AttentionSpan& span, int64_t key, int64_t kv_head) {
  const AttentionProblem& f = p.forward;
  const int64_t group = f.n_heads / f.n_kv_heads, at = key * f.kv_stride + kv_head * f.head_dim;
  for (int64_t d0 = 0; d0 < f.head_dim; d0 += kDims) {
    const int64_t dims = std::min<int64_t>(kDims, f.head_dim - d0);
    double dk[kDims] = {}, dv[kDims] = {};
    for (int64_t i = key; i < span.q_end; ++i) {
      if (visible_keys(f, span, i).begin > key) continue;
      for (int64_t head = kv_head * group; head < (kv_head + 1) * group; ++head) {
        const Row row = make_row(f, span, i, head);
        const PairGradient g = pair_gradient(p, row, key);
        const float* d_o = p.d_o + i * f.o_stride + head * f.head_dim;
        for (int64_t d = 0; d < dims; ++d) {
          dk[d] += g.d_score * row.q()[d0 + d];
          dv[d] += g.weight * d_o[d0 + d];
        }
      }
    }
    for (int64_t d = 0; d < dims; ++d) {
      p.dk[at + d0 + d] = static_cast<float>(f.scale * dk[d]);
      p.dv[at + d0 + d] = static_cast<float>(dv[d]);
    }
  }
}

}  // namespace

void attention(const AttentionProblem& p, Queue& queue) noexcept {
  for (int64_t s = 0; s < p.n_spans; ++s) {
    const AttentionSpan span = p.spans[s];
    queue.parallel_for((span.q_end - span.q_begin) * p.n_heads, 1, [&](int64_t begin, int64_t end, int) {
      for (int64_t at = begin; at < end; ++at) {
        const Row row = make_row(p, span, span.q_begin + at / p.n_heads, at % p.n_heads);
        forward_row(row, visible_keys(p, span, row.query));
      }
    });
  }
}

void sink_gradient(const SinkGradientProblem& p, Queue& queue) noexcept {
  queue.parallel_for(p.n_heads, 1, [&](int64_t begin, int64_t end, int) {
    for (int64_t h = begin; h < end; ++h) {
      double sum = 0;
      for (int64_t t = 0; t < p.n_tokens; ++t) {
        const int64_t at = t * p.n_heads + h;
        sum += std::exp(static_cast<double>(p.sinks[h]) - p.lse[at]) *
               dot(p.d_o + at * p.head_dim, p.o + at * p.head_dim, p.head_dim);
      }
      p.d_sinks[h] = static_cast<float>(p.d_sinks[h] - sum);
    }
  });
}

void attention_backward(const AttentionBackwardProblem& p, Queue& queue) noexcept {
  const AttentionProblem& f = p.forward;
  for (int64_t s = 0; s < f.n_spans; ++s) {
    const AttentionSpan span = f.spans[s];
    const int64_t tokens = span.q_end - span.q_begin;
    queue.parallel_for(tokens * f.n_heads, 1, [&](int64_t begin, int64_t end, int) {
      for (int64_t at = begin; at < end; ++at) {
        const Row row = make_row(f, span, span.q_begin + at / f.n_heads, at % f.n_heads);
        query_gradient(p, row, visible_keys(f, span, row.query));
      }
    });
    queue.parallel_for(tokens * f.n_kv_heads, 1, [&](int64_t begin, int64_t end, int) {
      for (int64_t at = begin; at < end; ++at)
        key_gradient(p, span, span.kv_begin + at / f.n_kv_heads, at % f.n_kv_heads);
    });
  }
}

}  // namespace chaku::reference
