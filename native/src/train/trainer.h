// Parameters over a model, trained by micro-batches and steps.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/cancellation.h"
#include "model/memory_plan.h"
#include "train/backward.h"
#include "train/loss_head.h"
#include "train/magnitudes.h"
#include "train/merged_weights.h"
#include "train/parameters.h"
#include "train/stacked_pairs.h"

namespace chaku {

enum class TrainMode : int32_t { kLora = 0, kFull = 1 };

struct TrainerOptions {
  TrainMode mode = TrainMode::kLora;
  int32_t max_tokens = 0;
  int32_t rank = 0;
  float scale = 1.0f;
  float dropout = 0.0f;
  uint64_t targets = 0;
  std::vector<ProductRank> exceptions = {};  // LoRA: of targets
  bool magnitudes = false;                   // LoRA: DoRA's
  bool subtracts_frozen = false;             // LoRA: PiSSA's, see stacked_pairs.h
  uint64_t saved = 0;                        // LoRA: modules that are trained whole beside it
  float embedding_noise = 0.0f;              // NEFTune's alpha
  uint64_t seed = 0;
  float load_balance = 0.0f;   // coefficient of the load-balance loss
  bool train_routers = false;  // full
  MergeAware merge = {};       // LoRA
  OptimizerKind optimizer = OptimizerKind::kAdamW;
  int64_t memory_limit_bytes = 0;
  // Inputs of layers wait for the backward pass in the host's memory, where the device has its own; or the device is
  // one that is chosen so.
  bool offload = false;
  int32_t n_kept = -1;  // layers that keep their activations; -1: as many as the memory allows

  // Whether the store has a frozen slot.
  bool has_frozen() const noexcept { return merge.on() || subtracts_frozen; }
  LoraProducts products() const { return {targets, rank, scale, exceptions, magnitudes}; }
};

struct TrainingBatch {
  int64_t index = 0;
  std::span<const int32_t> tokens;
  Targets targets;                  // as many
  std::span<const int32_t> starts;  // n_sequences + 1
};

struct StepOptions {
  float learning_rate = 0.0f;
  float beta1 = 0.9f, beta2 = 0.999f, epsilon = 1e-8f;
  float weight_decay = 0.0f;
  float max_grad_norm = 0.0f;  // 0: no clipping
  float b_rate_ratio = 1.0f;
  float max_grad_value = 0.0f;  // of each element, before the norm; 0: no clipping
};

struct StepResult {
  bool skipped = false;
  int64_t step = 0;
  double grad_norm = 0.0;
};

// Single-threaded, internally parallel; cancel() alone comes from any thread. Results do not depend on the number of
// threads, nor on how many layers keep their activations.
class Trainer {
 public:
  Trainer(std::shared_ptr<const Model> model, const TrainerOptions& options);

  static MemoryPlan plan(const Model& model, const TrainerOptions& options);

  // When it throws after the checks of the batch (cancelled), the gradients gathered since the last step are dropped.
  Loss accumulate(const TrainingBatch& batch);
  // Of the merged weights, where training sees them.
  Loss evaluate(const TrainingBatch& batch);
  // Logits [Mw,V] of the weighted tokens, from which evaluate takes its loss.
  void logits(const TrainingBatch& batch, std::span<float> logits);
  // Log-probabilities of the targets, 0 where the weight is 0, to values, which has the batch's size: those from which
  // evaluate takes its loss, or, where a backward follows, of the forward pass of accumulate, which is kept for it.
  void log_probs(const TrainingBatch& batch, bool backward_follows, std::span<double> values);
  // The gradients of sum weight * cross-entropy, of weights of either sign, after log_probs of the same batch; one that
  // is no number makes the step be skipped. The step's sum of weights grows by weight_sum. Throws as accumulate does.
  Loss backward(const TrainingBatch& batch, double weight_sum);
  StepResult step(const StepOptions& options);
  // y[M,N] = x[M,K] W^T of the weight W [N,K] that the pair of an A adds to, or of an expert's; transposed:
  // y[M,K] = x[M,N] W.
  void multiply(int32_t a_index, int64_t expert, bool transposed, std::span<const float> x, std::span<float> y);
  void cancel() noexcept { cancellation_.request(); }

  const std::vector<Parameter>& parameters() const noexcept { return store_.items(); }
  const Parameter& parameter(int32_t index) const;
  // Fills values, which has the parameter's size.
  void read(int32_t index, Slot slot, std::span<float> values) const;
  std::vector<float> read(int32_t index, Slot slot) const;
  void write(int32_t index, Slot slot, std::span<const float> values);
  void set_step(int64_t step);

 private:
  // The batch whose forward pass is in the activations, waiting for its backward pass.
  struct KeptForward {
    bool valid = false;
    int64_t index = 0;
    std::vector<int32_t> tokens, starts;
    bool is_of(const TrainingBatch& batch) const noexcept;
  };
  struct Layout;
  struct Scratch;
  static Layout layout(const Model& model, const TrainerOptions& options);
  static Layout checked_layout(const Model& model, const TrainerOptions& options);

  Trainer(std::shared_ptr<const Model> model, Layout layout);
  enum class WeightSign { kPositive, kAny };
  void check_batch(const TrainingBatch& batch, WeightSign sign = WeightSign::kPositive) const;
  Decoder training_decoder(const TrainingBatch& batch) const noexcept;
  Decoder evaluation_decoder();
  Loss gradients(const Decoder& decoder, const Batch& rows, const Targets& targets, const double* weight_sum);
  template <class Work>
  auto or_drop_gradients(const Work& work);
  void check_slot(const char* op, Slot slot) const;
  Batch begin_batch(const TrainingBatch& batch) noexcept;
  Decoder decoder(const Dropout& dropout) const noexcept;
  double balance_loss() const;  // of the last forward pass
  double grad_norm() noexcept;
  void update(const StepOptions& options, float gradient_scale) noexcept;
  void update(const Parameter& p, int64_t begin, int64_t n, const StepOptions& options, float gradient_scale) noexcept;

  std::shared_ptr<const Model> model_;
  TrainerOptions options_;
  ParameterStore store_;
  LowRanks low_ranks_;
  Weights weights_;
  mutable Magnitudes magnitudes_;  // computed when asked for
  mutable StackedPairs stacked_;   // where asked for: in place of low_ranks_; made when asked for
  MergedWeights merged_;           // where asked for: in place of weights_ and low_ranks_
  Gradients gradients_;
  BackwardEnd end_;
  DeviceBuffer memory_;
  std::unique_ptr<OffloadedStreams> offloaded_;
  Activations activations_;
  BackwardScratch backward_;
  LossScratch loss_;
  int32_t* positions_ = nullptr;         // [max_tokens]
  int32_t* tokens_ = nullptr;            // [max_tokens]
  std::vector<int32_t> host_positions_;  // [max_tokens]
  std::vector<AttentionSpan> spans_;     // of the batch at hand
  std::vector<float> ones_;              // [max_tokens] 1 where its weight is not 0
  KeptForward kept_;
  DeviceBuffer norms_;              // float64 [parameters], squared
  std::vector<double> host_norms_;  // likewise
  double weight_sum_ = 0.0;         // since the last step
  int64_t step_ = 0;
  Cancellation cancellation_;
};

}  // namespace chaku
