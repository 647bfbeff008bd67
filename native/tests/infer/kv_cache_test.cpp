#include "infer/kv_cache.h"

#include "model/tiny_decoder.h"
#include "test.h"

using namespace chaku;
using namespace chaku::test;

TEST(layers_lie_apart) {
  const auto model = bare_decoder({});  // 2 layers, 16 floats of keys per token
  CHECK_EQ(KvCache::bytes(model->spec(), 10), 2 * 2 * 10 * 16 * 4);
  KvCache cache(model->spec(), 10);
  const auto at = cache.at(7);
  CHECK_EQ(at.size(), 2u);
  CHECK_EQ(at[1].first_row, 7);
  CHECK_EQ(at[0].v - at[0].k, 160);
  CHECK_EQ(at[1].k - at[0].k, 320);
  for (const CachedKeyValues& layer : at)
    for (int i = 0; i < 160; ++i) layer.k[i] = layer.v[i] = 1.0f;
}

TEST(absurd_sizes_saturate) {
  DecoderSpec spec = make_decoder_spec(kMaxLayers, 32, 64);
  for (LayerSpec& layer : spec.layers) {
    layer.n_heads = layer.n_kv_heads = kMaxHeads;
    layer.head_dim = kMaxHeadDim;
  }
  CHECK(KvCache::bytes(spec, kMaxTokens) > INT64_MAX - 64);
}
