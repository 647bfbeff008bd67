// Launches that come again as graphs: which lists share one, and what each is launched with.
#include "kernels/cuda/graphs.cuh"

#include "cuda/run_kernel.h"
#include "kernels/cuda/memory.cuh"
#include "kernels/cuda/queue.cuh"
#include "kernels/cuda/simt/options.h"
#include "test.h"

using namespace chaku;
using namespace chaku::cuda;
using namespace chaku::test;

namespace {

// Padding in the middle and at the end.
struct Step {
  char add;
  int64_t factor;
  char unused;
};

__global__ void multiply_add(int* at, Step s) {
  if (threadIdx.x == 0) *at = *at * static_cast<int>(s.factor) + s.add;
}
__global__ void negate(int* at) {
  if (threadIdx.x == 0) *at = -*at;
}

__global__ void count_threads(int* at) {
  if (threadIdx.x == 0) *at = static_cast<int>(blockDim.x);
}

class Lists {
 public:
  explicit Lists(bool graphs = true) : queue_(0, 1 << 10, graphs), at_(static_cast<int*>(allocate_memory(64))) {}
  ~Lists() { free_memory(at_); }

  Step step(int factor, int add) {
    Step s;
    std::memset(&s, ++garbage_, sizeof(s));  // between the fields
    s.factor = factor;
    s.add = static_cast<char>(add);
    s.unused = 0;
    return s;
  }
  void multiply(int factor, int add) { queue_.launch(multiply_add, dim3(1), dim3(32), 0, at_, step(factor, add)); }
  void turn() { queue_.launch(negate, dim3(1), dim3(32), 0, at_); }
  // The number behind a list that begins with `value`.
  template <class List>
  int run(int value, const List& list) {
    queue_.upload(at_, &value, sizeof(int));
    queue_.synchronize();
    list();
    int seen = 0;
    queue_.download(&seen, at_, sizeof(int));
    queue_.synchronize();
    if (!queue_.failure().empty()) report("failure", 0, queue_.failure());
    return seen;
  }
  CudaQueue& queue() { return queue_; }
  int* at() { return at_; }
  const LaunchCounts& counts() { return queue_.counts(); }

 private:
  CudaQueue queue_;
  int* at_;
  int garbage_ = 0;
};

template <class Body>
bool throws(const Body& body) {
  try {
    body();
  } catch (const simt::Fault&) {
    return true;
  }
  return false;
}

}  // namespace

TEST(what_comes_again_is_a_graph) {
  for_orders([] {
    Lists lists;
    for (int i = 0; i < 5; ++i) CHECK_EQ(lists.run(3, [&] { lists.multiply(2, 1), lists.turn(); }), -7);
    CHECK_EQ(lists.counts().kernels, 10);
    CHECK_EQ(lists.counts().alone, 2);
    CHECK_EQ(lists.counts().graphs, 4);
    CHECK_EQ(lists.counts().graphs_made, 1);
    CHECK_EQ(lists.counts().nodes_set, 0);  // what lies between fields is no difference
  });
}

TEST(arguments_that_change_are_set_and_no_others) {
  for_orders([] {
    Lists lists;
    for (int i = 0; i < 6; ++i)
      CHECK_EQ(lists.run(3, [&] { lists.multiply(2, 1), lists.multiply(5, i), lists.turn(); }), -(35 + i));
    CHECK_EQ(lists.counts().graphs_made, 1);
    CHECK_EQ(lists.counts().nodes_set, 4);
  });
}

TEST(launches_of_one_graph_under_way_keep_their_arguments) {
  simt::options().order = 1;  // all of it when it is waited for
  Lists lists;
  int value = 1;
  lists.queue().upload(lists.at(), &value, sizeof(int));
  lists.queue().synchronize();
  // A stop of the list without a wait: one place of the step, the same kernels.
  CudaQueue& queue = lists.queue();
  Graphs graphs;
  LaunchCounts counts;
  simt::Stream stream;
  for (int i = 1; i <= 4; ++i) {
    LaunchList list;
    list.add<int*, Step>(multiply_add, dim3(1), dim3(32), 0, lists.at(), lists.step(10, i));
    if (!graphs.launch(list, 0, &stream, counts)) stream.enqueue([l = list[0]] { l.layout->run(l); });
  }
  stream.synchronize();
  queue.download(&value, lists.at(), sizeof(int));
  queue.synchronize();
  simt::options().order = 0;
  CHECK_EQ(value, 11234);
  CHECK_EQ(counts.graphs, 3);
}

TEST(other_kernels_or_more_of_them_are_another_graph) {
  for_orders([] {
    Lists lists;
    for (int i = 0; i < 3; ++i) {
      CHECK_EQ(lists.run(3, [&] { lists.multiply(2, 1), lists.turn(); }), -7);
      CHECK_EQ(lists.run(3, [&] { lists.turn(), lists.multiply(2, 1); }), -5);
      CHECK_EQ(lists.run(3, [&] { lists.turn(), lists.multiply(2, 1), lists.turn(); }), 5);
      CHECK_EQ(lists.run(3, [&] { lists.turn(); }), -3);
    }
    CHECK_EQ(lists.counts().graphs_made, 4);
    CHECK_EQ(lists.counts().nodes_set, 0);
  });
}

// Grids and blocks are compared as arguments are.
// As arguments are.
TEST(blocks_that_change_are_set) {
  for_orders([] {
    Lists lists;
    for (const unsigned n : {1u, 1u, 2u, 2u, 3u})
      CHECK_EQ(lists.run(1,
                         [&] {
                           lists.turn();
                           lists.queue().launch(count_threads, dim3(1), dim3(32 * n), 0, lists.at());
                         }),
               static_cast<int>(32 * n));
    CHECK_EQ(lists.counts().nodes_set, 2);
  });
}

TEST(long_lists_go_in_parts) {
  for_orders([] {
    Lists lists;
    constexpr int kMany = 2 * static_cast<int>(CudaQueue::kLaunchesKept) + 5;
    for (int i = 0; i < 4; ++i)
      CHECK_EQ(lists.run(3,
                         [&] {
                           for (int j = 0; j < kMany - 1; ++j) lists.turn();
                           lists.multiply(2, i);
                         }),
               6 + i);
    CHECK_EQ(lists.counts().graphs_made, 3);
    CHECK_EQ(lists.counts().nodes_set, 2);
  });
}

TEST(without_graphs_nothing_is_kept) {
  Lists lists(false);
  for (int i = 0; i < 3; ++i) CHECK_EQ(lists.run(3, [&] { lists.multiply(2, 1), lists.turn(); }), -7);
  CHECK_EQ(lists.counts().alone, 6);
  CHECK_EQ(lists.counts().graphs, 0);
}

TEST(memory_is_freed_behind_what_was_kept) {
  Lists lists;
  int* other = static_cast<int*>(allocate_memory(64));
  lists.queue().clear(other, 64);
  for (int i = 0; i < 3; ++i) lists.queue().launch(negate, dim3(1), dim3(32), 0, other);
  lists.queue().flush();
  free_memory(other);
  lists.queue().synchronize();
  CHECK(lists.queue().failure().empty());
}

TEST(nodes_are_of_one_kernel) {
  simt::Graph graph;
  const auto nothing = [] {};
  graph.add(&graph, nothing);
  graph.set(0, &graph, nothing);
  CHECK(throws([&] { graph.set(0, &nothing, nothing); }));
  CHECK(throws([&] { graph.set(1, &graph, nothing); }));
}
