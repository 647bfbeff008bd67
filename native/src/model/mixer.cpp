#include "model/mixer.h"

namespace chaku {
namespace {

// y = act(gate) * up.
void gate(const Decoder& decoder, const float* by, const float* x, float* y, int64_t n,
          Activation activation) noexcept {
  decoder.engine->run(&KernelTable::gated_activation, GatedActivationProblem{by, x, y, n, activation});
}

// The state that the steps of one half block share.
class MixerPass {
 public:
  MixerPass(const Decoder& decoder, int64_t m, int32_t layer, const Activations& a,
            const BlockActivations& block) noexcept
      : d_(decoder),
        m_(m),
        layer_(layer),
        spec_(decoder.spec->layers[static_cast<size_t>(layer)].mixer),
        weights_(decoder.weights->layers[static_cast<size_t>(layer)]),
        a_(a),
        block_(block),
        mixer_(block.mixer) {}

  void products() const noexcept {
    const LinearCall in = call_of(kLinearMixIn, mixer_.in), gate = call_of(kLinearMixGate, mixer_.gate);
    if (spec_.kind == MixerKind::kShortConvolution) {
      const LinearCall calls[] = {in, gate, call_of(kLinearMixInputGate, mixer_.input_gate)};
      apply_linears(d_, calls);
    } else {
      const LinearCall calls[] = {in, gate, call_of(kLinearMixBeta, mixer_.beta),
                                  call_of(kLinearMixAlpha, mixer_.alpha)};
      apply_linears(d_, calls);
    }
  }

  void gate_input() const noexcept {
    gate(d_, mixer_.input_gate, mixer_.in, a_.mixer.half, m_ * spec_.channels(d_.spec->width), Activation::kIdentity);
  }

  void norm_recalled() const noexcept {
    const int64_t dv = spec_.value_dim;
    d_.engine->run(&KernelTable::rms_norm,
                   RmsNormProblem{mixer_.recalled, weights_.norms[kMixNorm], a_.mixer.half, mixer_.inverse_rms,
                                  m_ * spec_.n_value_heads, dv, dv, dv, d_.spec->norm_epsilon});
  }

  void gate_output() const noexcept {
    const bool plain = spec_.kind == MixerKind::kShortConvolution;
    gate(d_, mixer_.gate, plain ? mixer_.convolved : a_.mixer.half, a_.mixer.mixed, m_ * spec_.inner(d_.spec->width),
         plain ? Activation::kIdentity : Activation::kSilu);
  }

 private:
  LinearCall call_of(LayerLinear which, float* y) const noexcept {
    LinearCall call = linear_call(d_, layer_, which, a_);
    call.x = a_.normed;
    call.y = y;
    call.m = m_;
    return call;
  }

  const Decoder& d_;
  int64_t m_;
  int32_t layer_;
  const MixerSpec& spec_;
  const LayerWeights& weights_;
  const Activations& a_;
  const BlockActivations& block_;
  const MixerActivations& mixer_;
};

const MixerSpec& spec_of(const Decoder& decoder, int32_t layer) noexcept {
  return decoder.spec->layers[static_cast<size_t>(layer)].mixer;
}

}  // namespace

CausalConvolutionProblem convolution_of(const Decoder& decoder, const Batch& batch, int32_t layer, const Activations& a,
                                        const BlockActivations& block) noexcept {
  const MixerSpec& spec = spec_of(decoder, layer);
  const bool delta = spec.kind == MixerKind::kDeltaRule;
  CausalConvolutionProblem p;
  p.x = delta ? block.mixer.in : a.mixer.half;
  p.w = decoder.weights->layers[static_cast<size_t>(layer)].norms[kMixTaps];
  p.y = block.mixer.convolved;
  p.channels = spec.channels(decoder.spec->width);
  p.taps = spec.taps;
  p.silu = delta;
  p.spans = batch.spans.data();
  p.n_spans = static_cast<int64_t>(batch.spans.size());
  return p;
}

DeltaRuleProblem delta_rule_of(const Decoder& decoder, const Batch& batch, int32_t layer,
                               const BlockActivations& block) noexcept {
  const MixerSpec& spec = spec_of(decoder, layer);
  const int64_t keys = int64_t{spec.n_key_heads} * spec.key_dim;
  DeltaRuleProblem p;
  p.q = block.mixer.convolved;
  p.k = p.q + keys;
  p.v = p.k + keys;
  p.stride = spec.channels(decoder.spec->width);
  p.beta = block.mixer.beta;
  p.alpha = block.mixer.alpha;
  p.rate = decoder.weights->layers[static_cast<size_t>(layer)].norms[kMixRate];
  p.o = block.mixer.recalled;
  p.n_key_heads = spec.n_key_heads;
  p.n_value_heads = spec.n_value_heads;
  p.key_dim = spec.key_dim;
  p.value_dim = spec.value_dim;
  p.tiled = spec.tiled;
  p.epsilon = decoder.spec->norm_epsilon;
  p.spans = batch.spans.data();
  p.n_spans = static_cast<int64_t>(batch.spans.size());
  return p;
}

namespace {

// Runs a problem over the spans of a batch, those that go on from others after them.
template <class Problem>
void run_spans(const Decoder& decoder, const Batch& batch, Kernel<Problem> KernelTable::* kernel, Problem problem,
               int64_t state_offset) noexcept {
  if (batch.memories.empty()) return decoder.engine->run(kernel, problem);
  problem.state_offset = state_offset;
  const auto run = [&](int64_t begin, int64_t end) {
    if (begin == end) return;
    problem.spans = batch.spans.data() + begin;
    problem.states = batch.memories.data() + begin;
    problem.n_spans = end - begin;
    decoder.engine->run(kernel, problem);
  };
  const int64_t n = static_cast<int64_t>(batch.spans.size());
  int64_t first = 0;
  while (first < n && batch.spans[static_cast<size_t>(first)].q_begin < batch.first_output_row) ++first;
  run(0, first);
  run(first, n);
}

}  // namespace

void mix(const Decoder& decoder, const Batch& batch, int64_t memory_offset, int32_t layer, const Activations& a,
         const BlockActivations& block) noexcept {
  const MixerPass pass(decoder, batch.n_tokens, layer, a, block);
  const MixerSpec& spec = spec_of(decoder, layer);
  const bool delta = spec.kind == MixerKind::kDeltaRule;
  pass.products();
  if (!delta) pass.gate_input();
  run_spans(decoder, batch, &KernelTable::causal_convolution, convolution_of(decoder, batch, layer, a, block),
            memory_offset);
  if (delta) {
    run_spans(decoder, batch, &KernelTable::delta_rule, delta_rule_of(decoder, batch, layer, block),
              memory_offset + spec.taps_floats(decoder.spec->width));
    pass.norm_recalled();
  }
  pass.gate_output();
}

void mix_again(const Decoder& decoder, int64_t m, int32_t layer, const Activations& a,
               const BlockActivations& block) noexcept {
  const MixerPass pass(decoder, m, layer, a, block);
  if (spec_of(decoder, layer).kind == MixerKind::kDeltaRule)
    pass.norm_recalled();
  else
    pass.gate_input();
  pass.gate_output();
}

}  // namespace chaku
