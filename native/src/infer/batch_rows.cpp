#include "infer/batch_rows.h"

#include <algorithm>

namespace chaku {
namespace {

constexpr int64_t kTablesOfAllBlocks = 4;  // texts that share blocks have more in their tables than there are

int64_t table_entries(int32_t n_blocks) { return kTablesOfAllBlocks * n_blocks; }

int64_t n_ints(int64_t max_tokens, int32_t n_blocks) { return 3 * max_tokens + table_entries(n_blocks); }

}  // namespace

BatchRows::BatchRows(const Device& device, std::byte* memory, int32_t max_tokens, int32_t n_blocks)
    : device_(device),
      max_tokens_(max_tokens),
      table_room_(table_entries(n_blocks)),
      device_ints_(Carver(memory).take<int32_t>(n_ints(max_tokens, n_blocks))),
      host_ints_(static_cast<size_t>(n_ints(max_tokens, n_blocks))) {
  logit_rows_.resize(static_cast<size_t>(max_tokens));
}

int64_t BatchRows::bytes(int32_t max_tokens, int32_t n_blocks) {
  Carver counter(nullptr);
  counter.take<int32_t>(n_ints(max_tokens, n_blocks));
  return counter.n_bytes();
}

void BatchRows::clear() noexcept {
  n_tokens_ = n_table_ = n_placed_ = first_output_ = first_last_ = 0;
  pieces_.clear();
  groups_.clear();
  spans_.clear();
  output_spans_.clear();
  contexts_.clear();
  memories_.clear();
  worn_.clear();
  placed_last_ = nullptr;
}

void BatchRows::add(const BatchPiece& piece) {
  BatchPiece& added = pieces_.emplace_back(piece);
  n_tokens_ += static_cast<int64_t>(piece.tokens.size());
  const WornAdapters* worn = &piece.sequence->worn();
  const auto found = std::find(groups_.begin(), groups_.end(), worn);
  added.group = found - groups_.begin();
  if (found == groups_.end()) groups_.push_back(worn);
  added.table = n_table_;
  for (const int32_t block : piece.sequence->blocks())
    host_ints_[static_cast<size_t>(3 * max_tokens_ + n_table_++)] = block;
}

void BatchRows::place(const BatchPiece& piece, int64_t begin, int64_t end, bool second) {
  if (begin == end) return;
  const int64_t n = end - begin, first = n_placed_;
  for (int64_t i = begin; i < end; ++i, ++n_placed_) {
    const int32_t position = piece.first_position + static_cast<int32_t>(i);
    const size_t row = static_cast<size_t>(n_placed_), stride = static_cast<size_t>(max_tokens_);
    host_ints_[row] = piece.tokens[static_cast<size_t>(i)];
    host_ints_[stride + row] = position;
    host_ints_[2 * stride + row] = piece.sequence->cache_row(position);
  }
  const int64_t kv_end = piece.first_position + end;
  if (placed_last_ == piece.sequence) {  // goes on where the text's other rows end
    spans_.back().q_end += n;
    spans_.back().kv_end = kv_end;
  } else {
    spans_.push_back({first, n_placed_, 0, kv_end, device_ints_ + 3 * max_tokens_ + piece.table});
    contexts_.push_back(piece.sequence->max_tokens());
    if (float* after = piece.sequence->memory_after())
      memories_.push_back({second || piece.goes_on ? after : piece.sequence->memory_before(), after});
  }
  placed_last_ = piece.sequence;
  const LowRanks* low_ranks = &piece.sequence->worn().low_ranks();
  if (!worn_.empty() && worn_.back().low_ranks == low_ranks)
    worn_.back().end = n_placed_;
  else
    worn_.push_back({first, n_placed_, low_ranks});
}

void BatchRows::finish() {
  std::sort(pieces_.begin(), pieces_.end(), [](const BatchPiece& a, const BatchPiece& b) {
    return a.group != b.group ? a.group < b.group : a.table < b.table;  // tables are in the order of the parts
  });
  for (const BatchPiece& piece : pieces_)
    place(piece, 0, static_cast<int64_t>(piece.tokens.size()) - piece.n_output, false);
  first_output_ = n_placed_;
  const auto place_outputs = [&](bool last_alone) {
    for (const BatchPiece& piece : pieces_) {
      if (piece.last_alone != last_alone || piece.n_output == 0) continue;
      const int64_t n = static_cast<int64_t>(piece.tokens.size()), begin = n - piece.n_output;
      for (int64_t i = 0; i < piece.n_output; ++i)
        logit_rows_[static_cast<size_t>(n_placed_ - first_output_ + i)] = piece.first_logit_row + i;
      place(piece, begin, n, begin > 0);
    }
  };
  place_outputs(false);
  first_last_ = n_placed_ - first_output_;
  place_outputs(true);
  if (first_output_ > 0)
    for (const AttentionSpan& whole : spans_) {
      if (whole.q_end <= first_output_) continue;
      AttentionSpan span = whole;
      span.q_begin = std::max(whole.q_begin, first_output_) - first_output_;
      span.q_end = whole.q_end - first_output_;
      output_spans_.push_back(span);
    }
  const int64_t size = static_cast<int64_t>(sizeof(int32_t));
  for (int64_t i = 0; i < 3; ++i)
    device_.upload(device_ints_ + i * max_tokens_, host_ints_.data() + i * max_tokens_, n_tokens_ * size);
  device_.upload(device_ints_ + 3 * max_tokens_, host_ints_.data() + 3 * max_tokens_, n_table_ * size);
}

Batch BatchRows::batch() const noexcept {
  Batch batch;
  batch.tokens = device_ints_;
  batch.positions = device_ints_ + max_tokens_;
  batch.n_tokens = n_tokens_;
  batch.spans = spans_;
  batch.first_output_row = first_output_;
  batch.output_spans = output_spans_;
  batch.cache_rows = device_ints_ + 2 * max_tokens_;
  batch.contexts = contexts_;
  batch.memories = memories_;
  return batch;
}

}  // namespace chaku
