#include "train/backward.h"

#include <algorithm>

#include "train/experts_backward.h"
#include "train/linear_backward.h"

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
    if (!feed_forward()) return;
    if (d_.cancel != nullptr) d_.cancel->check();
    attention();
    if (d_.cancel != nullptr) d_.cancel->check();
  }

 private:
  // Whether anything below `stage` is trained.
  bool goes_below(Stage stage) const noexcept { return !last_ || end_.input_gradient || end_.stage < stage; }

  void linear(LayerLinear which, const float* x, const float* dy, float* dx, bool accumulate,
              float scale = 1.0f) const noexcept {
    LinearBackwardCall call;
    call.x = x;
    call.dy = dy;
    call.dx = dx;
    call.m = m_;
    call.linear = &weights_.linears[which];
    call.low_rank = d_.low_rank(layer_, which);
    call.low_rank_out = block_.low_rank[which];
    call.d_low_rank = s_.d_low_rank;
    call.gradient = &gradients_.linears[which];
    call.dropout_stream = d_.dropout.stream(layer_, kLinearModules[which]);
    call.dropped = a_.dropped;
    call.scale = scale;
    call.accumulate = accumulate;
    linear_backward(d_, call);
  }

  // The normed input of a half block again: cheaper to compute than to keep.
  void renorm(LayerNorm which, const float* x) const noexcept {
    const int64_t d = d_.spec->width;
    d_.engine->run(&KernelTable::rms_norm, RmsNormProblem{x, weights_.norms[which], a_.normed, nullptr, m_, d, d, d,
                                                          d_.spec->norm_epsilon});
  }

  // d_stream += gradient through a half block's norm.
  void norm_backward(LayerNorm which, const float* x, const float* inverse_rms) const noexcept {
    const int64_t d = d_.spec->width;
    d_.engine->run(&KernelTable::rms_norm_backward,
                   RmsNormBackwardProblem{x, weights_.norms[which], inverse_rms, s_.d_normed, s_.d_stream,
                                          gradients_.norms[which], m_, d, d, d, d, true});
  }

  // Leaves in d_stream the gradient of h; false when nothing below is trained.
  bool feed_forward() const noexcept {
    if (spec_.experts.n_experts > 0) return experts();
    const int64_t n = m_ * spec_.ff_width;
    d_.engine->run(&KernelTable::gated_activation,
                   GatedActivationProblem{block_.gate, block_.up, a_.gated, n, spec_.activation});
    if (const LowRank* low_rank = d_.low_rank(layer_, kLinearDown)) {
      const float* input = drop_input(d_, a_.gated, n, d_.dropout.stream(layer_, Module::kFfnDown), a_.dropped);
      low_rank_down(d_, *low_rank, input, spec_.ff_width, m_, block_.low_rank[kLinearDown]);
    }
    const bool below_down = goes_below(Stage::kDown);
    linear(kLinearDown, a_.gated, s_.d_stream, below_down ? a_.gated : nullptr, false, d_.spec->residual_scale);
    if (!below_down) return false;

    float* d_gate = block_.gate;
    float* d_up = block_.up;
    d_.engine->run(&KernelTable::gated_activation_backward,
                   GatedActivationBackwardProblem{block_.gate, block_.up, a_.gated, d_gate, d_up, n, spec_.activation});
    renorm(kNormFfn, block_.h);
    const bool below = goes_below(Stage::kGateUp);
    linear(kLinearGate, a_.normed, d_gate, below ? s_.d_normed : nullptr, false);
    linear(kLinearUp, a_.normed, d_up, below ? s_.d_normed : nullptr, true);
    if (below) norm_backward(kNormFfn, block_.h, block_.inverse_rms_ffn);
    return below;
  }

  // feed_forward() of a layer with experts.
  bool experts() const noexcept {
    renorm(kNormFfn, block_.h);
    const bool below = goes_below(Stage::kGateUp);
    experts_backward(d_, layer_, m_, {goes_below(Stage::kDown), below}, a_, s_, gradients_);
    if (below) norm_backward(kNormFfn, block_.h, block_.inverse_rms_ffn);
    return below;
  }

  // Rotation and head norm of queries or keys: dy becomes the gradient of the product.
  void heads_backward(LayerNorm head_norm, int32_t n_heads, const float* raw, const float* inverse_rms,
                      float* dy) const noexcept {
    const int64_t dh = spec_.head_dim;
    if (spec_.rope >= 0) {
      const size_t r = static_cast<size_t>(spec_.rope);
      const RopeSpec& rope = d_.spec->ropes[r];
      d_.engine->run(&KernelTable::rope, RopeProblem{dy, a_.cosines[r], a_.sines[r], m_, n_heads * dh, n_heads,
                                                     spec_.head_dim, rope.n_dims, rope.pairing, true});
    }
    if (weights_.norms[head_norm] != nullptr)
      d_.engine->run(&KernelTable::rms_norm_backward,
                     RmsNormBackwardProblem{raw, weights_.norms[head_norm], inverse_rms, dy, dy,
                                            gradients_.norms[head_norm], m_ * n_heads, dh, dh, dh, dh, false});
  }

  void attention_backward() const noexcept {
    AttentionBackwardProblem p;
    AttentionProblem& f = p.forward;
    f.q = block_.q;
    f.k = block_.k;
    f.v = block_.v;
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
    linear(kLinearO, block_.o, s_.d_stream, below_output ? s_.d_o : nullptr, false, d_.spec->residual_scale);
    if (!below_output) return;
    attention_backward();
    heads_backward(kNormQ, spec_.n_heads, block_.q_raw, block_.inverse_rms_q, s_.dq);
    heads_backward(kNormK, spec_.n_kv_heads, block_.k_raw, block_.inverse_rms_k, s_.dk);
    const float* in = a_.streams[static_cast<size_t>(layer_)];
    renorm(kNormAttn, in);
    const bool below = goes_below(Stage::kQkv);
    float* d_normed = below ? s_.d_normed : nullptr;
    linear(kLinearQ, a_.normed, s_.dq, d_normed, false);
    linear(kLinearK, a_.normed, s_.dk, d_normed, true);
    linear(kLinearV, a_.normed, s_.dv, d_normed, true);
    if (below) norm_backward(kNormAttn, in, block_.inverse_rms_attn);
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

BackwardEnd backward_end(const DecoderSpec& spec, uint32_t targets, bool full) noexcept {
  if (full) return {0, Stage::kQkv, true};
  const auto any = [targets](std::initializer_list<Module> modules) {
    return std::any_of(modules.begin(), modules.end(),
                       [targets](Module m) { return targets >> static_cast<int32_t>(m) & 1; });
  };
  if (any({Module::kAttnQ, Module::kAttnK, Module::kAttnV})) return {0, Stage::kQkv, false};
  if (any({Module::kAttnOutput})) return {0, Stage::kAttnOutput, false};
  if (any({Module::kFfnGate, Module::kFfnUp, Module::kExpertGate, Module::kExpertUp, Module::kSharedGate,
           Module::kSharedUp})) return {0, Stage::kGateUp, false};
  if (any({Module::kFfnDown, Module::kExpertDown, Module::kSharedDown})) return {0, Stage::kDown, false};
  return {spec.n_layers(), Stage::kQkv, false};
}

BackwardScratch carve_backward(Carver& carver, const DecoderSpec& spec, int64_t max_tokens, int32_t rank) {
  int64_t q_width = 0, kv_width = 0;
  for (const LayerSpec& layer : spec.layers) {
    q_width = std::max(q_width, layer.q_width());
    kv_width = std::max(kv_width, layer.kv_width());
  }
  BackwardScratch s;
  s.d_stream = carver.floats(max_tokens * spec.width);
  s.d_normed = carver.floats(max_tokens * spec.width);
  s.d_o = carver.floats(max_tokens * q_width);
  s.dq = carver.floats(max_tokens * q_width);
  s.dk = carver.floats(max_tokens * kv_width);
  s.dv = carver.floats(max_tokens * kv_width);
  s.d_low_rank = carver.floats(product_rows(spec, max_tokens) * rank);
  s.experts = carve_expert_backward(carver, spec, max_tokens);
  return s;
}

void backward(const Decoder& decoder, const Batch& batch, const BackwardEnd& end, Activations& a,
              const BackwardScratch& scratch, const Gradients& gradients) {
  bool resident = true;  // the shared arrays still hold the last block that used them
  for (int32_t l = decoder.spec->n_layers() - 1; l >= end.layer; --l) {
    if (!a.kept[static_cast<size_t>(l)]) {
      if (!resident) recompute_block(decoder, batch, l, a);
      resident = false;
    }
    BlockBackward(decoder, batch, end, l, a, scratch, gradients).run();
  }
  if (gradients.token_embedding != nullptr)
    decoder.engine->run(&KernelTable::scatter_gradient,
                        ScatterGradientProblem{scratch.d_stream, batch.tokens, gradients.token_embedding,
                                               batch.n_tokens, decoder.spec->width, decoder.spec->embedding_scale});
}

}  // namespace chaku
