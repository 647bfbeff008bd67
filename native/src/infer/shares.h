// Numbered things that several users may hold at once: free, held by one, or shared.
#pragma once

#include <cstdint>
#include <mutex>
#include <vector>

namespace chaku {

// Any thread: a text may be given back while others are computed.
class Shares {
 public:
  explicit Shares(int32_t n) : holders_(static_cast<size_t>(n)) {
    free_.reserve(static_cast<size_t>(n));
    for (int32_t i = n - 1; i >= 0; --i) free_.push_back(i);
  }

  int32_t n_all() const noexcept { return static_cast<int32_t>(holders_.size()); }
  int32_t n_free() const noexcept {
    const std::lock_guard lock(mutex_);
    return static_cast<int32_t>(free_.size());
  }
  int32_t n_shared() const noexcept {
    const std::lock_guard lock(mutex_);
    return n_shared_;
  }
  bool is_shared(int32_t i) const noexcept {
    const std::lock_guard lock(mutex_);
    return holders_[static_cast<size_t>(i)] > 1;
  }

  // There must be a free one. Its user is the first holder.
  int32_t take() noexcept {
    const std::lock_guard lock(mutex_);
    const int32_t i = free_.back();
    free_.pop_back();
    holders_[static_cast<size_t>(i)] = 1;
    return i;
  }
  // One more holder of what is held.
  int32_t share(int32_t i) noexcept {
    const std::lock_guard lock(mutex_);
    if (++holders_[static_cast<size_t>(i)] == 2) ++n_shared_;
    return i;
  }
  // One holder less; free after the last.
  void drop(int32_t i) noexcept {
    const std::lock_guard lock(mutex_);
    const int32_t left = --holders_[static_cast<size_t>(i)];
    if (left == 1) --n_shared_;
    if (left == 0) free_.push_back(i);
  }

 private:
  mutable std::mutex mutex_;
  std::vector<int32_t> holders_;  // of each
  std::vector<int32_t> free_;     // a stack, with room for all
  int32_t n_shared_ = 0;
};

}  // namespace chaku
