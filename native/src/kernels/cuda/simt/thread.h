// A thread of the grid as kernels see it, and what it can wait for.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cuda/simt/fault.h"

struct uint3 {
  unsigned x, y, z;
};
struct dim3 {
  unsigned x = 1, y = 1, z = 1;
  constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) noexcept : x(x_), y(y_), z(z_) {}
};

namespace chaku::simt {

class Block;
struct Warp;

struct Thread {
  uint3 index{};
  const uint3* block_index = nullptr;
  const dim3* block_dim = nullptr;
  const dim3* grid_dim = nullptr;
  Block* block = nullptr;
  Warp* warp = nullptr;
  int lane = 0;
};
extern constinit thread_local Thread* current_thread;

constexpr uint32_t kWholeWarp = 0xffffffffu;

// Waits for n_threads threads, a multiple of 32 (0: all of the block), at barrier `id` of 16.
void barrier(int id, int n_threads, const Site& site);
// Counts as one of them without waiting.
void barrier_arrive(int id, int n_threads, const Site& site);

// Lets other threads run: for loops that wait for memory to change.
void yield();
// __threadfence: what came before it is seen by whoever passes one later.
void fence();

// What one lane brings to a rendezvous of its warp and takes from it. An operation derives from it; run() gets all
// lanes of the mask that have not exited, null for the others.
struct Collective {
  using Run = void (*)(Collective* const* lanes, uint32_t mask);
  Run run = nullptr;
  const char* name = "";
  uint32_t mask = kWholeWarp;
  bool aligned = false;        // needs all 32 lanes
  bool orders_memory = false;  // __syncwarp alone among them
  Site site;
};
void rendezvous(Collective& mine);

struct Shuffle : Collective {
  uint64_t value = 0;
  int source = 0;  // lane
};
void run_shuffle(Collective* const* lanes, uint32_t mask);

struct Vote : Collective {
  bool predicate = false;
  uint32_t ballot = 0;
};
void run_vote(Collective* const* lanes, uint32_t mask);

// Sums of 32-bit integers over the mask: redux.sync.
struct Reduction : Collective {
  uint32_t value = 0;
};
void run_reduction(Collective* const* lanes, uint32_t mask);

void run_nothing(Collective* const* lanes, uint32_t mask);

}  // namespace chaku::simt
