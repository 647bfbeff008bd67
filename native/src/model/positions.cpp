#include "model/positions.h"

#include <cmath>

namespace chaku {
namespace {

// Tokens [begin, end) of the batch, rotated by these frequencies.
void fill_rope_rows(const Decoder& decoder, const Batch& batch, const RopeSpec& rope, const double* frequencies,
                    int64_t begin, int64_t end, float* cosines, float* sines) noexcept {
  const int64_t pairs = rope.n_dims / 2;
  decoder.engine->pool().parallel_for(end - begin, 16, [&](int64_t from, int64_t to, int) {
    for (int64_t t = begin + from; t < begin + to; ++t)
      for (int64_t i = 0; i < pairs; ++i) {
        const double angle = batch.positions[t] * frequencies[i];
        cosines[t * pairs + i] = static_cast<float>(std::cos(angle) * rope.magnitude);
        sines[t * pairs + i] = static_cast<float>(std::sin(angle) * rope.magnitude);
      }
  });
}

void fill_rope_table(const Decoder& decoder, const Batch& batch, const RopeSpec& rope, float* cosines,
                     float* sines) noexcept {
  const double* frequencies = rope.inverse_frequencies.data();
  if (rope.long_after == 0) {
    fill_rope_rows(decoder, batch, rope, frequencies, 0, batch.n_tokens, cosines, sines);
    return;
  }
  // Each sequence by its own context, so that packing changes nothing.
  for (const AttentionSpan& span : batch.spans) {
    const int64_t context = batch.context_tokens > 0 ? batch.context_tokens : span.kv_end - span.kv_begin;
    fill_rope_rows(decoder, batch, rope, context > rope.long_after ? frequencies + rope.n_dims / 2 : frequencies,
                   span.q_begin, span.q_end, cosines, sines);
  }
}

}  // namespace

void fill_position_tables(const Decoder& decoder, const Batch& batch, Activations& a) noexcept {
  const DecoderSpec& spec = *decoder.spec;
  for (size_t r = 0; r < spec.ropes.size(); ++r)
    fill_rope_table(decoder, batch, spec.ropes[r], a.cosines[r], a.sines[r]);
  if (a.query_factors == nullptr) return;
  for (int64_t t = 0; t < batch.n_tokens; ++t) {
    const int32_t steps = batch.positions[t] / spec.query_temperature_length;
    a.query_factors[t] = static_cast<float>(1.0 + spec.query_temperature * std::log1p(static_cast<double>(steps)));
  }
}

void embed(const Decoder& decoder, const Batch& batch, float* scratch, float* x) noexcept {
  const Weights& weights = *decoder.weights;
  const int64_t m = batch.n_tokens;
  decoder.engine->run(&KernelTable::gather,
                      GatherProblem{weights.token_embedding, batch.tokens, x, m, decoder.spec->embedding_scale});
  if (weights.position_embedding.data == nullptr) return;
  decoder.engine->run(&KernelTable::gather,
                      GatherProblem{weights.position_embedding, batch.positions, scratch, m, 1.0f});
  decoder.engine->run(&KernelTable::axpby, AxpbyProblem{scratch, x, m * decoder.spec->width, 1.0f, 1.0f});
}

}  // namespace chaku
