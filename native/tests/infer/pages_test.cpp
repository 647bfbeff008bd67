#include "infer/pages.h"

#include <cstring>

#include "infer/random_adapter.h"
#include "model/expect_error.h"
#include "model/tiny_decoder.h"
#include "test.h"

using namespace chaku;
using namespace chaku::test;

TEST(holders_come_and_go) {
  Shares shares(3);
  CHECK_EQ(shares.n_all(), 3);
  const int32_t a = shares.take(), b = shares.take();
  CHECK(a != b && shares.n_free() == 1);
  CHECK_EQ(shares.share(a), a);
  shares.share(a);
  CHECK(shares.is_shared(a) && !shares.is_shared(b));
  CHECK_EQ(shares.n_shared(), 1);
  shares.drop(a);
  CHECK(shares.is_shared(a) && shares.n_shared() == 1 && shares.n_free() == 1);
  shares.drop(a);
  CHECK(!shares.is_shared(a) && shares.n_shared() == 0 && shares.n_free() == 1);
  shares.drop(a);
  shares.drop(b);
  CHECK_EQ(shares.n_free(), 3);
}

TEST(layers_lie_apart) {
  const auto model = tiny_decoder({});  // 2 layers, 16 values of keys per token
  for (const DType dtype : {DType::kF32, DType::kF16, DType::kBF16}) {
    const int64_t n_bytes = 3 * kCacheBlockTokens * row_bytes(dtype, 16);
    const PagesOptions options{3, dtype, 5};
    CHECK_EQ(Pages::bytes(model->spec(), options), 2 * 2 * n_bytes);
    Pages pages(model, options);
    CHECK_EQ(pages.blocks().n_all(), 3);
    CHECK_EQ(pages.memories().n_all(), 0);
    const auto layers = pages.layers();
    CHECK_EQ(layers.size(), 2u);
    CHECK(layers[1].dtype == dtype);
    CHECK_EQ(static_cast<std::byte*>(layers[0].v) - static_cast<std::byte*>(layers[0].k), n_bytes);
    CHECK_EQ(static_cast<std::byte*>(layers[1].k) - static_cast<std::byte*>(layers[0].k), 2 * n_bytes);
    for (const CachedKeyValues& layer : layers) {
      std::memset(layer.k, 1, static_cast<size_t>(n_bytes));
      std::memset(layer.v, 1, static_cast<size_t>(n_bytes));
    }
  }
}

TEST(a_block_is_copied_in_all_layers) {
  TinyOptions o;
  o.head_dim = 32;
  const auto model = tiny_decoder(o);
  for (const DType dtype : {DType::kF32, DType::kBF16, DType::kQ8_0}) {
    Pages pages(model, {3, dtype, 0});
    const int64_t n_bytes = kCacheBlockTokens * row_bytes(dtype, model->spec().layers[0].kv_width());
    uint8_t value = 0;
    const auto block = [&](void* base, int64_t b) { return static_cast<std::byte*>(base) + b * n_bytes; };
    for (const CachedKeyValues& layer : pages.layers())
      for (void* base : {layer.k, layer.v}) std::memset(block(base, 2), ++value, static_cast<size_t>(n_bytes));
    pages.copy_block(2, 0);
    value = 0;
    for (const CachedKeyValues& layer : pages.layers())
      for (void* base : {layer.k, layer.v}) {
        CHECK(std::memcmp(block(base, 0), block(base, 2), static_cast<size_t>(n_bytes)) == 0);
        CHECK(*block(base, 0) == std::byte{++value} && *block(base, 1) == std::byte{0});
      }
  }
}

TEST(formats_that_a_cache_can_have) {
  const auto model = bare_decoder({});  // heads of 8
  Pages::check(model->spec(), DType::kF16);
  CHECK_ERROR(Code::kUnsupported, "whole blocks of 32 for a Q8_0 cache, got 8 (layer 0)",
              Pages::check(model->spec(), DType::kQ8_0));
  CHECK_ERROR(Code::kUnsupported, "got Q4_0 (type id 2)", Pages::check(model->spec(), DType::kQ4_0));
}

TEST(absurd_sizes_saturate) {
  DecoderSpec spec = make_decoder_spec(kMaxLayers, 32, 64);
  for (LayerSpec& layer : spec.layers) {
    layer.n_heads = layer.n_kv_heads = kMaxHeads;
    layer.head_dim = kMaxHeadDim;
  }
  CHECK(Pages::bytes(spec, {INT32_MAX, DType::kF32, INT32_MAX}) > INT64_MAX - 64);
}

TEST(running_memories_lie_apart) {
  TinyOptions o;
  o.n_layers = 3;
  o.mixer = {MixerKind::kDeltaRule, 4, 2, 4, 8, 8, false};
  const auto model = tiny_decoder(o);
  Pages pages(model, {1, DType::kF32, 3});
  CHECK_EQ(pages.memories().n_all(), 3);
  int64_t floats = 0;
  for (size_t l = 0; l < 3; ++l) {
    CHECK_EQ(pages.layers()[l].memory_offset, floats);
    floats += (model->spec().layers[l].mixer.memory_floats(o.width) + 15) / 16 * 16;
  }
  CHECK(floats > 0);
  CHECK_EQ(pages.memory(2) - pages.memory(1), floats);
}

TEST(the_same_adapters_are_worn_as_one) {
  const auto model = tiny_decoder({});
  Pages pages(model, {1, DType::kF32, 0});
  const auto a = random_adapter(model, 1, 2), b = random_adapter(model, 2, 2);
  const std::vector<float> ones = {1.0f, 1.0f}, other = {1.0f, 0.5f};
  const auto both = pages.wear({a, b}, ones);
  CHECK(both == pages.wear({a, b}, ones));
  CHECK(both != pages.wear({a, b}, other) && both != pages.wear({b, a}, ones) && both != pages.wear({a}, ones));
  CHECK(pages.wear({}, {}) == nullptr || pages.wear({}, {})->max_rank() == 0);
}
