// One computation for many texts: parts of prompts and generated tokens, each text with its own adapters, share every
// product with a weight. Tokens of one role are one pass of the model, in batches of at most max_batch_tokens: kernels
// differ by role, so that both together would share nothing.
//
// A batch has the rows that nobody asks logits of first, and the others behind them, so that the last layer computes
// the others alone. In either part, texts that wear the same adapters are neighbours. The rest of the arithmetic is by
// row: a token's numbers depend on the tokens of its text before it and on their roles, and on nothing else.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "base/cancellation.h"
#include "infer/batch_rows.h"
#include "infer/sequence.h"
#include "model/activations.h"
#include "model/decoder.h"
#include "model/memory_plan.h"

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

// What a step finds room for.
struct StepRoom {
  int32_t max_batch_tokens = 0;
  int32_t n_blocks = 0;  // of the pages
};

// One thread at a time; cancel() alone comes from any. Once rows and adapters have been as large, nothing is allocated.
class Step {
 public:
  Step(std::shared_ptr<Pages> pages, const StepRoom& options);

  static int64_t scratch_bytes(const Model& model, const StepRoom& options);

  // Appends each part's tokens to its text, of which there is one part at most, and writes the rows of logits that are
  // asked for, part by part. Throws Error and leaves all texts as they were; after kCancelled, logits may hold some.
  void run(std::span<const StepPart> parts, std::span<float> logits);
  void cancel() noexcept { cancellation_.request(); }

  // From now on the squares of each product's inputs are added up.
  void collect_inputs();
  // Those of a product; refuses modules that are none, and if nothing is collected.
  InputStatistics::Sums inputs(Module module, int32_t layer) const;

 private:
  void check(std::span<const StepPart> parts, std::span<const float> logits) const;
  void reserve_low_rank(std::span<const StepPart> parts);
  void run_role(std::span<const StepPart> parts, Role role, float* logits);
  void run_batch(Role role, float* logits);
  Decoder decoder_of(Role role, std::span<const WornRows> worn);
  void write_logits(Role role, int64_t begin, int64_t end, float* logits);
  void project(Role role, int64_t begin, int64_t end, float* to);

  std::shared_ptr<Pages> pages_;
  const Model* model_;
  StepRoom options_;
  DeviceBuffer scratch_;
  Activations activations_;
  BatchRows rows_;
  float* logits_ = nullptr;          // [kLogitRows,V], where rows do not go to the caller's memory as they come
  DeviceBuffer low_rank_;            // floats, kLinearsTogether times [rows of a product, worn_rank_]
  int64_t worn_rank_ = 0;            // that there is room for
  std::vector<WornRows> worn_rows_;  // of a run of logits
  std::vector<TailOfRows> tails_;    // of products that run together
  std::optional<InputStatistics> inputs_;
  Cancellation cancellation_;
};

}  // namespace chaku
