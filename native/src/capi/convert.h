// Conversions that more than one concept of the C interface needs.
#pragma once

#include "chaku.h"
#include "model/memory_plan.h"

namespace chaku::capi {

inline void store(const MemoryPlan& plan, chaku_memory_plan& out) noexcept {
  out.weight_bytes = plan.weight_bytes;
  out.parameter_bytes = plan.parameter_bytes;
  out.optimizer_bytes = plan.optimizer_bytes;
  out.activation_bytes = plan.activation_bytes;
  out.scratch_bytes = plan.scratch_bytes;
  out.total_bytes = plan.total_bytes();
  out.available_bytes = plan.available_bytes;
}

}  // namespace chaku::capi
