#include "train/block_backward.h"

#include <algorithm>
#include <utility>

#include "model/gated_queries.h"
#include "model/norms.h"
#include "train/experts_backward.h"
#include "train/latent_attention_backward.h"
#include "train/layer_inputs_backward.h"
#include "train/linear_backward.h"
#include "train/mixer_backward.h"

namespace chaku {
namespace {

class BlockBackward {
 public:
  BlockBackward(const Decoder& decoder, const Batch& batch, const BackwardEnd& end, int32_t layer, Activations& a,
                const BackwardScratch& scratch, const Gradients& gradients) noexcept
      : d_(decoder),
        batch_(batch),
        last_(layer == end.layer),
        end_(end),
        layer_(layer),
        spec_(decoder.spec->layers[static_cast<size_t>(layer)]),
        weights_(decoder.weights->layers[static_cast<size_t>(layer)]),
        a_(a),
        block_(a.blocks[static_cast<size_t>(layer)]),
        s_(scratch),
        gradients_(gradients.layers[static_cast<size_t>(layer)]),
        m_(batch.n_tokens) {}

  void run() {
    if (ends_with_input(*d_.spec, layer_)) {
      const LayerInputBackwardEnd end = {goes_below(Stage::kLayerOut), goes_below(Stage::kLayerGate)};
      layer_input_backward(d_, layer_, m_, end, a_, s_, gradients_);
      if (d_.spec->layer_inputs.width > 0 && !end.below_gate) return;
    }
    if (!feed_forward()) return;
    if (d_.cancel != nullptr) d_.cancel->check();
    attention();
    if (d_.cancel != nullptr) d_.cancel->check();
  }

 private:
  // Whether anything below `stage` is trained.
  bool goes_below(Stage stage) const noexcept { return !last_ || end_.input_gradient || end_.stage < stage; }

  LinearBackwardCall call_of(LayerLinear which, const float* x, const float* dy, float* dx, bool accumulate,
                             float scale = 1.0f) const noexcept {
    LinearBackwardCall call = linear_backward_call(d_, layer_, which, a_, gradients_);
    call.x = x;
    call.dy = dy;
    call.dx = dx;
    call.m = m_;
    call.scale = scale;
    call.accumulate = accumulate;
    return call;
  }

  void linear(LayerLinear which, const float* x, const float* dy, float* dx, float scale) const noexcept {
    LinearBackwardCall call = call_of(which, x, dy, dx, false, scale);
    linears_backward(d_, {&call, 1}, s_.d_low_rank);
  }

  bool has(LayerNorm which) const noexcept { return weights_.norms[which] != nullptr; }

  // The input of a half block's products again: cheaper to compute than to keep.
  const float* renormed(LayerNorm which, const float* x) const noexcept {
    if (!has(which)) return x;
    apply_norm(d_, {weights_.norms[which], weights_.norm_biases[which], 1, x, a_.normed, nullptr, m_, d_.spec->width});
    return a_.normed;
  }

  // dx = gradient through a norm, or +=.
  void through_norm(LayerNorm which, const float* x, const float* inverse, const float* dy, float* dx,
                    bool accumulate) const noexcept {
    norm_backward(d_, {weights_.norms[which], 1, x, inverse, dy, dx, gradients_.norms[which],
                       gradients_.norm_biases[which], m_, d_.spec->width, accumulate});
  }

  // The gradient of the product that ends a half block, but for the scale that `scale` then is: the stream's, or what
  // of it comes through a post norm, in d_normed.
  const float* product_gradient(LayerNorm post, const float* product, const float* inverse,
                                float& scale) const noexcept {
    scale = d_.spec->residual_scale;
    if (!has(post)) return s_.d_stream;
    const float* dy = s_.d_stream;
    if (scale != 1.0f) {
      const int64_t d = d_.spec->width, n = m_ * d;
      d_.engine->run(&KernelTable::copy_rows, CopyRowsProblem{s_.d_stream, d, s_.d_normed, d, m_, d});
      d_.engine->run(&KernelTable::axpby, AxpbyProblem{s_.d_normed, s_.d_normed, n, scale, 0.0f});
      dy = s_.d_normed;
    }
    scale = 1.0f;
    through_norm(post, product, inverse, dy, s_.d_normed, false);
    return s_.d_normed;
  }

  // Leaves in d_stream the gradient of h; false when nothing below is trained.
  bool feed_forward() const noexcept {
    if (spec_.experts.n_experts > 0) return experts();
    const int64_t n = m_ * spec_.ff_width;
    float* const activated = spec_.gated ? block_.gate : block_.up;  // and its gradient
    float* const up = spec_.gated ? block_.up : nullptr;
    d_.engine->run(&KernelTable::gated_activation,
                   GatedActivationProblem{activated, up, a_.gated, n, spec_.activation});
    if (const LowRank* low_rank = d_.low_rank(layer_, kLinearDown)) {
      const float* input = drop_input(d_, a_.gated, n, d_.dropout.stream(layer_, Module::kFfnDown), a_.dropped);
      low_rank_down(d_, *low_rank, input, spec_.ff_width, m_, block_.low_rank[kLinearDown]);
    }
    const bool below_down = goes_below(Stage::kDown);
    float scale;
    const float* dy = product_gradient(kNormFfnPost, block_.ffn_product, block_.inverse_rms_ffn_post, scale);
    linear(kLinearDown, a_.gated, dy, below_down ? a_.gated : nullptr, scale);
    if (!below_down) return false;

    d_.engine->run(&KernelTable::gated_activation_backward,
                   GatedActivationBackwardProblem{activated, up, a_.gated, activated, up, n, spec_.activation});
    return gate_up();
  }

  // Gate and up, whose gradients have taken their places. Of a parallel layer the gradient of their input waits: in
  // d_normed where the norm is the attention's too, else in d_branch.
  bool gate_up() const noexcept {
    const bool below = goes_below(Stage::kGateUp), shared = spec_.parallel && !has(kNormFfn);
    const float* source = spec_.parallel ? input() : block_.h;
    const float* x = renormed(shared ? kNormAttn : kNormFfn, source);
    float* dx = spec_.parallel && !shared ? s_.d_branch : s_.d_normed;
    const bool straight = !spec_.parallel && !has(kNormFfn);  // into the stream, without a norm between
    if (straight) dx = s_.d_stream;
    if (!below) dx = nullptr;
    LinearBackwardCall calls[2];
    size_t n = 0;
    if (spec_.gated) calls[n++] = call_of(kLinearGate, x, block_.gate, dx, straight);
    calls[n++] = call_of(kLinearUp, x, block_.up, dx, straight || spec_.gated);
    linears_backward(d_, {calls, n}, s_.d_low_rank);
    if (below && !spec_.parallel && !straight)
      through_norm(kNormFfn, source, block_.inverse_rms_ffn, s_.d_normed, s_.d_stream, true);
    return below;
  }

  // feed_forward() of a layer with experts.
  bool experts() const noexcept {
    renormed(kNormFfn, block_.h);
    const bool below = goes_below(Stage::kGateUp);
    experts_backward(d_, layer_, m_, {goes_below(Stage::kDown), below}, a_, s_, gradients_);
    if (below) through_norm(kNormFfn, block_.h, block_.inverse_rms_ffn, s_.d_normed, s_.d_stream, true);
    return below;
  }

  const float* input() const noexcept { return a_.streams[static_cast<size_t>(layer_)]; }

  // Rotation and head norm of queries or keys: dy becomes the gradient of the product.
  void heads_backward(LayerNorm which, int32_t n_heads, const float* raw, const float* inverse,
                      float* dy) const noexcept {
    if (!spec_.norm_after_rope) rotate_back(n_heads, dy);
    if (has(which)) {
      const Shape shape = spec_.head_norm(which);
      norm_backward(
          d_, {weights_.norms[which], shape.rows, raw, inverse, dy, dy, gradients_.norms[which],
               gradients_.norm_biases[which], m_ * n_heads * spec_.head_dim / shape.columns, shape.columns, false});
    }
    if (spec_.norm_after_rope) rotate_back(n_heads, dy);
  }

  void rotate_back(int32_t n_heads, float* dy) const noexcept {
    if (spec_.rope < 0) return;
    const size_t r = static_cast<size_t>(spec_.rope);
    const RopeSpec& rope = d_.spec->ropes[r];
    d_.engine->run(&KernelTable::rope,
                   RopeProblem{dy, a_.cosines[r], a_.sines[r], m_, int64_t{n_heads} * spec_.head_dim, n_heads,
                               spec_.head_dim, rope.n_dims, rope.pairing, true});
  }

  void attention_backward() const noexcept {
    AttentionBackwardProblem p;
    AttentionProblem& f = p.forward;
    f.q = block_.q;
    const BlockActivations& source = spec_.kv_source < 0 ? block_ : a_.blocks[static_cast<size_t>(spec_.kv_source)];
    f.k = source.k;
    f.v = spec_.is_latent() ? source.k : source.v;
    f.o = block_.o;
    f.lse = block_.lse;
    f.q_stride = f.o_stride = spec_.q_width();
    f.kv_stride = spec_.kv_width();
    f.n_heads = spec_.n_heads;
    f.n_kv_heads = spec_.n_kv_heads;
    f.head_dim = spec_.head_dim;
    f.scale = spec_.attention_scale;
    f.window = spec_.window;
    f.sinks = weights_.norms[kSinks];
    f.soft_cap = spec_.attention_soft_cap;
    f.slopes = weights_.slopes;
    f.spans = batch_.spans.data();
    f.n_spans = static_cast<int64_t>(batch_.spans.size());
    p.d_o = s_.d_o;
    p.dq = s_.dq;
    p.dk = s_.dk;
    p.dv = s_.dv;
    d_.engine->run(&KernelTable::attention_backward, p);
    if (gradients_.norms[kSinks] != nullptr)
      d_.engine->run(&KernelTable::sink_gradient,
                     SinkGradientProblem{weights_.norms[kSinks], block_.lse, block_.o, s_.d_o, gradients_.norms[kSinks],
                                         m_, spec_.n_heads, spec_.head_dim});
  }

  void attention() const noexcept {
    const bool below_output = goes_below(Stage::kAttnOutput);
    float scale;
    const float* dy = product_gradient(kNormAttnPost, block_.attn_product, block_.inverse_rms_attn_post, scale);
    if (spec_.mixes()) return mixer(dy, scale, below_output);
    if (spec_.is_latent()) return latent(dy, scale, below_output);
    const float* attended = block_.o;
    if (spec_.gated_query) {
      gate_attended(d_, spec_, m_, block_.o, block_.query_gate, a_.gated_queries);
      attended = a_.gated_queries;
    }
    linear(kLinearO, attended, dy, below_output ? s_.d_o : nullptr, scale);
    if (!below_output) return;
    if (spec_.gated_query)  // the gates become their gradients
      d_.engine->run(&KernelTable::gated_activation_backward,
                     GatedActivationBackwardProblem{block_.query_gate, block_.o, s_.d_o, block_.query_gate, s_.d_o,
                                                    m_ * spec_.q_width(), Activation::kSigmoid});
    attention_backward();
    if (a_.query_factors != nullptr)
      d_.engine->run(&KernelTable::scale_rows, ScaleRowsProblem{s_.dq, a_.query_factors, m_, spec_.q_width()});
    heads_backward(kNormQ, spec_.n_heads, block_.q_raw, block_.inverse_rms_q, s_.dq);
    if (spec_.kv_source >= 0) {
      leave_to_source();
    } else {
      take_from_readers();
      heads_backward(kNormK, spec_.n_kv_heads, block_.k_raw, block_.inverse_rms_k, s_.dk);
      if (spec_.value_norm) values_backward();
    }
    qkv();
  }

  // dv becomes the gradient of the product of values, or is added to that of keys where it is the same one.
  void values_backward() const noexcept {
    const int64_t rows = m_ * spec_.n_kv_heads;
    const float* raw = spec_.values_are_keys ? block_.k_raw : block_.v_raw;
    norm_backward(d_,
                  {weights_.norms[kNormV], 1, raw, block_.inverse_rms_v, s_.dv, spec_.values_are_keys ? s_.dk : s_.dv,
                   nullptr, nullptr, rows, spec_.head_dim, spec_.values_are_keys});
  }

  // Gradients of keys and values that another layer made.
  void leave_to_source() const noexcept {
    const size_t source = static_cast<size_t>(spec_.kv_source);
    const int64_t n = m_ * spec_.kv_width();
    for (const auto& [from, to] : {std::pair{s_.dk, s_.shared.dk[source]}, std::pair{s_.dv, s_.shared.dv[source]}}) {
      if (first_reader())  // of all that come
        d_.engine->run(&KernelTable::copy_rows, CopyRowsProblem{from, n, to, n, 1, n});
      else
        d_.engine->run(&KernelTable::axpby, AxpbyProblem{from, to, n, 1.0f, 1.0f});
    }
  }

  // Whether no layer behind this one reads what it reads.
  bool first_reader() const noexcept {
    const auto& layers = d_.spec->layers;
    return std::none_of(layers.begin() + layer_ + 1, layers.end(),
                        [&](const LayerSpec& l) { return l.kv_source == spec_.kv_source; });
  }

  void take_from_readers() const noexcept {
    const size_t l = static_cast<size_t>(layer_);
    if (s_.shared.dk.empty() || s_.shared.dk[l] == nullptr) return;
    const int64_t n = m_ * spec_.kv_width();
    d_.engine->run(&KernelTable::axpby, AxpbyProblem{s_.shared.dk[l], s_.dk, n, 1.0f, 1.0f});
    d_.engine->run(&KernelTable::axpby, AxpbyProblem{s_.shared.dv[l], s_.dv, n, 1.0f, 1.0f});
  }

  // attention() of a layer with latents.
  void latent(const float* dy, float scale, bool below_output) const noexcept {
    linear(kLinearO, block_.latent.values, dy, below_output ? s_.latent.d_values : nullptr, scale);
    if (!below_output) return;
    latent_values_backward(d_, layer_, m_, block_, s_, gradients_);
    attention_backward();
    if (a_.query_factors != nullptr)
      d_.engine->run(&KernelTable::scale_rows, ScaleRowsProblem{s_.dq, a_.query_factors, m_, spec_.q_width()});
    const bool below = goes_below(Stage::kQkv);
    renormed(kNormAttn, input());
    latent_queries_keys_backward(d_, layer_, m_, below, a_, s_, gradients_);
    if (below) through_norm(kNormAttn, input(), block_.inverse_rms_attn, s_.d_normed, s_.d_stream, true);
  }

  // attention() of a layer with a running memory.
  void mixer(const float* dy, float scale, bool below_output) const noexcept {
    mix_again(d_, m_, layer_, a_, block_);
    linear(kLinearMixOut, a_.mixer.mixed, dy, below_output ? s_.mixer.d_mixed : nullptr, scale);
    if (!below_output) return;
    const bool below = goes_below(Stage::kQkv);
    renormed(kNormAttn, input());
    mixer_backward(d_, batch_, layer_, below, a_, s_, gradients_);
    if (below) through_norm(kNormAttn, input(), block_.inverse_rms_attn, s_.d_normed, s_.d_stream, true);
  }

  // Of the product that makes queries: of those alone, or of queries and their gates.
  const float* query_gradient() const noexcept {
    if (!spec_.gated_query) return s_.dq;
    join_gated_queries(d_, spec_, m_, s_.dq, block_.query_gate, a_.gated_queries);
    return a_.gated_queries;
  }

  void qkv() const noexcept {
    const bool below = goes_below(Stage::kQkv), normed = has(kNormAttn);
    const float* x = renormed(kNormAttn, input());
    float* dx = normed ? s_.d_normed : s_.d_stream;
    if (!below) dx = nullptr;
    const bool shared = spec_.parallel && !has(kNormFfn);  // d_normed holds the feed-forward's part
    LinearBackwardCall calls[3];
    size_t n = 0;
    calls[n++] = call_of(kLinearQ, x, query_gradient(), dx, !normed || shared);
    if (spec_.kv_source < 0) calls[n++] = call_of(kLinearK, x, s_.dk, dx, true);
    if (spec_.kv_source < 0 && !spec_.values_are_keys) calls[n++] = call_of(kLinearV, x, s_.dv, dx, true);
    linears_backward(d_, {calls, n}, s_.d_low_rank);
    if (!below || !normed) return;
    through_norm(kNormAttn, input(), block_.inverse_rms_attn, s_.d_normed, s_.d_stream, true);
    if (spec_.parallel && !shared)
      through_norm(kNormFfn, input(), block_.inverse_rms_ffn, s_.d_branch, s_.d_stream, true);
  }

  const Decoder& d_;
  const Batch& batch_;
  bool last_;  // the lowest layer with anything trained
  const BackwardEnd& end_;
  int32_t layer_;
  const LayerSpec& spec_;
  const LayerWeights& weights_;
  const Activations& a_;
  const BlockActivations& block_;
  const BackwardScratch& s_;
  const LayerGradients& gradients_;
  int64_t m_;
};

}  // namespace

void block_backward(const Decoder& decoder, const Batch& batch, const BackwardEnd& end, int32_t layer, Activations& a,
                    const BackwardScratch& scratch, const Gradients& gradients) {
  BlockBackward(decoder, batch, end, layer, a, scratch, gradients).run();
}

}  // namespace chaku
