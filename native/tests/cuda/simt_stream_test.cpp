// Streams, events and graphs: what is ordered is so in every order, and what is not shows.
#include "run_kernel.h"

using namespace chaku;
using namespace chaku::cuda;
using namespace chaku::test;
using simt::Event;
using simt::Fault;
using simt::Graph;
using simt::Stream;

namespace {

__global__ void multiply_and_add(int* at, int factor, int summand) { *at = *at * factor + summand; }
__global__ void add_from(int* to, const int* from) { *to += *from; }
__global__ void lonely_barrier() {
  if (threadIdx.x == 0) __syncthreads();
}

void run(Stream& stream, int* at, int factor, int summand) {
  simt::launch(stream, multiply_and_add, dim3(1), dim3(1), 0, at, factor, summand);
}

bool throws(const std::function<void()>& act) {
  try {
    act();
  } catch (const Fault&) {
    return true;
  }
  return false;
}

}  // namespace

TEST(work_of_a_stream_is_in_order) {
  for_orders([] {
    const DeviceArray<int> array(std::vector<int>{1});
    Stream stream;
    run(stream, array.data(), 2, 1);
    run(stream, array.data(), 10, 5);
    int seen = 0;
    stream.copy_to_host(&seen, array.data(), sizeof(int));
    stream.synchronize();
    CHECK_EQ(seen, 35);
  });
}

TEST(events_order_streams) {
  for_orders([] {
    for (int i = 0; i < 20; ++i) {
      const DeviceArray<int> a(std::vector<int>{1}), b(std::vector<int>{1});
      Stream first, second;
      Event event;
      run(first, a.data(), 3, 4);
      first.record(event);
      second.wait_for(event);
      simt::launch(second, add_from, dim3(1), dim3(1), 0, b.data(), static_cast<const int*>(a.data()));
      second.synchronize();
      CHECK_EQ(b.read()[0], 8);
    }
  });
}

// Without the event some order shows that nothing orders them, whichever was written first.
TEST(streams_without_events_are_not_ordered) {
  for (const bool swapped : {false, true}) {
    int n_stale = 0;
    for (unsigned order = 0; order < 30; ++order) {
      simt::options().order = order;
      const DeviceArray<int> a(std::vector<int>{1}), b(std::vector<int>{1});
      Stream x, y;
      run(swapped ? y : x, a.data(), 3, 4);
      simt::launch(swapped ? x : y, add_from, dim3(1), dim3(1), 0, b.data(), static_cast<const int*>(a.data()));
      x.synchronize();
      y.synchronize();
      n_stale += b.read()[0] == 2;
    }
    CHECK(n_stale > 0 && n_stale < 30);
  }
  simt::options().order = 0;
}

// A host that changes what it uploads before it waited finds the change on the device, or not.
TEST(copies_read_the_host_when_they_run) {
  int seen[2];
  for (const unsigned order : {0u, 1u}) {
    simt::options().order = order;
    const DeviceArray<int> array(1);
    Stream stream;
    int host = 5;
    stream.copy_to_device(array.data(), &host, sizeof(int));
    host = 6;
    stream.synchronize();
    seen[order] = array.read()[0];
  }
  simt::options().order = 0;
  CHECK_EQ(seen[0], 5);
  CHECK_EQ(seen[1], 6);
}

TEST(graphs_run_as_often_as_they_are_launched) {
  for_orders([] {
    const DeviceArray<int> array(std::vector<int>{1});
    Stream stream;
    stream.begin_capture();
    run(stream, array.data(), 2, 1);
    run(stream, array.data(), 10, 0);
    CHECK(throws([&] { stream.synchronize(); }));
    const Graph graph = stream.end_capture();
    stream.synchronize();
    CHECK_EQ(array.read()[0], 1);
    stream.launch(graph);
    stream.launch(graph);
    stream.synchronize();
    CHECK_EQ(array.read()[0], 610);
  });
}

TEST(faults_come_with_the_wait_and_drop_what_lies_behind) {
  for_orders([] {
    const DeviceArray<int> array(std::vector<int>{1});
    Stream stream;
    simt::launch(stream, lonely_barrier, dim3(1), dim3(64), 0);
    CHECK(throws([&] { stream.synchronize(); }));
    run(stream, array.data(), 2, 0);
    stream.synchronize();
    CHECK_EQ(array.read()[0], 2);
  });
  simt::options().order = 1;  // all of it when it is waited for
  const DeviceArray<int> array(std::vector<int>{1});
  Stream stream;
  simt::launch(stream, lonely_barrier, dim3(1), dim3(64), 0);
  run(stream, array.data(), 2, 0);
  CHECK(throws([&] { stream.synchronize(); }));
  CHECK_EQ(array.read()[0], 1);
  simt::options().order = 0;
}

TEST(copies_know_whose_memory_they_are_given) {
  const DeviceArray<int> array(4);
  Stream stream;
  int host[4] = {};
  CHECK(throws([&] { stream.copy_to_device(host, host, sizeof(host)); }));
  CHECK(throws([&] { stream.copy_to_device(array.data(), array.data(), sizeof(host)); }));
  CHECK(throws([&] { stream.copy_to_host(array.data(), array.data(), sizeof(host)); }));
  CHECK(throws([&] { stream.copy_to_host(host, host, sizeof(host)); }));
  CHECK(throws([&] { stream.copy_to_device(array.data() + 1, host, sizeof(host)); }));
  stream.copy_to_device(array.data(), host, sizeof(host));
  stream.synchronize();
}
