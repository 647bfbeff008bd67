// Streams, events and graphs: queues of work that run when nobody expects it.
//
// By Options::order work runs as soon as it may (0), when somebody waits for it and not before, the last stream first
// (1), or at moments and from streams that are drawn. What is ordered on a GPU is ordered here: work of one stream, and
// what waits for an event. A host that reuses memory before it waited, or a stream that relies on another, sees it.
//
// Faults of work are thrown by the next call that waits for its stream; what lay behind it in the stream is dropped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "kernels/cuda/simt/device_memory.h"
#include "kernels/cuda/simt/fault.h"
#include "kernels/cuda/simt/grid.h"

namespace chaku::simt {

class Event {
 public:
  Event() = default;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

 private:
  friend class Stream;
  int64_t n_recorded_ = 0, n_passed_ = 0;
};

using Work = std::function<void()>;

// What a stream was given while it was captured, or nodes one after another, to be launched any number of times.
class Graph {
 public:
  // A node that runs a kernel; `name` is the host's name of it.
  void add(const void* name, Work work);
  // The node's work with other arguments: later launches have them, those that are enqueued keep theirs. Throws Fault
  // for a node that is not there, and for another kernel.
  void set(size_t node, const void* name, Work work);

 private:
  friend class Stream;
  std::vector<Work> work_;
  std::vector<const void*> names_;  // of nodes that were added
};

// Used from one thread at a time; several streams from several threads.
class Stream {
 public:
  Stream();
  // Runs what is left.
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  void enqueue(Work work);
  // Bytes of the host are read, or written, when the copy runs.
  void copy_to_device(void* to, const void* from, size_t n_bytes);
  void copy_to_host(void* to, const void* from, size_t n_bytes);
  void fill_device(void* at, int byte, size_t n_bytes);

  // The events live until the streams have been waited for.
  void record(Event& event);
  void wait_for(Event& event);

  // Between these, work goes to the graph and does not run; to wait is a Fault.
  void begin_capture();
  Graph end_capture();
  void launch(const Graph& graph);

  // Until all work has run. Throws Fault if some of it failed, once.
  void synchronize();

 private:
  struct Item {
    Work work;
    const Event* event = nullptr;  // to wait for, until so many records have passed
    int64_t n_records = 0;
  };
  bool ready() const;
  void run_first();
  void add(Item item);
  // Runs work of any stream; false if none is ready.
  static bool run_some();
  friend void run_all_streams();

  std::deque<Item> items_;
  std::unique_ptr<Graph> captured_;
  std::string failure_;
};

// Runs what is left in all streams, as the device does before it frees memory. Failures stay with their streams.
void run_all_streams();

// check_arguments() of each.
template <class... P>
void check_argument_values(P... values) {
  (__builtin_clear_padding(&values), ...);  // which may hold anything
  (check_arguments(&values, sizeof(values)), ...);
}

template <class... P, class... A>
void launch(Stream& stream, void (*kernel)(P...), dim3 grid, dim3 block, size_t shared_bytes, A&&... arguments) {
  check_grid(grid, block, shared_bytes);
  const std::tuple<P...> values(static_cast<P>(std::forward<A>(arguments))...);
  std::apply([](auto... each) { check_argument_values(each...); }, values);
  stream.enqueue([=] {
    const auto body = [&] { std::apply(kernel, values); };
    run_grid(grid, block, shared_bytes, [](const void* f) { (*static_cast<const decltype(body)*>(f))(); }, &body);
  });
}

}  // namespace chaku::simt
