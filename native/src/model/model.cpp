#include "model/model.h"

#include <algorithm>
#include <cmath>

#include "base/cpu_features.h"
#include "base/error.h"
#include "quant/codec.h"

namespace chaku {
namespace {

// Norms and biases are read as floats by the kernels; the other tensors go through their format's code.
bool is_float(const TensorOptions& t) noexcept { return t.kind == TensorKind::kBias || is_vector(t.module); }

bool takes_bias(const DecoderSpec& spec, Module module) noexcept {
  if (is_vector(module))
    return spec.norm_kind == NormKind::kLayer && module != Module::kSelectionBias &&
           (module < Module::kAttnSinks || module == Module::kHeadNorm);
  if (module == Module::kHeadDense || module == Module::kHeadOut) return true;
  if (module == Module::kTypeEmbedding) return false;
  if (module >= Module::kSharedGate && module <= Module::kSharedDown) return false;
  if (module >= Module::kMixIn) return module == Module::kMixAlpha;
  return module == Module::kOutput || (linear_of(module) >= 0 && module != Module::kSharedRouter);
}

std::string tensor_name(Module module, int32_t layer, TensorKind kind) {
  return (kind == TensorKind::kBias ? "bias of " : "") + module_name(module, layer);
}

std::string tensor_name(const TensorOptions& t) { return tensor_name(t.module, t.layer, t.kind); }

// What a tensor takes of its layer's window.
int64_t in_window(int64_t n_bytes) noexcept {
  constexpr int64_t k = StreamedLayers::kAlignment;
  return (n_bytes + k - 1) / k * k;
}

void check_allocation(const TensorOptions& tensor, int64_t n_bytes) {
  const int64_t available = available_memory_bytes();
  if (available >= 0 && n_bytes > available)
    fail(Code::kMemoryLimit, "[set_tensor] expected at most %lld available bytes, got %lld (%s)",
         static_cast<long long>(available), static_cast<long long>(n_bytes), tensor_name(tensor).c_str());
}

// What a layer is made of, when its tensors are known.
void check_parts(const LayerSpec& spec, const LayerWeights& w, int32_t layer) {
  if (spec.experts.n_experts > 0 && (spec.parallel || w.norms[kNormFfn] == nullptr || w.norms[kNormFfnPost] != nullptr))
    fail(Code::kUnsupported, "[seal] expected a layer of experts with ffn_norm alone around them (layer %d)", layer);
  if (spec.mixes()) {
    if (spec.parallel || w.norms[kNormAttn] == nullptr)
      fail(Code::kUnsupported, "[seal] expected attn_norm before a running memory, and no parallel halves (layer %d)",
           layer);
    const bool delta = spec.mixer.kind == MixerKind::kDeltaRule;
    if (w.norms[kMixTaps] == nullptr || (delta && (w.norms[kMixRate] == nullptr || w.norms[kMixNorm] == nullptr)))
      fail(Code::kInvalidState, "[seal] expected the taps, and of the delta rule rate and norm (layer %d)", layer);
  }
  if (spec.is_latent() && (spec.parallel || w.norms[kNormAttn] == nullptr || w.norms[kNormKvA] == nullptr ||
                           (spec.latent.q_rank > 0) != (w.norms[kNormQA] != nullptr) || w.norms[kNormQ] != nullptr ||
                           w.norms[kNormK] != nullptr))
    fail(Code::kUnsupported,
         "[seal] expected latent attention with attn_norm and norms of what is compressed, without head norms and "
         "parallel halves (layer %d)",
         layer);
  if (spec.values_are_keys && !spec.value_norm)
    fail(Code::kUnsupported, "[seal] expected a norm of values that are keys, got none (layer %d)", layer);
  if (spec.norm_sums && (spec.mixes() || w.norms[kNormAttnPost] == nullptr || w.norms[kNormFfnPost] == nullptr))
    fail(Code::kUnsupported, "[seal] expected attention and post norms in a layer that norms its sums (layer %d)",
         layer);
  if (spec.norm_sums && !spec.both_ways)
    fail(Code::kUnsupported, "[seal] expected norms of sums where attention looks both ways alone (layer %d)", layer);
  if (spec.both_ways && (spec.mixes() || spec.is_latent() || spec.kv_source >= 0))
    fail(Code::kUnsupported,
         "[seal] expected ordinary attention with keys of its own where it looks both ways (layer %d)", layer);
  if (!spec.parallel) return;
  if (spec.kv_source >= 0)
    fail(Code::kUnsupported, "[seal] expected a parallel layer with keys of its own (layer %d)", layer);
  if (w.norms[kNormAttn] == nullptr)
    fail(Code::kUnsupported, "[seal] expected a parallel layer with attn_norm, got none (layer %d)", layer);
  if (w.norms[kNormAttnPost] != nullptr || w.norms[kNormFfnPost] != nullptr)
    fail(Code::kUnsupported, "[seal] expected a parallel layer without post norms, got one (layer %d)", layer);
}

}  // namespace

Model::Model(std::shared_ptr<const Engine> engine, DecoderSpec spec)
    : engine_(std::move(engine)), spec_(std::move(spec)) {
  check_decoder_spec(spec_);
}

void Model::check_open(const char* op) const {
  if (sealed_) fail(Code::kInvalidState, "[%s] expected a model under construction, got a sealed one", op);
}

int32_t Model::add_rope(RopeSpec rope) {
  check_open("add_rope");
  check_rope(rope);
  spec_.ropes.push_back(std::move(rope));
  return static_cast<int32_t>(spec_.ropes.size()) - 1;
}

void Model::set_layer(int32_t layer, const LayerSpec& options) {
  check_open("set_layer");
  check_layer(spec_, layer, options);
  LayerSpec& l = spec_.layers[static_cast<size_t>(layer)];
  l = options;
  l.slopes = l.alibi_bias > 0.0f ? alibi_slopes(l.alibi_bias, l.n_heads) : std::vector<float>{};
}

void Model::set_experts(int32_t layer, const ExpertSpec& options) {
  check_open("set_experts");
  check_experts(spec_, layer, options);
  spec_.layers[static_cast<size_t>(layer)].experts = options;
}

void Model::set_mixer(int32_t layer, const MixerSpec& options) {
  check_open("set_mixer");
  check_mixer(spec_, layer, options);
  spec_.layers[static_cast<size_t>(layer)].mixer = options;
}

void Model::set_latent(int32_t layer, const LatentSpec& options) {
  check_open("set_latent");
  check_latent(spec_, layer, options);
  spec_.layers[static_cast<size_t>(layer)].latent = options;
}

void Model::set_kv_source(int32_t layer, int32_t source) {
  check_open("set_kv_source");
  check_kv_source(spec_, layer, source);
  spec_.layers[static_cast<size_t>(layer)].kv_source = source;
}

void Model::set_output_scale(int32_t layer, float scale) {
  check_open("set_output_scale");
  check_output_scale(spec_, layer, scale);
  spec_.layers[static_cast<size_t>(layer)].output_scale = scale;
}

void Model::set_layer_inputs(const LayerInputSpec& options) {
  check_open("set_layer_inputs");
  check_layer_inputs(options);
  spec_.layer_inputs = options;
}

void Model::set_head(const HeadSpec& options) {
  check_open("set_head");
  check_head(options);
  spec_.head = options;
}

int32_t Model::map_file(const char* path, int64_t file_bytes) {
  check_open("map_file");
  files_.emplace_back(path, file_bytes);
  return static_cast<int32_t>(files_.size()) - 1;
}

// Returns the tensor's bytes.
int64_t Model::check_tensor(const TensorOptions& tensor) const {
  check_open("set_tensor");
  const std::string name = tensor_name(tensor);
  const bool in_layer = is_layer_module(tensor.module);
  if (in_layer ? tensor.layer < 0 || tensor.layer >= spec_.n_layers() : tensor.layer != -1)
    fail(Code::kInvalidArgument, "[set_tensor] expected layer %s%d, got %d (%s)", in_layer ? "0.." : "",
         in_layer ? spec_.n_layers() - 1 : -1, tensor.layer, name.c_str());
  if (tensor.kind == TensorKind::kBias && !takes_bias(spec_, tensor.module))
    fail(Code::kInvalidArgument, "[set_tensor] expected a module that takes a bias, got %s", name.c_str());
  if (tensors_.contains({tensor.layer, tensor.module, tensor.kind}))
    fail(Code::kInvalidArgument, "[set_tensor] expected each tensor once, got it again (%s)", name.c_str());
  const DTypeInfo& info = dtype_info(tensor.dtype);
  if (is_float(tensor) && tensor.dtype != DType::kF32 && tensor.dtype != DType::kF16 && tensor.dtype != DType::kBF16)
    fail(Code::kUnsupported, "[set_tensor] expected F32, F16 or BF16, got %s (%s)", info.name, name.c_str());
  const auto [rows, columns] = tensor.shape;
  if (rows < 1 || rows > kMaxVocab * int64_t{kMaxHeadDim} || columns < 1 || columns > int64_t{1} << 28)
    fail(Code::kInvalidArgument, "[set_tensor] expected sizes within 1..2^36 x 1..2^28, got [%lld,%lld] (%s)",
         static_cast<long long>(rows), static_cast<long long>(columns), name.c_str());
  if (columns % info.block_elements != 0)
    fail(Code::kInvalidArgument, "[set_tensor] expected columns in whole blocks of %d (%s), got %lld (%s)",
         info.block_elements, info.name, static_cast<long long>(columns), name.c_str());
  int64_t n_bytes = 0;
  if (__builtin_mul_overflow(row_bytes(tensor.dtype, columns), rows, &n_bytes))
    fail(Code::kInvalidArgument, "[set_tensor] expected a size within 63 bits, got [%lld,%lld] (%s)",
         static_cast<long long>(rows), static_cast<long long>(columns), name.c_str());
  return n_bytes;
}

// Registers a tensor; converts or copies what the kernels could not read as it is, and places it.
void Model::adopt(const TensorOptions& tensor, StagedTensor staged) {
  if (is_float(tensor) && tensor.dtype != DType::kF32) {
    staged.decode();
  } else if (!staged.is_aligned()) {
    check_allocation(tensor, row_bytes(tensor.dtype, tensor.shape.columns) * tensor.shape.rows);
    staged.align();
  }
  Tensor adopted{tensor.shape, std::move(staged), {}};
  if (engine_->device().shares_host_memory()) adopted.placed = std::move(adopted.staged).place(engine_->device());
  tensors_.emplace(Key{tensor.layer, tensor.module, tensor.kind}, std::move(adopted));
}

void Model::set_tensor_mapped(const TensorOptions& tensor, int32_t file, int64_t offset) {
  const int64_t n_bytes = check_tensor(tensor);
  if (file < 0 || static_cast<size_t>(file) >= files_.size())
    fail(Code::kInvalidArgument, "[set_tensor] expected one of %zu mapped files, got index %d (%s)", files_.size(),
         file, tensor_name(tensor).c_str());
  const MappedRange& range = files_[static_cast<size_t>(file)];
  if (offset < 0 || n_bytes > range.n_bytes() || offset > range.n_bytes() - n_bytes)
    fail(Code::kBadData, "[set_tensor] expected %lld bytes at offset %lld within the file's %lld bytes (%s)",
         static_cast<long long>(n_bytes), static_cast<long long>(offset), static_cast<long long>(range.n_bytes()),
         tensor_name(tensor).c_str());
  adopt(tensor, StagedTensor::borrowed({range.data() + offset, tensor.dtype, tensor.shape.rows, tensor.shape.columns}));
}

void Model::set_tensor_data(const TensorOptions& tensor, const void* data, int64_t data_bytes) {
  const int64_t n_bytes = check_tensor(tensor);
  if (data_bytes != n_bytes)
    fail(Code::kInvalidArgument, "[set_tensor] expected %lld bytes, got %lld (%s)", static_cast<long long>(n_bytes),
         static_cast<long long>(data_bytes), tensor_name(tensor).c_str());
  check_allocation(tensor, n_bytes);
  adopt(tensor, StagedTensor::copied({data, tensor.dtype, tensor.shape.rows, tensor.shape.columns}));
}

void Model::set_tensor_random(const TensorOptions& tensor, float mean, float deviation, uint64_t seed) {
  const int64_t n_bytes = check_tensor(tensor);
  if (!std::isfinite(mean) || !std::isfinite(deviation) || deviation < 0.0f)
    fail(Code::kInvalidArgument, "[set_tensor] expected a finite mean and deviation >= 0, got %g and %g (%s)", mean,
         deviation, tensor_name(tensor).c_str());
  if (tensor.dtype != DType::kF32 && !can_quantize(tensor.dtype))
    fail(Code::kUnsupported, "[set_tensor] expected a format that can be encoded, got %s (%s)",
         dtype_info(tensor.dtype).name, tensor_name(tensor).c_str());
  check_allocation(tensor, n_bytes);
  adopt(tensor, StagedTensor::random({nullptr, tensor.dtype, tensor.shape.rows, tensor.shape.columns},
                                     {mean, deviation, seed}, engine_->device().queue()));
}

const Model::Tensor* Model::find(Module module, int32_t layer, TensorKind kind) const {
  const auto at = tensors_.find({layer, module, kind});
  return at == tensors_.end() ? nullptr : &at->second;
}

const Model::Tensor& Model::require(Module module, int32_t layer) const {
  const Tensor* tensor = find(module, layer, TensorKind::kWeight);
  if (tensor == nullptr)
    fail(Code::kInvalidState, "[seal] expected %s, got no such tensor", module_name(module, layer).c_str());
  return *tensor;
}

// Lets the spec say what the tensors alone decide: which optional parts are there, and the sizes that may be one of
// several. What is none of those stays as it was and fails in check_shapes().
void Model::read_parts() {
  const auto rows = [&](Module module) {
    const Tensor* tensor = find(module, -1, TensorKind::kWeight);
    return tensor == nullptr ? 0 : static_cast<int32_t>(std::min<int64_t>(tensor->shape.rows, INT32_MAX));
  };
  spec_.n_positions = rows(Module::kPositionEmbedding);
  spec_.n_types = rows(Module::kTypeEmbedding);
  spec_.head.dense_width = rows(Module::kHeadDense);
  spec_.head.out_width = rows(Module::kHeadOut);
  for (int32_t l = 0; l < spec_.n_layers(); ++l) {
    LayerSpec& layer = spec_.layers[static_cast<size_t>(l)];
    layer.gated = find(Module::kFfnGate, l, TensorKind::kWeight) != nullptr;
    const auto head_norm = [&](Module module, int32_t n_heads, Shape& shape) {
      const Tensor* tensor = find(module, l, TensorKind::kWeight);
      const int64_t dim = layer.head_dim;
      if (tensor != nullptr && (tensor->shape == Shape{n_heads, dim} || tensor->shape == Shape{1, n_heads * dim}))
        shape = tensor->shape;
    };
    head_norm(Module::kAttnQNorm, layer.n_heads, layer.q_norm);
    head_norm(Module::kAttnKNorm, layer.n_kv_heads, layer.k_norm);
  }
}

void Model::check_shapes() const {
  for (const auto& [key, tensor] : tensors_) {
    const auto& [layer, module, kind] = key;
    Shape expected = spec_.shape(module, layer);
    if (expected.rows == 0 || expected.columns == 0 || module == Module::kAttnKvB)
      fail(Code::kInvalidArgument, "[seal] expected no %s beside what the layer is made of, got one",
           tensor_name(module, layer, kind).c_str());
    if (kind == TensorKind::kBias && !is_vector(module)) expected = {1, expected.rows};
    if (tensor.shape != expected)
      fail(Code::kInvalidArgument, "[seal] expected shape [%lld,%lld], got [%lld,%lld] (%s)",
           static_cast<long long>(expected.rows), static_cast<long long>(expected.columns),
           static_cast<long long>(tensor.shape.rows), static_cast<long long>(tensor.shape.columns),
           tensor_name(module, layer, kind).c_str());
  }
}

// Whether a tensor goes with its layer, where that does not stay on the device: all but vectors.
bool Model::streams(const Key& key) noexcept {
  const auto& [layer, module, kind] = key;
  return layer >= 0 && kind == TensorKind::kWeight && !is_vector(module);
}

int32_t Model::gpu_layers() const noexcept {
  const int32_t n = engine_->chosen().gpu_layers;
  return n < 0 || engine_->device().shares_host_memory() ? spec_.n_layers() : std::min(n, spec_.n_layers());
}

// Before anything goes to the device: whether all of it has room there.
void Model::check_room() const {
  const int64_t available = engine_->device().available_bytes(), needed = sizes_.on_device(gpu_layers());
  if (available < 0 || needed <= available) return;
  const auto mebibytes = [](int64_t n_bytes) { return static_cast<double>(n_bytes) / (1 << 20); };
  const int32_t fits = sizes_.most_layers(available);
  const std::string advice = fits < 0 ? "; what is outside layers alone, with windows of two, does not fit"
                                      : "; with gpu_layers " + std::to_string(fits) + " the weights fit";
  fail(
      Code::kMemoryLimit,
      "[seal] expected at most %.1f MiB (available on the device), got %.1f MiB of weights: outside layers %.1f, of %d "
      "of %d layers%s %.1f%s",
      mebibytes(available), mebibytes(needed), mebibytes(sizes_.outside), gpu_layers(), spec_.n_layers(),
      gpu_layers() < spec_.n_layers() ? " and windows of the others" : "", mebibytes(needed - sizes_.outside),
      advice.c_str());
}

// What an earlier seal() that failed has placed stays.
void Model::place_tensors() {
  const bool far = !engine_->device().shares_host_memory();
  sizes_ = {};
  sizes_.layers.resize(spec_.layers.size());
  for (const auto& [key, tensor] : tensors_) {
    const int64_t n_bytes = tensor.bytes();
    if (streams(key))
      sizes_.layers[static_cast<size_t>(std::get<0>(key))] += far ? in_window(n_bytes) : n_bytes;
    else
      sizes_.outside += n_bytes;
  }
  if (!far) return;
  check_room();
  const int32_t n = gpu_layers();
  for (auto& [key, tensor] : tensors_) {
    const bool stays = !streams(key) || stays_on_device(std::get<0>(key), n, spec_.n_layers());
    if (!stays || !tensor.placed.matrix.empty()) continue;
    tensor.placed = std::move(tensor.staged).place(engine_->device());
    tensor.staged = {};
  }
  if (n < spec_.n_layers()) stream_layers(n);
}

// Fills the host's copies, and has the tensors be where their layer's window will have them.
void Model::stream_layers(int32_t n_staying) {
  const int64_t available = available_memory_bytes();
  int64_t n_bytes = 0;
  for (int32_t l = 0; l < spec_.n_layers(); ++l)
    if (!stays_on_device(l, n_staying, spec_.n_layers())) n_bytes += sizes_.layers[static_cast<size_t>(l)];
  if (available >= 0 && n_bytes > available)
    fail(Code::kMemoryLimit,
         "[seal] expected at most %lld available bytes of this machine for layers that do not stay on the device, got "
         "%lld",
         static_cast<long long>(available), static_cast<long long>(n_bytes));
  streamed_ = std::make_unique<StreamedLayers>(engine_->device(), sizes_, n_staying);
  std::vector<int64_t> used(spec_.layers.size());
  for (auto& [key, tensor] : tensors_) {
    const int32_t layer = std::get<0>(key);
    if (!streams(key) || !streamed_->streams(layer)) continue;
    int64_t& offset = used[static_cast<size_t>(layer)];
    tensor.staged.copy_to(streamed_->host(layer) + offset);
    tensor.placed.matrix = tensor.staged.matrix();
    tensor.placed.matrix.data = streamed_->device(layer) + offset;
    offset += in_window(tensor.bytes());
  }
}

void Model::make_ones() {
  int64_t n = 0;
  for (const LayerSpec& layer : spec_.layers)
    if (layer.value_norm) n = std::max<int64_t>(n, layer.head_dim);
  if (n == 0) return;
  ones_ = DeviceBuffer(engine_->device(), n * static_cast<int64_t>(sizeof(float)));
  engine_->run(&KernelTable::fill, FillProblem{ones_.as<float>(), n, 1.0f});
}

const float* Model::vector(Module module, int32_t layer, TensorKind kind) const {
  const Tensor* tensor = find(module, layer, kind);
  return tensor == nullptr ? nullptr : static_cast<const float*>(tensor->placed.matrix.data);
}

Linear Model::linear(Module module, int32_t layer) const {
  return {require(module, layer).placed.matrix, vector(module, layer, TensorKind::kBias)};
}

// Frequencies of rotations and slopes of heads.
void Model::place_tables(Weights& weights, FloatSlabs& memory) const {
  const Device& device = engine_->device();
  const auto place = [&](const void* values, size_t n_bytes) {
    float* at = memory.take(static_cast<int64_t>(n_bytes / sizeof(float)));
    device.upload(at, values, static_cast<int64_t>(n_bytes));
    return at;
  };
  for (const RopeSpec& rope : spec_.ropes) {
    const std::vector<double>& f = rope.inverse_frequencies;
    weights.rope_frequencies.push_back(reinterpret_cast<const double*>(place(f.data(), f.size() * sizeof(double))));
  }
  for (size_t l = 0; l < spec_.layers.size(); ++l)
    if (const std::vector<float>& slopes = spec_.layers[l].slopes; !slopes.empty())
      weights.layers[l].slopes = place(slopes.data(), slopes.size() * sizeof(float));
}

void Model::seal() {
  check_open("seal");
  for (int32_t l = 0; l < spec_.n_layers(); ++l)
    if (spec_.layers[static_cast<size_t>(l)].n_heads == 0)
      fail(Code::kInvalidState, "[seal] expected every layer to be set, got none (layer %d)", l);
  read_parts();
  check_shapes();
  place_tensors();

  Weights weights;
  weights.token_embedding = require(Module::kTokenEmbedding, -1).placed.matrix;
  if (!spec_.layers.back().norm_sums) require(Module::kOutputNorm, -1);
  weights.output_norm = vector(Module::kOutputNorm, -1, TensorKind::kWeight);
  weights.output_norm_bias = vector(Module::kOutputNorm, -1, TensorKind::kBias);
  weights.embedding_norm = vector(Module::kEmbeddingNorm, -1, TensorKind::kWeight);
  weights.embedding_norm_bias = vector(Module::kEmbeddingNorm, -1, TensorKind::kBias);
  if (spec_.n_positions > 0) weights.position_embedding = require(Module::kPositionEmbedding, -1).placed.matrix;
  if (spec_.n_types > 0 && spec_.looks_back())
    fail(Code::kUnsupported, "[seal] expected types of tokens in encoders alone, got them in a model that generates");
  if (spec_.n_types > 0) weights.type_embedding = require(Module::kTypeEmbedding, -1).placed.matrix;
  if (spec_.head.dense_width > 0) weights.head_dense = linear(Module::kHeadDense, -1);
  if (spec_.head.out_width > 0) weights.head_out = linear(Module::kHeadOut, -1);
  weights.head_norm = vector(Module::kHeadNorm, -1, TensorKind::kWeight);
  weights.head_norm_bias = vector(Module::kHeadNorm, -1, TensorKind::kBias);
  weights.tied = find(Module::kOutput, -1, TensorKind::kWeight) == nullptr;
  weights.output.w = weights.tied ? weights.token_embedding : require(Module::kOutput, -1).placed.matrix;
  weights.output.bias = vector(Module::kOutput, -1, TensorKind::kBias);
  if (weights.output.bias != nullptr && spec_.logit_scale != 1.0f)
    fail(Code::kUnsupported, "[seal] expected no output bias beside a logit_scale, got both");
  if (spec_.layer_inputs.width > 0) {
    weights.layer_input_table = require(Module::kLayerInputTable, -1).placed.matrix;
    weights.layer_input_projection = require(Module::kLayerInputProjection, -1).placed.matrix;
    require(Module::kLayerInputNorm, -1);
    weights.layer_input_norm = vector(Module::kLayerInputNorm, -1, TensorKind::kWeight);
  }
  make_ones();
  weights.layers.resize(spec_.layers.size());
  for (int32_t l = 0; l < spec_.n_layers(); ++l) {
    LayerWeights& layer = weights.layers[static_cast<size_t>(l)];
    for (size_t i = 0; i < kLayerNorms; ++i) {
      layer.norms[i] = vector(kNormModules[i], l, TensorKind::kWeight);
      layer.norm_biases[i] = vector(kNormModules[i], l, TensorKind::kBias);
    }
    for (int32_t i = 0; i < kLayerLinears; ++i) {
      const Module module = kLinearModules[static_cast<size_t>(i)];
      const bool optional =
          i == kLinearKvB || (i == kLinearSharedRouter && find(module, l, TensorKind::kWeight) == nullptr);
      if (spec_.has(l, static_cast<LayerLinear>(i)) && !optional)
        layer.linears[static_cast<size_t>(i)] = linear(module, l);
    }
    if (spec_.layers[static_cast<size_t>(l)].value_norm) layer.norms[kNormV] = ones_.as<float>();
    check_parts(spec_.layers[static_cast<size_t>(l)], layer, l);
  }

  FloatSlabs tables(engine_->device());
  place_tables(weights, tables);
  for (auto& [key, tensor] : tensors_) tensor.staged = {};
  weights.streamed = streamed_.get();
  weights_ = std::move(weights);
  tables_ = std::move(tables);
  weight_bytes_ = sizes_.on_device(gpu_layers());
  sealed_ = true;
}

}  // namespace chaku
