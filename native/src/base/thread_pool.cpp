// A job is announced in one 64-bit word: its number, a closed bit, and how many workers have entered. A worker enters
// by raising the count while the job is open; the caller, out of chunks, closes the job and waits for those who
// entered. So a worker that sleeps through a short job costs the caller nothing, and no worker can see a job's fields
// change. Idle workers spin for a while, because kernels follow each other within microseconds, and then sleep on a
// futex.
//
// The chunks of a job are cut into a range for each thread, which takes its own in order and then what is left of the
// others'. Memory is read fastest where it goes on: with one counter for all, threads jump after every chunk, which
// costs two of them a third of the bandwidth.
#include "base/thread_pool.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "base/aligned_buffer.h"
#include "base/cpu_features.h"
#include "base/error.h"

namespace chaku {
namespace {

constexpr size_t kCacheLine = 128;  // two lines: adjacent ones are fetched in pairs
constexpr uint64_t kClosed = uint64_t{1} << 31;
constexpr uint64_t kEnteredMask = kClosed - 1;
constexpr auto kSpin = std::chrono::microseconds(60);

void pause() noexcept {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

// Spins until done() or until `limit` has passed; returns done().
template <class Done>
bool spin(std::chrono::nanoseconds limit, Done done) noexcept {
  if (done()) return true;
  if (limit.count() == 0) return false;
  const auto end = std::chrono::steady_clock::now() + limit;
  do {
    for (int i = 0; i < 32; ++i) {
      pause();
      if (done()) return true;
    }
  } while (std::chrono::steady_clock::now() < end);
  return false;
}

// The pool whose chunk the current thread runs, and as which of its threads.
struct Running {
  const ThreadPool* pool = nullptr;
  int thread = 0;
};
thread_local Running running;
thread_local const ThreadPool* turn_of = nullptr;  // the pool that the current thread has its turn at

// As tools show it: what a thread belongs to, when a program has many.
void name_thread(int number) noexcept {
  char name[16];
  std::snprintf(name, sizeof name, "chaku-%d", number);
  pthread_setname_np(pthread_self(), name);
}

}  // namespace

struct ThreadPool::State {
  alignas(kCacheLine) std::atomic<uint64_t> job{kClosed};
  struct alignas(kCacheLine) Range {
    std::atomic<int64_t> next{0};
    int64_t end = 0;
  };
  alignas(kCacheLine) std::atomic<int> left{0};       // workers that have finished the current job
  alignas(kCacheLine) std::atomic<int> announced{0};  // changes with every job; sleepers wait on it
  alignas(kCacheLine) std::mutex callers;
  const RangeFn* fn = nullptr;
  int64_t n = 0, grain = 1, n_chunks = 0, n_ranges = 1;
  std::vector<Range> ranges;
  std::chrono::nanoseconds spin_time{0};
  std::atomic<bool> stop{false};
  AlignedBytes scratch, shared;
  std::vector<std::thread> threads;

  void cut_ranges() noexcept {
    n_ranges = std::min<int64_t>(n_chunks, static_cast<int64_t>(ranges.size()));
    for (int64_t i = 0; i < n_ranges; ++i) {
      Range& range = ranges[static_cast<size_t>(i)];
      range.next.store(n_chunks * i / n_ranges, std::memory_order_relaxed);
      range.end = n_chunks * (i + 1) / n_ranges;
    }
  }

  void run_chunks(int thread) noexcept {
    for (int64_t i = 0; i < n_ranges; ++i) {
      Range& range = ranges[static_cast<size_t>((thread + i) % n_ranges)];
      while (range.next.load(std::memory_order_relaxed) < range.end) {
        const int64_t chunk = range.next.fetch_add(1, std::memory_order_relaxed);
        if (chunk >= range.end) break;
        (*fn)(chunk* grain, std::min(n, (chunk + 1) * grain), thread);
      }
    }
  }

  // Raises the entered count of an open job.
  bool try_enter() noexcept {
    uint64_t seen = job.load(std::memory_order_relaxed);
    while ((seen & kClosed) == 0)
      if (job.compare_exchange_weak(seen, seen + 1, std::memory_order_acquire, std::memory_order_relaxed)) return true;
    return false;
  }

  void work(const ThreadPool* pool, int thread) noexcept {
    running = {pool, thread};
    int seen = 0;
    for (;;) {
      const auto news = [&] { return announced.load(std::memory_order_acquire) != seen; };
      if (!spin(spin_time, news)) announced.wait(seen, std::memory_order_acquire);
      seen = announced.load(std::memory_order_acquire);
      if (stop.load(std::memory_order_acquire)) return;
      if (!try_enter()) continue;
      run_chunks(thread);
      left.fetch_add(1, std::memory_order_release);
      left.notify_one();
    }
  }

  void run_job(const RangeFn& function) noexcept {
    fn = &function;
    cut_ranges();
    left.store(0, std::memory_order_relaxed);
    const uint64_t number = (job.load(std::memory_order_relaxed) >> 32) + 1;
    job.store(number << 32, std::memory_order_release);
    announced.fetch_add(1, std::memory_order_release);
    announced.notify_all();
    run_chunks(0);
    const int entered = static_cast<int>(job.fetch_or(kClosed, std::memory_order_acq_rel) & kEnteredMask);
    for (;;) {
      const int done = left.load(std::memory_order_acquire);
      if (done == entered) break;
      if (!spin(spin_time, [&] { return left.load(std::memory_order_acquire) == entered; }))
        left.wait(done, std::memory_order_acquire);
    }
  }

  void join() noexcept {
    stop.store(true, std::memory_order_release);
    announced.fetch_add(1, std::memory_order_release);
    announced.notify_all();
    for (std::thread& t : threads) t.join();
  }
};

ThreadPool::ThreadPool(int n_threads) : state_(std::make_unique<State>()), n_threads_(n_threads) {
  if (n_threads < 1 || n_threads > 4096)
    fail(Code::kInvalidArgument, "[thread pool] expected 1 to 4096 threads, got %d", n_threads);
  // More threads than cores: a spinning thread would keep a working one from its core.
  if (n_threads <= usable_cores()) state_->spin_time = kSpin;
  state_->scratch = AlignedBytes(n_threads * kScratchBytes);
  state_->shared = AlignedBytes(Turn::kSharedBytes);
  state_->ranges = std::vector<State::Range>(static_cast<size_t>(n_threads));
  state_->threads.reserve(static_cast<size_t>(n_threads - 1));
  try {
    for (int i = 1; i < n_threads; ++i)
      state_->threads.emplace_back([this, i] {
        name_thread(i);
        state_->work(this, i);
      });
  } catch (const std::system_error& e) {
    state_->join();
    fail(Code::kOutOfMemory, "[thread pool] expected %d threads, got %zu (%s)", n_threads, state_->threads.size() + 1,
         e.what());
  }
}

ThreadPool::~ThreadPool() { state_->join(); }

std::byte* ThreadPool::scratch(int thread) noexcept { return state_->scratch.data() + thread * kScratchBytes; }

ThreadPool::Turn::Turn(ThreadPool& pool) noexcept : pool_(pool) {
  pool_.state_->callers.lock();
  turn_of = &pool_;
}

ThreadPool::Turn::~Turn() {
  turn_of = nullptr;
  pool_.state_->callers.unlock();
}

std::byte* ThreadPool::Turn::shared() noexcept { return pool_.state_->shared.data(); }

void ThreadPool::parallel_for(int64_t n, int64_t grain, RangeFn fn) noexcept {
  if (n <= 0) return;
  grain = std::max<int64_t>(grain, 1);
  const int64_t n_chunks = (n + grain - 1) / grain;
  const auto run_inline = [&](int thread) {
    for (int64_t begin = 0; begin < n; begin += grain) fn(begin, std::min(n, begin + grain), thread);
  };
  if (running.pool == this) return run_inline(running.thread);
  std::unique_lock<std::mutex> turn(state_->callers, std::defer_lock);
  if (turn_of != this) turn.lock();
  const Running outer = std::exchange(running, {this, 0});
  if (n_threads_ == 1 || n_chunks == 1) {
    run_inline(0);
  } else {
    state_->n = n;
    state_->grain = grain;
    state_->n_chunks = n_chunks;
    state_->run_job(fn);
  }
  running = outer;
}

}  // namespace chaku
