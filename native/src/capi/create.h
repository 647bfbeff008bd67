// The plan and the making of what computes with a model, which are alike for pools, encoders and trainers.
#pragma once

#include <memory>

#include "capi/boundary.h"
#include "capi/handles.h"

namespace chaku::capi {

inline void store(const MemoryPlan& plan, chaku_memory_plan& out) noexcept {
  out.weight_bytes = plan.weight_bytes;
  out.parameter_bytes = plan.parameter_bytes;
  out.optimizer_bytes = plan.optimizer_bytes;
  out.activation_bytes = plan.activation_bytes;
  out.scratch_bytes = plan.scratch_bytes;
  out.host_bytes = plan.host_bytes;
  out.total_bytes = plan.total_bytes();
  out.available_bytes = plan.available_bytes;
}

// `convert` makes the core's options of the caller's, which are there and of the right size.
template <class Made, class CoreOptions, class Options>
chaku_status plan(const char* op, CoreOptions (*convert)(const char* op, const Options&), const chaku_model* model,
                  const Options* options, chaku_memory_plan* out) noexcept {
  return guarded(op, [&] {
    const auto& shared = require(op, "model", model).shared;
    const CoreOptions o = convert(op, require_struct(op, "options", options));
    chaku_memory_plan& result = require_struct(op, "out", out);
    store(Made::plan(*shared, o), result);
  });
}

template <class Made, class CoreOptions, class Options, class Handle>
chaku_status create(const char* op, CoreOptions (*convert)(const char* op, const Options&), chaku_model* model,
                    const Options* options, Handle** out) noexcept {
  return guarded(op, [&] {
    const auto& shared = require(op, "model", model).shared;
    const CoreOptions o = convert(op, require_struct(op, "options", options));
    require(op, "out", out);
    *out = new Handle{Made(shared, o)};
  });
}

}  // namespace chaku::capi
