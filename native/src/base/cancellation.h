// How a long run is ended from outside.
#pragma once

#include <atomic>

namespace chaku {

// Asked between kernels by whatever runs long. Raised from any thread, and only while a run is in flight.
class Cancellation {
 public:
  void begin() noexcept { state_.store(kRunning); }
  void end() noexcept { state_.store(kIdle); }
  void request() noexcept {
    int expected = kRunning;
    state_.compare_exchange_strong(expected, kRequested);
  }
  // Throws Error(kCancelled) when requested.
  void check() const;

 private:
  enum : int { kIdle, kRunning, kRequested };
  std::atomic<int> state_{kIdle};
};

// The stretch in which a request is heard; ends on every way out.
class CancellableRun {
 public:
  explicit CancellableRun(Cancellation& cancellation) noexcept : cancellation_(cancellation) { cancellation_.begin(); }
  ~CancellableRun() { cancellation_.end(); }
  CancellableRun(const CancellableRun&) = delete;
  CancellableRun& operator=(const CancellableRun&) = delete;

 private:
  Cancellation& cancellation_;
};

}  // namespace chaku
