#include "model/layer_inputs.h"

#include "model/linear.h"
#include "model/norms.h"

namespace chaku {

void fill_layer_inputs(const Decoder& decoder, const Batch& batch, const Activations& a) noexcept {
  const DecoderSpec& spec = *decoder.spec;
  if (spec.layer_inputs.width == 0) return;
  const Weights& weights = *decoder.weights;
  const LayerInputScratch& s = a.layer_inputs;
  const int64_t m = batch.n_tokens, n = m * spec.n_layer_inputs();
  decoder.engine->run(&KernelTable::gather, GatherProblem{weights.layer_input_table, batch.tokens, s.inputs, m,
                                                          spec.layer_inputs.table_scale});
  float* raw = s.raw != nullptr ? s.raw : s.projected;
  MatmulProblem p;
  p.x = a.streams.front();
  p.x_stride = spec.width;
  p.w = weights.layer_input_projection;
  p.y = raw;
  p.y_stride = spec.n_layer_inputs();
  p.m = m;
  p.scale = spec.layer_inputs.projection_scale;
  decoder.set_arithmetic(p);
  decoder.engine->run(&KernelTable::matmul, p);
  apply_norm(decoder, {weights.layer_input_norm, nullptr, 1, raw, s.projected, s.inverse_rms, m * spec.n_layers(),
                       spec.layer_inputs.width});
  decoder.engine->run(&KernelTable::axpby,
                      AxpbyProblem{s.projected, s.inputs, n, spec.layer_inputs.scale, spec.layer_inputs.scale});
}

bool ends_with_input(const DecoderSpec& spec, int32_t layer) noexcept {
  return spec.layer_inputs.width > 0 || spec.layers[static_cast<size_t>(layer)].output_scale != 1.0f;
}

void gate_layer_input(const Decoder& decoder, int32_t layer, int64_t first, int64_t rows, const Activations& a,
                      const BlockActivations& block) noexcept {
  const DecoderSpec& spec = *decoder.spec;
  const LayerInputScratch& s = a.layer_inputs;
  const int64_t width = spec.layer_inputs.width, all = spec.n_layer_inputs();
  decoder.engine->run(&KernelTable::copy_rows,
                      CopyRowsProblem{s.inputs + first * all + layer * width, all, s.slice, width, rows, width});
  decoder.engine->run(&KernelTable::gated_activation,
                      GatedActivationProblem{block.layer_input.gate, s.slice, s.gated, rows * width,
                                             spec.layers[static_cast<size_t>(layer)].activation});
}

namespace {

void multiply(const Decoder& decoder, int32_t layer, int64_t m, const Activations& a, LayerLinear which, const float* x,
              float* y) noexcept {
  LinearCall call = linear_call(decoder, layer, which, a);
  call.x = x;
  call.y = y;
  call.m = m;
  apply_linears(decoder, {&call, 1});
}

}  // namespace

void add_layer_input(const Decoder& decoder, int32_t layer, int64_t first, int64_t rows, const Activations& a,
                     const BlockActivations& block, const float* stream, float* out) noexcept {
  const DecoderSpec& spec = *decoder.spec;
  const int64_t d = spec.width, n = rows * d;
  if (out != stream) decoder.engine->run(&KernelTable::copy_rows, CopyRowsProblem{stream, d, out, d, rows, d});
  const float scale = spec.layers[static_cast<size_t>(layer)].output_scale;
  if (spec.layer_inputs.width == 0) {
    decoder.engine->run(&KernelTable::axpby, AxpbyProblem{out, out, n, scale, 0.0f});
    return;
  }
  const LayerInputActivations& kept = block.layer_input;
  const LayerWeights& weights = decoder.weights->layers[static_cast<size_t>(layer)];
  multiply(decoder, layer, rows, a, kLinearLayerGate, stream, kept.gate);
  gate_layer_input(decoder, layer, first, rows, a, block);
  float* product = kept.product != nullptr ? kept.product : a.normed;
  multiply(decoder, layer, rows, a, kLinearLayerOut, a.layer_inputs.gated, product);
  apply_norm(decoder,
             {weights.norms[kNormLayerInput], nullptr, 1, product, a.normed, kept.inverse_rms, rows, spec.width});
  decoder.engine->run(&KernelTable::axpby, AxpbyProblem{a.normed, out, n, scale, scale});
}

}  // namespace chaku
