// What a test tells the emulated library of the device: it opens the same file and finds chaku_emulate in it.
#pragma once

#include <cstdint>

namespace chaku::test {

struct Emulation {
  int32_t n_devices = 1;
  int32_t architecture = 86;
  int64_t device_bytes = int64_t{8} << 30;
  int64_t work_until_lost = -1;
  uint32_t order = 0;  // of simt::Options
};

}  // namespace chaku::test

extern "C" __attribute__((visibility("default"))) void chaku_emulate(const chaku::test::Emulation* emulation);
