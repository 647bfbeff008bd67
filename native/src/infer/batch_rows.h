// The rows of one batch of a step: which tokens they are, in which order, and what the kernels are told of them.
#pragma once

#include <span>
#include <vector>

#include "device/device.h"
#include "infer/sequence.h"
#include "model/carver.h"
#include "model/decoder.h"

namespace chaku {

// Tokens of a text in a batch, the last n_output of them with logits.
struct BatchPiece {
  const Sequence* sequence;
  std::span<const int32_t> tokens;
  int32_t first_position;
  bool goes_on;             // batches before this one of the same step have tokens of the text
  int64_t n_output;         // 0, 1 or all
  bool last_alone;          // its one row of logits is asked for by itself
  int64_t first_logit_row;  // of the caller's rows, that its first output goes to
  int64_t group = 0;        // of those that wear the same
  int64_t table = 0;        // where its blocks begin in the tables
};

// Filled anew for each batch; memory is kept.
class BatchRows {
 public:
  // `memory`: bytes() of the device's.
  BatchRows(const Device& device, std::byte* memory, int32_t max_tokens, int32_t n_blocks);

  static int64_t bytes(int32_t max_tokens, int32_t n_blocks);

  void clear() noexcept;
  // Tokens that still find room, and whether the blocks of a text do.
  int64_t room() const noexcept { return max_tokens_ - n_tokens_; }
  bool has_room_for(const Sequence& sequence) const noexcept {
    return n_table_ + static_cast<int64_t>(sequence.blocks().size()) <= table_room_;
  }
  void add(const BatchPiece& piece);
  // Orders the rows and brings them to the device.
  void finish();

  Batch batch() const noexcept;
  bool empty() const noexcept { return pieces_.empty(); }
  std::span<const WornRows> worn() const noexcept { return worn_; }
  int64_t n_output() const noexcept { return n_tokens_ - first_output_; }
  int64_t first_output() const noexcept { return first_output_; }
  // Output rows from this one on are each the last of a text, asked for by itself.
  int64_t first_last_row() const noexcept { return first_last_; }
  // The caller's row of logits that an output row goes to.
  int64_t logit_row(int64_t output_row) const noexcept { return logit_rows_[static_cast<size_t>(output_row)]; }

 private:
  void place(const BatchPiece& piece, int64_t begin, int64_t end, bool second);

  const Device& device_;
  int64_t max_tokens_, table_room_;
  int32_t* device_ints_;            // tokens, positions, rows of the cache: max_tokens each; then tables of blocks
  std::vector<int32_t> host_ints_;  // the same
  int64_t n_tokens_ = 0, n_table_ = 0, n_placed_ = 0, first_output_ = 0, first_last_ = 0;
  std::vector<BatchPiece> pieces_;
  std::vector<const WornAdapters*> groups_;
  std::vector<AttentionSpan> spans_, output_spans_;
  std::vector<int64_t> contexts_, logit_rows_;
  std::vector<RunningState> memories_;
  std::vector<WornRows> worn_;
  const Sequence* placed_last_ = nullptr;
};

}  // namespace chaku
