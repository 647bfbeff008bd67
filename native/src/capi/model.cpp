#include "model/model.h"

#include "capi/boundary.h"
#include "capi/handles.h"

using namespace chaku;

namespace {

TensorOptions convert(const chaku_tensor_options& t) {
  if (!is_module(t.module)) fail(Code::kInvalidArgument, "[set_tensor] expected a module of chaku.h, got %d", t.module);
  if (t.kind != CHAKU_WEIGHT && t.kind != CHAKU_BIAS)
    fail(Code::kInvalidArgument, "[set_tensor] expected kind %d or %d, got %d", CHAKU_WEIGHT, CHAKU_BIAS, t.kind);
  if (find_dtype(t.dtype) == nullptr)
    fail(Code::kUnsupported, "[set_tensor] expected a known block format, got type id %d (%s)", t.dtype,
         module_name(static_cast<Module>(t.module), t.layer).c_str());
  return {static_cast<Module>(t.module),
          static_cast<TensorKind>(t.kind),
          t.layer,
          static_cast<DType>(t.dtype),
          {t.rows, t.columns}};
}

LayerSpec convert(const chaku_layer_options& o) {
  constexpr int32_t kFlags = CHAKU_LAYER_PARALLEL | CHAKU_LAYER_NORM_AFTER_ROPE | CHAKU_LAYER_GATED_QUERY |
                             CHAKU_LAYER_NORM_VALUES | CHAKU_LAYER_VALUES_ARE_KEYS | CHAKU_LAYER_BOTH_WAYS |
                             CHAKU_LAYER_NORM_SUMS;
  if ((o.flags & ~kFlags) != 0)
    fail(Code::kInvalidArgument, "[set_layer] expected flags among 0x%x, got 0x%x", kFlags, o.flags);
  LayerSpec layer;
  layer.n_heads = o.n_heads;
  layer.n_kv_heads = o.n_kv_heads;
  layer.head_dim = o.head_dim;
  layer.ff_width = o.ff_width;
  layer.activation = static_cast<Activation>(o.activation);
  layer.window = o.window;
  layer.rope = o.rope;
  layer.attention_scale = o.attention_scale;
  layer.attention_soft_cap = o.attention_soft_cap;
  layer.alibi_bias = o.alibi_bias;
  layer.parallel = (o.flags & CHAKU_LAYER_PARALLEL) != 0;
  layer.norm_after_rope = (o.flags & CHAKU_LAYER_NORM_AFTER_ROPE) != 0;
  layer.gated_query = (o.flags & CHAKU_LAYER_GATED_QUERY) != 0;
  layer.value_norm = (o.flags & CHAKU_LAYER_NORM_VALUES) != 0;
  layer.values_are_keys = (o.flags & CHAKU_LAYER_VALUES_ARE_KEYS) != 0;
  layer.both_ways = (o.flags & CHAKU_LAYER_BOTH_WAYS) != 0;
  layer.norm_sums = (o.flags & CHAKU_LAYER_NORM_SUMS) != 0;
  return layer;
}

Model& require_model(const char* op, chaku_model* model) { return *capi::require(op, "model", model).shared; }

}  // namespace

extern "C" chaku_status chaku_model_create(chaku_engine* engine, const chaku_decoder_options* options,
                                           chaku_model** out) {
  return capi::guarded("model_create", [&] {
    const auto& shared = capi::require("model_create", "engine", engine).shared;
    const chaku_decoder_options& o = capi::require_struct("model_create", "options", options);
    capi::require("model_create", "out", out);
    DecoderSpec spec = make_decoder_spec(o.n_layers, o.width, o.vocab_size);
    spec.norm_epsilon = o.norm_epsilon;
    spec.embedding_scale = o.embedding_scale;
    spec.residual_scale = o.residual_scale;
    spec.logit_scale = o.logit_scale;
    spec.norm_kind = static_cast<NormKind>(o.norm_kind);
    spec.logit_soft_cap = o.logit_soft_cap;
    spec.query_temperature = o.query_temperature;
    spec.query_temperature_length = o.query_temperature_length;
    *out = new chaku_model{std::make_shared<Model>(shared, std::move(spec))};
  });
}

extern "C" void chaku_model_free(chaku_model** model) { capi::free_handle(model); }

extern "C" chaku_status chaku_model_add_rope(chaku_model* model, const chaku_rope_options* options,
                                             const double* inverse_frequencies, int32_t* out_rope) {
  return capi::guarded("add_rope", [&] {
    Model& m = require_model("add_rope", model);
    const chaku_rope_options& o = capi::require_struct("add_rope", "options", options);
    capi::require("add_rope", "inverse_frequencies", inverse_frequencies);
    capi::require("add_rope", "out_rope", out_rope);
    RopeSpec rope;
    rope.pairing = static_cast<RopePairing>(o.pairing);
    rope.n_dims = o.n_dims;
    rope.magnitude = o.magnitude;
    rope.long_after = o.long_after;
    check_rope(rope);  // before the count is believed
    rope.inverse_frequencies.assign(inverse_frequencies,
                                    inverse_frequencies + (o.long_after > 0 ? o.n_dims : o.n_dims / 2));
    *out_rope = m.add_rope(std::move(rope));
  });
}

extern "C" chaku_status chaku_model_set_layer(chaku_model* model, int32_t layer, const chaku_layer_options* options) {
  return capi::guarded("set_layer", [&] {
    Model& m = require_model("set_layer", model);
    m.set_layer(layer, convert(capi::require_struct("set_layer", "options", options)));
  });
}

extern "C" chaku_status chaku_model_set_experts(chaku_model* model, int32_t layer,
                                                const chaku_expert_options* options) {
  return capi::guarded("set_experts", [&] {
    Model& m = require_model("set_experts", model);
    const chaku_expert_options& o = capi::require_struct("set_experts", "options", options);
    if (o.normalize != 0 && o.normalize != 1)
      fail(Code::kInvalidArgument, "[set_experts] expected normalize 0 or 1, got %d", o.normalize);
    ExpertSpec experts;
    experts.n_experts = o.n_experts;
    experts.n_used = o.n_used;
    experts.ff_width = o.ff_width;
    experts.shared_ff_width = o.shared_ff_width;
    experts.gating = static_cast<Gating>(o.gating);
    experts.normalize = o.normalize != 0;
    experts.weights_scale = o.weights_scale;
    experts.n_groups = o.n_groups;
    experts.n_groups_used = o.n_groups_used;
    m.set_experts(layer, experts);
  });
}

extern "C" chaku_status chaku_model_set_mixer(chaku_model* model, int32_t layer, const chaku_mixer_options* options) {
  return capi::guarded("set_mixer", [&] {
    Model& m = require_model("set_mixer", model);
    const chaku_mixer_options& o = capi::require_struct("set_mixer", "options", options);
    m.set_mixer(layer, {static_cast<MixerKind>(o.kind), o.taps, o.n_key_heads, o.n_value_heads, o.key_dim, o.value_dim,
                        o.tiled != 0});
  });
}

extern "C" chaku_status chaku_model_set_latent(chaku_model* model, int32_t layer, const chaku_latent_options* options) {
  return capi::guarded("set_latent", [&] {
    Model& m = require_model("set_latent", model);
    const chaku_latent_options& o = capi::require_struct("set_latent", "options", options);
    m.set_latent(layer, {o.q_rank, o.kv_rank, o.plain_dim, o.rope_dim, o.value_dim});
  });
}

extern "C" chaku_status chaku_model_set_kv_source(chaku_model* model, int32_t layer, int32_t source) {
  return capi::guarded("set_kv_source", [&] { require_model("set_kv_source", model).set_kv_source(layer, source); });
}

extern "C" chaku_status chaku_model_set_output_scale(chaku_model* model, int32_t layer, float scale) {
  return capi::guarded("set_output_scale",
                       [&] { require_model("set_output_scale", model).set_output_scale(layer, scale); });
}

extern "C" chaku_status chaku_model_set_layer_inputs(chaku_model* model, const chaku_layer_input_options* options) {
  return capi::guarded("set_layer_inputs", [&] {
    Model& m = require_model("set_layer_inputs", model);
    const chaku_layer_input_options& o = capi::require_struct("set_layer_inputs", "options", options);
    m.set_layer_inputs({o.width, o.table_scale, o.projection_scale, o.scale});
  });
}

extern "C" chaku_status chaku_model_set_head(chaku_model* model, int32_t activation) {
  return capi::guarded("set_head", [&] {
    HeadSpec head;
    head.activation = static_cast<HeadActivation>(activation);
    require_model("set_head", model).set_head(head);
  });
}

extern "C" chaku_status chaku_model_map_file(chaku_model* model, const char* path, int64_t file_bytes,
                                             int32_t* out_file) {
  return capi::guarded("map_file", [&] {
    Model& m = require_model("map_file", model);
    capi::require("map_file", "path", path);
    capi::require("map_file", "out_file", out_file);
    *out_file = m.map_file(path, file_bytes);
  });
}

extern "C" chaku_status chaku_model_set_tensor_mapped(chaku_model* model, const chaku_tensor_options* tensor,
                                                      int32_t file, int64_t offset) {
  return capi::guarded("set_tensor", [&] {
    Model& m = require_model("set_tensor", model);
    m.set_tensor_mapped(convert(capi::require_struct("set_tensor", "tensor", tensor)), file, offset);
  });
}

extern "C" chaku_status chaku_model_set_tensor_data(chaku_model* model, const chaku_tensor_options* tensor,
                                                    const void* data, int64_t data_bytes) {
  return capi::guarded("set_tensor", [&] {
    Model& m = require_model("set_tensor", model);
    const TensorOptions options = convert(capi::require_struct("set_tensor", "tensor", tensor));
    if (data == nullptr) fail(Code::kInvalidArgument, "[set_tensor] expected data, got null");
    m.set_tensor_data(options, data, data_bytes);
  });
}

extern "C" chaku_status chaku_model_set_tensor_random(chaku_model* model, const chaku_tensor_options* tensor,
                                                      float mean, float deviation, uint64_t seed) {
  return capi::guarded("set_tensor", [&] {
    Model& m = require_model("set_tensor", model);
    m.set_tensor_random(convert(capi::require_struct("set_tensor", "tensor", tensor)), mean, deviation, seed);
  });
}

extern "C" chaku_status chaku_model_seal(chaku_model* model) {
  return capi::guarded("seal", [&] { require_model("seal", model).seal(); });
}
