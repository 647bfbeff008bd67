// Where kernels run, one after another: on the CPU a pool of threads that each of them splits its work among. The queue
// of another device derives from this one and adds its stream, which that device's kernels know.
#pragma once

#include "base/thread_pool.h"

namespace chaku {

class Queue {
 public:
  // As ThreadPool. Forced inline: kernels of every instruction set call through here, and must not leave copies.
  explicit Queue(int n_threads) : threads_(n_threads) {}
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  [[gnu::always_inline]] ThreadPool& threads() noexcept { return threads_; }
  [[gnu::always_inline]] int n_threads() const noexcept { return threads_.n_threads(); }
  [[gnu::always_inline]] std::byte* scratch(int thread) noexcept { return threads_.scratch(thread); }
  [[gnu::always_inline]] void parallel_for(int64_t n, int64_t grain, RangeFn fn) noexcept {
    threads_.parallel_for(n, grain, fn);
  }

 private:
  ThreadPool threads_;
};

}  // namespace chaku
