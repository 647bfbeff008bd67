#include "infer/session.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "model/forward.h"
#include "model/linear.h"
#include "model/output.h"

namespace chaku {
namespace {

constexpr int32_t kDefaultBatchTokens = 512;
constexpr int32_t kLogitRows = 32;  // that cross from a device at once

struct Scratch {
  Activations activations;
  int32_t* positions;
  int32_t* tokens;
  float* logits;
};

Scratch carve(Carver& carver, const Model& model, const SessionOptions& options) {
  const DecoderSpec& spec = model.spec();
  ActivationOptions layout;
  layout.max_tokens = options.max_batch_tokens;
  layout.cached = options.kv_dtype == DType::kF32;  // others are computed as floats first
  Activations activations = carve_activations(carver, spec, layout);
  Scratch s{std::move(activations), carver.take<int32_t>(options.max_batch_tokens),
            carver.take<int32_t>(options.max_batch_tokens), nullptr};
  if (!model.engine().device().shares_host_memory())
    s.logits = carver.floats(std::min(kLogitRows, options.max_batch_tokens) * int64_t{spec.vocab_size});
  return s;
}

int64_t scratch_bytes(const Model& model, const SessionOptions& options) {
  Carver counter(nullptr);
  carve(counter, model, options);
  return counter.n_bytes();
}

}  // namespace

SessionOptions Session::resolved(const Model& model, const SessionOptions& options) {
  if (!model.sealed()) fail(Code::kInvalidState, "[session] expected a sealed model, got one under construction");
  if (options.max_tokens < 1 || options.max_tokens > kMaxTokens)
    fail(Code::kInvalidArgument, "[session] expected max_tokens in 1..%d, got %d", kMaxTokens, options.max_tokens);
  if (const int32_t n_positions = model.spec().n_positions; n_positions > 0 && options.max_tokens > n_positions)
    fail(Code::kInvalidArgument, "[session] expected max_tokens within the model's %d positions, got %d", n_positions,
         options.max_tokens);
  if (options.max_batch_tokens < 0)
    fail(Code::kInvalidArgument, "[session] expected max_batch_tokens >= 0, got %d", options.max_batch_tokens);
  KvCache::check(model.spec(), options.kv_dtype);
  SessionOptions result = options;
  if (result.max_batch_tokens == 0) result.max_batch_tokens = kDefaultBatchTokens;
  result.max_batch_tokens = std::min(result.max_batch_tokens, result.max_tokens);
  check_slots("session", model.spec(), result.max_batch_tokens);
  return result;
}

MemoryPlan Session::plan(const Model& model, const SessionOptions& options) {
  const SessionOptions r = resolved(model, options);
  MemoryPlan plan;
  plan.weight_bytes = model.weight_bytes();
  plan.activation_bytes = KvCache::bytes(model.spec(), r.kv_dtype, r.max_tokens);
  plan.scratch_bytes = scratch_bytes(model, r);
  plan.available_bytes = available_bytes(model);
  return plan;
}

namespace {

const Model& checked(const Model& model, const SessionOptions& options) {
  check_plan("session", Session::plan(model, options), options.memory_limit_bytes);
  return model;
}

}  // namespace

Session::Session(std::shared_ptr<const Model> model, const SessionOptions& options)
    : model_(std::move(model)),
      options_(resolved(checked(*model_, options), options)),
      cache_(model_->engine().device(), model_->spec(), options_.kv_dtype, options_.max_tokens),
      scratch_(model_->engine().device(), scratch_bytes(*model_, options_)),
      host_positions_(static_cast<size_t>(options_.max_batch_tokens)) {
  Carver carver(scratch_.data());
  Scratch scratch = carve(carver, *model_, options_);
  activations_ = std::move(scratch.activations);
  positions_ = scratch.positions;
  tokens_ = scratch.tokens;
  logits_ = scratch.logits;
}

void Session::set_adapters(std::vector<std::shared_ptr<const Adapter>> adapters, std::span<const float> scales) {
  if (length_ > 0)
    fail(Code::kInvalidState, "[set_adapters] expected an empty cache, got %d tokens computed without them", length_);
  for (size_t i = 0; i < adapters.size(); ++i) {
    if (&adapters[i]->model() != model_.get())
      fail(Code::kInvalidArgument,
           "[set_adapters] expected adapters of the session's model, got another's (adapter %zu)", i);
    if (!std::isfinite(scales[i]))
      fail(Code::kInvalidArgument, "[set_adapters] expected finite scales, got %g (adapter %zu)", scales[i], i);
  }
  WornAdapters worn(std::move(adapters), scales);
  const int64_t one = product_rows(model_->spec(), options_.max_batch_tokens) * worn.max_rank();
  DeviceBuffer low_rank(model_->engine().device(), kLinearsTogether * one * static_cast<int64_t>(sizeof(float)));
  worn_ = std::move(worn);
  low_rank_ = std::move(low_rank);
  share_low_rank_out(low_rank_.as<float>(), one, activations_);
}

void Session::check_eval(std::span<const int32_t> tokens, LogitRows rows, std::span<const float> logits) const {
  const int64_t n = static_cast<int64_t>(tokens.size());
  if (n < 1 || n > options_.max_tokens - length_)
    fail(Code::kInvalidArgument, "[eval] expected 1..%d tokens (cache of %d, %d used), got %lld",
         options_.max_tokens - length_, options_.max_tokens, length_, static_cast<long long>(n));
  for (int64_t i = 0; i < n; ++i)
    if (tokens[static_cast<size_t>(i)] < 0 || tokens[static_cast<size_t>(i)] >= model_->spec().vocab_size)
      fail(Code::kInvalidArgument, "[eval] expected token ids in 0..%d, got %d (token %lld)",
           model_->spec().vocab_size - 1, tokens[static_cast<size_t>(i)], static_cast<long long>(i));
  const int64_t n_rows = rows == LogitRows::kAll ? n : rows == LogitRows::kLast ? 1 : 0;
  const int64_t needed = n_rows * model_->spec().vocab_size;
  if (static_cast<int64_t>(logits.size()) < needed)
    fail(Code::kInvalidArgument, "[eval] expected room for %lld logits, got %zu", static_cast<long long>(needed),
         logits.size());
}

void Session::eval(std::span<const int32_t> tokens, Role role, LogitRows rows, std::span<float> logits) {
  check_eval(tokens, rows, logits);
  const CancellableRun run(cancellation_);
  const int64_t n = static_cast<int64_t>(tokens.size());
  const int64_t vocab = model_->spec().vocab_size;
  for (int64_t begin = 0; begin < n; begin += options_.max_batch_tokens) {
    model_->check_files();
    const int64_t m = std::min<int64_t>(options_.max_batch_tokens, n - begin);
    int64_t first_output_row = m;
    if (rows == LogitRows::kAll) first_output_row = 0;
    if (rows == LogitRows::kLast && begin + m == n) first_output_row = m - 1;
    float* at = rows == LogitRows::kAll ? logits.data() + begin * vocab : logits.data();
    // The last token's logits alone are one product of one row, whatever came before: the arithmetic of generated
    // tokens reads the vocabulary once, where a prompt's would decode all of it for that row.
    const Role output_role = rows == LogitRows::kLast ? Role::kGenerated : role;
    eval_chunk(tokens.subspan(static_cast<size_t>(begin), static_cast<size_t>(m)), role,
               length_ + static_cast<int32_t>(begin), {first_output_row, output_role, at});
  }
  length_ += static_cast<int32_t>(n);
  cache_.commit();
}

void Session::eval_chunk(std::span<const int32_t> tokens, Role role, int32_t first_position, const Output& output) {
  const int64_t m = static_cast<int64_t>(tokens.size());
  const int64_t n_bytes = m * static_cast<int64_t>(sizeof(int32_t));
  std::iota(host_positions_.begin(), host_positions_.begin() + m, first_position);
  const Device& device = model_->engine().device();
  device.upload(positions_, host_positions_.data(), n_bytes);
  device.upload(tokens_, tokens.data(), n_bytes);
  const AttentionSpan span{0, m, 0, first_position + m};
  Decoder decoder{&model_->engine(),
                  &model_->spec(),
                  &model_->weights(),
                  &worn_.low_ranks(),
                  &cancellation_,
                  {},
                  inputs_ ? &*inputs_ : nullptr,
                  role};
  const Batch batch{tokens_, positions_, m, {&span, 1}, output.first_row, options_.max_tokens};
  forward(decoder, batch, cache_.at(first_position, first_position == length_), activations_);
  const int64_t n_rows = m - output.first_row;
  if (n_rows > 0) {
    decoder.role = output.role;
    write_logits(decoder, n_rows, output);
  }
  device.check();
}

void Session::write_logits(const Decoder& decoder, int64_t n_rows, const Output& output) {
  const int64_t d = model_->spec().width;
  output_norm(decoder, activations_.streams.back() + output.first_row * d, n_rows, activations_.normed, nullptr);
  const LowRank& low_rank = worn_.low_ranks().output;
  float* low_rank_out = low_rank_.as<float>();
  if (low_rank.rank > 0) low_rank_down(decoder, low_rank, activations_.normed, d, n_rows, low_rank_out);
  const int64_t vocab = model_->spec().vocab_size, most = logits_ == nullptr ? n_rows : kLogitRows;
  for (int64_t begin = 0; begin < n_rows; begin += most) {
    const int64_t rows = std::min(most, n_rows - begin);
    float* to = output.logits + begin * vocab;
    float* at = logits_ == nullptr ? to : logits_;
    project_logits(decoder, activations_.normed + begin * d, low_rank_out + begin * low_rank.rank, rows, at);
    cap_logits(decoder, rows, at);
    if (at != to) model_->engine().device().download(to, at, rows * vocab * static_cast<int64_t>(sizeof(float)));
  }
}

InputStatistics::Sums Session::inputs(Module module, int32_t layer) const {
  if (!inputs_)
    fail(Code::kInvalidState, "[read_inputs] expected a session that collects inputs, got one that does not");
  const int32_t linear = linear_of(module);
  const bool in_layer =
      linear >= 0 && layer >= 0 && layer < model_->spec().n_layers() &&
      !model_->weights().layers[static_cast<size_t>(layer)].linears[static_cast<size_t>(linear)].w.empty();
  if (!in_layer && (module != Module::kOutput || layer != -1))
    fail(Code::kInvalidArgument, "[read_inputs] expected a product, got %s", module_name(module, layer).c_str());
  const Weights& weights = model_->weights();
  return *inputs_->read(in_layer ? weights.layers[static_cast<size_t>(layer)].linears[static_cast<size_t>(linear)]
                                 : weights.output);
}

void Session::truncate(int32_t n_tokens) {
  if (n_tokens < 0 || n_tokens > length_)
    fail(Code::kInvalidArgument, "[truncate] expected 0..%d tokens, got %d", length_, n_tokens);
  if (model_->spec().mixes() && n_tokens != 0 && n_tokens != length_)
    fail(Code::kUnsupported, "[truncate] expected 0 or %d tokens of a model with a running memory, got %d", length_,
         n_tokens);
  length_ = n_tokens;
}

}  // namespace chaku
