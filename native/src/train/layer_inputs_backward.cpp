#include "train/layer_inputs_backward.h"

#include "model/norms.h"
#include "train/linear_backward.h"

namespace chaku {

namespace {

LinearBackwardCall call_of(const Decoder& decoder, int32_t layer, LayerLinear which, int64_t m, const Activations& a,
                           const LayerGradients& gradients) noexcept {
  LinearBackwardCall call = linear_backward_call(decoder, layer, which, a, gradients);
  call.m = m;
  return call;
}

}  // namespace

void layer_input_backward(const Decoder& decoder, int32_t layer, int64_t m, const LayerInputBackwardEnd& end,
                          const Activations& a, const BackwardScratch& scratch,
                          const LayerGradients& gradients) noexcept {
  const DecoderSpec& spec = *decoder.spec;
  const LayerSpec& l = spec.layers[static_cast<size_t>(layer)];
  if (l.output_scale != 1.0f)
    decoder.engine->run(&KernelTable::axpby,
                        AxpbyProblem{scratch.d_stream, scratch.d_stream, m * spec.width, l.output_scale, 0.0f});
  if (spec.layer_inputs.width == 0) return;
  const BlockActivations& block = a.blocks[static_cast<size_t>(layer)];
  const LayerInputActivations& kept = block.layer_input;
  const LayerInputScratch& s = a.layer_inputs;
  const int64_t width = spec.layer_inputs.width, all = spec.n_layer_inputs();
  norm_backward(decoder, {decoder.weights->layers[static_cast<size_t>(layer)].norms[kNormLayerInput], 1, kept.product,
                          kept.inverse_rms, scratch.d_stream, scratch.d_normed, gradients.norms[kNormLayerInput],
                          nullptr, m, spec.width, false});
  gate_layer_input(decoder, layer, 0, m, a, block);
  LinearBackwardCall out = call_of(decoder, layer, kLinearLayerOut, m, a, gradients);
  out.x = s.gated;
  out.dy = scratch.d_normed;
  out.dx = end.below_out ? s.gated : nullptr;
  linears_backward(decoder, {&out, 1}, scratch.d_low_rank);
  if (!end.below_out) return;
  decoder.engine->run(
      &KernelTable::gated_activation_backward,
      GatedActivationBackwardProblem{kept.gate, s.slice, s.gated, kept.gate, s.slice, m * width, l.activation});
  if (scratch.layer_inputs.d_inputs != nullptr)
    decoder.engine->run(&KernelTable::copy_rows,
                        CopyRowsProblem{s.slice, width, scratch.layer_inputs.d_inputs + layer * width, all, m, width});
  LinearBackwardCall gate = call_of(decoder, layer, kLinearLayerGate, m, a, gradients);
  gate.x = kept.stream;
  gate.dy = kept.gate;
  gate.dx = end.below_gate ? scratch.d_stream : nullptr;
  gate.accumulate = true;
  linears_backward(decoder, {&gate, 1}, scratch.d_low_rank);
}

void layer_inputs_backward(const Decoder& decoder, const Batch& batch, const Activations& a,
                           const BackwardScratch& scratch, const Gradients& gradients) noexcept {
  const DecoderSpec& spec = *decoder.spec;
  if (spec.layer_inputs.width == 0) return;
  const Weights& weights = *decoder.weights;
  float* d_inputs = scratch.layer_inputs.d_inputs;
  const int64_t m = batch.n_tokens, all = spec.n_layer_inputs();
  decoder.engine->run(&KernelTable::axpby, AxpbyProblem{d_inputs, d_inputs, m * all, spec.layer_inputs.scale, 0.0f});
  if (gradients.layer_input_table != nullptr)
    decoder.engine->run(&KernelTable::scatter_gradient,
                        ScatterGradientProblem{d_inputs, batch.tokens, gradients.layer_input_table, m, all,
                                               spec.layer_inputs.table_scale});
  norm_backward(decoder,
                {weights.layer_input_norm, 1, a.layer_inputs.raw, a.layer_inputs.inverse_rms, d_inputs, d_inputs,
                 gradients.layer_input_norm, nullptr, m * spec.n_layers(), spec.layer_inputs.width, false});
  if (gradients.layer_input_projection != nullptr) {
    WeightGradientProblem dw =
        gradient_product(d_inputs, all, a.streams.front(), spec.width, m, gradients.layer_input_projection);
    dw.scale = spec.layer_inputs.projection_scale;
    decoder.engine->run(&KernelTable::weight_gradient, dw);
  }
  MatmulBackwardProblem dx = back_product(d_inputs, weights.layer_input_projection, m, scratch.d_stream);
  dx.scale = spec.layer_inputs.projection_scale;
  dx.accumulate = true;
  decoder.engine->run(&KernelTable::matmul_backward, dx);
}

}  // namespace chaku
