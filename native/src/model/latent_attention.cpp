#include "model/latent_attention.h"

#include <array>

#include "model/experts.h"
#include "model/linear.h"

namespace chaku {
namespace {

const LayerSpec& spec_of(const Decoder& decoder, int32_t layer) noexcept {
  return decoder.spec->layers[static_cast<size_t>(layer)];
}

// The rows [first, first + rows) of B.
Matrix rows_of_b(const LowRank& pair, int64_t first, int64_t rows) noexcept {
  return {pair.b + first * pair.rank, DType::kF32, rows, pair.rank};
}

// The state that the steps of one half block share.
class LatentPass {
 public:
  LatentPass(const Decoder& decoder, int32_t layer, const BlockActivations& block) noexcept
      : d_(decoder),
        layer_(layer),
        spec_(spec_of(decoder, layer)),
        s_(spec_.latent),
        weights_(decoder.weights->layers[static_cast<size_t>(layer)]),
        block_(block),
        latent_(block.latent) {}

  // The products of x, and what of them are keys.
  void inputs(const float* x, int64_t m, int64_t first, const Activations& a, float* k) const noexcept {
    float* kv_raw = latent_.kv_raw != nullptr ? latent_.kv_raw : k;
    const bool low = s_.q_rank > 0;
    const LinearCall calls[] = {call_of(kLinearKvA, x, m, kv_raw, a),
                                call_of(low ? kLinearQA : kLinearQ, x + first * d_.spec->width, m - first,
                                        low ? latent_.q_low_raw : latent_.queries, a)};
    apply_linears(d_, {calls, m > first ? 2u : 1u});
    norm(kNormKvA, kv_raw, k, latent_.inverse_rms_kv, m, s_.kv_rank, spec_.head_dim);
    if (kv_raw != k) copy(kv_raw + s_.kv_rank, spec_.head_dim, k + s_.kv_rank, spec_.head_dim, m, s_.rope_dim);
    rotate_latent(d_, layer_, a, k, 0, m, 1, false);
  }

  void queries(int64_t m, int64_t first, const Activations& a) const noexcept {
    if (s_.q_rank > 0) {
      norm(kNormQA, latent_.q_low_raw, latent_.q_low, latent_.inverse_rms_q_low, m, s_.q_rank, s_.q_rank);
      const LinearCall call = call_of(kLinearQB, latent_.q_low, m, latent_.queries, a);
      apply_linears(d_, {&call, 1});
    }
    add_statistics(kLinearKB, latent_.queries, s_.plain_dim, s_.query_dim(), m);
    for_heads([&](const LatentHead& head, int64_t h) {
      MatmulProblem p;
      p.x = latent_.queries + h * s_.query_dim();
      p.x_stride = spec_.n_heads * s_.query_dim();
      p.w = head.keys;
      p.y = block_.q + h * spec_.head_dim;
      p.y_stride = spec_.q_width();
      p.m = m;
      return p;
    });
    for_low_ranks(m, [&](int64_t begin, int64_t end, const LatentLowRank& low_rank) {
      if (low_rank.pair != nullptr) add_to_queries(low_rank, begin, end);
    });
    copy(latent_.queries + s_.plain_dim, s_.query_dim(), block_.q + s_.kv_rank, spec_.head_dim, m * spec_.n_heads,
         s_.rope_dim);
    rotate_latent(d_, layer_, a, block_.q, first, m, spec_.n_heads, false);
  }

  void values(int64_t m) const noexcept {
    add_statistics(kLinearVB, block_.o, s_.kv_rank, spec_.head_dim, m);
    for_low_ranks(m, [&](int64_t begin, int64_t end, const LatentLowRank& low_rank) { values(begin, end, low_rank); });
  }

 private:
  static constexpr size_t kTogether = 32;

  // Those of rows [begin, end).
  void values(int64_t begin, int64_t end, const LatentLowRank& low_rank) const noexcept {
    const float* o = block_.o + begin * spec_.q_width();
    if (low_rank.pair != nullptr) {
      MatmulProblem down =
          down_product(*low_rank.pair, o, s_.kv_rank, (end - begin) * spec_.n_heads, low_rank.of_values);
      down.x_stride = spec_.head_dim;
      d_.set_arithmetic(down);
      d_.engine->run(&KernelTable::matmul, down);
    }
    for_heads([&](const LatentHead& head, int64_t h) {
      MatmulProblem p;
      p.x = o + h * spec_.head_dim;
      p.x_stride = spec_.q_width();
      p.w = head.values;
      p.y = latent_.values + begin * spec_.attended_width() + h * s_.value_dim;
      p.y_stride = spec_.attended_width();
      p.m = end - begin;
      if (low_rank.pair != nullptr) {
        const int64_t rank = low_rank.pair->rank;
        p.tail = {low_rank.of_values + h * rank, spec_.n_heads * rank,
                  rows_of_b(*low_rank.pair, head.value_rows, s_.value_dim), low_rank.pair->scale};
      }
      return p;
    });
  }

  // run(begin, end, low rank) for the rows that wear the same, [0, m) where all do.
  template <class Run>
  void for_low_ranks(int64_t m, const Run& run) const noexcept {
    if (d_.worn.empty()) return run(0, m, latent_low_rank(d_, layer_, m, block_));
    d_.for_worn(layer_, kLinearKvB, m, [&](int64_t begin, int64_t end, const LowRank* pair) {
      float* room = block_.low_rank[kLinearKvB] + 2 * begin * spec_.n_heads * d_.worn_rank;
      const int64_t n = pair == nullptr ? 0 : (end - begin) * spec_.n_heads * pair->rank;
      run(begin, end, LatentLowRank{pair, room, room + n});
    });
  }

  // Runs the products that make_problem(head, h) gives for each head.
  template <class MakeProblem>
  void for_heads(const MakeProblem& make_problem) const noexcept {
    std::array<MatmulProblem, kTogether> problems;
    size_t n = 0;
    for (int64_t h = 0; h < spec_.n_heads; ++h) {
      problems[n] = make_problem(latent_head(spec_, weights_, h), h);
      d_.set_arithmetic(problems[n++]);
      if (n < kTogether && h + 1 < spec_.n_heads) continue;
      d_.engine->run(&KernelTable::matmul_group, MatmulGroup{problems.data(), static_cast<int64_t>(n)});
      n = 0;
    }
  }

  // q_h += s A^T (B'_h^T q'_h), of rows [begin, end).
  void add_to_queries(const LatentLowRank& low_rank, int64_t begin, int64_t end) const noexcept {
    const LowRank& pair = *low_rank.pair;
    const int64_t m = end - begin;
    for (int64_t h = 0; h < spec_.n_heads; ++h) {
      MatmulBackwardProblem down;
      down.dy = latent_.queries + (begin * spec_.n_heads + h) * s_.query_dim();
      down.dy_stride = spec_.n_heads * s_.query_dim();
      down.w = rows_of_b(pair, latent_head(spec_, weights_, h).key_rows, s_.plain_dim);
      down.dx = low_rank.of_keys + h * pair.rank;
      down.dx_stride = spec_.n_heads * int64_t{pair.rank};
      down.m = m;
      down.role = d_.role;
      d_.engine->run(&KernelTable::matmul_backward, down);
    }
    MatmulBackwardProblem up;  // of all heads at once
    up.dy = low_rank.of_keys;
    up.dy_stride = pair.rank;
    up.w = {pair.a, DType::kF32, pair.rank, s_.kv_rank};
    up.dx = block_.q + begin * spec_.q_width();
    up.dx_stride = spec_.head_dim;
    up.m = m * spec_.n_heads;
    up.scale = pair.scale;
    up.accumulate = true;
    up.role = d_.role;
    d_.engine->run(&KernelTable::matmul_backward, up);
  }

  // Of inputs of a product per head, rows of n floats that lie apart; block_.q holds nothing yet, or nothing any more.
  void add_statistics(LayerLinear which, const float* x, int64_t n, int64_t stride, int64_t m) const noexcept {
    if (d_.inputs == nullptr) return;
    copy(x, stride, block_.q, n, m * spec_.n_heads, n);
    d_.inputs->add(weights_.linears[which], block_.q, m * spec_.n_heads);
  }

  void norm(LayerNorm which, const float* x, float* y, float* inverse, int64_t m, int64_t n,
            int64_t stride) const noexcept {
    d_.engine->run(&KernelTable::rms_norm,
                   RmsNormProblem{x, weights_.norms[which], y, inverse, m, n, stride, stride, d_.spec->norm_epsilon});
  }

  void copy(const float* x, int64_t x_stride, float* y, int64_t y_stride, int64_t m, int64_t n) const noexcept {
    d_.engine->run(&KernelTable::copy_rows, CopyRowsProblem{x, x_stride, y, y_stride, m, n});
  }

  LinearCall call_of(LayerLinear which, const float* x, int64_t m, float* y, const Activations& a) const noexcept {
    LinearCall call = linear_call(d_, layer_, which, a);
    call.x = x;
    call.y = y;
    call.m = m;
    return call;
  }

  const Decoder& d_;
  int32_t layer_;
  const LayerSpec& spec_;
  const LatentSpec& s_;
  const LayerWeights& weights_;
  const BlockActivations& block_;
  const LatentActivations& latent_;
};

}  // namespace

LatentHead latent_head(const LayerSpec& spec, const LayerWeights& weights, int64_t head) noexcept {
  const LatentSpec& s = spec.latent;
  const int64_t first = head * (s.plain_dim + s.value_dim);
  return {expert_of(weights.linears[kLinearKB], head, spec.n_heads).w,
          expert_of(weights.linears[kLinearVB], head, spec.n_heads).w, first, first + s.plain_dim};
}

LatentLowRank latent_low_rank(const Decoder& decoder, int32_t layer, int64_t m,
                              const BlockActivations& block) noexcept {
  const LowRank* pair = decoder.low_rank(layer, kLinearKvB);
  if (pair == nullptr) return {};
  float* first = block.low_rank[kLinearKvB];
  return {pair, first, first + m * spec_of(decoder, layer).n_heads * pair->rank};
}

void latent_queries_keys(const Decoder& decoder, int32_t layer, const float* x, int64_t m, int64_t first,
                         const Activations& a, const BlockActivations& block, float* k) noexcept {
  const LatentPass pass(decoder, layer, block);
  pass.inputs(x, m, first, a, k);
  if (m > first) pass.queries(m - first, first, a);
}

void latent_values(const Decoder& decoder, int32_t layer, int64_t m, const BlockActivations& block) noexcept {
  LatentPass(decoder, layer, block).values(m);
}

void rotate_latent(const Decoder& decoder, int32_t layer, const Activations& a, float* x, int64_t first_row, int64_t m,
                   int32_t n_heads, bool backward) noexcept {
  const LayerSpec& spec = spec_of(decoder, layer);
  if (spec.rope < 0) return;
  const size_t r = static_cast<size_t>(spec.rope);
  const RopeSpec& rope = decoder.spec->ropes[r];
  const int64_t offset = first_row * (rope.n_dims / 2);
  decoder.engine->run(&KernelTable::rope, RopeProblem{x + spec.latent.kv_rank, a.cosines[r] + offset,
                                                      a.sines[r] + offset, m, int64_t{n_heads} * spec.head_dim, n_heads,
                                                      spec.head_dim, rope.n_dims, rope.pairing, backward});
}

}  // namespace chaku
