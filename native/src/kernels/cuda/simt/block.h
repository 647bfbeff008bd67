// One block of a grid: its warps, barriers and shared memory, and the scheduler that runs its threads.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "kernels/cuda/simt/fiber.h"
#include "kernels/cuda/simt/options.h"

namespace chaku::simt {

// One grid that runs, shared by the OS threads that run its blocks.
struct Launch {
  dim3 grid, block;
  size_t shared_bytes = 0;
  void (*body)(const void*) = nullptr;
  const void* closure = nullptr;
  int64_t n_blocks = 0;
  std::atomic<int64_t> next{0};
  std::atomic<bool> failed{false};
  std::mutex mutex;
  std::string failure;  // the first one
  char memory_order = 0;
};

struct Warp {
  Fiber* lanes[32] = {};
  uint32_t ready = 0;
  uint32_t gone = 0;     // exited, or never there
  uint32_t waiting = 0;  // at a collective
  Collective* pending[32] = {};
  char memory_order[2] = {};  // of every other __syncwarp
  unsigned generation = 0;
};

constexpr int kBarriers = 16;

struct Barrier {
  int arrived = 0, expected = 0;
  Site site;
  unsigned generation = 0;
  char memory_order[2] = {};
};

constexpr int kMaxSharedArrays = 32;  // fixed, as kMaxCopies is

struct SharedArray {
  const void* key = nullptr;
  std::byte* raw = nullptr;  // with borders
  std::byte* data = nullptr;
  size_t n_bytes = 0, raw_bytes = 0;
};

class Block {
 public:
  // Runs block `number` of a launch on this OS thread; failure says what went wrong, or is empty.
  void run(Launch& launch, int64_t number);

  Launch* launch = nullptr;
  uint3 index{};
  int n_threads = 0, n_done = 0;
  std::vector<Warp> warps;
  Barrier barriers[kBarriers];
  SharedArray shared[kMaxSharedArrays];
  int n_shared = 0;
  // To threads from the scheduler, and to those that find a shared array from the one that made it.
  char start_order = 0, shared_order = 0;
  Scheduler scheduler;
  std::string failure;
  Counts counts;

  Fiber& fiber(int i) { return *(*crew_)[static_cast<size_t>(i)]; }
  // Null, with `failure` set, when the architecture has no more.
  std::byte* add_shared(const void* key, size_t n_bytes, size_t alignment);

 private:
  void begin();
  void end();
  void schedule();
  Fiber* next_fiber();
  void report_deadlock();
  void free_shared();
  uint64_t draw(uint64_t below);

  // Blocks that follow each other have different fibers under ThreadSanitizer, so that they too are seen to race. More
  // crews would see more, but each costs it two megabytes and a millisecond.
#if defined(CHAKU_SIMT_TSAN)
  static constexpr int kCrews = 2;
#else
  static constexpr int kCrews = 1;
#endif
  std::vector<std::unique_ptr<Fiber>> crews_[kCrews];  // as many fibers each as any block so far had
  std::vector<std::unique_ptr<Fiber>>* crew_ = &crews_[0];
  uint64_t random_ = 1;
};

extern constinit thread_local Block* current_block;

inline Fiber& self() { return *static_cast<Fiber*>(current_thread); }
// This thread runs no more; the scheduler sees the block's failure.
[[noreturn]] void give_up();

}  // namespace chaku::simt
