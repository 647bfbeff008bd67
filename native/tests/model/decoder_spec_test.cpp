#include "model/decoder_spec.h"

#include <cmath>

#include "model/expect_error.h"

using namespace chaku;

namespace {

LayerSpec good_layer() {
  LayerSpec layer;
  layer.n_heads = 4;
  layer.n_kv_heads = 2;
  layer.head_dim = 8;
  layer.ff_width = 48;
  return layer;
}

template <class Change>
void refused(const char* part, Change change) {
  DecoderSpec spec = make_decoder_spec(2, 32, 64);
  spec.ropes.push_back({RopePairing::kAdjacent, 8, 1.0f, {1, 1, 1, 1}});
  LayerSpec layer = good_layer();
  change(layer);
  CHECK_ERROR(Code::kInvalidArgument, part, check_layer(spec, 1, layer));
}

}  // namespace

TEST(shapes_of_modules) {
  DecoderSpec spec = make_decoder_spec(1, 32, 64);
  spec.layers[0] = good_layer();
  CHECK((spec.shape(Module::kTokenEmbedding, -1) == Shape{64, 32}));
  CHECK((spec.shape(Module::kOutputNorm, -1) == Shape{1, 32}));
  CHECK((spec.shape(Module::kOutput, -1) == Shape{64, 32}));
  CHECK((spec.shape(Module::kAttnQ, 0) == Shape{32, 32}));
  CHECK((spec.shape(Module::kAttnK, 0) == Shape{16, 32}));
  CHECK((spec.shape(Module::kAttnV, 0) == Shape{16, 32}));
  CHECK((spec.shape(Module::kAttnOutput, 0) == Shape{32, 32}));
  CHECK((spec.shape(Module::kAttnQNorm, 0) == Shape{1, 8}));
  CHECK((spec.shape(Module::kFfnNorm, 0) == Shape{1, 32}));
  CHECK((spec.shape(Module::kFfnUp, 0) == Shape{48, 32}));
  CHECK((spec.shape(Module::kFfnDown, 0) == Shape{32, 48}));
}

TEST(sizes_out_of_bounds) {
  CHECK_ERROR(Code::kInvalidArgument, "n_layers", make_decoder_spec(INT32_MAX, 32, 64));
  CHECK_ERROR(Code::kInvalidArgument, "n_layers", make_decoder_spec(0, 32, 64));
  CHECK_ERROR(Code::kInvalidArgument, "width", make_decoder_spec(1, -5, 64));
  CHECK_ERROR(Code::kInvalidArgument, "vocab_size", make_decoder_spec(1, 32, INT32_MAX));
  DecoderSpec spec = make_decoder_spec(1, 32, 64);
  spec.logit_scale = NAN;
  CHECK_ERROR(Code::kInvalidArgument, "logit_scale", check_decoder_spec(spec));
  spec.logit_scale = 1.0f;
  spec.norm_epsilon = -1.0f;
  CHECK_ERROR(Code::kInvalidArgument, "norm_epsilon", check_decoder_spec(spec));
}

TEST(layers) {
  DecoderSpec spec = make_decoder_spec(2, 32, 64);
  check_layer(spec, 1, good_layer());
  CHECK_ERROR(Code::kInvalidArgument, "layer in 0..1", check_layer(spec, 2, good_layer()));
  CHECK_ERROR(Code::kInvalidArgument, "layer in 0..1", check_layer(spec, -1, good_layer()));
  refused("n_heads", [](LayerSpec& l) { l.n_heads = 0; });
  refused("n_kv_heads", [](LayerSpec& l) { l.n_kv_heads = 5; });
  refused("divide", [](LayerSpec& l) { l.n_kv_heads = 3; });
  refused("head_dim", [](LayerSpec& l) { l.head_dim = INT32_MAX; });
  refused("ff_width", [](LayerSpec& l) { l.ff_width = -1; });
  refused("window", [](LayerSpec& l) { l.window = -1; });
  refused("rope", [](LayerSpec& l) { l.rope = 1; });
  refused("at most head_dim 6", [](LayerSpec& l) { l.head_dim = 6, l.rope = 0; });
  refused("attention_scale", [](LayerSpec& l) { l.attention_scale = INFINITY; });
  LayerSpec other = good_layer();
  other.activation = static_cast<Activation>(7);
  CHECK_ERROR(Code::kUnsupported, "activation", check_layer(spec, 0, other));
}

TEST(ropes) {
  check_rope({RopePairing::kHalves, 8, 1.0f, {1, 1, 1, 1}});
  CHECK_ERROR(Code::kInvalidArgument, "pairing", check_rope({static_cast<RopePairing>(2), 8, 1.0f, {}}));
  CHECK_ERROR(Code::kInvalidArgument, "even", check_rope({RopePairing::kHalves, 7, 1.0f, {}}));
  CHECK_ERROR(Code::kInvalidArgument, "n_dims", check_rope({RopePairing::kHalves, -2, 1.0f, {}}));
  CHECK_ERROR(Code::kInvalidArgument, "magnitude", check_rope({RopePairing::kHalves, 8, NAN, {}}));
  CHECK_ERROR(Code::kInvalidArgument, "pair 1", check_rope({RopePairing::kHalves, 4, 1.0f, {1, HUGE_VAL}}));
}

TEST(names) {
  CHECK(module_name(Module::kFfnGate, 3) == "ffn_gate of layer 3");
  CHECK(module_name(Module::kOutput, -1) == "output");
  CHECK(is_module(0) && is_module(4) && is_module(21) && is_module(23) && is_module(55));
  CHECK(!is_module(-1) && !is_module(22) && !is_module(56));  // 22 is made by the model itself
}
