// How the emulator runs grids, and what it counted.
#pragma once

#include <cstddef>
#include <cstdint>

namespace chaku::simt {

// The device that is emulated, by compute capability.
enum class Architecture { kSm75 = 75, kSm80 = 80, kSm86 = 86, kSm89 = 89, kSm90 = 90, kSm120 = 120 };

// Shared memory that one block may have. Source: CUDA C++ Programming Guide, table of technical specifications.
constexpr size_t max_shared_bytes(Architecture a) noexcept {
  switch (a) {
    case Architecture::kSm75: return size_t{64} << 10;
    case Architecture::kSm80: return size_t{163} << 10;
    case Architecture::kSm86:
    case Architecture::kSm89:
    case Architecture::kSm120: return size_t{99} << 10;
    case Architecture::kSm90: return size_t{227} << 10;
  }
  return 0;
}

// Set between launches, never while one runs.
struct Options {
  // 0: threads, blocks and streams run from first to last; 1: last to first; otherwise drawn from this seed.
  unsigned order = 0;
  // OS threads that run blocks; 0: one per core.
  int n_os_threads = 0;
  // Where a cp.async lands: at the wait for it, or at its issue.
  bool late_copies = true;
  Architecture architecture = Architecture::kSm86;
  // Devices, all of that architecture, and the memory that they have together.
  int n_devices = 1;
  size_t device_bytes = size_t{8} << 30;
  // Launches and copies until the device is lost: they fail from then on, as does every allocation; -1: never.
  int64_t work_until_lost = -1;
  // A fault to be noticed: nodes of graphs keep the arguments that they were made with.
  bool lose_node_updates = false;
};
Options& options() noexcept;

// What ran since reset_counts().
struct Counts {
  int64_t launches = 0, blocks = 0, threads = 0, switches = 0;
  int64_t barriers = 0, collectives = 0;
  int64_t mma = 0;                                 // products of one warp
  int64_t matrix_loads = 0, matrix_conflicts = 0;  // 8x8 matrices of ldmatrix, and their passes beyond one each
  int64_t async_copies = 0;
  int64_t max_shared_bytes = 0;

  void add(const Counts& o) noexcept;
};
Counts counts();
void reset_counts();

}  // namespace chaku::simt
