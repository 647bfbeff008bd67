// The architecture as data: what a family's metadata says of a decoder, with no family's name in it.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "kernels/causal_convolution.h"
#include "kernels/delta_rule.h"
#include "kernels/elementwise.h"
#include "kernels/rope.h"
#include "kernels/router.h"

namespace chaku {

// Values equal CHAKU_TOKEN_EMBEDDING ... of chaku.h.
enum class Module : int32_t {
  kTokenEmbedding = 0,
  kOutputNorm = 1,
  kOutput = 2,
  kPositionEmbedding = 3,
  kEmbeddingNorm = 4,
  kLayerInputTable = 5,
  kLayerInputProjection = 6,
  kLayerInputNorm = 7,
  kAttnNorm = 8,
  kAttnQ = 9,
  kAttnK = 10,
  kAttnV = 11,
  kAttnOutput = 12,
  kAttnQNorm = 13,
  kAttnKNorm = 14,
  kFfnNorm = 15,
  kFfnGate = 16,
  kFfnUp = 17,
  kFfnDown = 18,
  kAttnPostNorm = 19,
  kFfnPostNorm = 20,
  kSharedRouter = 21,
  kAttnVNorm = 22,  // ones that a sealed model makes itself
  kSelectionBias = 23,
  kExpertGate = 24,
  kExpertUp = 25,
  kExpertDown = 26,
  kSharedGate = 27,
  kSharedUp = 28,
  kSharedDown = 29,
  kRouter = 30,
  kAttnSinks = 31,
  kMixIn = 32,
  kMixGate = 33,
  kMixInputGate = 34,
  kMixBeta = 35,
  kMixAlpha = 36,
  kMixOut = 37,
  kMixTaps = 38,
  kMixRate = 39,
  kMixNorm = 40,
  kAttnQA = 41,
  kAttnQB = 42,
  kAttnKvA = 43,
  kAttnKB = 44,
  kAttnVB = 45,
  kAttnKvB = 46,
  kAttnQANorm = 47,
  kAttnKvANorm = 48,
  kLayerInputGate = 49,
  kLayerInputOut = 50,
  kLayerInputPostNorm = 51,
  kTypeEmbedding = 52,  // outside layers, as those that follow
  kHeadDense = 53,
  kHeadNorm = 54,
  kHeadOut = 55,
};

// Values equal CHAKU_WEIGHT ... of chaku.h.
enum class TensorKind : int32_t { kWeight = 0, kBias = 1, kLoraA = 2, kLoraB = 3, kMagnitude = 4 };

// The products that a layer may have: a dense one the first seven, in the order in which a forward pass makes them; one
// with experts (see model/experts.h) has those in place of gate, up and down; one with a running memory (see
// model/mixer.h) has others in place of the first four; one with latent attention (see model/latent_attention.h) in
// place of the first three; and each may end with an input of its own (see model/layer_inputs.h).
enum LayerLinear : int32_t {
  kLinearQ,
  kLinearK,
  kLinearV,
  kLinearO,
  kLinearGate,
  kLinearUp,
  kLinearDown,
  kLinearRouter,
  kLinearExpertGate,
  kLinearExpertUp,
  kLinearExpertDown,
  kLinearSharedRouter,
  kLinearSharedGate,
  kLinearSharedUp,
  kLinearSharedDown,
  kLinearMixIn,
  kLinearMixGate,
  kLinearMixInputGate,
  kLinearMixBeta,
  kLinearMixAlpha,
  kLinearMixOut,
  kLinearQA,
  kLinearKvA,
  kLinearQB,
  kLinearKB,
  kLinearVB,
  kLinearKvB,  // low-rank additions to the last two together, without a weight
  kLinearLayerGate,
  kLinearLayerOut,
  kLayerLinears
};

// The vectors of a layer that are no biases: its norms, the sinks of its attention, what a mixer has beside products,
// and what is added to experts' scores for their selection alone.
enum LayerNorm : int32_t {
  kNormAttn,
  kNormQ,
  kNormK,
  kNormFfn,
  kNormAttnPost,
  kNormFfnPost,
  kSinks,
  kMixTaps,
  kMixRate,
  kMixNorm,
  kNormQA,
  kNormKvA,
  kNormV,
  kNormLayerInput,
  kSelection,
  kLayerNorms
};

inline constexpr std::array<Module, kLayerLinears> kLinearModules = {
    Module::kAttnQ,      Module::kAttnK,        Module::kAttnV,          Module::kAttnOutput,   Module::kFfnGate,
    Module::kFfnUp,      Module::kFfnDown,      Module::kRouter,         Module::kExpertGate,   Module::kExpertUp,
    Module::kExpertDown, Module::kSharedRouter, Module::kSharedGate,     Module::kSharedUp,     Module::kSharedDown,
    Module::kMixIn,      Module::kMixGate,      Module::kMixInputGate,   Module::kMixBeta,      Module::kMixAlpha,
    Module::kMixOut,     Module::kAttnQA,       Module::kAttnKvA,        Module::kAttnQB,       Module::kAttnKB,
    Module::kAttnVB,     Module::kAttnKvB,      Module::kLayerInputGate, Module::kLayerInputOut};
inline constexpr std::array<Module, kLayerNorms> kNormModules = {Module::kAttnNorm,     Module::kAttnQNorm,
                                                                 Module::kAttnKNorm,    Module::kFfnNorm,
                                                                 Module::kAttnPostNorm, Module::kFfnPostNorm,
                                                                 Module::kAttnSinks,    Module::kMixTaps,
                                                                 Module::kMixRate,      Module::kMixNorm,
                                                                 Module::kAttnQANorm,   Module::kAttnKvANorm,
                                                                 Module::kAttnVNorm,    Module::kLayerInputPostNorm,
                                                                 Module::kSelectionBias};

struct RopeSpec {
  RopePairing pairing = RopePairing::kAdjacent;
  int32_t n_dims = 0;
  float magnitude = 1.0f;
  std::vector<double> inverse_frequencies = {};  // [n_dims/2], radians per position; with long_after twice as many
  int32_t long_after = 0;  // contexts of more tokens turn by the second half of the frequencies; 0: none do
};

// Values equal CHAKU_NORM_* of chaku.h.
enum class NormKind : int32_t { kRms = 0, kLayer = 1 };

struct Shape {
  int64_t rows = 0, columns = 0;
  bool operator==(const Shape&) const = default;
};

// Values equal CHAKU_MIXER_* of chaku.h.
enum class MixerKind : int32_t { kNone = 0, kShortConvolution = 1, kDeltaRule = 2 };

// A half block with a running memory in place of attention; see model/mixer.h. Heads and dims are the delta rule's.
struct MixerSpec {
  MixerKind kind = MixerKind::kNone;
  int32_t taps = 0;  // L of the convolution
  int32_t n_key_heads = 0, n_value_heads = 0, key_dim = 0, value_dim = 0;
  bool tiled = false;  // value head h has key head h % Hk, else h / (Hv/Hk)

  // What passes the convolution, and what the half block gives out, of a decoder of this width.
  int64_t channels(int64_t width) const noexcept {
    return kind == MixerKind::kDeltaRule ? 2 * int64_t{n_key_heads} * key_dim + inner(width) : width;
  }
  int64_t inner(int64_t width) const noexcept {
    return kind == MixerKind::kDeltaRule ? int64_t{n_value_heads} * value_dim : width;
  }
  // Of a text's running memory: the rows that the convolution will see again, and then the delta rule's matrices.
  int64_t taps_floats(int64_t width) const noexcept {
    return kind == MixerKind::kNone ? 0 : (taps - 1) * channels(width);
  }
  int64_t memory_floats(int64_t width) const noexcept {
    return taps_floats(width) + (kind == MixerKind::kDeltaRule ? int64_t{n_value_heads} * key_dim * value_dim : 0);
  }
};

// Attention over what is compressed of keys and values; see model/latent_attention.h. Its layer has one key head, of
// kv_rank + rope_dim dimensions.
struct LatentSpec {
  int32_t q_rank = 0;     // 0: queries are one product
  int32_t kv_rank = 0;    // 0: ordinary attention
  int32_t plain_dim = 0;  // of a query head, not rotated
  int32_t rope_dim = 0;   // that follow, rotated
  int32_t value_dim = 0;  // of a value head

  int64_t query_dim() const noexcept { return int64_t{plain_dim} + rope_dim; }
};

// What each layer adds of an input of its own, which a token's id and embedding give; see model/layer_inputs.h.
struct LayerInputSpec {
  int32_t width = 0;  // P; 0: none
  float table_scale = 1.0f, projection_scale = 1.0f, scale = 1.0f;
};

// A feed-forward half block of experts, of which a router picks a few for each token; see kernels/router.h.
struct ExpertSpec {
  int32_t n_experts = 0;  // E; 0: a dense layer
  int32_t n_used = 0;     // U
  int32_t ff_width = 0;
  int32_t shared_ff_width = 0;  // of the expert that every token passes through; 0: none
  Gating gating = Gating::kSoftmax;
  bool normalize = false;
  float weights_scale = 1.0f;
  int32_t n_groups = 0;       // 0: experts are selected among all
  int32_t n_groups_used = 0;  // else among those of so many groups
};

struct LayerSpec {
  int32_t n_heads = 0;  // 0: not set yet
  int32_t n_kv_heads = 0;
  int32_t head_dim = 0;
  int32_t ff_width = 0;  // of a dense layer
  Activation activation = Activation::kSilu;
  int32_t window = 0;  // 0: full attention
  int32_t rope = -1;   // index into DecoderSpec::ropes, -1 for none
  float attention_scale = 1.0f;
  float attention_soft_cap = 0.0f;  // 0: none
  float alibi_bias = 0.0f;          // 0: none
  bool parallel = false;            // both half blocks read the layer's input
  bool norm_after_rope = false;     // of query and key heads
  bool gated_query =
      false;  // each query head comes with as many gates, whose sigmoids multiply what attention gives out
  ExpertSpec experts;
  MixerSpec mixer;
  LatentSpec latent;
  int32_t kv_source = -1;        // the layer before it whose keys and values it reads; -1: its own
  bool value_norm = false;       // value heads are normed, without weights
  bool both_ways = false;        // attention sees what follows, too
  bool norm_sums = false;        // post norms are of the stream behind the sum, not of what is added
  bool values_are_keys = false;  // values are the product of keys, before norm and rotation
  float output_scale = 1.0f;     // of the stream behind the layer

  // What the layer's tensors say when the model is sealed, and its sizes until then.
  bool gated = true;               // it has a gate
  Shape q_norm, k_norm;            // of the head norms' weights; none: [1,Dh]
  std::vector<float> slopes = {};  // [H] by which scores fall with distance, from alibi_bias

  Shape head_norm(LayerNorm which) const noexcept {
    const Shape set = which == kNormQ ? q_norm : which == kNormK ? k_norm : Shape{};
    return set.rows > 0 ? set : Shape{1, head_dim};
  }
  // Of the attention's queries, and of its keys; none where a mixer is in its place.
  int64_t q_width() const noexcept { return mixes() ? 0 : int64_t{n_heads} * head_dim; }
  int64_t kv_width() const noexcept { return mixes() ? 0 : int64_t{n_kv_heads} * head_dim; }
  // Of keys that the layer makes itself.
  int64_t own_kv_width() const noexcept { return kv_source < 0 ? kv_width() : 0; }
  // Of what goes to the output product.
  int64_t attended_width() const noexcept { return is_latent() ? int64_t{n_heads} * latent.value_dim : q_width(); }
  bool mixes() const noexcept { return mixer.kind != MixerKind::kNone; }
  bool is_latent() const noexcept { return latent.kv_rank > 0 && !mixes(); }
};

// Values equal CHAKU_HEAD_* of chaku.h.
enum class HeadActivation : int32_t { kNone = 0, kTanh = 1, kGelu = 2 };

// What becomes of a text's pooled row: out(norm(act(dense(row)))), of which a model has what its tensors say.
struct HeadSpec {
  HeadActivation activation = HeadActivation::kNone;
  // Of a sealed model.
  int32_t dense_width = 0;  // 0: no such product
  int32_t out_width = 0;    // likewise
};

struct DecoderSpec {
  int32_t width = 0;
  int32_t vocab_size = 0;
  float norm_epsilon = 1e-5f;
  float embedding_scale = 1.0f, residual_scale = 1.0f, logit_scale = 1.0f;
  NormKind norm_kind = NormKind::kRms;
  float logit_soft_cap = 0.0f;           // 0: none
  float query_temperature = 0.0f;        // 0: none
  int32_t query_temperature_length = 0;  // tokens
  int32_t n_positions = 0;               // that a sealed model embeds, 0: it embeds none
  int32_t n_types = 0;                   // of tokens, that a sealed model embeds, 0: none
  HeadSpec head;
  LayerInputSpec layer_inputs;
  std::vector<RopeSpec> ropes;
  std::vector<LayerSpec> layers;

  bool mixes() const noexcept;  // any layer
  // Whether no token sees one behind it, so that a text can be read part by part, generated, and trained on.
  bool looks_back() const noexcept;
  // Of what a head gives for a row of the width.
  int32_t head_width() const noexcept {
    return head.out_width > 0 ? head.out_width : head.dense_width > 0 ? head.dense_width : width;
  }
  // Whether no layer behind this one makes keys and values, so that it need compute no row that nobody asks for.
  bool ends_keys(int32_t layer) const noexcept;
  // Whether layers behind this one read its keys and values.
  bool shares_keys(int32_t layer) const noexcept;
  int32_t n_layers() const noexcept { return static_cast<int32_t>(layers.size()); }
  // Floats that all layers have as inputs of their own.
  int64_t n_layer_inputs() const noexcept { return int64_t{layer_inputs.width} * n_layers(); }
  // Of the product `linear` of a layer that is set; no rows: the layer has no such product.
  Shape shape(int32_t layer, LayerLinear linear) const noexcept;
  // Of the weight of any module; layer is -1 outside layers and set otherwise.
  Shape shape(Module module, int32_t layer) const noexcept;
  bool has(int32_t layer, LayerLinear linear) const noexcept { return shape(layer, linear).rows > 0; }
  // How many matrices are stacked in the product's weight: E where it is one of experts, else 1.
  int64_t n_stacked(int32_t layer, LayerLinear linear) const noexcept;
};

// Bounds that keep every product of sizes within int64 and a hostile description within memory.
inline constexpr int32_t kMaxLayers = 1 << 14;
inline constexpr int32_t kMaxWidth = 1 << 20;
inline constexpr int32_t kMaxVocab = 1 << 24;
inline constexpr int32_t kMaxHeads = 1 << 14;
inline constexpr int32_t kMaxHeadDim = 1 << 12;
inline constexpr int32_t kMaxTokens = 1 << 24;
inline constexpr int32_t kMaxRank = 1 << 14;
inline constexpr int32_t kMaxExperts = 1 << 12;

// Throw Error(kInvalidArgument) that names the field, the bounds and the value.
DecoderSpec make_decoder_spec(int32_t n_layers, int32_t width, int32_t vocab_size);
void check_decoder_spec(const DecoderSpec& spec);
void check_rope(const RopeSpec& rope);
void check_layer(const DecoderSpec& spec, int32_t layer, const LayerSpec& options);
// Of a layer that is set.
void check_experts(const DecoderSpec& spec, int32_t layer, const ExpertSpec& options);
void check_mixer(const DecoderSpec& spec, int32_t layer, const MixerSpec& options);
void check_latent(const DecoderSpec& spec, int32_t layer, const LatentSpec& options);
void check_kv_source(const DecoderSpec& spec, int32_t layer, int32_t source);
void check_output_scale(const DecoderSpec& spec, int32_t layer, float scale);
void check_layer_inputs(const LayerInputSpec& options);
void check_head(const HeadSpec& options);

// The product that `module` names, or -1.
int32_t linear_of(Module module) noexcept;
// Whether the product is one of experts: its weight holds E matrices, each with additions of its own.
constexpr bool is_stacked(LayerLinear linear) noexcept {
  return linear == kLinearExpertGate || linear == kLinearExpertUp || linear == kLinearExpertDown;
}
constexpr bool is_router(Module module) noexcept {
  return module == Module::kRouter || module == Module::kSharedRouter;
}
// Whether low-rank additions can be made to the product.
bool is_adaptable(Module module) noexcept;
// The norm within a layer that `module` names, or -1.
int32_t norm_of(Module module) noexcept;
// Whether the module's weight is a vector: a norm's, or sinks.
bool is_vector(Module module) noexcept;
// Whether the value names a module at all.
bool is_module(int32_t module) noexcept;
inline bool is_layer_module(Module module) noexcept {
  return static_cast<int32_t>(module) >= 8 && module < Module::kTypeEmbedding;
}

// How scores fall with distance, per head (Press et al., 2022): bias_h = -slope_h * distance.
std::vector<float> alibi_slopes(float bias, int32_t n_heads);

// "attn_q of layer 3", "output_norm": for messages.
std::string module_name(Module module, int32_t layer);

}  // namespace chaku
