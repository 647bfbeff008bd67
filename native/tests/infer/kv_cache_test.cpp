#include "infer/kv_cache.h"

#include <cstring>

#include "model/expect_error.h"
#include "model/tiny_decoder.h"
#include "test.h"

using namespace chaku;
using namespace chaku::test;

TEST(layers_lie_apart) {
  const auto model = bare_decoder({});  // 2 layers, 16 values of keys per token
  for (const DType dtype : {DType::kF32, DType::kF16, DType::kBF16}) {
    const int64_t rows_bytes = 10 * row_bytes(dtype, 16);
    CHECK_EQ(KvCache::bytes(model->spec(), dtype, 10), 2 * 2 * rows_bytes);
    KvCache cache(model->engine().device(), model->spec(), dtype, 10);
    const auto at = cache.at(7, true);
    CHECK_EQ(at.size(), 2u);
    CHECK_EQ(at[1].first_row, 7);
    CHECK(at[1].dtype == dtype);
    CHECK_EQ(static_cast<std::byte*>(at[0].v) - static_cast<std::byte*>(at[0].k), rows_bytes);
    CHECK_EQ(static_cast<std::byte*>(at[1].k) - static_cast<std::byte*>(at[0].k), 2 * rows_bytes);
    for (const CachedKeyValues& layer : at) {
      std::memset(layer.k, 1, static_cast<size_t>(rows_bytes));
      std::memset(layer.v, 1, static_cast<size_t>(rows_bytes));
    }
  }
}

TEST(formats_that_a_cache_can_have) {
  const auto model = bare_decoder({});  // heads of 8
  KvCache::check(model->spec(), DType::kF16);
  CHECK_ERROR(Code::kUnsupported, "whole blocks of 32 for a Q8_0 cache, got 8 (layer 0)",
              KvCache::check(model->spec(), DType::kQ8_0));
  CHECK_ERROR(Code::kUnsupported, "got Q4_0 (type id 2)", KvCache::check(model->spec(), DType::kQ4_0));
}

TEST(absurd_sizes_saturate) {
  DecoderSpec spec = make_decoder_spec(kMaxLayers, 32, 64);
  for (LayerSpec& layer : spec.layers) {
    layer.n_heads = layer.n_kv_heads = kMaxHeads;
    layer.head_dim = kMaxHeadDim;
  }
  CHECK(KvCache::bytes(spec, DType::kF32, kMaxTokens) > INT64_MAX - 64);
}

// What a computation changes is another copy, until it is done.
TEST(running_memories_change_when_they_are_committed) {
  TinyOptions o;
  o.n_layers = 2;
  o.mixer = {MixerKind::kDeltaRule, 4, 2, 4, 8, 8, false};
  const auto model = bare_decoder(o);
  KvCache cache(model->engine().device(), model->spec(), DType::kF32, 10);
  const MixerState begins = cache.at(0, true)[0].mixer;
  CHECK(begins.taps_in == nullptr && begins.memory_in == nullptr);
  const MixerState goes_on = cache.at(4, false)[0].mixer;  // the second batch of the same computation
  CHECK(goes_on.taps_in == begins.taps_out && goes_on.taps_out == begins.taps_out);
  CHECK(goes_on.memory_in == begins.memory_out && goes_on.memory_out == begins.memory_out);
  cache.commit();
  const MixerState next = cache.at(8, true)[0].mixer;
  CHECK(next.taps_in == begins.taps_out && next.taps_out != begins.taps_out);
  CHECK(next.memory_in == begins.memory_out && next.memory_out != begins.memory_out);
  CHECK(cache.at(8, true)[1].mixer.taps_out == nullptr);  // attention's layer
}
