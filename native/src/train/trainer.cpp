#include "train/trainer.h"

#include <algorithm>
#include <cmath>

#include "base/cpu_features.h"
#include "base/error.h"
#include "model/experts.h"
#include "model/forward.h"

namespace chaku {

// Everything that options and model decide before anything is allocated.
struct Trainer::Layout {
  TrainerOptions options;  // n_kept resolved
  ParameterList parameters;
  ActivationOptions activations;
  MemoryPlan plan;

  int64_t stream_bytes(const DecoderSpec& spec) const noexcept {
    return activations.max_tokens * spec.width * static_cast<int64_t>(sizeof(float));
  }
  OffloadedRange offloaded(const DecoderSpec& spec) const noexcept {
    return activations.offload ? offloaded_range(activations.first_layer, spec.n_layers()) : OffloadedRange{};
  }
  int64_t offloaded_bytes(const DecoderSpec& spec) const noexcept {
    return offloaded(spec).size() * stream_bytes(spec);
  }
};

struct Trainer::Scratch {
  Activations activations;
  BackwardScratch backward;
  LossScratch loss;
  int32_t* positions;
  int32_t* tokens;
};

namespace {

constexpr uint64_t bit(Module module) noexcept { return uint64_t{1} << static_cast<int32_t>(module); }

constexpr uint64_t kTargetableMixers = bit(Module::kMixIn) | bit(Module::kMixGate) | bit(Module::kMixInputGate) |
                                       bit(Module::kMixBeta) | bit(Module::kMixAlpha) | bit(Module::kMixOut);
constexpr uint64_t kTargetableLatents =
    bit(Module::kAttnQA) | bit(Module::kAttnQB) | bit(Module::kAttnKvA) | bit(Module::kAttnKvB);
constexpr uint64_t kTargetableInputs = bit(Module::kLayerInputGate) | bit(Module::kLayerInputOut);
constexpr uint64_t kTargetableExperts = bit(Module::kExpertGate) | bit(Module::kExpertUp) | bit(Module::kExpertDown) |
                                        bit(Module::kSharedGate) | bit(Module::kSharedUp) | bit(Module::kSharedDown);
// Products that are made by apply_linears() and belong to no expert.
constexpr uint64_t kMagnifiable = bit(Module::kAttnQ) | bit(Module::kAttnK) | bit(Module::kAttnV) |
                                  bit(Module::kAttnOutput) | bit(Module::kFfnGate) | bit(Module::kFfnUp) |
                                  bit(Module::kFfnDown) | bit(Module::kAttnQA) | bit(Module::kAttnQB) |
                                  bit(Module::kAttnKvA) | kTargetableMixers | kTargetableInputs;
constexpr uint64_t kTargetable = bit(Module::kAttnQ) | bit(Module::kAttnK) | bit(Module::kAttnV) |
                                 bit(Module::kAttnOutput) | bit(Module::kFfnGate) | bit(Module::kFfnUp) |
                                 bit(Module::kFfnDown) | bit(Module::kOutput) | kTargetableExperts | kTargetableMixers |
                                 kTargetableLatents | kTargetableInputs;

int32_t n_expert_layers(const DecoderSpec& spec) noexcept {
  return static_cast<int32_t>(std::count_if(spec.layers.begin(), spec.layers.end(),
                                            [](const LayerSpec& layer) { return layer.experts.n_experts > 0; }));
}

// Every target is a product of some layer.
void check_targets(const DecoderSpec& spec, uint64_t targets) {
  for (int32_t i = 0; i < kLayerLinears; ++i) {
    const Module module = kLinearModules[static_cast<size_t>(i)];
    if (!(targets & bit(module))) continue;
    bool found = false;
    for (int32_t l = 0; l < spec.n_layers() && !found; ++l) found = spec.has(l, static_cast<LayerLinear>(i));
    if (!found)
      fail(Code::kInvalidArgument, "[trainer] expected targets that the model has, got %s",
           module_name(module, -1).c_str());
  }
}

void check_exceptions(const DecoderSpec& spec, const TrainerOptions& o) {
  for (size_t i = 0; i < o.exceptions.size(); ++i) {
    const ProductRank& e = o.exceptions[i];
    const std::string name = module_name(e.module, e.layer);
    const int32_t linear = linear_of(e.module);
    const bool there =
        linear >= 0 ? e.layer >= 0 && e.layer < spec.n_layers() && spec.has(e.layer, static_cast<LayerLinear>(linear))
                    : e.module == Module::kOutput && e.layer == -1;
    if (!there || !(o.targets & bit(e.module)))
      fail(Code::kInvalidArgument, "[trainer] expected exceptions among the products of targets, got %s", name.c_str());
    for (size_t j = 0; j < i; ++j)
      if (o.exceptions[j].module == e.module && o.exceptions[j].layer == e.layer)
        fail(Code::kInvalidArgument, "[trainer] expected each exception once, got %s again", name.c_str());
    if (e.rank < 0 || e.rank > kMaxRank)
      fail(Code::kInvalidArgument, "[trainer] expected rank in 0..%d, got %d (%s)", kMaxRank, e.rank, name.c_str());
    if (!std::isfinite(e.scale))
      fail(Code::kInvalidArgument, "[trainer] expected a finite scale, got %g (%s)", e.scale, name.c_str());
  }
  if (lora_parameters(spec, o.products()).items.empty())
    fail(Code::kInvalidArgument, "[trainer] expected a product that is adapted, got exceptions for all");
}

void check_saved(const Model& model, const TrainerOptions& o) {
  constexpr uint64_t kSaveable = bit(Module::kTokenEmbedding) | bit(Module::kOutput);
  if (o.saved == 0) return;
  if ((o.saved & ~kSaveable) != 0)
    fail(Code::kInvalidArgument, "[trainer] expected saved of token_embedding and output (bits 0x%llx), got 0x%llx",
         static_cast<unsigned long long>(kSaveable), static_cast<unsigned long long>(o.saved));
  if (o.merge.on() || o.subtracts_frozen)
    fail(Code::kUnsupported, "[trainer] expected saved without %s, got both",
         o.merge.on() ? "merge-aware training" : "subtracts_frozen");
  const bool tied = model.weights().tied;
  if (tied && o.saved == bit(Module::kOutput))
    fail(Code::kInvalidArgument, "[trainer] expected saved token_embedding, which is the output too, got output alone");
  if ((o.targets & bit(Module::kOutput)) != 0 && (tied || (o.saved & bit(Module::kOutput)) != 0))
    fail(Code::kInvalidArgument, "[trainer] expected output among targets or saved, got both%s",
         tied ? " (it is token_embedding)" : "");
}

void check_options(const Model& model, const TrainerOptions& o) {
  if (!model.sealed()) fail(Code::kInvalidState, "[trainer] expected a sealed model, got one under construction");
  if (!model.spec().looks_back())
    fail(Code::kUnsupported,
         "[trainer] expected a model that generates, got an encoder, whose tokens see those behind them");
  if (static_cast<int32_t>(o.optimizer) < 0 || o.optimizer > OptimizerKind::kLion8Bit)
    fail(Code::kInvalidArgument, "[trainer] expected optimizer in 0..3, got %d", static_cast<int>(o.optimizer));
  if (o.mode != TrainMode::kLora && o.mode != TrainMode::kFull)
    fail(Code::kInvalidArgument, "[trainer] expected mode 0 or 1, got %d", static_cast<int>(o.mode));
  if (o.max_tokens < 1 || o.max_tokens > kMaxTokens)
    fail(Code::kInvalidArgument, "[trainer] expected max_tokens in 1..%d, got %d", kMaxTokens, o.max_tokens);
  check_slots("trainer", model.spec(), o.max_tokens);
  if (o.memory_limit_bytes < 0)
    fail(Code::kInvalidArgument, "[trainer] expected memory_limit_bytes >= 0, got %lld",
         static_cast<long long>(o.memory_limit_bytes));
  if (!(o.load_balance >= 0.0f) || !std::isfinite(o.load_balance))
    fail(Code::kInvalidArgument, "[trainer] expected a finite load_balance >= 0, got %g", o.load_balance);
  if (o.load_balance > 0.0f && n_expert_layers(model.spec()) == 0)
    fail(Code::kInvalidArgument, "[trainer] expected load_balance 0 for a model without experts, got %g",
         o.load_balance);
  if (!(o.embedding_noise >= 0.0f) || !std::isfinite(o.embedding_noise))
    fail(Code::kInvalidArgument, "[trainer] expected a finite embedding_noise >= 0, got %g", o.embedding_noise);
  if (o.mode == TrainMode::kFull && o.merge.on())
    fail(Code::kInvalidArgument, "[trainer] expected merge-aware training of LoRA alone, got full training");
  if (o.mode == TrainMode::kFull && o.saved != 0)
    fail(Code::kInvalidArgument, "[trainer] expected saved beside LoRA alone, got full training");
  if (o.mode == TrainMode::kFull) return;
  if (o.train_routers)
    fail(Code::kInvalidArgument, "[trainer] expected routers to be trained in full training alone, got LoRA");
  if (o.rank < 1 || o.rank > kMaxRank)
    fail(Code::kInvalidArgument, "[trainer] expected rank in 1..%d, got %d", kMaxRank, o.rank);
  if (!std::isfinite(o.scale)) fail(Code::kInvalidArgument, "[trainer] expected a finite scale, got %g", o.scale);
  if (!(o.dropout >= 0.0f && o.dropout < 1.0f))
    fail(Code::kInvalidArgument, "[trainer] expected dropout in [0,1), got %g", o.dropout);
  if (o.targets == 0 || (o.targets & ~kTargetable) != 0)
    fail(Code::kInvalidArgument,
         "[trainer] expected targets among q, k, v, attn_output, gate, up, down, their likes of experts and mixers, "
         "output "
         "(bits 0x%llx), got 0x%llx",
         static_cast<unsigned long long>(kTargetable), static_cast<unsigned long long>(o.targets));
  if (o.magnitudes && (o.targets & ~kMagnifiable) != 0)
    fail(Code::kUnsupported,
         "[trainer] expected magnitudes of products within layers that no experts share (bits 0x%llx), got targets "
         "0x%llx",
         static_cast<unsigned long long>(kMagnifiable), static_cast<unsigned long long>(o.targets));
  if (o.magnitudes && o.merge.on())
    fail(Code::kUnsupported, "[trainer] expected merge-aware training without magnitudes, got both");
  if (o.subtracts_frozen && (o.magnitudes || o.merge.on()))
    fail(Code::kUnsupported, "[trainer] expected subtracts_frozen without %s, got both",
         o.magnitudes ? "magnitudes" : "merge-aware training");
  if (o.subtracts_frozen && (o.targets & bit(Module::kAttnKvB)) != 0)
    fail(Code::kUnsupported, "[trainer] expected subtracts_frozen of products of one weight, got %s",
         module_name(Module::kAttnKvB, -1).c_str());
  check_saved(model, o);
  check_targets(model.spec(), o.targets);
  check_exceptions(model.spec(), o);
}

bool has_norm(const Weights& weights, LayerNorm one, LayerNorm other) noexcept {
  return std::any_of(weights.layers.begin(), weights.layers.end(), [&](const LayerWeights& layer) {
    return layer.norms[one] != nullptr || layer.norms[other] != nullptr;
  });
}

ActivationOptions activation_options(const Model& model, const TrainerOptions& o, const ParameterList& parameters) {
  ActivationOptions a;
  a.max_tokens = o.max_tokens;
  a.taped = true;
  a.head_norms = has_norm(model.weights(), kNormQ, kNormK);
  a.post_norms = has_norm(model.weights(), kNormAttnPost, kNormFfnPost);
  a.balance = o.load_balance > 0.0f;
  a.offload = (o.offload || model.engine().chosen().offload) && !model.engine().device().shares_host_memory();
  a.layer_input_gradient = o.mode == TrainMode::kFull;
  if (o.mode == TrainMode::kFull) return a;
  a.layer_input_gradient = (o.saved & bit(Module::kTokenEmbedding)) != 0;
  a.first_layer = backward_end(model.spec(), parameters).layer;
  a.dropout = o.dropout > 0.0f;
  a.rank = (o.has_frozen() ? 2 : 1) * o.products().max_rank();  // with the frozen half
  for (size_t i = 0; i < kLayerLinears; ++i)
    if (o.targets & bit(kLinearModules[i])) a.low_rank_linears |= 1u << i;
  if (o.magnitudes) a.magnified_linears = a.low_rank_linears;
  return a;
}

// Splits what a layout takes into the plan's lines.
template <class Scratch>
Scratch carve(Carver& carver, const DecoderSpec& spec, const ActivationOptions& a, MemoryPlan* plan) {
  Scratch s;
  s.activations = carve_activations(carver, spec, a);
  const int64_t activation_bytes = carver.n_bytes();
  s.backward = carve_backward(carver, spec, a.max_tokens, a.rank, a.layer_input_gradient);
  s.loss = carve_loss(carver, spec, a.max_tokens, a.rank);
  s.positions = carver.take<int32_t>(a.max_tokens);
  s.tokens = carver.take<int32_t>(a.max_tokens);
  if (plan != nullptr) {
    plan->activation_bytes = activation_bytes;
    plan->scratch_bytes = carver.n_bytes() - activation_bytes;
  }
  return s;
}

}  // namespace

// As many upper layers keep their activations as fit under the limit: each saves its recomputation. Where the caller
// sets no limit, up to half of what the machine has.
Trainer::Layout Trainer::layout(const Model& model, const TrainerOptions& options) {
  check_options(model, options);
  const DecoderSpec& spec = model.spec();
  Layout l;
  l.options = options;
  if (options.mode == TrainMode::kFull) {
    l.options.rank = 0;
    l.options.dropout = 0.0f;
    l.parameters = full_parameters(model, options.train_routers);
  } else {
    l.parameters = lora_parameters(spec, options.products());
    append_saved(l.parameters, model, options.saved);
  }
  l.activations = activation_options(model, l.options, l.parameters);
  l.plan = plan_of(model);
  l.plan.parameter_bytes = 2 * l.parameters.slot_bytes();
  l.plan.optimizer_bytes = moment_bytes(options.optimizer, l.parameters.n_floats);
  if (options.has_frozen()) l.plan.parameter_bytes += l.parameters.slot_bytes();
  if (options.merge.on()) l.plan.parameter_bytes += merged_bytes(model, l.parameters, options.merge);
  if (options.subtracts_frozen) l.plan.parameter_bytes += stacked_bytes(spec, l.parameters);
  if (options.magnitudes) l.plan.parameter_bytes += magnitude_bytes(l.parameters);
  const auto count = [&] {
    Carver counter(nullptr);
    carve<Scratch>(counter, spec, l.activations, &l.plan);
  };
  count();
  const int32_t n_differentiated = spec.n_layers() - l.activations.first_layer;
  if (options.n_kept >= 0) {
    l.activations.n_kept = std::min(options.n_kept, n_differentiated);
  } else {
    const int64_t limit = effective_limit(l.plan, options.memory_limit_bytes);
    int64_t room = (options.memory_limit_bytes > 0 ? limit : limit / 2) - l.plan.total_bytes();
    for (int32_t layer = spec.n_layers() - 1; layer >= l.activations.first_layer; --layer) {
      room -= kept_layer_bytes(spec, layer, l.activations);
      if (room < 0) break;
      ++l.activations.n_kept;
    }
  }
  count();
  l.plan.host_bytes += l.offloaded_bytes(spec);
  return l;
}

Trainer::Layout Trainer::checked_layout(const Model& model, const TrainerOptions& options) {
  Layout l = layout(model, options);
  check_plan("trainer", l.plan, options.memory_limit_bytes);
  const int64_t host = available_memory_bytes(), offloaded = l.offloaded_bytes(model.spec());
  if (host >= 0 && offloaded > host)
    fail(Code::kMemoryLimit,
         "[trainer] expected at most %lld available bytes of this machine for offloaded activations, got %lld",
         static_cast<long long>(host), static_cast<long long>(offloaded));
  return l;
}

MemoryPlan Trainer::plan(const Model& model, const TrainerOptions& options) { return layout(model, options).plan; }

Trainer::Trainer(std::shared_ptr<const Model> model, const TrainerOptions& options)
    : Trainer(model, checked_layout(*model, options)) {}

Trainer::Trainer(std::shared_ptr<const Model> model, Layout l)
    : model_(std::move(model)),
      options_(l.options),
      store_(model_->engine().device(), std::move(l.parameters), l.options.optimizer, l.options.has_frozen()),
      memory_(model_->engine().device(), l.plan.activation_bytes + l.plan.scratch_bytes) {
  const bool full = options_.mode == TrainMode::kFull;
  Carver carver(memory_.data());
  Scratch s = carve<Scratch>(carver, model_->spec(), l.activations, nullptr);
  activations_ = std::move(s.activations);
  if (const OffloadedRange range = l.offloaded(model_->spec()); range.size() > 0) {
    offloaded_ = std::make_unique<OffloadedStreams>(model_->engine().device(), range, activations_.streams,
                                                    l.stream_bytes(model_->spec()));
    activations_.offloaded = offloaded_.get();
  }
  backward_ = s.backward;
  loss_ = s.loss;
  positions_ = s.positions;
  tokens_ = s.tokens;
  host_positions_.resize(static_cast<size_t>(options_.max_tokens));
  spans_.reserve(host_positions_.size());
  ones_.resize(host_positions_.size());
  host_norms_.resize(parameters().size());
  norms_ = DeviceBuffer(model_->engine().device(), static_cast<int64_t>(host_norms_.size() * sizeof(double)));
  end_ = backward_end(model_->spec(), store_.list());
  gradients_ = store_.gradients(model_->spec(), model_->weights().tied);
  if (full || options_.saved != 0) {
    model_->check_files();
    store_.initialize_copies(*model_);
  }
  weights_ = store_.weights(*model_);
  if (!full) {
    store_.initialize_lora(options_.seed);
    low_ranks_ = store_.low_ranks(model_->spec());
    if (options_.magnitudes) {
      model_->check_files();
      magnitudes_ = Magnitudes(*model_, store_);
      magnitudes_.place(low_ranks_);
    }
    if (options_.subtracts_frozen) stacked_ = StackedPairs(*model_, store_);
    if (options_.merge.on()) merged_ = MergedWeights(*model_, store_, options_.merge);
  }
}

void Trainer::check_batch(const TrainingBatch& batch, WeightSign sign) const {
  const int64_t n = static_cast<int64_t>(batch.tokens.size());
  const int32_t vocab = model_->spec().vocab_size;
  if (n < 1 || n > options_.max_tokens)
    fail(Code::kInvalidArgument, "[batch] expected 1..%d tokens, got %lld", options_.max_tokens,
         static_cast<long long>(n));
  if (batch.index < 0 || batch.index >= int64_t{1} << 42)
    fail(Code::kInvalidArgument, "[batch] expected index in 0..2^42, got %lld", static_cast<long long>(batch.index));
  for (int64_t i = 0; i < n; ++i) {
    const int32_t token = batch.tokens[static_cast<size_t>(i)];
    if (token < 0 || token >= vocab)
      fail(Code::kInvalidArgument, "[batch] expected token ids in 0..%d, got %d (position %lld)", vocab - 1, token,
           static_cast<long long>(i));
    const float weight = batch.targets.weights[i];
    if (sign == WeightSign::kPositive && (!(weight >= 0.0f) || !std::isfinite(weight)))
      fail(Code::kInvalidArgument, "[batch] expected finite weights >= 0, got %g (position %lld)", weight,
           static_cast<long long>(i));
    const int32_t target = batch.targets.ids[i];
    if (weight != 0.0f && (target < 0 || target >= vocab))
      fail(Code::kInvalidArgument, "[batch] expected targets in 0..%d, got %d (position %lld)", vocab - 1, target,
           static_cast<long long>(i));
  }
  if (batch.starts.size() < 2 || batch.starts.front() != 0 || batch.starts.back() != n)
    fail(Code::kInvalidArgument, "[batch] expected starts from 0 to %lld, got others", static_cast<long long>(n));
  for (size_t s = 1; s < batch.starts.size(); ++s)
    if (batch.starts[s] <= batch.starts[s - 1])
      fail(Code::kInvalidArgument, "[batch] expected rising starts, got %d after %d (sequence %zu)", batch.starts[s],
           batch.starts[s - 1], s - 1);
  const int32_t most = model_->spec().n_positions;
  for (size_t s = 1; most > 0 && s < batch.starts.size(); ++s)
    if (batch.starts[s] - batch.starts[s - 1] > most)
      fail(Code::kInvalidArgument, "[batch] expected sequences within the model's %d positions, got %d (sequence %zu)",
           most, batch.starts[s] - batch.starts[s - 1], s - 1);
}

Batch Trainer::begin_batch(const TrainingBatch& batch) noexcept {
  const size_t n_sequences = batch.starts.size() - 1;
  kept_.valid = false;
  spans_.clear();
  for (size_t s = 0; s < n_sequences; ++s) {
    const int32_t begin = batch.starts[s], end = batch.starts[s + 1];
    spans_.push_back({begin, end, begin, end});
    for (int32_t t = begin; t < end; ++t) host_positions_[static_cast<size_t>(t)] = t - begin;
  }
  const int64_t n_bytes = static_cast<int64_t>(batch.tokens.size_bytes());
  const Device& device = model_->engine().device();
  device.upload(positions_, host_positions_.data(), n_bytes);
  device.upload(tokens_, batch.tokens.data(), n_bytes);
  return {tokens_, positions_, static_cast<int64_t>(batch.tokens.size()), spans_, 0};
}

Decoder Trainer::decoder(const Dropout& dropout) const noexcept {
  magnitudes_.prepare();
  stacked_.prepare();
  const bool merges = options_.merge.on();
  return {&model_->engine(),
          &model_->spec(),
          merges ? &merged_.weights() : &weights_,
          merges                      ? &merged_.low_ranks()
          : options_.subtracts_frozen ? &stacked_.low_ranks()
                                      : &low_ranks_,
          &cancellation_,
          dropout,
          nullptr,
          Role::kTraining};
}

double Trainer::balance_loss() const {
  if (activations_.experts.balance == nullptr) return 0.0;
  double sum = 0.0;
  const DecoderSpec& spec = model_->spec();
  std::vector<double> losses(spec.layers.size());
  model_->engine().device().download(losses.data(), activations_.experts.balance,
                                     static_cast<int64_t>(losses.size() * sizeof(double)));
  for (size_t l = 0; l < spec.layers.size(); ++l)
    if (spec.layers[l].experts.n_experts > 0) sum += losses[l];
  return sum / n_expert_layers(spec);
}

Decoder Trainer::training_decoder(const TrainingBatch& batch) const noexcept {
  Decoder d = decoder({options_.dropout, options_.seed, batch.index});
  d.embedding_noise = options_.embedding_noise;
  return d;
}

// Of the merged weights, where training sees them.
Decoder Trainer::evaluation_decoder() {
  Decoder d = decoder({});
  if (options_.merge.on()) {
    merged_.prepare_evaluation(cancellation_);
    d.low_ranks = nullptr;
  }
  return d;
}

Loss Trainer::evaluate(const TrainingBatch& batch) {
  check_batch(batch);
  model_->check_files();
  const CancellableRun run(cancellation_);
  const Decoder d = evaluation_decoder();
  forward(d, begin_batch(batch), {}, activations_);
  Loss loss = LossHead(d, loss_, activations_.dropped)
                  .evaluate(activations_.streams.back(), batch.targets, static_cast<int64_t>(batch.tokens.size()));
  loss.balance = balance_loss();
  model_->engine().device().check();
  return loss;
}

bool Trainer::KeptForward::is_of(const TrainingBatch& batch) const noexcept {
  return valid && index == batch.index &&
         std::equal(tokens.begin(), tokens.end(), batch.tokens.begin(), batch.tokens.end()) &&
         std::equal(starts.begin(), starts.end(), batch.starts.begin(), batch.starts.end());
}

void Trainer::log_probs(const TrainingBatch& batch, bool backward_follows, std::span<double> values) {
  check_batch(batch);
  const size_t m = batch.tokens.size();
  if (values.size() != m) fail(Code::kInvalidArgument, "[log_probs] expected %zu values, got %zu", m, values.size());
  model_->check_files();
  const CancellableRun run(cancellation_);
  if (backward_follows && options_.merge.on()) merged_.prepare_training(step_, cancellation_);
  const Decoder d = backward_follows ? training_decoder(batch) : evaluation_decoder();
  forward(d, begin_batch(batch), {}, activations_);
  std::transform(batch.targets.weights, batch.targets.weights + m, ones_.begin(),
                 [](float weight) { return weight != 0.0f ? 1.0f : 0.0f; });
  LossHead(d, loss_, activations_.dropped)
      .log_probs(activations_.streams.back(), {batch.targets.ids, ones_.data()}, static_cast<int64_t>(m),
                 values.data());
  model_->engine().device().check();
  if (!backward_follows) return;
  kept_.index = batch.index;
  kept_.tokens.assign(batch.tokens.begin(), batch.tokens.end());
  kept_.starts.assign(batch.starts.begin(), batch.starts.end());
  kept_.valid = true;
}

void Trainer::logits(const TrainingBatch& batch, std::span<float> logits) {
  check_batch(batch);
  const int64_t m = static_cast<int64_t>(batch.tokens.size());
  const int64_t n = std::count_if(batch.targets.weights, batch.targets.weights + m, [](float w) { return w > 0.0f; });
  const int64_t floats = n * model_->spec().vocab_size;
  if (static_cast<int64_t>(logits.size()) != floats)
    fail(Code::kInvalidArgument, "[logits] expected %lld floats, got %zu", static_cast<long long>(floats),
         logits.size());
  model_->check_files();
  const CancellableRun run(cancellation_);
  const Decoder d = decoder({});
  forward(d, begin_batch(batch), {}, activations_);
  LossHead(d, loss_, activations_.dropped).logits(activations_.streams.back(), batch.targets, m, logits.data());
  model_->engine().device().check();
}

// The backward pass of the forward pass in the activations. Null weight_sum: that of the targets.
Loss Trainer::gradients(const Decoder& d, const Batch& rows, const Targets& targets, const double* weight_sum) {
  const bool blocks = end_.layer < model_->spec().n_layers();
  Loss loss = LossHead(d, loss_, activations_.dropped)
                  .accumulate(activations_.streams.back(), targets, rows.n_tokens, gradients_,
                              blocks ? backward_.d_stream : nullptr);
  if (weight_sum != nullptr) loss.weight_sum = *weight_sum;
  loss.balance = balance_loss();
  // The step divides by all weights: this micro-batch's loss of balance counts as much as its tokens do.
  if (options_.load_balance > 0.0f)
    backward_.experts.balance_scale =
        static_cast<float>(options_.load_balance * loss.weight_sum / n_expert_layers(model_->spec()));
  if (loss.n_weighted > 0 && blocks) chaku::backward(d, rows, end_, activations_, backward_, gradients_);
  model_->engine().device().check();
  weight_sum_ += loss.weight_sum;
  return loss;
}

template <class Work>
auto Trainer::or_drop_gradients(const Work& work) {
  try {
    return work();
  } catch (...) {
    store_.zero_gradients();
    weight_sum_ = 0.0;
    throw;
  }
}

Loss Trainer::accumulate(const TrainingBatch& batch) {
  check_batch(batch);
  model_->check_files();
  const CancellableRun run(cancellation_);
  const Decoder d = training_decoder(batch);
  const Batch rows = begin_batch(batch);
  return or_drop_gradients([&] {
    if (options_.merge.on()) merged_.prepare_training(step_, cancellation_);
    forward(d, rows, {}, activations_);
    return gradients(d, rows, batch.targets, nullptr);
  });
}

Loss Trainer::backward(const TrainingBatch& batch, double weight_sum) {
  check_batch(batch, WeightSign::kAny);
  if (!(weight_sum > 0.0) || !std::isfinite(weight_sum))
    fail(Code::kInvalidArgument, "[backward] expected a finite weight_sum > 0, got %g", weight_sum);
  if (!kept_.is_of(batch))
    fail(Code::kInvalidState, "[backward] expected the batch of the log_probs before it, got another");
  model_->check_files();
  const CancellableRun run(cancellation_);
  const Decoder d = training_decoder(batch);
  const Batch rows = begin_batch(batch);
  return or_drop_gradients([&] { return gradients(d, rows, batch.targets, &weight_sum); });
}

const Parameter& Trainer::parameter(int32_t index) const {
  if (index < 0 || static_cast<size_t>(index) >= parameters().size())
    fail(Code::kInvalidArgument, "[parameter] expected an index in 0..%zu, got %d", parameters().size() - 1, index);
  return parameters()[static_cast<size_t>(index)];
}

void Trainer::check_slot(const char* op, Slot slot) const {
  if (slot == Slot::kFrozen && !options_.has_frozen())
    fail(Code::kInvalidArgument,
         "[%s] expected a slot in 0..3, got 4 of a trainer that is not merge-aware and subtracts no pair", op);
  if (moment_of(slot) >= n_moments(options_.optimizer))
    fail(Code::kInvalidArgument, "[%s] expected slot 0, 1, 2 or 4 of an optimizer with one moment, got 3", op);
}

void Trainer::read(int32_t index, Slot slot, std::span<float> values) const {
  check_slot("read", slot);
  magnitudes_.prepare();
  const Parameter& p = parameter(index);
  if (static_cast<int64_t>(values.size()) != p.size())
    fail(Code::kInvalidArgument, "[read] expected n %lld, got %zu (parameter %d)", static_cast<long long>(p.size()),
         values.size(), index);
  store_.read(p, slot, values);
}

std::vector<float> Trainer::read(int32_t index, Slot slot) const {
  std::vector<float> values(static_cast<size_t>(parameter(index).size()));
  read(index, slot, values);
  return values;
}

void Trainer::write(int32_t index, Slot slot, std::span<const float> values) {
  check_slot("write", slot);
  const Parameter& p = parameter(index);
  if (static_cast<int64_t>(values.size()) != p.size())
    fail(Code::kInvalidArgument, "[write] expected %lld floats, got %zu (%s)", static_cast<long long>(p.size()),
         values.size(), module_name(p.module, p.layer).c_str());
  store_.write(p, slot, values);
  kept_.valid = false;
  if (slot == Slot::kValue) magnitudes_.changed(p.kind);
  stacked_.changed(slot);
  merged_.changed(slot);
}

void Trainer::multiply(int32_t a_index, int64_t expert, bool transposed, std::span<const float> x, std::span<float> y) {
  const Parameter& a = parameter(a_index);
  if (a.kind != TensorKind::kLoraA)
    fail(Code::kInvalidArgument, "[multiply] expected the index of an A, got %d", a_index);
  const int32_t linear = linear_of(a.module);
  const int64_t n_stacked = linear >= 0 ? model_->spec().n_stacked(a.layer, static_cast<LayerLinear>(linear)) : 1;
  const Weights& weights = model_->weights();
  const Matrix all = linear >= 0 ? weights.layers[static_cast<size_t>(a.layer)].linears[static_cast<size_t>(linear)].w
                                 : weights.output.w;
  if (all.empty())
    fail(Code::kUnsupported, "[multiply] expected a product of one weight, got %s",
         module_name(a.module, a.layer).c_str());
  if (expert < 0 || expert >= n_stacked)
    fail(Code::kInvalidArgument, "[multiply] expected an expert in 0..%lld, got %lld",
         static_cast<long long>(n_stacked - 1), static_cast<long long>(expert));
  const Matrix w = expert_of(Linear{all, nullptr}, expert, n_stacked).w;
  const int64_t n_in = transposed ? w.rows : w.columns, n_out = transposed ? w.columns : w.rows;
  const int64_t m = static_cast<int64_t>(x.size()) / n_in;
  if (m < 1 || m > kMaxTokens || static_cast<int64_t>(x.size()) != m * n_in ||
      static_cast<int64_t>(y.size()) != m * n_out)
    fail(Code::kInvalidArgument, "[multiply] expected rows of %lld and as many of %lld values, got %zu and %zu",
         static_cast<long long>(n_in), static_cast<long long>(n_out), x.size(), y.size());
  model_->check_files();
  const Device& device = model_->engine().device();
  const DeviceBuffer from(device, static_cast<int64_t>(x.size_bytes())),
      to(device, static_cast<int64_t>(y.size_bytes()));
  device.upload(from.data(), x.data(), from.n_bytes());
  if (transposed) {
    MatmulBackwardProblem p;
    p.dy = from.as<float>();
    p.dy_stride = n_in;
    p.w = w;
    p.dx = to.as<float>();
    p.dx_stride = n_out;
    p.m = m;
    model_->engine().run(&KernelTable::matmul_backward, p);
  } else {
    MatmulProblem p;
    p.x = from.as<float>();
    p.x_stride = n_in;
    p.w = w;
    p.y = to.as<float>();
    p.y_stride = n_out;
    p.m = m;
    p.role = Role::kTraining;
    model_->engine().run(&KernelTable::matmul, p);
  }
  device.check();
  device.download(y.data(), to.data(), to.n_bytes());
}

void Trainer::set_step(int64_t step) {
  if (step < 0) fail(Code::kInvalidArgument, "[set_step] expected step >= 0, got %lld", static_cast<long long>(step));
  step_ = step;
  merged_.restarted();
}

}  // namespace chaku
