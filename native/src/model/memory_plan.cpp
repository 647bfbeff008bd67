#include "model/memory_plan.h"

#include <algorithm>
#include <initializer_list>
#include <string>

#include "base/error.h"

namespace chaku {
namespace {

int64_t saturating_sum(std::initializer_list<int64_t> terms) noexcept {
  int64_t sum = 0;
  for (const int64_t term : terms)
    if (__builtin_add_overflow(sum, term, &sum)) return INT64_MAX;
  return sum;
}

double mebibytes(int64_t n_bytes) noexcept { return static_cast<double>(n_bytes) / (1 << 20); }

}  // namespace

int64_t MemoryPlan::total_bytes() const noexcept {
  return saturating_sum({weight_bytes, parameter_bytes, optimizer_bytes, activation_bytes, scratch_bytes});
}

int64_t available_bytes(const Model& model) noexcept {
  const int64_t machine = model.engine().device().available_bytes();
  return machine < 0 ? INT64_MAX : saturating_sum({machine, model.weight_bytes()});
}

int64_t effective_limit(const MemoryPlan& plan, int64_t memory_limit_bytes) noexcept {
  return memory_limit_bytes > 0 ? std::min(memory_limit_bytes, plan.available_bytes) : plan.available_bytes;
}

MemoryPlan plan_of(const Model& model) noexcept {
  MemoryPlan plan;
  plan.model = &model;
  plan.weight_bytes = model.weight_bytes();
  plan.host_bytes = model.host_bytes();
  plan.available_bytes = available_bytes(model);
  return plan;
}

void check_plan(const char* op, const MemoryPlan& plan, int64_t memory_limit_bytes) {
  if (memory_limit_bytes < 0)
    fail(Code::kInvalidArgument, "[%s] expected memory_limit_bytes >= 0, got %lld", op,
         static_cast<long long>(memory_limit_bytes));
  const int64_t limit = effective_limit(plan, memory_limit_bytes);
  if (plan.total_bytes() <= limit) return;
  const bool far = plan.model != nullptr && !plan.model->engine().device().shares_host_memory();
  std::string advice;
  if (far) {
    const int32_t fits = plan.model->weight_sizes().most_layers(limit - (plan.total_bytes() - plan.weight_bytes));
    if (fits >= 0) advice = "; with gpu_layers " + std::to_string(fits) + " it fits";
  }
  fail(Code::kMemoryLimit,
       "[%s] expected at most %.1f MiB (%s), got %.1f MiB: weights %.1f, parameters %.1f, optimizer %.1f, "
       "activations %.1f, scratch %.1f%s",
       op, mebibytes(limit),
       limit == memory_limit_bytes ? "the memory limit"
       : far                       ? "available on the device"
                                   : "available on this machine",
       mebibytes(plan.total_bytes()), mebibytes(plan.weight_bytes), mebibytes(plan.parameter_bytes),
       mebibytes(plan.optimizer_bytes), mebibytes(plan.activation_bytes), mebibytes(plan.scratch_bytes),
       advice.c_str());
}

}  // namespace chaku
