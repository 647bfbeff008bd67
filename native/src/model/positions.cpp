#include "model/positions.h"

#include <algorithm>
#include <cmath>

namespace chaku {
namespace {

void fill_rope_table(const Decoder& decoder, const Batch& batch, size_t which, float* cosines, float* sines) noexcept {
  const RopeSpec& rope = decoder.spec->ropes[which];
  const double* frequencies = decoder.weights->rope_frequencies[which];
  const int64_t pairs = rope.n_dims / 2;
  const auto fill = [&](const double* turns, int64_t begin, int64_t end) {
    decoder.engine->run(&KernelTable::rope_table,
                        RopeTableProblem{batch.positions + begin, turns, cosines + begin * pairs, sines + begin * pairs,
                                         end - begin, pairs, rope.magnitude});
  };
  if (rope.long_after == 0) return fill(frequencies, 0, batch.n_tokens);
  // Each sequence by its own context, so that packing changes nothing.
  for (size_t s = 0; s < batch.spans.size(); ++s) {
    const AttentionSpan& span = batch.spans[s];
    const int64_t context = batch.contexts.empty() ? span.kv_end - span.kv_begin : batch.contexts[s];
    fill(context > rope.long_after ? frequencies + pairs : frequencies, span.q_begin, span.q_end);
  }
}

}  // namespace

void fill_position_tables(const Decoder& decoder, const Batch& batch, Activations& a) noexcept {
  const DecoderSpec& spec = *decoder.spec;
  for (size_t r = 0; r < spec.ropes.size(); ++r) fill_rope_table(decoder, batch, r, a.cosines[r], a.sines[r]);
  if (a.query_factors == nullptr) return;
  decoder.engine->run(&KernelTable::position_factors,
                      PositionFactorsProblem{batch.positions, a.query_factors, batch.n_tokens, spec.query_temperature,
                                             spec.query_temperature_length});
}

namespace {

void add_noise(const Decoder& decoder, const Batch& batch, float* scratch, float* x) noexcept {
  const int64_t d = decoder.spec->width;
  const Dropout& counters = decoder.dropout;
  decoder.engine->run(&KernelTable::uniform, UniformProblem{scratch, batch.n_tokens * d, 1.0f, counters.seed,
                                                            counters.stream(-1, Module::kTokenEmbedding)});
  for (const AttentionSpan& span : batch.spans) {
    const int64_t first = span.q_begin * d, n = (span.q_end - span.q_begin) * d;
    const float bound = decoder.embedding_noise / std::sqrt(static_cast<float>(n));
    decoder.engine->run(&KernelTable::axpby,
                        AxpbyProblem{scratch + first, x + first, n, decoder.spec->embedding_scale * bound, 1.0f});
  }
}

// Embeddings of tokens, each from what its adapter has in place of the model's.
void gather_tokens(const Decoder& decoder, const Batch& batch, float* x) noexcept {
  const int64_t d = decoder.spec->width;
  const auto gather = [&](int64_t begin, int64_t end, const LowRanks* worn) {
    Matrix table = decoder.weights->token_embedding;
    if (worn != nullptr && worn->token_embedding != nullptr)
      table = {worn->token_embedding, DType::kF32, table.rows, table.columns};
    decoder.engine->run(&KernelTable::gather, GatherProblem{table, batch.tokens + begin, x + begin * d, end - begin,
                                                            decoder.spec->embedding_scale});
  };
  const auto replaces = [](const WornRows& rows) {
    return rows.low_ranks != nullptr && rows.low_ranks->token_embedding != nullptr;
  };
  if (std::none_of(decoder.worn.begin(), decoder.worn.end(), replaces))
    return gather(0, batch.n_tokens, decoder.low_ranks);
  for (const WornRows& rows : decoder.worn) gather(rows.begin, rows.end, rows.low_ranks);
}

}  // namespace

void embed(const Decoder& decoder, const Batch& batch, float* scratch, float* x) noexcept {
  const Weights& weights = *decoder.weights;
  const int64_t m = batch.n_tokens;
  gather_tokens(decoder, batch, x);
  if (decoder.embedding_noise > 0.0f) add_noise(decoder, batch, scratch, x);
  const auto add = [&](const Matrix& table, const int32_t* ids) {
    if (table.data == nullptr) return;
    decoder.engine->run(&KernelTable::gather, GatherProblem{table, ids, scratch, m, 1.0f});
    decoder.engine->run(&KernelTable::axpby, AxpbyProblem{scratch, x, m * decoder.spec->width, 1.0f, 1.0f});
  };
  add(weights.position_embedding, batch.positions);
  add(weights.type_embedding, batch.types);
}

}  // namespace chaku
