#include "model/engine.h"

#include "base/cpu_features.h"
#include "model/expect_error.h"

using namespace chaku;

TEST(threads) {
  CHECK_EQ(Engine(3, CpuPath::kReference).device().queue().n_threads(), 3);
  CHECK_EQ(Engine(0, CpuPath::kReference).device().queue().n_threads(), usable_cores());
  CHECK_ERROR(Code::kInvalidArgument, "n_threads", Engine(-1, CpuPath::kReference));
  CHECK_ERROR(Code::kInvalidArgument, "2147483647", Engine(INT32_MAX, CpuPath::kReference));
}

TEST(forced_path_is_the_one_that_runs) {
  const Engine engine(1, CpuPath::kReference);
  CHECK(engine.kernels().path == CpuPath::kReference);
  float y[2] = {1.0f, 2.0f};
  const float x[2] = {10.0f, 20.0f};
  engine.run(&KernelTable::axpby, AxpbyProblem{x, y, 2, 1.0f, 0.5f});
  CHECK_EQ(y[1], 21.0f);
}
