// Bytes computed before anything is allocated: refused with the numbers instead of being killed later.
#pragma once

#include <cstdint>

#include "model/model.h"

namespace chaku {

struct MemoryPlan {
  int64_t weight_bytes = 0;
  int64_t parameter_bytes = 0;
  int64_t optimizer_bytes = 0;
  int64_t activation_bytes = 0;
  int64_t scratch_bytes = 0;
  int64_t host_bytes = 0;  // beside a device, of the machine's memory: not in the sum
  // What the machine can give now, with the model's weights: they are there already, mapped or held. INT64_MAX where
  // the system does not tell.
  int64_t available_bytes = 0;
  const Model* model = nullptr;  // which advice is of; null: none is given

  int64_t total_bytes() const noexcept;  // saturates
};

int64_t available_bytes(const Model& model) noexcept;

// The lesser of a caller's limit (0: none) and what the machine has.
int64_t effective_limit(const MemoryPlan& plan, int64_t memory_limit_bytes) noexcept;

// The weights of a sealed model, and what there is for all that a plan adds.
MemoryPlan plan_of(const Model& model) noexcept;

// Throws Error(kMemoryLimit) with the numbers when the plan exceeds effective_limit(), and how many layers may stay on
// the device for it not to; Error(kInvalidArgument) for a negative limit.
void check_plan(const char* op, const MemoryPlan& plan, int64_t memory_limit_bytes);

}  // namespace chaku
