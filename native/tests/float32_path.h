// Tests that compare with an oracle in float64 to the last digits of float32 run on a path that computes in float32.
#pragma once

#include <vector>

#include "base/cpu_features.h"
#include "kernels/table.h"
#include "test.h"

namespace chaku::test {

// The path in use if it computes in float32, else the best that does.
inline CpuPath float32_path() {
  const CpuPath chosen = select_table(CpuPath::kAuto).path;
  if (!rounds_to_bf16(chosen)) return chosen;
  for (const CpuPath path : {CpuPath::kAvx512, CpuPath::kAvx2})
    if (find_table(path) != nullptr) return path;
  return CpuPath::kReference;
}

// The paths of this machine that do not; with amx_processor.cpp, amx under the emulator is one of them.
inline std::vector<CpuPath> bf16_paths() {
  std::vector<CpuPath> paths;
  for (const CpuPath path : {CpuPath::kAvx512Bf16, CpuPath::kAmx})
    if (find_table(path) != nullptr) paths.push_back(path);
#if CHAKU_HAVE_AMX
  if (cpu_features().avx512_bf16 && cpu_features().avx512_vnni) CHECK_EQ(paths.size(), size_t{2});
#endif
  return paths;
}

}  // namespace chaku::test
