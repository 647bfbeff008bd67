#include "kernels/cuda/simt/stream.h"

#include <algorithm>
#include <cstring>
#include <mutex>

#include "kernels/cuda/simt/options.h"

namespace chaku::simt {
namespace {

// One device: its work runs one piece after another.
std::recursive_mutex& device() {
  static auto* mutex = new std::recursive_mutex();
  return *mutex;
}

std::vector<Stream*>& streams() {
  static auto* all = new std::vector<Stream*>();
  return *all;
}

uint64_t draw(uint64_t below) {
  static uint64_t state = 0x9e3779b97f4a7c15u;
  state += options().order;
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state % below;
}

void expect_device(const char* what, const void* at, size_t n_bytes) {
  if (n_bytes > 0 && !is_device(at, n_bytes)) throw Fault(text("%s: expected memory of the device", what));
}

void expect_host(const char* what, const void* at) {
  if (is_device(at)) throw Fault(text("%s: expected memory of the host", what));
}

void move(void* to, const void* from, size_t n_bytes) {
  const DeviceAccess access;
  if (n_bytes > 0) std::memcpy(to, from, n_bytes);
}

}  // namespace

void Graph::add(const void* name, Work work) {
  work_.push_back(std::move(work));
  names_.resize(work_.size());
  names_.back() = name;
}

void Graph::set(size_t node, const void* name, Work work) {
  if (node >= names_.size() || names_[node] == nullptr)
    throw Fault(text("node %zu of a graph of %zu is set: it runs no kernel", node, work_.size()));
  if (names_[node] != name) throw Fault(text("node %zu of a graph is set to another kernel", node));
  if (!options().lose_node_updates) work_[node] = std::move(work);
}

Stream::Stream() {
  const std::lock_guard lock(device());
  streams().push_back(this);
}

Stream::~Stream() {
  const std::lock_guard lock(device());
  captured_.reset();
  while (!items_.empty() && run_some()) {
  }
  streams().erase(std::find(streams().begin(), streams().end(), this));
}

bool Stream::ready() const {
  return !items_.empty() && (items_[0].event == nullptr || items_[0].event->n_passed_ >= items_[0].n_records);
}

void Stream::run_first() {
  const Item item = std::move(items_[0]);
  items_.pop_front();
  if (!item.work) return;
  try {
    if (options().work_until_lost == 0) throw Fault("the device is lost");
    if (options().work_until_lost > 0) --options().work_until_lost;
    item.work();
  } catch (const Fault& fault) {
    if (failure_.empty()) failure_ = fault.what();
    items_.clear();
  }
}

bool Stream::run_some() {
  const std::vector<Stream*>& all = streams();
  const size_t n = all.size(), first = options().order > 1 ? draw(n) : 0;
  for (size_t i = 0; i < n; ++i) {
    Stream& stream = *all[options().order == 1 ? n - 1 - i : (first + i) % n];
    if (!stream.ready()) continue;
    stream.run_first();
    return true;
  }
  return false;
}

void Stream::add(Item item) {
  const std::lock_guard lock(device());
  items_.push_back(std::move(item));
  if (options().order == 0)
    while (run_some()) {
    }
  else if (options().order > 1)
    for (uint64_t n = draw(3); n > 0 && run_some(); --n) {
    }
}

void Stream::enqueue(Work work) {
  if (captured_ != nullptr)
    captured_->work_.push_back(std::move(work));
  else
    add({std::move(work)});
}

void Stream::copy_to_device(void* to, const void* from, size_t n_bytes) {
  expect_device("copy to the device", to, n_bytes);
  expect_host("copy to the device", from);
  enqueue([=] { move(to, from, n_bytes); });
}

void Stream::copy_to_host(void* to, const void* from, size_t n_bytes) {
  expect_device("copy to the host", from, n_bytes);
  expect_host("copy to the host", to);
  enqueue([=] { move(to, from, n_bytes); });
}

void Stream::fill_device(void* at, int byte, size_t n_bytes) {
  expect_device("fill", at, n_bytes);
  enqueue([=] {
    const DeviceAccess access;
    std::memset(at, byte, n_bytes);
  });
}

void Stream::record(Event& event) {
  if (captured_ != nullptr) throw Fault("an event is recorded while its stream is captured");
  const std::lock_guard lock(device());
  const int64_t number = ++event.n_recorded_;
  add({[&event, number] { event.n_passed_ = std::max(event.n_passed_, number); }});
}

void Stream::wait_for(Event& event) {
  if (captured_ != nullptr) throw Fault("an event is waited for while its stream is captured");
  const std::lock_guard lock(device());
  add({{}, &event, event.n_recorded_});
}

void Stream::begin_capture() {
  if (captured_ != nullptr) throw Fault("a stream is captured twice");
  captured_ = std::make_unique<Graph>();
}

Graph Stream::end_capture() {
  if (captured_ == nullptr) throw Fault("the end of a capture that did not begin");
  Graph graph = std::move(*captured_);
  captured_.reset();
  return graph;
}

void Stream::launch(const Graph& graph) {
  for (const Work& work : graph.work_) enqueue(work);
}

void Stream::synchronize() {
  const std::lock_guard lock(device());
  if (captured_ != nullptr) throw Fault("a stream is waited for while it is captured");
  while (!items_.empty())
    if (!run_some()) throw Fault("a stream waits for an event that nothing records");
  if (!failure_.empty()) throw Fault(std::exchange(failure_, {}));
}

void run_all_streams() {
  const std::lock_guard lock(device());
  while (Stream::run_some()) {
  }
}

}  // namespace chaku::simt
