// One text of a pool: how many tokens it has, the blocks that keep them, the adapters that it wears, and what its
// running memories are.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "infer/pages.h"

namespace chaku {

// One thread at a time with all of its pages; it may end on any. Methods throw Error and leave the text as it was.
class Sequence {
 public:
  // max_tokens also says how ropes turn that depend on a text's possible length.
  Sequence(std::shared_ptr<Pages> pages, int32_t max_tokens);
  ~Sequence();
  Sequence(const Sequence&) = delete;
  Sequence& operator=(const Sequence&) = delete;

  // A text of its own that begins with the first n_tokens of this one, wears what it wears, and shares their blocks.
  // With running memories n_tokens is 0, all of them, or where a snapshot was taken.
  std::unique_ptr<Sequence> fork(int32_t n_tokens) const;
  // The text must be empty.
  void set_adapters(std::vector<std::shared_ptr<const Adapter>> adapters, std::span<const float> scales);
  // Forgets all but the first n_tokens; with running memories as fork().
  void truncate(int32_t n_tokens);
  // Keeps what the running memories are now, at the end of a block, for fork() and truncate(). It costs one of the
  // pool's memories; that of another text at the same place is shared.
  void take_snapshot();
  void drop_snapshots() noexcept;

  int32_t length() const noexcept { return length_; }
  int32_t max_tokens() const noexcept { return max_tokens_; }
  int32_t n_snapshots() const noexcept { return static_cast<int32_t>(snapshots_.size()); }
  const std::shared_ptr<Pages>& pages() const noexcept { return pages_; }
  const WornAdapters& worn() const noexcept { return *worn_; }

  // What a step does: begin() makes room for n tokens, which must be free in the pages, then either is called. Rows of
  // the cache and blocks are known in between.
  int32_t n_blocks_to_take(int32_t n_tokens) const noexcept;
  bool has_begun() const noexcept { return begun_; }
  void begin(int32_t n_tokens);
  void commit(int32_t n_tokens) noexcept;
  void abort() noexcept;
  std::span<const int32_t> blocks() const noexcept { return blocks_; }
  int32_t cache_row(int32_t position) const noexcept {
    return blocks_[static_cast<size_t>(position / kCacheBlockTokens)] * kCacheBlockTokens +
           position % kCacheBlockTokens;
  }
  // Running memories before the step and after it.
  const float* memory_before() const noexcept { return memory_ < 0 ? nullptr : pages_->memory(memory_); }
  float* memory_after() const noexcept { return next_memory_ < 0 ? nullptr : pages_->memory(next_memory_); }

 private:
  struct Snapshot {
    int32_t n_tokens, memory;
  };

  void check_idle(const char* op) const;
  // The memory at n_tokens, -1 where the text begins; throws where none is known.
  int32_t memory_at(const char* op, int32_t n_tokens) const;
  void keep_blocks(int32_t n) noexcept;

  std::shared_ptr<Pages> pages_;
  std::shared_ptr<const WornAdapters> worn_;
  int32_t max_tokens_;
  int32_t length_ = 0;
  std::vector<int32_t> blocks_;      // with room for max_tokens
  int32_t memory_ = -1;              // what the text goes on from
  int32_t next_memory_ = -1;         // during a step
  std::vector<Snapshot> snapshots_;  // by n_tokens
  bool begun_ = false;
};

}  // namespace chaku
