#include "model/adapter.h"

#include <cmath>

#include "model/expect_error.h"
#include "model/tiny_decoder.h"

using namespace chaku;
using namespace chaku::test;

namespace {

std::vector<float> ramp(int64_t n, float from) {
  std::vector<float> v(static_cast<size_t>(n));
  for (size_t i = 0; i < v.size(); ++i) v[i] = from + static_cast<float>(i);
  return v;
}

}  // namespace

TEST(bad_pairs) {
  const auto model = tiny_decoder({});
  Adapter adapter(model);
  const auto a = ramp(2 * 32, 0), b = ramp(16 * 2, 0);
  const Module k = Module::kAttnK;
  CHECK_ERROR(Code::kInvalidArgument, "attn_norm", adapter.add(Module::kAttnNorm, 0, 2, 1, a, b));
  CHECK_ERROR(Code::kInvalidArgument, "0..1, got 2 (attn_k", adapter.add(k, 2, 2, 1, a, b));
  CHECK_ERROR(Code::kInvalidArgument, "got -1", adapter.add(k, -1, 2, 1, a, b));
  CHECK_ERROR(Code::kInvalidArgument, "layer -1", adapter.add(Module::kOutput, 0, 2, 1, a, b));
  CHECK_ERROR(Code::kInvalidArgument, "rank", adapter.add(k, 0, 0, 1, a, b));
  CHECK_ERROR(Code::kInvalidArgument, "rank", adapter.add(k, 0, INT32_MAX, 1, a, b));
  CHECK_ERROR(Code::kInvalidArgument, "scale", adapter.add(k, 0, 2, NAN, a, b));
  CHECK_ERROR(Code::kInvalidArgument, "a[3,32] and b[16,3]", adapter.add(k, 0, 3, 1, a, b));
  adapter.add(k, 0, 2, 1, a, b);
  CHECK_ERROR(Code::kInvalidArgument, "once", adapter.add(k, 0, 2, 1, a, b));
  CHECK_ERROR(Code::kInvalidState, "sealed", Adapter(bare_decoder({})));
}

TEST(bad_replacements) {
  const auto model = tiny_decoder({});
  auto adapter = std::make_shared<Adapter>(model), other = std::make_shared<Adapter>(model);
  const auto values = ramp(48 * 32, 0);
  CHECK_ERROR(Code::kInvalidArgument, "token_embedding or output, got attn_q",
              adapter->replace(Module::kAttnQ, values));
  CHECK_ERROR(Code::kInvalidArgument, "values[48,32], got 1", adapter->replace(Module::kOutput, ramp(1, 0)));
  CHECK_ERROR(Code::kInvalidState, "which output is to be", adapter->replace_output_as_embedding());
  adapter->replace(Module::kTokenEmbedding, values);
  CHECK_ERROR(Code::kInvalidArgument, "once", adapter->replace(Module::kTokenEmbedding, values));
  adapter->replace_output_as_embedding();
  other->replace(Module::kOutput, values);
  const float scales[] = {1.0f, 1.0f}, half[] = {0.5f};
  CHECK_ERROR(Code::kInvalidArgument, "one adapter that replaces output, got a second one (adapter 1)",
              WornAdapters({adapter, other}, scales));
  CHECK_ERROR(Code::kInvalidArgument, "scale 1 of an adapter that replaces token_embedding, got 0.5 (adapter 0)",
              WornAdapters({adapter}, half));
  const WornAdapters worn({adapter}, scales);
  CHECK(worn.low_ranks().output_weight == worn.low_ranks().token_embedding);
  CHECK(worn.low_ranks().token_embedding == adapter->token_embedding());
  CHECK_ERROR(Code::kInvalidState, "worn", adapter->replace(Module::kOutput, values));
}

TEST(one_pair_is_worn_in_place) {
  const auto model = tiny_decoder({});
  auto adapter = std::make_shared<Adapter>(model);
  adapter->add(Module::kAttnK, 1, 2, 0.5f, ramp(64, 0), ramp(32, 100));
  const float scales[] = {3.0f};
  const WornAdapters worn({adapter}, scales);
  const LowRank& lr = worn.low_ranks().layers[1][kLinearK];
  CHECK(lr.a == adapter->layer(1, kLinearK).a);
  CHECK_EQ(lr.scale, 1.5f);
  CHECK_EQ(worn.low_ranks().layers[0][kLinearK].rank, 0);
  CHECK_EQ(worn.max_rank(), 2);
  CHECK_ERROR(Code::kInvalidState, "worn", adapter->add(Module::kAttnK, 0, 2, 1, ramp(64, 0), ramp(32, 0)));
}

TEST(several_pairs_are_joined) {
  const auto model = tiny_decoder({});
  auto first = std::make_shared<Adapter>(model), second = std::make_shared<Adapter>(model);
  first->add(Module::kAttnK, 0, 1, 2.0f, ramp(32, 0), ramp(16, 0));
  second->add(Module::kAttnK, 0, 2, 1.0f, ramp(64, 1000), ramp(32, 500));
  const float scales[] = {0.5f, -1.0f};
  const WornAdapters worn({first, second}, scales);
  const LowRank& lr = worn.low_ranks().layers[0][kLinearK];
  CHECK_EQ(lr.rank, 3);
  CHECK_EQ(lr.scale, 1.0f);
  CHECK_EQ(lr.a[31], 31.0f);
  CHECK_EQ(lr.a[32], 1000.0f);
  CHECK_EQ(lr.b[3 * 7], 7.0f);         // 2 * 0.5 * b[7]
  CHECK_EQ(lr.b[3 * 7 + 1], -514.0f);  // row 7 of the second: 500 + 14, 500 + 15
  CHECK_EQ(lr.b[3 * 7 + 2], -515.0f);
}
