// One pool of threads per engine. Kernels never start threads; they split their work here. Threads are named chaku-1,
// chaku-2, ... and sleep when no work came for a fraction of a millisecond.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace chaku {

// A reference to a callable (int64_t begin, int64_t end, int thread), without allocation. The callable must outlive
// the call and must not throw.
class RangeFn {
 public:
  template <class F>
  RangeFn(const F& f)  // NOLINT: implicit by design
      : object_(&f), call_([](const void* o, int64_t b, int64_t e, int t) { (*static_cast<const F*>(o))(b, e, t); }) {}
  void operator()(int64_t begin, int64_t end, int thread) const { call_(object_, begin, end, thread); }

 private:
  const void* object_;
  void (*call_)(const void*, int64_t, int64_t, int);
};

class ThreadPool {
 public:
  // n_threads >= 1, the calling thread included. Throws Error when the system gives no threads.
  explicit ThreadPool(int n_threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int n_threads() const noexcept { return n_threads_; }

  // kScratchBytes of memory, 64-byte aligned, that belongs to `thread` while it runs a chunk: a kernel's panels. Its
  // contents are undefined when a parallel_for starts, and stay between the chunks of one that a thread runs. Pages are
  // committed when first touched.
  static constexpr int64_t kScratchBytes = int64_t{2} << 20;
  std::byte* scratch(int thread) noexcept;

  // A caller's turn: while one lives, the parallel_for of its thread runs without waiting, that of other threads waits
  // until it ends, and shared() is memory that the chunks of several parallel_for have in common. One turn at a time
  // on a thread, and none inside a chunk.
  class Turn {
   public:
    explicit Turn(ThreadPool& pool) noexcept;
    ~Turn();
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

    // kSharedBytes, 64-byte aligned, undefined when the turn begins. Pages are committed when first touched.
    static constexpr int64_t kSharedBytes = int64_t{16} << 20;
    std::byte* shared() noexcept;

   private:
    ThreadPool& pool_;
  };

  // Runs fn over [0,n) in chunks of `grain`; returns when all are done. A thread takes neighbours one after another,
  // and helps the others when it has no more. Chunk borders depend on n and grain alone, never on the number of
  // threads: a kernel whose chunks own their outputs gives the same bits with any number of threads. `thread` in [0,
  // n_threads) picks per-thread scratch. Concurrent callers take turns; a call from inside fn runs inline.
  void parallel_for(int64_t n, int64_t grain, RangeFn fn) noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
  int n_threads_;
};

}  // namespace chaku
