// What this processor and operating system let us use, read once.
#pragma once

#include <cstdint>

namespace chaku {

struct CpuFeatures {
  bool avx2 = false, fma = false, f16c = false;
  bool avx512 = false;  // F, BW, DQ, VL, and zmm state enabled by the system
  bool avx512_vnni = false, avx512_bf16 = false, avx_vnni = false;
  bool amx_bf16 = false, amx_int8 = false;  // tile permission granted by the kernel too
  int64_t l2_bytes = 1 << 20;               // of one core

  uint32_t bits() const noexcept;  // CHAKU_FEATURE_*
};

const CpuFeatures& cpu_features() noexcept;

// Cores this process may run on, at least 1.
int usable_cores() noexcept;

// Bytes the process may still take: MemAvailable, capped by the cgroup's limit. -1 when unknown.
int64_t available_memory_bytes() noexcept;

}  // namespace chaku
