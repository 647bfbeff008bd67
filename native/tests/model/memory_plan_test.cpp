#include "model/memory_plan.h"

#include "model/expect_error.h"

using namespace chaku;

TEST(total_saturates) {
  MemoryPlan plan;
  plan.weight_bytes = 1;
  plan.scratch_bytes = 2;
  CHECK_EQ(plan.total_bytes(), 3);
  plan.activation_bytes = INT64_MAX - 1;
  CHECK_EQ(plan.total_bytes(), INT64_MAX);
}

TEST(limits) {
  MemoryPlan plan;
  plan.weight_bytes = 3 << 20;
  plan.available_bytes = 4 << 20;
  check_plan("test", plan, 0);
  check_plan("test", plan, 3 << 20);
  CHECK_ERROR(Code::kMemoryLimit, "at most 2.0 MiB (the memory limit), got 3.0 MiB: weights 3.0",
              check_plan("test", plan, 2 << 20));
  plan.scratch_bytes = 2 << 20;
  CHECK_ERROR(Code::kMemoryLimit, "at most 4.0 MiB (available on this machine), got 5.0 MiB",
              check_plan("test", plan, 10 << 20));
  CHECK_ERROR(Code::kInvalidArgument, "got -1", check_plan("test", plan, -1));
}
