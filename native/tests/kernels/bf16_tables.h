// The paths that round the operands of large products to bfloat16.
#pragma once

#include "base/cpu_features.h"
#include "kernels/cpu/paths.h"
#include "paths.h"
#if CHAKU_HAVE_AMX
#include "amx_emulator.h"
#endif

namespace chaku::test {

// The paths that this machine has, and AMX under the emulator where only the tiles are missing.
inline std::vector<const KernelTable*> bf16_tables() {
  if (!cpu_features().avx512_bf16) skip("this machine lacks AVX-512 BF16");
  std::vector<const KernelTable*> tables;
  if (const KernelTable* table = find_table(CpuPath::kAvx512Bf16)) tables.push_back(table);
#if CHAKU_HAVE_AMX
  emulator::install();
  tables.push_back(&chaku::amx::table());
#endif
  if (tables.empty()) skip("this build lacks the paths that round to bfloat16");
  return tables;
}

inline Floats rounded(Floats values) {
  for (float& v : values) v = bf16_to_f32(f32_to_bf16(v));
  return values;
}

}  // namespace chaku::test
