#include "kernels/table.h"

#include <cstdlib>

#include "base/error.h"
#include "test.h"

using namespace chaku;

namespace {

constexpr CpuPath kPaths[] = {CpuPath::kReference, CpuPath::kAvx2, CpuPath::kAvx512, CpuPath::kAmx};

Code code_of_selecting(CpuPath path) {
  try {
    select_table(path);
  } catch (const Error& e) {
    CHECK(std::strstr(e.what(), "[kernels] expected") != nullptr);
    return e.code();
  }
  return Code::kOk;
}

}  // namespace

TEST(a_forced_path_is_the_one_that_comes_or_a_clear_error) {
  for (const CpuPath path : kPaths) {
    const KernelTable* table = find_table(path);
    if (table == nullptr) {
      CHECK(code_of_selecting(path) == Code::kDeviceAbsent);
    } else {
      CHECK(table->path == path);
      CHECK(&select_table(path) == table);
    }
  }
}

TEST(the_environment_names_the_path) {
  setenv("CHAKU_CPU", "reference", 1);
  CHECK(&select_table(CpuPath::kAuto) == &reference_table());
  CHECK(select_table(best_cpu_path()).path == best_cpu_path());  // an explicit choice wins
  setenv("CHAKU_CPU", "sse9", 1);
  CHECK(code_of_selecting(CpuPath::kAuto) == Code::kInvalidArgument);
  setenv("CHAKU_CPU", "auto", 1);
  CHECK(select_table(CpuPath::kAuto).path == best_cpu_path());
  setenv("CHAKU_CPU", "", 1);
  CHECK(select_table(CpuPath::kAuto).path == best_cpu_path());
  unsetenv("CHAKU_CPU");
  CHECK(select_table(CpuPath::kAuto).path == best_cpu_path());
}
