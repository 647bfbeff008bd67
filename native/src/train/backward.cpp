#include "train/backward.h"

#include "model/forward.h"
#include "model/norms.h"
#include "model/positions.h"
#include "train/block_backward.h"
#include "train/layer_inputs_backward.h"

namespace chaku {
namespace {

void embedding_backward(const Decoder& decoder, const Batch& batch, Activations& a, const BackwardScratch& scratch,
                        const Gradients& gradients) noexcept {
  const Weights& w = *decoder.weights;
  const int64_t m = batch.n_tokens, d = decoder.spec->width;
  float* dx = scratch.d_stream;
  layer_inputs_backward(decoder, batch, a, scratch, gradients);
  if (w.embedding_norm != nullptr) {
    float* x = a.streams.front();  // what was normed, again: nothing reads the norm's result any more
    float* inverse = a.blocks.front().inverse_rms_attn;
    embed(decoder, batch, a.normed, x);
    apply_norm(decoder, {w.embedding_norm, w.embedding_norm_bias, 1, x, a.normed, inverse, m, d});
    norm_backward(decoder, {w.embedding_norm, 1, x, inverse, dx, dx, gradients.embedding_norm,
                            gradients.embedding_norm_bias, m, d, false});
  }
  if (gradients.position_embedding != nullptr)
    decoder.engine->run(&KernelTable::scatter_gradient,
                        ScatterGradientProblem{dx, batch.positions, gradients.position_embedding, m, d, 1.0f});
  decoder.engine->run(
      &KernelTable::scatter_gradient,
      ScatterGradientProblem{dx, batch.tokens, gradients.token_embedding, m, d, decoder.spec->embedding_scale});
}

}  // namespace

void backward(const Decoder& decoder, const Batch& batch, const BackwardEnd& end, Activations& a,
              const BackwardScratch& scratch, const Gradients& gradients) {
  bool resident = true;  // the shared arrays still hold the last block that used them
  for (int32_t l = decoder.spec->n_layers() - 1; l >= end.layer; --l) {
    if (a.offloaded != nullptr) a.offloaded->await();
    if (!a.kept[static_cast<size_t>(l)]) {
      if (!resident) recompute_block(decoder, batch, l, a);
      resident = false;
    }
    if (a.offloaded != nullptr) a.offloaded->bring_below(l);
    const auto held = bring(*decoder.weights, l, StreamedLayers::Next::kBelow);
    block_backward(decoder, batch, end, l, a, scratch, gradients);
  }
  if (gradients.token_embedding != nullptr) embedding_backward(decoder, batch, a, scratch, gradients);
}

}  // namespace chaku
