// Tests that compare with an oracle in float64 to the last digits of float32 run on a path that computes in float32.
#pragma once

#include <vector>

#include "kernels/table.h"

namespace chaku::test {

// The path in use if it computes in float32, else the best that does.
inline CpuPath float32_path() {
  const CpuPath chosen = select_table(CpuPath::kAuto).path;
  if (!rounds_to_bf16(chosen)) return chosen;
  for (const CpuPath path : {CpuPath::kAvx512, CpuPath::kAvx2})
    if (find_table(path) != nullptr) return path;
  return CpuPath::kReference;
}

// The paths of this machine that do not.
inline std::vector<CpuPath> bf16_paths() {
  std::vector<CpuPath> paths;
  for (const CpuPath path : {CpuPath::kAvx512Bf16, CpuPath::kAmx})
    if (find_table(path) != nullptr) paths.push_back(path);
  return paths;
}

}  // namespace chaku::test
