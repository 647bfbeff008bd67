// Tokens of one role on their way through the model, in batches and layer by layer, so that what is long can be cut.
//
// A batch has the rows that nobody asks logits of first, and the others behind them, so that the last layer computes
// the others alone. In either part, texts that wear the same adapters are neighbours. The rest of the arithmetic is by
// row: a token's numbers depend on the tokens of its text before it and on their roles, and on nothing else.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/cancellation.h"
#include "infer/batch_rows.h"
#include "infer/sequence.h"
#include "model/activations.h"
#include "model/decoder.h"
#include "model/linear.h"

namespace chaku {

enum class LogitRows : int32_t { kNone = 0, kLast = 1, kAll = 2 };

// What a step computes of one text.
struct StepPart {
  Sequence* sequence = nullptr;
  std::span<const int32_t> tokens;  // that are appended
  Role role = Role::kPrompt;
  LogitRows rows = LogitRows::kNone;

  int64_t n_tokens() const noexcept { return static_cast<int64_t>(tokens.size()); }
  int64_t n_rows() const noexcept { return rows == LogitRows::kAll ? n_tokens() : rows == LogitRows::kLast ? 1 : 0; }
};

// What passes have in common, since only one of them computes at a time.
struct PassShare {
  float* logits = nullptr;    // [kLogitRows,V], where rows do not go to the caller's memory as they come
  float* low_rank = nullptr;  // floats, kLinearsTogether times [rows of a product, worn_rank]
  int64_t worn_rank = 0;      // that there is room for
  InputStatistics* inputs = nullptr;
  const Cancellation* cancellation = nullptr;
  ActivationFormat activations = ActivationFormat::kF32;
};

class RolePass {
 public:
  static constexpr int32_t kLogitRows = 32;  // that cross from a device at once

  // `memory`: bytes() of the device's, for batches of at most max_tokens, of texts in n_blocks blocks.
  RolePass(const Model& model, Role role, int32_t max_tokens, int32_t n_blocks, std::byte* memory);

  static int64_t bytes(const Model& model, int32_t max_tokens, int32_t n_blocks);

  int64_t max_tokens() const noexcept { return max_tokens_; }
  // Of the arrays that products of low rank write, which the share has room for.
  void share_low_rank(float* memory, int64_t floats) { share_low_rank_out(memory, floats, activations_); }

  // Begins with those of the parts that have the role. The parts and their tokens must outlive the pass.
  void begin(std::span<const StepPart> parts) noexcept;
  bool is_done() const noexcept { return part_ == parts_.size() && rows_.empty(); }
  // Runs some more layers, of one batch at most; at a batch's end its rows of logits are written, of all parts' rows
  // from `logits` on. Throws Error; then the pass is over.
  void advance(const PassShare& share, std::span<const CachedKeyValues> cache, int64_t n_layers, float* logits);
  void drop() noexcept;

 private:
  void fill_batch();
  Decoder decoder_of(const PassShare& share, std::span<const WornRows> worn);
  void end_batch(const PassShare& share, float* logits);
  void write_logits(const PassShare& share, Role role, int64_t begin, int64_t end, float* logits);
  void project(const PassShare& share, Role role, int64_t begin, int64_t end, float* to);
  void project_alike(const PassShare& share, Role role, std::span<const WornRows> worn, int64_t begin, float* to);

  const Model& model_;
  Role role_;
  int32_t max_tokens_;
  BatchRows rows_;
  Activations activations_;
  std::vector<WornRows> worn_rows_;  // of a run of logits
  std::vector<TailOfRows> tails_;    // of products that run together

  std::span<const StepPart> parts_;
  size_t part_ = 0;        // that comes into the next batch
  int64_t token_ = 0;      // of it
  int64_t logit_row_ = 0;  // of its first row of logits
  int32_t layer_ = 0;      // of the batch, that comes next
};

}  // namespace chaku
