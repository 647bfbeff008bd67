// What computes: a pool of threads and the kernel table chosen for this machine. Shared by models and their users.
#pragma once

#include "kernels/table.h"

namespace chaku {

class Engine {
 public:
  // n_threads 0: one per usable core. Throws Error(kInvalidArgument) for a number out of range and
  // Error(kDeviceAbsent) for a path that this machine or build lacks.
  Engine(int32_t n_threads, CpuPath path);

  Queue& queue() const noexcept { return queue_; }
  ThreadPool& pool() const noexcept { return queue_.threads(); }
  const KernelTable& kernels() const noexcept { return *kernels_; }

  // Runs one problem: engine.run(&KernelTable::matmul, problem).
  template <class Problem>
  void run(Kernel<Problem> KernelTable::* kernel, const Problem& problem) const noexcept {
    (kernels_->*kernel)(problem, queue_);
  }

 private:
  const KernelTable* kernels_;
  mutable Queue queue_;  // its parallel_for is safe from any thread: concurrent callers take turns
};

}  // namespace chaku
