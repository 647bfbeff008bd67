// The pages of a model's texts and what computes them, planned and made together.
#pragma once

#include <memory>

#include "infer/step.h"
#include "model/memory_plan.h"

namespace chaku {

struct PoolOptions {
  int32_t max_tokens = 0;        // of all texts
  int32_t max_batch_tokens = 0;  // computed at once; 0: 512
  int32_t max_memories = 0;      // of models with running memories
  int64_t memory_limit_bytes = 0;
  DType kv_dtype = DType::kF32;                           // F32, F16, BF16 or Q8_0
  ActivationFormat activations = ActivationFormat::kF32;  // of products of generated tokens
};

class Pool {
 public:
  Pool(std::shared_ptr<const Model> model, const PoolOptions& options);

  static MemoryPlan plan(const Model& model, const PoolOptions& options);

  const std::shared_ptr<Pages>& pages() const noexcept { return pages_; }
  Step& step() noexcept { return *step_; }
  const Step& step() const noexcept { return *step_; }

 private:
  std::shared_ptr<Pages> pages_;
  std::unique_ptr<Step> step_;
};

}  // namespace chaku
