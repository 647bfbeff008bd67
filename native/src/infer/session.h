// One text over pages of its own: tokens in, logits out.
#pragma once

#include <memory>
#include <span>

#include "infer/pool.h"

namespace chaku {

struct SessionOptions {
  int32_t max_tokens = 0;        // capacity of the cache
  int32_t max_batch_tokens = 0;  // tokens computed at once; 0: 512
  int64_t memory_limit_bytes = 0;
  DType kv_dtype = DType::kF32;  // F32, F16, BF16 or Q8_0
};

// Single-threaded, internally parallel; cancel() alone comes from any thread. Methods throw Error and leave the cache
// as it was. Nothing is allocated after construction but for adapters.
class Session {
 public:
  Session(std::shared_ptr<const Model> model, const SessionOptions& options);

  static MemoryPlan plan(const Model& model, const SessionOptions& options);

  void set_adapters(std::vector<std::shared_ptr<const Adapter>> adapters, std::span<const float> scales) {
    text_->set_adapters(std::move(adapters), scales);
  }
  // A token's numbers depend on the tokens before it and on their roles, and on nothing else: not on how a text is cut
  // into evals, nor on threads.
  void eval(std::span<const int32_t> tokens, Role role, LogitRows rows, std::span<float> logits);
  // From now on evals add up the squares of each product's inputs.
  void collect_inputs() { pool_.step().collect_inputs(); }
  // Those of a product; refuses modules that are none, and sessions that collect nothing.
  InputStatistics::Sums inputs(Module module, int32_t layer) const { return pool_.step().inputs(module, layer); }
  void truncate(int32_t n_tokens) { text_->truncate(n_tokens); }
  int32_t length() const noexcept { return text_->length(); }
  void cancel() noexcept { pool_.step().cancel(); }

 private:
  Pool pool_;
  std::unique_ptr<Sequence> text_;
};

}  // namespace chaku
