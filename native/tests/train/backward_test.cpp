#include "train/backward.h"

#include "model/tiny_decoder.h"
#include "test.h"

using namespace chaku;
using namespace chaku::test;

namespace {

uint32_t bits(std::initializer_list<Module> modules) {
  uint32_t all = 0;
  for (const Module m : modules) all |= 1u << static_cast<int32_t>(m);
  return all;
}

}  // namespace

TEST(ends_at_the_lowest_trained_product) {
  const DecoderSpec spec = bare_decoder({})->spec();
  const auto end = [&](std::initializer_list<Module> modules, std::vector<ProductRank> exceptions = {}) {
    return backward_end(spec, lora_parameters(spec, {bits(modules), 1, 1.0f, std::move(exceptions)}));
  };
  CHECK(end({Module::kAttnV, Module::kFfnDown}).stage == Stage::kQkv);
  CHECK(end({Module::kAttnOutput, Module::kFfnUp}).stage == Stage::kAttnOutput);
  CHECK(end({Module::kFfnGate, Module::kOutput}).stage == Stage::kGateUp);
  CHECK(end({Module::kFfnDown}).stage == Stage::kDown);
  CHECK_EQ(end({Module::kFfnDown}).layer, 0);
  CHECK(!end({Module::kAttnQ}).input_gradient);
  CHECK_EQ(end({Module::kOutput}).layer, 2);
  const BackwardEnd above =
      end({Module::kAttnV, Module::kFfnDown}, {{Module::kAttnV, 0}, {Module::kFfnDown, 0}, {Module::kAttnV, 1}});
  CHECK(above.layer == 1 && above.stage == Stage::kDown && !above.input_gradient);
  ParameterList saved = lora_parameters(spec, {bits({Module::kFfnDown}), 1, 1.0f});
  append_saved(saved, *tiny_decoder({.tied = false}), bits({Module::kOutput}));
  CHECK(saved.items.size() == 5 && !backward_end(spec, saved).input_gradient);
  append_saved(saved, *tiny_decoder({}), bits({Module::kTokenEmbedding, Module::kOutput}));
  CHECK(saved.items.size() == 6 && backward_end(spec, saved).input_gradient);
  const BackwardEnd full = backward_end(spec, full_parameters(*tiny_decoder({}), false));
  CHECK(full.layer == 0 && full.input_gradient);
}

TEST(scratch_is_as_large_as_the_widest_layer) {
  DecoderSpec spec = bare_decoder({})->spec();
  spec.layers[1].n_heads = 8;
  Carver counter(nullptr);
  carve_backward(counter, spec, 10, 3, false);
  // d_stream and d_normed of width 32, d_o and dq of 64, dk and dv of 16, rank 3 of four products
  CHECK_EQ(counter.n_bytes(), 10 * 4 * (32 + 32 + 64 + 64 + 16 + 16) + 512);
}
