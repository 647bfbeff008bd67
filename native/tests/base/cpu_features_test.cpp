#include "base/cpu_features.h"

#include "chaku.h"
#include "test.h"

TEST(levels_imply_each_other) {
  const chaku::CpuFeatures& f = chaku::cpu_features();
  CHECK(!f.avx512 || f.avx2);
  CHECK(!f.avx512_vnni || f.avx512);
  CHECK(!f.avx512_bf16 || f.avx512);
  CHECK(!f.amx_bf16 || f.avx512);
  CHECK(!f.avx_vnni || f.avx2);
  CHECK(f.l2_bytes >= 1 << 16);
}

#if defined(__x86_64__)
TEST(detection_agrees_with_the_compiler_runtime) {
  const chaku::CpuFeatures& f = chaku::cpu_features();
  __builtin_cpu_init();
  CHECK_EQ(f.avx2, __builtin_cpu_supports("avx2") != 0);
  CHECK_EQ(f.fma, __builtin_cpu_supports("fma") != 0);
  CHECK_EQ(f.avx512, __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"));
}
#endif

TEST(bits_mirror_the_fields) {
  chaku::CpuFeatures f;
  CHECK_EQ(f.bits(), 0u);
  f.avx2 = f.avx512 = true;
  CHECK_EQ(f.bits(), CHAKU_FEATURE_AVX2 | CHAKU_FEATURE_AVX512);
}

TEST(machine_limits_are_plausible) {
  CHECK(chaku::usable_cores() >= 1);
  const int64_t available = chaku::available_memory_bytes();
  CHECK(available == -1 || available > 1 << 20);
}
