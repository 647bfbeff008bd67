// What a pool takes of the processor when there is no work: in processor time, which other programs do not change.
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "base/cpu_features.h"
#include "base/thread_pool.h"
#include "test.h"

using chaku::ThreadPool;

namespace {

double seconds(const timeval& t) { return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec); }

double used_by(int who) {
  rusage usage{};
  getrusage(who, &usage);
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Of all threads but this one.
double used_by_others() { return used_by(RUSAGE_SELF) - used_by(RUSAGE_THREAD); }

// A worker that waits may look for the next kernel for a moment, because kernels follow each other closely; a few
// milliseconds after the last one it sleeps. One that went on looking would take most of the 300.
constexpr auto kIdle = std::chrono::milliseconds(300);
constexpr double kMostSeconds = 3e-3;  // of a worker, from the end of the work on

double idle_seconds(int n_threads) {
  ThreadPool pool(n_threads);
  std::atomic<int64_t> sum{0};
  for (int i = 0; i < 100; ++i) pool.parallel_for(16, 1, [&](int64_t begin, int64_t, int) { sum += begin; });
  const double before = used_by_others();
  std::this_thread::sleep_for(kIdle);
  const double used = used_by_others() - before;
  CHECK_EQ(sum.load(), int64_t{12000});
  return used;
}

}  // namespace

TEST(workers_sleep_when_the_work_has_ended) {
  const int cores = chaku::usable_cores();
  for (const int n_threads : {2, cores, 2 * cores, 4 * cores}) {  // those beyond the cores do not spin at all
    const double most = kMostSeconds * (n_threads - 1), used = idle_seconds(n_threads);
    if (used > most)
      chaku::test::report(__FILE__, __LINE__,
                          std::to_string(n_threads) + " threads: expected at most " + std::to_string(most) +
                              " s of processor time in idleness, got " + std::to_string(used));
  }
}

TEST(workers_that_never_had_work_sleep) {
  ThreadPool pool(4);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // they start
  const double before = used_by_others();
  std::this_thread::sleep_for(kIdle);
  CHECK(used_by_others() - before < 3 * kMostSeconds);
}
