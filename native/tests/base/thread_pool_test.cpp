#include "base/thread_pool.h"

#include <dirent.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <fstream>
#include <numeric>
#include <set>
#include <string>
#include <thread>

#include "base/error.h"
#include "test.h"

using chaku::ThreadPool;

namespace {

constexpr int kThreadCounts[] = {1, 2, 3, 7};

}  // namespace

TEST(every_element_is_visited_once_in_fixed_chunks) {
  for (const int n_threads : kThreadCounts) {
    ThreadPool pool(n_threads);
    for (const int64_t n : {0, 1, 2, 63, 64, 65, 1000})
      for (const int64_t grain : {1, 2, 64, 5000}) {
        std::vector<int> visits(static_cast<size_t>(n));
        std::atomic<int> bad{0};
        pool.parallel_for(n, grain, [&](int64_t begin, int64_t end, int thread) {
          if (begin % grain != 0 || end != std::min(n, begin + grain) || thread < 0 || thread >= n_threads) ++bad;
          for (int64_t i = begin; i < end; ++i) ++visits[static_cast<size_t>(i)];
        });
        CHECK_EQ(bad.load(), 0);
        CHECK(std::all_of(visits.begin(), visits.end(), [](int v) { return v == 1; }));
      }
  }
}

TEST(a_thread_runs_one_chunk_at_a_time_and_owns_its_scratch) {
  for (const int n_threads : kThreadCounts) {
    ThreadPool pool(n_threads);
    std::vector<std::atomic<int>> busy(static_cast<size_t>(n_threads));
    std::atomic<int> bad{0};
    pool.parallel_for(2000, 1, [&](int64_t begin, int64_t, int thread) {
      if (busy[static_cast<size_t>(thread)].exchange(1) != 0) ++bad;
      std::byte* scratch = pool.scratch(thread);
      if (reinterpret_cast<uintptr_t>(scratch) % 64 != 0) ++bad;
      std::memset(scratch, static_cast<int>(begin & 0xff), 4096);
      for (int i = 0; i < 4096; ++i)
        if (scratch[i] != static_cast<std::byte>(begin & 0xff)) ++bad;
      busy[static_cast<size_t>(thread)].store(0);
    });
    CHECK_EQ(bad.load(), 0);
  }
}

// Several callers fill the shared memory in one parallel_for and check it in the next: no other turn may come between.
TEST(a_turn_has_the_shared_memory_to_itself) {
  ThreadPool pool(3);
  std::atomic<int> bad{0};
  const auto take_turns = [&](int caller) {
    for (int round = 0; round < 50; ++round) {
      ThreadPool::Turn turn(pool);
      std::byte* shared = turn.shared();
      if (reinterpret_cast<uintptr_t>(shared) % 64 != 0) ++bad;
      const auto mark = static_cast<std::byte>(4 * caller + round % 4);
      pool.parallel_for(4096, 64,
                        [&](int64_t begin, int64_t end, int) { std::fill(shared + begin, shared + end, mark); });
      pool.parallel_for(4096, 64, [&](int64_t begin, int64_t end, int) {
        for (int64_t i = begin; i < end; ++i) bad += shared[i] != mark;
      });
      shared[ThreadPool::Turn::kSharedBytes - 1] = mark;
    }
  };
  std::thread other([&] { take_turns(1); }), third([&] { take_turns(2); });
  take_turns(3);
  int64_t total = 0;
  pool.parallel_for(1, 1, [&](int64_t, int64_t end, int) { total += end; });  // without a turn, after one
  other.join();
  third.join();
  CHECK_EQ(bad.load(), 0);
  CHECK_EQ(total, int64_t{1});
}

TEST(many_small_jobs) {
  for (const int n_threads : kThreadCounts) {
    ThreadPool pool(n_threads);
    int64_t total = 0;
    for (int job = 0; job < 20000; ++job) {
      int64_t parts[4] = {};
      pool.parallel_for(4, 1, [&](int64_t begin, int64_t, int) { parts[begin] = begin + job; });
      total += std::accumulate(parts, parts + 4, int64_t{0});
    }
    CHECK_EQ(total, int64_t{20000} * 6 + 4 * (int64_t{20000} * 19999 / 2));
  }
}

TEST(jobs_after_the_workers_have_gone_to_sleep) {
  ThreadPool pool(3);
  for (int job = 0; job < 20; ++job) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    std::atomic<int64_t> sum{0};
    pool.parallel_for(100, 1, [&](int64_t begin, int64_t, int) { sum += begin; });
    CHECK_EQ(sum.load(), int64_t{4950});
  }
}

TEST(a_call_from_inside_runs_inline_on_the_same_thread) {
  for (const int n_threads : kThreadCounts) {
    ThreadPool pool(n_threads);
    std::atomic<int64_t> sum{0};
    std::atomic<int> moved{0};
    pool.parallel_for(50, 1, [&](int64_t outer, int64_t, int thread) {
      const auto self = std::this_thread::get_id();
      pool.parallel_for(10, 3, [&](int64_t begin, int64_t end, int inner_thread) {
        if (std::this_thread::get_id() != self || inner_thread != thread) ++moved;
        for (int64_t i = begin; i < end; ++i) sum += outer * 10 + i;
      });
    });
    CHECK_EQ(sum.load(), int64_t{499} * 500 / 2);
    CHECK_EQ(moved.load(), 0);
  }
}

TEST(concurrent_callers_take_turns) {
  for (const int n_threads : kThreadCounts) {
    ThreadPool pool(n_threads);
    std::atomic<int> owner{0}, overlaps{0};
    std::atomic<int64_t> sum{0};
    std::vector<std::thread> callers;
    for (int caller = 1; caller <= 4; ++caller)
      callers.emplace_back([&, caller] {
        for (int job = 0; job < 500; ++job) {
          std::atomic<int> remaining{8};
          pool.parallel_for(8, 1, [&](int64_t begin, int64_t, int) {
            int expected = 0;  // the first chunk takes the pool, the last gives it back
            if (!owner.compare_exchange_strong(expected, caller) && expected != caller) ++overlaps;
            sum += begin;
            if (--remaining == 0) owner.store(0);
          });
        }
      });
    for (std::thread& t : callers) t.join();
    CHECK_EQ(overlaps.load(), 0);
    CHECK_EQ(sum.load(), int64_t{4} * 500 * 28);
  }
}

TEST(threads_have_names) {
  ThreadPool pool(4);
  std::atomic<int> running{0};
  pool.parallel_for(4, 1, [&](int64_t, int64_t, int) {  // all have begun once each has a chunk
    ++running;
    while (running.load() < 4) std::this_thread::yield();
  });
  std::set<std::string> names;
  DIR* tasks = opendir("/proc/self/task");
  if (tasks == nullptr) chaku::test::skip("no /proc");
  while (const dirent* task = readdir(tasks)) {
    std::string name;
    std::getline(std::ifstream("/proc/self/task/" + std::string(task->d_name) + "/comm"), name);
    names.insert(name);
  }
  closedir(tasks);
  for (const char* name : {"chaku-1", "chaku-2", "chaku-3"}) CHECK_EQ(names.count(name), size_t{1});
  CHECK_EQ(names.count("chaku-0") + names.count("chaku-4"), size_t{0});
}

TEST(a_bad_thread_count_is_refused) {
  for (const int n_threads : {0, -1, 5000}) {
    bool refused = false;
    try {
      ThreadPool pool(n_threads);
    } catch (const chaku::Error& e) {
      refused = e.code() == chaku::Code::kInvalidArgument;
    }
    CHECK(refused);
  }
}
