#include "model/memory_plan.h"

#include <algorithm>
#include <initializer_list>

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

void check_plan(const char* op, const MemoryPlan& plan, int64_t memory_limit_bytes) {
  if (memory_limit_bytes < 0)
    fail(Code::kInvalidArgument, "[%s] expected memory_limit_bytes >= 0, got %lld", op,
         static_cast<long long>(memory_limit_bytes));
  const int64_t limit = effective_limit(plan, memory_limit_bytes);
  if (plan.total_bytes() <= limit) return;
  fail(Code::kMemoryLimit,
       "[%s] expected at most %.1f MiB (%s), got %.1f MiB: weights %.1f, parameters %.1f, optimizer %.1f, "
       "activations %.1f, scratch %.1f",
       op, mebibytes(limit), limit == memory_limit_bytes ? "the memory limit" : "available on this machine",
       mebibytes(plan.total_bytes()), mebibytes(plan.weight_bytes), mebibytes(plan.parameter_bytes),
       mebibytes(plan.optimizer_bytes), mebibytes(plan.activation_bytes), mebibytes(plan.scratch_bytes));
}

}  // namespace chaku
