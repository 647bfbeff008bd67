#include "model/input_statistics.h"

#include <numeric>

#include "device/cpu_device.h"
#include "infer/single_text.h"
#include "model/expect_error.h"
#include "model/tiny_decoder.h"
#include "test.h"

using namespace chaku;
using namespace chaku::test;

namespace {

std::vector<double> squares(SingleText& text, Module module, int32_t layer) {
  return text.inputs(module, layer).squares;
}

void run(SingleText& text, const std::vector<int32_t>& tokens) {
  std::vector<float> logits(tokens.size() * 48);
  text.eval(tokens, Role::kPrompt, LogitRows::kAll, logits);
}

}  // namespace

TEST(adds_up_squares_per_column) {
  Weights weights;
  weights.layers.resize(1);
  const float w[6] = {};
  Linear& linear = weights.layers[0].linears[kLinearQ];
  linear.w = {w, DType::kF32, 2, 3};
  const CpuDevice device(2, CpuPath::kReference);
  InputStatistics statistics(device, make_decoder_spec(1, 3, 4), weights);
  const float x[6] = {1, 2, 3, -1, 0, 4};
  statistics.add(linear, x, 2);
  statistics.add(linear, x, 1);
  statistics.add(Linear{linear}, x, 2);  // a product of somebody else's
  const InputStatistics::Sums sums = *statistics.read(linear);
  CHECK_EQ(sums.n_rows[0], 3);
  CHECK(sums.squares == (std::vector<double>{3, 8, 34}));
  CHECK(!statistics.read(weights.output));
}

TEST(a_pool_collects_the_inputs_of_every_product) {
  const auto model = tiny_decoder({});
  SingleText text(model, {16});
  text.collect_inputs();
  run(text, tiny_tokens(9, 48));
  for (int32_t l = 0; l < 2; ++l) {
    for (const Module module : kDenseModules) {
      const InputStatistics::Sums sums = text.inputs(module, l);
      CHECK_EQ(sums.n_rows[0], 9);
      for (const double s : sums.squares) CHECK(s > 0);
    }
    // Query, key and value share their input, as do gate and up.
    CHECK(squares(text, Module::kAttnQ, l) == squares(text, Module::kAttnV, l));
    CHECK(squares(text, Module::kFfnGate, l) == squares(text, Module::kFfnUp, l));
  }
  CHECK_EQ(text.inputs(Module::kOutput, -1).n_rows[0], 9);
  text.collect_inputs();
  CHECK_EQ(text.inputs(Module::kOutput, -1).n_rows[0], 0);
  CHECK_ERROR(Code::kInvalidArgument, "ffn_down_exps of layer 0", text.inputs(Module::kExpertDown, 0));
}

// Each expert has sums of its own; all slots are in one of them.
static int64_t slots(const InputStatistics::Sums& sums) {
  CHECK_EQ(sums.n_rows.size(), size_t{4});
  const size_t k = sums.squares.size() / 4;
  for (size_t e = 0; e < 4; ++e) CHECK((sums.squares[e * k] > 0) == (sums.n_rows[e] > 0));
  return std::accumulate(sums.n_rows.begin(), sums.n_rows.end(), int64_t{0});
}

TEST(inputs_of_experts) {
  TinyOptions o;
  o.experts = {4, 2, 24, 0, Gating::kSoftmax, true, 1.0f};
  const auto model = tiny_decoder(o);
  SingleText text(model, {16});
  text.collect_inputs();
  run(text, tiny_tokens(9, 48));
  for (const Module module : {Module::kExpertGate, Module::kExpertUp, Module::kExpertDown})
    CHECK_EQ(slots(text.inputs(module, 1)), 18);
  CHECK_EQ(text.inputs(Module::kRouter, 1).n_rows[0], 9);
}

TEST(sums_do_not_depend_on_threads_or_on_batches_beyond_rounding) {
  std::vector<std::vector<double>> found;
  for (const int threads : {1, 3}) {
    TinyOptions options;
    options.n_threads = threads;
    SingleText text(tiny_decoder(options), {16});
    text.collect_inputs();
    run(text, tiny_tokens(12, 48));
    found.push_back(squares(text, Module::kFfnDown, 1));
  }
  CHECK(found[0] == found[1]);
}
