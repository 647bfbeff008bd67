#include "train/latent_attention_backward.h"

#include "train/linear_backward.h"

namespace chaku {

namespace {

class LatentBackward {
 public:
  LatentBackward(const Decoder& decoder, int32_t layer, int64_t m, const BlockActivations& block,
                 const BackwardScratch& scratch, const LayerGradients& gradients) noexcept
      : d_(decoder),
        layer_(layer),
        m_(m),
        spec_(decoder.spec->layers[static_cast<size_t>(layer)]),
        s_(spec_.latent),
        weights_(decoder.weights->layers[static_cast<size_t>(layer)]),
        block_(block),
        latent_(block.latent),
        scratch_(scratch),
        gradients_(gradients),
        low_rank_(latent_low_rank(decoder, layer, m, block)) {}

  void values() const noexcept {
    const float* dv = scratch_.latent.d_values;
    const int64_t v_stride = spec_.attended_width(), o_stride = spec_.q_width();
    d_.engine->run(&KernelTable::fill, FillProblem{scratch_.d_o, m_ * o_stride});
    for (int64_t h = 0; h < spec_.n_heads; ++h) {
      const LatentHead head = latent_head(spec_, weights_, h);
      const Rows dv_h = {dv + h * s_.value_dim, v_stride, s_.value_dim};
      const Rows o_h = {block_.o + h * spec_.head_dim, o_stride, s_.kv_rank};
      if (low_rank_.pair != nullptr) {
        times(dv_h, rows_of_b(head.value_rows, s_.value_dim), pair_rows(h), low_rank_.pair->scale);
        gradient(dv_h, {low_rank_.of_values + h * rank(), heads_rank(), rank()}, b_gradient(head.value_rows),
                 low_rank_.pair->scale);
      }
      gradient(dv_h, o_h, weight_gradient(kLinearVB, h), 1.0f);
      times(dv_h, head.values, {scratch_.d_o + h * spec_.head_dim, o_stride, s_.kv_rank}, 1.0f);
    }
    if (low_rank_.pair != nullptr) {
      const Rows du = {scratch_.d_low_rank, rank(), rank()};
      gradient(du, of_all_heads(block_.o), a_gradient(), 1.0f, m_ * spec_.n_heads);
      times(du, {low_rank_.pair->a, DType::kF32, rank(), s_.kv_rank}, of_all_heads(scratch_.d_o), 1.0f, true,
            m_ * spec_.n_heads);
    }
  }

  // dk becomes the gradient of what is compressed of keys and values.
  void keys(const Activations& a) const noexcept {
    d_.engine->run(&KernelTable::axpby, AxpbyProblem{scratch_.dv, scratch_.dk, m_ * spec_.head_dim, 1.0f, 1.0f});
    rotate_latent(d_, layer_, a, scratch_.dk, 0, m_, 1, true);
    norm(kNormKvA, latent_.kv_raw, latent_.inverse_rms_kv, scratch_.dk, s_.kv_rank, spec_.head_dim);
  }

  // The gradient of queries, of dq.
  void queries(const Activations& a) const noexcept {
    rotate_latent(d_, layer_, a, scratch_.dq, 0, m_, spec_.n_heads, true);
    if (low_rank_.pair != nullptr) latents_down();
    const int64_t q_stride = spec_.n_heads * s_.query_dim();
    for (int64_t h = 0; h < spec_.n_heads; ++h) {
      const LatentHead head = latent_head(spec_, weights_, h);
      const Rows dr_h = {scratch_.dq + h * spec_.head_dim, spec_.q_width(), s_.kv_rank};
      const Rows q_h = {latent_.queries + h * s_.query_dim(), q_stride, s_.plain_dim};
      float* dq_h = scratch_.latent.d_queries + h * s_.query_dim();
      gradient(dr_h, q_h, weight_gradient(kLinearKB, h), 1.0f);
      times(dr_h, head.keys, {dq_h, q_stride, s_.plain_dim}, 1.0f);
      if (low_rank_.pair == nullptr) continue;
      gradient(q_h, pair_rows(h), b_gradient(head.key_rows), low_rank_.pair->scale);
      MatmulProblem p;  // s B'_h t_h
      p.x = pair_rows(h).at;
      p.x_stride = heads_rank();
      p.w = rows_of_b(head.key_rows, s_.plain_dim);
      p.y = dq_h;
      p.y_stride = q_stride;
      p.m = m_;
      p.scale = low_rank_.pair->scale;
      p.accumulate = true;
      p.role = d_.role;
      d_.engine->run(&KernelTable::matmul, p);
    }
    d_.engine->run(&KernelTable::copy_rows,
                   CopyRowsProblem{scratch_.dq + s_.kv_rank, spec_.head_dim, scratch_.latent.d_queries + s_.plain_dim,
                                   s_.query_dim(), m_ * spec_.n_heads, s_.rope_dim});
  }

  void products(bool below, const Activations& a) const noexcept {
    float* dx = below ? scratch_.d_normed : nullptr;
    LayerLinear first = kLinearQ;
    const float* dy = scratch_.latent.d_queries;
    if (s_.q_rank > 0) {
      LinearBackwardCall second = call_of(kLinearQB, latent_.q_low, dy, scratch_.latent.d_q_low, false, a);
      linears_backward(d_, {&second, 1}, scratch_.d_low_rank);
      norm(kNormQA, latent_.q_low_raw, latent_.inverse_rms_q_low, scratch_.latent.d_q_low, s_.q_rank, s_.q_rank);
      first = kLinearQA;
      dy = scratch_.latent.d_q_low;
    }
    LinearBackwardCall calls[] = {call_of(first, a.normed, dy, dx, false, a),
                                  call_of(kLinearKvA, a.normed, scratch_.dk, dx, true, a)};
    linears_backward(d_, calls, scratch_.d_low_rank);
  }

 private:
  // [m, n] of which the rows lie `stride` apart.
  struct Rows {
    const float* at;
    int64_t stride, n;
  };

  int64_t rank() const noexcept { return low_rank_.pair->rank; }
  int64_t heads_rank() const noexcept { return spec_.n_heads * rank(); }
  // Of a head, in scratch that holds [M,H,R].
  Rows pair_rows(int64_t head) const noexcept { return {scratch_.d_low_rank + head * rank(), heads_rank(), rank()}; }
  // The latent part of [M,H*Dh], heads as rows.
  Rows of_all_heads(const float* x) const noexcept { return {x, spec_.head_dim, s_.kv_rank}; }
  Matrix rows_of_b(int64_t first, int64_t rows) const noexcept {
    return {low_rank_.pair->b + first * rank(), DType::kF32, rows, rank()};
  }
  float* a_gradient() const noexcept { return gradients_.linears[kLinearKvB].a; }
  float* b_gradient(int64_t first_row) const noexcept { return gradients_.linears[kLinearKvB].b + first_row * rank(); }
  // Null where the weight is not trained.
  float* weight_gradient(LayerLinear which, int64_t head) const noexcept {
    const Matrix& w = weights_.linears[which].w;
    float* all = gradients_.linears[which].w;
    return all == nullptr ? nullptr : all + head * (w.rows / spec_.n_heads) * w.columns;
  }

  // t_h = A dr_h of all heads, in scratch, and what A has of them.
  void latents_down() const noexcept {
    const LowRank& pair = *low_rank_.pair;
    const int64_t rows = m_ * spec_.n_heads;
    MatmulProblem p = {};
    p.x = scratch_.dq;
    p.x_stride = spec_.head_dim;
    p.w = {pair.a, DType::kF32, rank(), s_.kv_rank};
    p.y = scratch_.d_low_rank;
    p.y_stride = rank();
    p.m = rows;
    p.role = d_.role;
    d_.engine->run(&KernelTable::matmul, p);
    gradient({low_rank_.of_keys, rank(), rank()}, of_all_heads(scratch_.dq), a_gradient(), pair.scale, rows);
  }

  // dx[m,K] = scale * dy[m,N] w[N,K], or +=.
  void times(const Rows& dy, const Matrix& w, const Rows& dx, float scale, bool accumulate = false,
             int64_t m = 0) const noexcept {
    MatmulBackwardProblem p;
    p.dy = dy.at;
    p.dy_stride = dy.stride;
    p.w = w;
    p.dx = const_cast<float*>(dx.at);
    p.dx_stride = dx.stride;
    p.m = m > 0 ? m : m_;
    p.scale = scale;
    p.accumulate = accumulate;
    d_.engine->run(&KernelTable::matmul_backward, p);
  }

  // dw[N,K] += scale * dy[m,N]^T x[m,K]; nothing where dw is null.
  void gradient(const Rows& dy, const Rows& x, float* dw, float scale, int64_t m = 0) const noexcept {
    if (dw == nullptr) return;
    WeightGradientProblem p;
    p.dy = dy.at;
    p.dy_stride = dy.stride;
    p.x = x.at;
    p.x_stride = x.stride;
    p.dw = dw;
    p.m = m > 0 ? m : m_;
    p.n = dy.n;
    p.k = x.n;
    p.scale = scale;
    d_.engine->run(&KernelTable::weight_gradient, p);
  }

  // dy[m,n], of rows `stride` apart as x's, becomes the gradient of what was normed.
  void norm(LayerNorm which, const float* x, const float* inverse, float* dy, int64_t n,
            int64_t stride) const noexcept {
    d_.engine->run(&KernelTable::rms_norm_backward,
                   RmsNormBackwardProblem{x, weights_.norms[which], inverse, dy, dy, gradients_.norms[which], m_, n,
                                          stride, stride, stride, false});
  }

  LinearBackwardCall call_of(LayerLinear which, const float* x, const float* dy, float* dx, bool accumulate,
                             const Activations& a) const noexcept {
    LinearBackwardCall call = linear_backward_call(d_, layer_, which, a, gradients_);
    call.x = x;
    call.dy = dy;
    call.dx = dx;
    call.m = m_;
    call.accumulate = accumulate;
    return call;
  }

  const Decoder& d_;
  int32_t layer_;
  int64_t m_;
  const LayerSpec& spec_;
  const LatentSpec& s_;
  const LayerWeights& weights_;
  const BlockActivations& block_;
  const LatentActivations& latent_;
  const BackwardScratch& scratch_;
  const LayerGradients& gradients_;
  LatentLowRank low_rank_;
};

}  // namespace

void latent_values_backward(const Decoder& decoder, int32_t layer, int64_t m, const BlockActivations& block,
                            const BackwardScratch& scratch, const LayerGradients& gradients) noexcept {
  LatentBackward(decoder, layer, m, block, scratch, gradients).values();
}

void latent_queries_keys_backward(const Decoder& decoder, int32_t layer, int64_t m, bool below, const Activations& a,
                                  const BackwardScratch& scratch, const LayerGradients& gradients) noexcept {
  const LatentBackward backward(decoder, layer, m, a.blocks[static_cast<size_t>(layer)], scratch, gradients);
  backward.keys(a);
  backward.queries(a);
  backward.products(below, a);
}

}  // namespace chaku
