#include "kernels/cuda/simt/grid.h"

#include <algorithm>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "kernels/cuda/simt/block.h"
#include "kernels/cuda/simt/device_memory.h"

namespace chaku::simt {
namespace {

std::mutex mutex;
Counts total;
// Blocks with their stacks, kept from launch to launch.
std::vector<std::unique_ptr<Block>> idle;

std::unique_ptr<Block> take_block() {
  const std::lock_guard lock(mutex);
  if (idle.empty()) return std::make_unique<Block>();
  std::unique_ptr<Block> block = std::move(idle.back());
  idle.pop_back();
  return block;
}

void give_block(std::unique_ptr<Block> block) {
  const std::lock_guard lock(mutex);
  total.add(block->counts);
  idle.push_back(std::move(block));
}

// What one OS thread does for a launch.
void work(Launch& launch) {
  std::unique_ptr<Block> block = take_block();
  block->counts = Counts();
  for (int64_t i; !launch.failed && (i = launch.next++) < launch.n_blocks;) {
    block->run(launch, options().order == 1 ? launch.n_blocks - 1 - i : i);
    if (block->failure.empty()) continue;
    const std::lock_guard lock(launch.mutex);
    if (!launch.failed) launch.failure = block->failure;
    launch.failed = true;
  }
  give_block(std::move(block));
}

}  // namespace

Options& options() noexcept {
  static Options all;
  return all;
}

void Counts::add(const Counts& o) noexcept {
  launches += o.launches;
  blocks += o.blocks;
  threads += o.threads;
  switches += o.switches;
  barriers += o.barriers;
  collectives += o.collectives;
  mma += o.mma;
  matrix_loads += o.matrix_loads;
  matrix_conflicts += o.matrix_conflicts;
  async_copies += o.async_copies;
  max_shared_bytes = std::max(max_shared_bytes, o.max_shared_bytes);
}

Counts counts() {
  const std::lock_guard lock(mutex);
  return total;
}

void reset_counts() {
  const std::lock_guard lock(mutex);
  total = Counts();
}

void check_grid(dim3 grid, dim3 block, size_t shared_bytes) {
  const int64_t n_threads = int64_t{block.x} * block.y * block.z;
  if (n_threads < 1 || n_threads > 1024 || block.z > 64)
    throw Fault(text("a block of %u x %u x %u threads", block.x, block.y, block.z));
  if (grid.x < 1 || grid.y < 1 || grid.z < 1 || grid.x > 0x7fffffffu || grid.y > 65535 || grid.z > 65535)
    throw Fault(text("a grid of %u x %u x %u blocks", grid.x, grid.y, grid.z));
  const size_t limit = max_shared_bytes(options().architecture);
  if (shared_bytes > limit)
    throw Fault(text("a block asks for %zu bytes of shared memory, sm_%d has %zu", shared_bytes,
                     static_cast<int>(options().architecture), limit));
}

void run_grid(dim3 grid, dim3 block, size_t shared_bytes, void (*body)(const void*), const void* closure) {
  check_grid(grid, block, shared_bytes);
  const DeviceAccess access;
  Launch launch;
  launch.grid = grid;
  launch.block = block;
  launch.shared_bytes = shared_bytes;
  launch.body = body;
  launch.closure = closure;
  launch.n_blocks = int64_t{grid.x} * grid.y * grid.z;
  const int n_cores = static_cast<int>(std::thread::hardware_concurrency());
  const int wanted = options().n_os_threads > 0 ? options().n_os_threads : std::max(n_cores, 1);
  std::vector<std::thread> others;
  for (int64_t i = 1; i < std::min<int64_t>(wanted, launch.n_blocks); ++i) others.emplace_back([&] { work(launch); });
  work(launch);
  for (std::thread& t : others) t.join();
  {
    const std::lock_guard lock(mutex);
    ++total.launches;
  }
  acquire_order(&launch.memory_order);
  if (launch.failed) throw Fault(launch.failure);
}

}  // namespace chaku::simt
