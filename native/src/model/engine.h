// What computes: a device. Shared by models and their users.
#pragma once

#include <memory>

#include "device/choice.h"

namespace chaku {

class Engine {
 public:
  // Throws what choose_device() throws.
  explicit Engine(const DeviceChoice& choice) : Engine(choose_device(choice)) {}
  // The CPU.
  Engine(int32_t n_threads, CpuPath path) : Engine(DeviceChoice{.n_threads = n_threads, .cpu_path = path}) {}
  explicit Engine(ChosenDevice chosen) noexcept
      : chosen_(std::move(chosen)), kernels_(&chosen_.device->kernels()), queue_(&chosen_.device->queue()) {}
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  const Device& device() const noexcept { return *chosen_.device; }
  const ChosenDevice& chosen() const noexcept { return chosen_; }
  const KernelTable& kernels() const noexcept { return *kernels_; }

  // Runs one problem: engine.run(&KernelTable::matmul, problem).
  template <class Problem>
  void run(Kernel<Problem> KernelTable::* kernel, const Problem& problem) const noexcept {
    (kernels_->*kernel)(problem, *queue_);
  }

 private:
  ChosenDevice chosen_;
  const KernelTable* kernels_;
  Queue* queue_;  // its parallel_for is safe from any thread: concurrent callers take turns
};

}  // namespace chaku
