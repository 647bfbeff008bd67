#include "infer/encoder.h"

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "model/expert_activations.h"
#include "model/forward.h"
#include "model/linear.h"
#include "model/norms.h"
#include "model/output.h"

namespace chaku {
namespace {

constexpr int32_t kDefaultBatchTokens = 512;

// What a batch's numbers are, each an array of [M].
enum IntRow : int64_t { kTokens, kPositions, kTypes, kBegins, kEnds, kIntRows };

int32_t batch_tokens(const Model& model, const EncoderOptions& options) {
  if (!model.sealed()) fail(Code::kInvalidState, "[encoder] expected a sealed model, got one under construction");
  if (options.max_batch_tokens < 0 || options.max_batch_tokens > kMaxTokens)
    fail(Code::kInvalidArgument, "[encoder] expected max_batch_tokens in 0..%d, got %d", kMaxTokens,
         options.max_batch_tokens);
  const int32_t n = options.max_batch_tokens == 0 ? kDefaultBatchTokens : options.max_batch_tokens;
  check_slots("encoder", model.spec(), n);
  return n;
}

struct Scratch {
  Activations activations;
  float *pooled, *head0, *head1;
  int32_t* ints;
};

Scratch carve(Carver& carver, const DecoderSpec& spec, int32_t max_batch_tokens) {
  ActivationOptions layout;
  layout.max_tokens = max_batch_tokens;
  Activations activations = carve_activations(carver, spec, layout);
  const int64_t m = max_batch_tokens, head = std::max(spec.head.dense_width, spec.head.out_width);
  return {std::move(activations), carver.floats(m * spec.width), carver.floats(m * head), carver.floats(m * head),
          carver.take<int32_t>(kIntRows * m)};
}

int64_t scratch_bytes(const Model& model, int32_t max_batch_tokens) {
  Carver counter(nullptr);
  carve(counter, model.spec(), max_batch_tokens);
  return counter.n_bytes();
}

Activation activation_of(HeadActivation head) noexcept {
  return head == HeadActivation::kGelu ? Activation::kGelu : Activation::kIdentity;
}

}  // namespace

MemoryPlan Encoder::plan(const Model& model, const EncoderOptions& options) {
  const int32_t n = batch_tokens(model, options);
  MemoryPlan plan = plan_of(model);
  plan.scratch_bytes = scratch_bytes(model, n);
  return plan;
}

Encoder::Encoder(std::shared_ptr<const Model> model, const EncoderOptions& options)
    : model_(std::move(model)), max_batch_tokens_(batch_tokens(*model_, options)) {
  check_plan("encoder", plan(*model_, options), options.memory_limit_bytes);
  scratch_ = DeviceBuffer(model_->engine().device(), scratch_bytes(*model_, max_batch_tokens_));
  Carver carver(scratch_.data());
  Scratch scratch = carve(carver, model_->spec(), max_batch_tokens_);
  activations_ = std::move(scratch.activations);
  pooled_ = scratch.pooled;
  head_[0] = scratch.head0;
  head_[1] = scratch.head1;
  ints_ = scratch.ints;
  host_.resize(static_cast<size_t>(kIntRows * max_batch_tokens_));
}

void Encoder::check(const EncoderTexts& texts, std::span<const float> rows) const {
  const DecoderSpec& spec = model_->spec();
  const int32_t most = spec.n_positions > 0 ? std::min(spec.n_positions, max_batch_tokens_) : max_batch_tokens_;
  int64_t all = 0;
  for (size_t i = 0; i < texts.n_tokens.size(); ++i) {
    if (texts.n_tokens[i] < 1 || texts.n_tokens[i] > most)
      fail(Code::kInvalidArgument, "[encode] expected 1..%d tokens, got %d (text %zu)", most, texts.n_tokens[i], i);
    all += texts.n_tokens[i];
  }
  const int64_t n_tokens = static_cast<int64_t>(texts.tokens.size());
  if (all != n_tokens)
    fail(Code::kInvalidArgument, "[encode] expected %lld tokens of all texts, got %lld", static_cast<long long>(all),
         static_cast<long long>(n_tokens));
  const auto check_ids = [](const char* what, std::span<const int32_t> ids, int32_t n) {
    for (size_t i = 0; i < ids.size(); ++i)
      if (ids[i] < 0 || ids[i] >= n)
        fail(Code::kInvalidArgument, "[encode] expected %s in 0..%d, got %d (token %zu)", what, n - 1, ids[i], i);
  };
  check_ids("token ids", texts.tokens, spec.vocab_size);
  check_ids("types of tokens", texts.types, std::max(1, spec.n_types));
  const int64_t n_rows = texts.pooling == Pooling::kNone ? n_tokens : static_cast<int64_t>(texts.n_tokens.size());
  const int64_t floats = n_rows * (texts.head ? spec.head_width() : spec.width);
  if (static_cast<int64_t>(rows.size()) != floats)
    fail(Code::kInvalidArgument, "[encode] expected room for %lld floats, got %zu", static_cast<long long>(floats),
         rows.size());
}

void Encoder::run(const EncoderTexts& texts, std::span<float> rows) {
  check(texts, rows);
  const CancellableRun run(cancellation_);
  Part part{};
  float* to = rows.data();
  for (size_t i = 0; i < texts.n_tokens.size(); ++i) {
    if (part.n_tokens + texts.n_tokens[i] > max_batch_tokens_) {
      to += run_part(texts, part, to);
      part = {i, i, part.token + part.n_tokens, 0};
    }
    part.last = i + 1;
    part.n_tokens += texts.n_tokens[i];
  }
  if (part.n_tokens > 0) run_part(texts, part, to);
}

void Encoder::upload(const EncoderTexts& texts, const Part& part) {
  const auto row = [&](int64_t which) { return host_.begin() + which * max_batch_tokens_; };
  const auto copy = [&](std::span<const int32_t> from, int64_t which) {
    for (int64_t i = 0; i < part.n_tokens; ++i) row(which)[i] = from[static_cast<size_t>(part.token + i)];
  };
  copy(texts.tokens, kTokens);
  for (int64_t i = 0; i < part.n_tokens; ++i) row(kTypes)[i] = 0;
  if (!texts.types.empty()) copy(texts.types, kTypes);
  spans_.clear();
  int32_t begin = 0;
  for (size_t i = part.first; i < part.last; ++i) {
    const int32_t end = begin + texts.n_tokens[i];
    std::iota(row(kPositions) + begin, row(kPositions) + end, 0);
    const int64_t text = static_cast<int64_t>(i - part.first);
    row(kBegins)[text] = texts.pooling == Pooling::kLast ? end - 1 : begin;
    row(kEnds)[text] = texts.pooling == Pooling::kFirst ? begin + 1 : end;
    spans_.push_back({begin, end, begin, end});
    begin = end;
  }
  model_->engine().device().upload(ints_, host_.data(),
                                   kIntRows * max_batch_tokens_ * static_cast<int64_t>(sizeof(int32_t)));
}

// Returns how many floats it wrote.
int64_t Encoder::run_part(const EncoderTexts& texts, const Part& part, float* rows) {
  const Model& model = *model_;
  model.check_files();
  upload(texts, part);
  Batch batch;
  batch.tokens = ints_ + kTokens * max_batch_tokens_;
  batch.positions = ints_ + kPositions * max_batch_tokens_;
  batch.types = ints_ + kTypes * max_batch_tokens_;
  batch.n_tokens = part.n_tokens;
  batch.spans = spans_;
  const Decoder decoder{&model.engine(), &model.spec(), &model.weights(), nullptr, &cancellation_, {},
                        nullptr,         Role::kPrompt};
  forward(decoder, batch, {}, activations_);
  output_norm(decoder, activations_.streams.back(), part.n_tokens, activations_.normed, nullptr);
  const bool by_token = texts.pooling == Pooling::kNone;
  const int64_t m = by_token ? part.n_tokens : static_cast<int64_t>(part.last - part.first);
  const float* from = by_token ? activations_.normed : pool(texts, part);
  if (texts.head) from = apply_head(decoder, from, m);
  const int64_t floats = m * (texts.head ? model.spec().head_width() : model.spec().width);
  model.engine().device().download(rows, from, floats * static_cast<int64_t>(sizeof(float)));
  model.engine().device().check();
  return floats;
}

const float* Encoder::pool(const EncoderTexts&, const Part& part) {
  model_->engine().run(
      &KernelTable::mean_rows,
      MeanRowsProblem{activations_.normed, ints_ + kBegins * max_batch_tokens_, ints_ + kEnds * max_batch_tokens_,
                      pooled_, static_cast<int64_t>(part.last - part.first), model_->spec().width});
  return pooled_;
}

// Returns where out(norm(act(dense(x)))) lies.
const float* Encoder::apply_head(const Decoder& decoder, const float* x, int64_t m) {
  const Weights& w = *decoder.weights;
  const HeadSpec& head = decoder.spec->head;
  const auto product = [&](const Linear& linear, const float* from, float* to) {
    LinearCall call;
    call.linear = &linear;
    call.x = from;
    call.y = to;
    call.m = m;
    apply_linears(decoder, {&call, 1});
  };
  if (head.dense_width > 0) {
    float* y = head_[0];
    product(w.head_dense, x, y);
    const int64_t n = m * head.dense_width;
    if (head.activation == HeadActivation::kTanh)
      decoder.engine->run(&KernelTable::soft_cap, SoftCapProblem{y, n, 1.0f});
    else if (head.activation != HeadActivation::kNone)
      decoder.engine->run(&KernelTable::gated_activation,
                          GatedActivationProblem{y, nullptr, y, n, activation_of(head.activation)});
    if (w.head_norm != nullptr)
      apply_norm(decoder, {w.head_norm, w.head_norm_bias, 1, y, y, nullptr, m, head.dense_width});
    x = y;
  }
  if (head.out_width == 0) return x;
  product(w.head_out, x, head_[1]);
  return head_[1];
}

}  // namespace chaku
