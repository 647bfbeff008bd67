// One computation for many texts: parts of prompts and generated tokens, each text with its own adapters, share every
// product with a weight. Tokens of one role are one pass of the model: kernels differ by role, so that both together
// would share nothing. A pass of prompts can be held between layers while generated tokens of other texts go on.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/cancellation.h"
#include "infer/role_pass.h"

namespace chaku {

// What a step finds room for.
struct StepRoom {
  int32_t max_batch_tokens = 0;
  int32_t n_blocks = 0;  // of the pages
  ActivationFormat activations = ActivationFormat::kF32;
};

// One thread at a time; cancel() alone comes from any. Once rows and adapters have been as large, nothing is allocated.
class Step {
 public:
  Step(std::shared_ptr<Pages> pages, const StepRoom& room);
  ~Step();
  Step(const Step&) = delete;
  Step& operator=(const Step&) = delete;

  static int64_t scratch_bytes(const Model& model, const StepRoom& room);

  // Appends each part's tokens to its text, of which there is one part at most, and writes the rows of logits that are
  // asked for, part by part. Throws Error and leaves all texts as they were; after kCancelled, logits may hold some.
  // While prompts are held it takes generated tokens of other texts alone.
  void run(std::span<const StepPart> parts, std::span<float> logits);

  // The same of prompts in pieces: their texts get the tokens with the last piece. They are kept until then.
  void hold(std::span<const StepPart> parts, std::vector<std::shared_ptr<Sequence>> texts);
  bool holds() const noexcept { return held_ != nullptr; }
  // Runs at most n_layers layers of what is held; true where that was the last piece. Each call is given the same
  // logits. Throws Error and leaves the texts as they were before hold().
  bool advance(int64_t n_layers, std::span<float> logits);
  // Leaves the texts as they were before hold(); without effect where nothing is held.
  void abandon() noexcept;

  void cancel() noexcept { cancellation_.request(); }

  // From now on the squares of each product's inputs are added up.
  void collect_inputs();
  // Those of a product; refuses modules that are none, and if nothing is collected.
  InputStatistics::Sums inputs(Module module, int32_t layer) const;

 private:
  struct Held;

  void check(const char* op, std::span<const StepPart> parts) const;
  void check_room(const char* op, std::span<const StepPart> parts, std::span<const float> logits) const;
  void reserve_low_rank(std::span<const StepPart> parts);
  PassShare share() noexcept;

  std::shared_ptr<Pages> pages_;
  const Model* model_;
  ActivationFormat activations_;
  DeviceBuffer scratch_;
  RolePass prompts_, generated_;
  float* logits_;          // see PassShare
  DeviceBuffer low_rank_;  // likewise
  int64_t worn_rank_ = 0;  // likewise
  std::unique_ptr<Held> held_;
  std::optional<InputStatistics> inputs_;
  Cancellation cancellation_;
};

}  // namespace chaku
