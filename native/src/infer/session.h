// Inference over a KV cache: tokens in, logits out.
#pragma once

#include <memory>
#include <optional>
#include <span>

#include "base/cancellation.h"
#include "device/device.h"
#include "infer/kv_cache.h"
#include "model/activations.h"
#include "model/adapter.h"
#include "model/decoder.h"
#include "model/input_statistics.h"
#include "model/memory_plan.h"

namespace chaku {

struct SessionOptions {
  int32_t max_tokens = 0;        // capacity of the cache
  int32_t max_batch_tokens = 0;  // tokens computed at once; 0: 512
  int64_t memory_limit_bytes = 0;
  DType kv_dtype = DType::kF32;  // F32, F16, BF16 or Q8_0
};

enum class LogitRows : int32_t { kNone = 0, kLast = 1, kAll = 2 };

// Single-threaded, internally parallel; cancel() alone comes from any thread. Methods throw Error and leave the cache
// as it was. Nothing is allocated after construction but for adapters.
class Session {
 public:
  Session(std::shared_ptr<const Model> model, const SessionOptions& options);

  static MemoryPlan plan(const Model& model, const SessionOptions& options);

  void set_adapters(std::vector<std::shared_ptr<const Adapter>> adapters, std::span<const float> scales);
  // A token's numbers depend on the tokens before it and on their roles, and on nothing else: not on how a text is cut
  // into evals, nor on threads.
  void eval(std::span<const int32_t> tokens, Role role, LogitRows rows, std::span<float> logits);
  // From now on evals add up the squares of each product's inputs.
  void collect_inputs() { inputs_.emplace(model_->engine().device(), model_->spec(), model_->weights()); }
  // Those of a product; refuses modules that are none, and sessions that collect nothing.
  InputStatistics::Sums inputs(Module module, int32_t layer) const;
  void truncate(int32_t n_tokens);
  int32_t length() const noexcept { return length_; }
  void cancel() noexcept { cancellation_.request(); }

 private:
  static SessionOptions resolved(const Model& model, const SessionOptions& options);

  void check_eval(std::span<const int32_t> tokens, LogitRows rows, std::span<const float> logits) const;
  // What is asked of a chunk: the logits of its rows from the first one on, [rows, V].
  struct Output {
    int64_t first_row;
    Role role;
    float* logits;
  };

  void write_logits(const Decoder& decoder, int64_t n_rows, const Output& output);
  void eval_chunk(std::span<const int32_t> tokens, Role role, int32_t first_position, const Output& output);

  std::shared_ptr<const Model> model_;
  SessionOptions options_;
  KvCache cache_;
  DeviceBuffer scratch_;
  Activations activations_;
  std::vector<int32_t> host_positions_;  // [max_batch_tokens]
  int32_t* positions_ = nullptr;         // the same on the device
  int32_t* tokens_ = nullptr;            // likewise
  float* logits_ = nullptr;              // [kLogitRows,V]; null where the device writes the caller's memory
  WornAdapters worn_;
  DeviceBuffer low_rank_;  // floats, kLinearsTogether times [rows of a product, largest rank worn]
  int32_t length_ = 0;
  std::optional<InputStatistics> inputs_;
  Cancellation cancellation_;
};

}  // namespace chaku
