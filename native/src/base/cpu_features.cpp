// A feature counts only when the processor has it and the operating system saves its registers (XCR0).
// Source: Intel SDM volume 1, chapters 13.3 and 18; AMD APM volume 3, appendix E.
#include "base/cpu_features.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "base/cgroup.h"
#include "chaku.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#endif

namespace chaku {
namespace {

#if defined(__x86_64__)
struct Registers {
  uint32_t a = 0, b = 0, c = 0, d = 0;
};

Registers cpuid(uint32_t leaf, uint32_t subleaf) {
  Registers r;
  if (!__get_cpuid_count(leaf, subleaf, &r.a, &r.b, &r.c, &r.d)) return {};
  return r;
}

bool bit(uint32_t word, int at) { return (word >> at & 1u) != 0; }

uint64_t enabled_state() {
  uint32_t low = 0, high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return uint64_t{high} << 32 | low;
}

// Linux grants the tile registers to a process that asks for them.
bool request_tiles() {
  constexpr long kRequestPermission = 0x1023, kTileData = 18;
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

void detect_instructions(CpuFeatures& f) {
  const Registers basic = cpuid(1, 0);
  if (!bit(basic.c, 27)) return;  // OSXSAVE: without it XCR0 cannot be read
  const uint64_t state = enabled_state();
  const bool ymm = (state & 0x6) == 0x6, zmm = (state & 0xe6) == 0xe6, tiles = (state & 0x60000) == 0x60000;
  const Registers seven = cpuid(7, 0), seven_one = cpuid(7, 1);
  if (ymm && bit(basic.c, 28)) {
    f.fma = bit(basic.c, 12);
    f.f16c = bit(basic.c, 29);
    f.avx2 = bit(seven.b, 5);
    f.avx_vnni = f.avx2 && bit(seven_one.a, 4);
  }
  if (zmm && f.avx2) {
    f.avx512 = bit(seven.b, 16) && bit(seven.b, 17) && bit(seven.b, 30) && bit(seven.b, 31);
    f.avx512_vnni = f.avx512 && bit(seven.c, 11);
    f.avx512_bf16 = f.avx512 && bit(seven_one.a, 5);
  }
  if (tiles && f.avx512 && bit(seven.d, 24) && (bit(seven.d, 22) || bit(seven.d, 25)) && request_tiles()) {
    f.amx_bf16 = bit(seven.d, 22);
    f.amx_int8 = bit(seven.d, 25);
  }
}
#endif

CpuFeatures detect() {
  CpuFeatures f;
#if defined(__x86_64__)
  detect_instructions(f);
#endif
#if defined(_SC_LEVEL2_CACHE_SIZE)
  if (const long l2 = sysconf(_SC_LEVEL2_CACHE_SIZE); l2 > 0) f.l2_bytes = l2;
#endif
  return f;
}

}  // namespace

uint32_t CpuFeatures::bits() const noexcept {
  uint32_t bits = 0;
  const auto add = [&](bool has, uint32_t flag) { bits |= has ? flag : 0u; };
  add(avx2, CHAKU_FEATURE_AVX2);
  add(fma, CHAKU_FEATURE_FMA);
  add(f16c, CHAKU_FEATURE_F16C);
  add(avx512, CHAKU_FEATURE_AVX512);
  add(avx512_vnni, CHAKU_FEATURE_AVX512_VNNI);
  add(avx512_bf16, CHAKU_FEATURE_AVX512_BF16);
  add(amx_bf16, CHAKU_FEATURE_AMX_BF16);
  add(amx_int8, CHAKU_FEATURE_AMX_INT8);
  add(avx_vnni, CHAKU_FEATURE_AVX_VNNI);
  return bits;
}

const CpuFeatures& cpu_features() noexcept {
  static const CpuFeatures features = detect();
  return features;
}

int usable_cores() noexcept {
  int cores = static_cast<int>(std::thread::hardware_concurrency());
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) cores = CPU_COUNT(&set);
  const int quota = cgroup_cpu_quota();
  if (quota > 0) cores = std::min(cores, quota);
  return std::max(cores, 1);
}

}  // namespace chaku
