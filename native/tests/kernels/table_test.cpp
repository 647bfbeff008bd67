#include "kernels/table.h"

#include <cstdlib>

#include "base/error.h"
#include "kernels/path_choice.h"
#include "test.h"

using namespace chaku;

namespace {

constexpr CpuPath kPaths[] = {CpuPath::kReference,  CpuPath::kAvx2, CpuPath::kAvx512,
                              CpuPath::kAvx512Vnni, CpuPath::kAmx,  CpuPath::kAvx512Bf16};

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
  setenv("CHAKU_CPU", "float32", 1);
  CHECK(select_table(CpuPath::kAuto).path == best_float32_path());
  setenv("CHAKU_CPU", "sse9", 1);
  CHECK(code_of_selecting(CpuPath::kAuto) == Code::kInvalidArgument);
  setenv("CHAKU_CPU", "auto", 1);
  CHECK(select_table(CpuPath::kAuto).path == best_cpu_path());
  setenv("CHAKU_CPU", "", 1);
  CHECK(select_table(CpuPath::kAuto).path == best_cpu_path());
  unsetenv("CHAKU_CPU");
  CHECK(select_table(CpuPath::kAuto).path == best_cpu_path());
}

TEST(float32_is_a_path_that_rounds_no_operands) {
  const CpuPath path = select_table(kFloat32Path).path;
  CHECK(path != CpuPath::kAmx && path != CpuPath::kAvx512Bf16);
  CHECK(find_table(kFloat32Path) == find_table(best_float32_path()));
  const bool rounds = find_table(CpuPath::kAmx) != nullptr || find_table(CpuPath::kAvx512Bf16) != nullptr;
  CHECK(rounds == (best_cpu_path() != best_float32_path()));
}

// The proof that a forced path is the one that runs: no entry of a vector table is the reference's or another path's.
TEST(every_entry_of_a_vector_path_is_its_own) {
  const auto check_distinct = [](const KernelTable& a, const KernelTable& b) {
    CHECK(a.matmul != b.matmul && a.matmul_backward != b.matmul_backward && a.weight_gradient != b.weight_gradient);
    CHECK(a.gather != b.gather && a.scatter_gradient != b.scatter_gradient);
    CHECK(a.attention != b.attention && a.attention_backward != b.attention_backward);
    CHECK(a.rms_norm != b.rms_norm && a.rms_norm_backward != b.rms_norm_backward && a.rope != b.rope);
    CHECK(a.gated_activation != b.gated_activation && a.gated_activation_backward != b.gated_activation_backward);
    CHECK(a.layer_norm != b.layer_norm && a.layer_norm_backward != b.layer_norm_backward);
    CHECK(a.scale_rows != b.scale_rows && a.soft_cap != b.soft_cap);
    CHECK(a.axpby != b.axpby && a.dropout != b.dropout && a.squared_norm != b.squared_norm);
    CHECK(a.cross_entropy != b.cross_entropy && a.adamw != b.adamw);
  };
  const KernelTable *avx2 = find_table(CpuPath::kAvx2), *avx512 = find_table(CpuPath::kAvx512);
  if (avx2 != nullptr) check_distinct(*avx2, reference_table());
  if (avx512 != nullptr) check_distinct(*avx512, reference_table());
  if (avx2 != nullptr && avx512 != nullptr) check_distinct(*avx2, *avx512);
  if (avx2 == nullptr) test::skip_part("AVX2 is not of this machine or build");
  if (avx512 == nullptr) test::skip_part("AVX-512 is not of this machine or build");
}

TEST(only_the_products_of_few_tokens_differ_from_avx512) {
  const KernelTable* table = find_table(CpuPath::kAvx512Vnni);
  if (table == nullptr) test::skip("this machine or build lacks AVX-512 VNNI");
  const KernelTable& wide = *find_table(CpuPath::kAvx512);
  CHECK(table->matmul != wide.matmul && table->matmul_group != wide.matmul_group);
  CHECK(table->matmul_backward == wide.matmul_backward && table->attention == wide.attention);
}
