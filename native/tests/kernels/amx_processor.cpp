// Lets whole models run on the path amx where only the tiles are missing: the linker sends the calls of cpu_features()
// here (--wrap), and the emulator runs the instructions.
#include "amx_emulator.h"
#include "base/cpu_features.h"

extern "C" {
extern const chaku::CpuFeatures& real_cpu_features() noexcept __asm__("__real__ZN5chaku12cpu_featuresEv");
extern const chaku::CpuFeatures& wrapped_cpu_features() noexcept __asm__("__wrap__ZN5chaku12cpu_featuresEv");

const chaku::CpuFeatures& wrapped_cpu_features() noexcept {
  static const chaku::CpuFeatures features = [] {
    chaku::CpuFeatures f = real_cpu_features();
    if (f.avx512_bf16 && f.avx512_vnni && !f.amx_bf16) {
      chaku::test::emulator::install();
      f.amx_bf16 = f.amx_int8 = true;
    }
    return f;
  }();
  return features;
}
}
