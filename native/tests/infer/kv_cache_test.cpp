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
    KvCache cache(model->spec(), dtype, 10);
    const auto at = cache.at(7);
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
