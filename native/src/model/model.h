// A decoder under construction and then sealed: its spec and its weights, mapped in place or owned.
#pragma once

#include <map>
#include <memory>
#include <tuple>
#include <vector>

#include "base/mapped_range.h"
#include "device/float_slabs.h"
#include "device/staged_tensor.h"
#include "model/engine.h"
#include "model/weights.h"

namespace chaku {

struct TensorOptions {
  Module module = Module::kTokenEmbedding;
  TensorKind kind = TensorKind::kWeight;
  int32_t layer = -1;
  DType dtype = DType::kF32;
  Shape shape;
};

// Filled by one thread; after seal() immutable and shared by any number of threads. Every method throws Error and
// leaves the model as it was.
class Model {
 public:
  Model(std::shared_ptr<const Engine> engine, DecoderSpec spec);

  int32_t add_rope(RopeSpec rope);
  void set_layer(int32_t layer, const LayerSpec& options);
  // Makes a layer that is set one of experts.
  void set_mixer(int32_t layer, const MixerSpec& options);
  void set_experts(int32_t layer, const ExpertSpec& options);
  // Gives a layer that is set latent attention.
  void set_latent(int32_t layer, const LatentSpec& options);
  // From now on a layer that is set reads the keys and values of an earlier one.
  void set_kv_source(int32_t layer, int32_t source);
  void set_output_scale(int32_t layer, float scale);
  void set_layer_inputs(const LayerInputSpec& options);
  void set_head(const HeadSpec& options);
  int32_t map_file(const char* path, int64_t file_bytes);
  void set_tensor_mapped(const TensorOptions& tensor, int32_t file, int64_t offset);
  void set_tensor_data(const TensorOptions& tensor, const void* data, int64_t data_bytes);
  void set_tensor_random(const TensorOptions& tensor, float mean, float deviation, uint64_t seed);
  void seal();

  bool sealed() const noexcept { return sealed_; }
  const Engine& engine() const noexcept { return *engine_; }
  const DecoderSpec& spec() const noexcept { return spec_; }
  const Weights& weights() const noexcept { return weights_; }  // of a sealed model
  // Throws Error(kIoError) if a mapped file is shorter than it was: whoever reads weights next would end by a signal.
  void check_files() const {
    for (const MappedRange& file : files_) file.check_size();
  }
  // Of a sealed model, on its device, windows of layers that do not stay there included; and in the host's memory for
  // these.
  int64_t weight_bytes() const noexcept { return weight_bytes_; }
  int64_t host_bytes() const noexcept { return streamed_ != nullptr ? streamed_->host_bytes() : 0; }
  const WeightSizes& weight_sizes() const noexcept { return sizes_; }

 private:
  struct Tensor {
    Shape shape;
    StagedTensor staged;  // until the model is sealed, where the device has memory of its own
    PlacedTensor placed;
    int64_t bytes() const noexcept {
      const Matrix& m = placed.matrix.empty() ? staged.matrix() : placed.matrix;
      return m.stride_bytes() * m.rows;
    }
  };
  using Key = std::tuple<int32_t, Module, TensorKind>;  // layer, module, kind
  static bool streams(const Key& key) noexcept;

  void check_open(const char* op) const;
  int32_t gpu_layers() const noexcept;
  int64_t check_tensor(const TensorOptions& tensor) const;
  void adopt(const TensorOptions& tensor, StagedTensor staged);
  const Tensor* find(Module module, int32_t layer, TensorKind kind) const;
  const Tensor& require(Module module, int32_t layer) const;
  void check_room() const;
  void place_tensors();
  void stream_layers(int32_t n_staying);
  void read_parts();
  void check_shapes() const;
  void make_ones();
  Linear linear(Module module, int32_t layer) const;
  const float* vector(Module module, int32_t layer, TensorKind kind) const;
  void place_tables(Weights& weights, FloatSlabs& memory) const;

  std::shared_ptr<const Engine> engine_;
  DecoderSpec spec_;
  std::vector<MappedRange> files_;
  std::map<Key, Tensor> tensors_;
  DeviceBuffer ones_;  // weights of norms that have none
  Weights weights_;
  WeightSizes sizes_;
  std::unique_ptr<StreamedLayers> streamed_;
  FloatSlabs tables_;  // what the spec says and kernels read
  int64_t weight_bytes_ = 0;
  bool sealed_ = false;
};

}  // namespace chaku
