#include "train/mixer_backward.h"

#include "train/linear_backward.h"

namespace chaku {
namespace {

class MixerBackward {
 public:
  MixerBackward(const Decoder& decoder, const Batch& batch, int32_t layer, bool below, const Activations& a,
                const BackwardScratch& scratch, const LayerGradients& gradients) noexcept
      : d_(decoder),
        batch_(batch),
        m_(batch.n_tokens),
        layer_(layer),
        below_(below),
        spec_(decoder.spec->layers[static_cast<size_t>(layer)].mixer),
        a_(a),
        block_(a.blocks[static_cast<size_t>(layer)]),
        mixer_(block_.mixer),
        s_(scratch),
        gradients_(gradients) {}

  void short_convolution() const noexcept {
    const int64_t n = m_ * spec_.channels(d_.spec->width);
    float* d_convolved = s_.mixer.d_convolved;
    gate_backward(mixer_.gate, mixer_.convolved, s_.mixer.d_mixed, mixer_.gate, d_convolved, n, Activation::kIdentity);
    convolution(d_convolved);
    gate_backward(mixer_.input_gate, mixer_.in, d_convolved, mixer_.input_gate, mixer_.in, n, Activation::kIdentity);
    LinearBackwardCall calls[] = {call_of(kLinearMixIn, mixer_.in, false), call_of(kLinearMixGate, mixer_.gate, true),
                                  call_of(kLinearMixInputGate, mixer_.input_gate, true)};
    linears_backward(d_, calls, s_.d_low_rank);
  }

  void delta_rule() const noexcept {
    const int64_t dv = spec_.value_dim, n = m_ * spec_.inner(d_.spec->width);
    float* d_recalled = s_.mixer.d_mixed;
    gate_backward(mixer_.gate, a_.mixer.half, s_.mixer.d_mixed, mixer_.gate, d_recalled, n, Activation::kSilu);
    const LayerWeights& weights = d_.weights->layers[static_cast<size_t>(layer_)];
    d_.engine->run(
        &KernelTable::rms_norm_backward,
        RmsNormBackwardProblem{mixer_.recalled, weights.norms[kMixNorm], mixer_.inverse_rms, d_recalled, d_recalled,
                               gradients_.norms[kMixNorm], m_ * spec_.n_value_heads, dv, dv, dv, dv, false});
    DeltaRuleBackwardProblem p;
    p.forward = delta_rule_of(d_, batch_, layer_, block_);
    p.d_o = d_recalled;
    p.dq = s_.mixer.d_convolved;
    p.dk = p.dq + (p.forward.k - p.forward.q);
    p.dv = p.dq + (p.forward.v - p.forward.q);
    p.dbeta = s_.mixer.d_beta;
    p.dalpha = s_.mixer.d_alpha;
    p.drate = gradients_.norms[kMixRate];
    d_.engine->run(&KernelTable::delta_rule_backward, p);
    convolution(s_.mixer.d_convolved);
    LinearBackwardCall calls[] = {
        call_of(kLinearMixIn, s_.mixer.d_convolved, false), call_of(kLinearMixGate, mixer_.gate, true),
        call_of(kLinearMixBeta, s_.mixer.d_beta, true), call_of(kLinearMixAlpha, s_.mixer.d_alpha, true)};
    linears_backward(d_, calls, s_.d_low_rank);
  }

 private:
  void gate_backward(const float* by, const float* x, const float* dy, float* d_by, float* dx, int64_t n,
                     Activation activation) const noexcept {
    d_.engine->run(&KernelTable::gated_activation_backward,
                   GatedActivationBackwardProblem{by, x, dy, d_by, dx, n, activation});
  }

  // dy of the convolution becomes its dx, in place.
  void convolution(float* dy) const noexcept {
    CausalConvolutionBackwardProblem p;
    p.forward = convolution_of(d_, batch_, layer_, a_, block_);
    p.dy = dy;
    p.dx = dy;
    p.dw = gradients_.norms[kMixTaps];
    d_.engine->run(&KernelTable::causal_convolution_backward, p);
  }

  LinearBackwardCall call_of(LayerLinear which, const float* dy, bool accumulate) const noexcept {
    LinearBackwardCall call = linear_backward_call(d_, layer_, which, a_, gradients_);
    call.x = a_.normed;
    call.dy = dy;
    call.dx = below_ ? s_.d_normed : nullptr;
    call.m = m_;
    call.accumulate = accumulate;
    return call;
  }

  const Decoder& d_;
  const Batch& batch_;
  int64_t m_;
  int32_t layer_;
  bool below_;
  const MixerSpec& spec_;
  const Activations& a_;
  const BlockActivations& block_;
  const MixerActivations& mixer_;
  const BackwardScratch& s_;
  const LayerGradients& gradients_;
};

}  // namespace

void mixer_backward(const Decoder& decoder, const Batch& batch, int32_t layer, bool below, const Activations& a,
                    const BackwardScratch& scratch, const LayerGradients& gradients) noexcept {
  const MixerBackward backward(decoder, batch, layer, below, a, scratch, gradients);
  if (decoder.spec->layers[static_cast<size_t>(layer)].mixer.kind == MixerKind::kDeltaRule)
    backward.delta_rule();
  else
    backward.short_convolution();
}

}  // namespace chaku
