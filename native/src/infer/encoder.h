// The states that a model ends with, for whole texts of which nothing is kept: vectors of texts and scores of pairs.
//
// A batch is as many whole texts as have room; each is a span whose keys are its own rows, so that attention may look
// both ways. The rest of the arithmetic is by row: a text's numbers do not depend on the others.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/cancellation.h"
#include "model/activations.h"
#include "model/batch.h"
#include "model/decoder.h"
#include "model/memory_plan.h"

namespace chaku {

// Values equal CHAKU_POOL_* of chaku.h.
enum class Pooling : int32_t { kNone = 0, kMean = 1, kFirst = 2, kLast = 3 };

struct EncoderOptions {
  int32_t max_batch_tokens = 0;  // and of one text; 0: 512
  int64_t memory_limit_bytes = 0;
};

// Texts side by side: n_tokens[i] of each, and those of all, one after another.
struct EncoderTexts {
  std::span<const int32_t> n_tokens;
  std::span<const int32_t> tokens;
  std::span<const int32_t> types;  // as tokens, or none: all 0
  Pooling pooling = Pooling::kMean;
  bool head = false;
};

// One thread at a time; cancel() alone comes from any.
class Encoder {
 public:
  Encoder(std::shared_ptr<const Model> model, const EncoderOptions& options);

  static MemoryPlan plan(const Model& model, const EncoderOptions& options);

  // Writes a row a text, or with kNone a token. Throws Error; after kCancelled, rows may hold some.
  void run(const EncoderTexts& texts, std::span<float> rows);
  void cancel() noexcept { cancellation_.request(); }

 private:
  // Texts [first, last), whose tokens begin at `token`.
  struct Part {
    size_t first, last;
    int64_t token, n_tokens;
  };

  void check(const EncoderTexts& texts, std::span<const float> rows) const;
  void upload(const EncoderTexts& texts, const Part& part);
  int64_t run_part(const EncoderTexts& texts, const Part& part, float* rows);
  const float* pool(const EncoderTexts& texts, const Part& part);
  const float* apply_head(const Decoder& decoder, const float* x, int64_t m);

  std::shared_ptr<const Model> model_;
  int32_t max_batch_tokens_;
  DeviceBuffer scratch_;
  Activations activations_;
  float* pooled_ = nullptr;    // [M,D]
  float* head_[2] = {};        // [M, the wider of the head's]
  int32_t* ints_ = nullptr;    // kIntRows of [M]
  std::vector<int32_t> host_;  // likewise
  std::vector<AttentionSpan> spans_;
  Cancellation cancellation_;
};

}  // namespace chaku
