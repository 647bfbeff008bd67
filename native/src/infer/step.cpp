#include "infer/step.h"

#include <algorithm>

#include "base/error.h"
#include "model/forward.h"
#include "model/linear.h"
#include "model/output.h"

namespace chaku {
namespace {

constexpr int32_t kLogitRows = 32;  // that cross from a device at once

struct Scratch {
  Activations activations;
  float* logits;
};

Scratch carve(Carver& carver, const DecoderSpec& spec, const StepRoom& options) {
  ActivationOptions layout;
  layout.max_tokens = options.max_batch_tokens;
  layout.cached = true;
  Activations activations = carve_activations(carver, spec, layout);
  return {std::move(activations),
          carver.floats(std::min(kLogitRows, options.max_batch_tokens) * int64_t{spec.vocab_size})};
}

}  // namespace

int64_t Step::scratch_bytes(const Model& model, const StepRoom& options) {
  Carver counter(nullptr);
  carve(counter, model.spec(), options);
  return counter.n_bytes() + BatchRows::bytes(options.max_batch_tokens, options.n_blocks);
}

Step::Step(std::shared_ptr<Pages> pages, const StepRoom& options)
    : pages_(std::move(pages)),
      model_(pages_->model().get()),
      options_(options),
      scratch_(model_->engine().device(), scratch_bytes(*model_, options)),
      rows_(model_->engine().device(), scratch_.data(), options.max_batch_tokens, options.n_blocks) {
  Carver carver(scratch_.data() + BatchRows::bytes(options.max_batch_tokens, options.n_blocks));
  Scratch scratch = carve(carver, model_->spec(), options_);
  activations_ = std::move(scratch.activations);
  logits_ = scratch.logits;
}

void Step::check(std::span<const StepPart> parts, std::span<const float> logits) const {
  const int32_t vocab = model_->spec().vocab_size;
  int64_t n_rows = 0;
  for (size_t p = 0; p < parts.size(); ++p) {
    const StepPart& part = parts[p];
    const Sequence& s = *part.sequence;
    if (s.pages().get() != pages_.get())
      fail(Code::kInvalidArgument, "[compute] expected texts of the step's pool, got another's (part %zu)", p);
    if (part.n_tokens() < 1 || part.n_tokens() > s.max_tokens() - s.length())
      fail(Code::kInvalidArgument, "[compute] expected 1..%d tokens (cache of %d, %d used), got %lld (part %zu)",
           s.max_tokens() - s.length(), s.max_tokens(), s.length(), static_cast<long long>(part.n_tokens()), p);
    for (size_t i = 0; i < part.tokens.size(); ++i)
      if (part.tokens[i] < 0 || part.tokens[i] >= vocab)
        fail(Code::kInvalidArgument, "[compute] expected token ids in 0..%d, got %d (token %zu of part %zu)", vocab - 1,
             part.tokens[i], i, p);
    n_rows += part.n_rows();
  }
  if (static_cast<int64_t>(logits.size()) / vocab < n_rows)
    fail(Code::kInvalidArgument, "[compute] expected room for %lld logits, got %zu",
         static_cast<long long>(n_rows * vocab), logits.size());
}

namespace {

// Texts that have begun a step, until it is done.
class BegunTexts {
 public:
  explicit BegunTexts(std::span<const StepPart> parts) noexcept : parts_(parts) {}
  ~BegunTexts() {
    for (size_t i = 0; i < n_; ++i) parts_[i].sequence->abort();
  }
  BegunTexts(const BegunTexts&) = delete;
  BegunTexts& operator=(const BegunTexts&) = delete;

  // Throws Error when the pages have no room for all of them, or one comes twice.
  void begin(Pages& pages) {
    for (; n_ < parts_.size(); ++n_) {
      Sequence& sequence = *parts_[n_].sequence;
      if (sequence.has_begun())
        fail(Code::kInvalidArgument, "[compute] expected each text once, got one again (part %zu)", n_);
      const int32_t n_tokens = static_cast<int32_t>(parts_[n_].n_tokens());
      if (const int32_t needed = sequence.n_blocks_to_take(n_tokens); needed > pages.blocks().n_free())
        fail(Code::kMemoryLimit, "[compute] expected %d free blocks of %d tokens, got %d of %d (part %zu)", needed,
             kCacheBlockTokens, pages.blocks().n_free(), pages.blocks().n_all(), n_);
      if (pages.model()->spec().mixes() && pages.memories().n_free() == 0)
        fail(Code::kMemoryLimit, "[compute] expected a free running memory, got none of %d (part %zu)",
             pages.memories().n_all(), n_);
      sequence.begin(n_tokens);
    }
  }
  void commit() noexcept {
    for (const StepPart& part : parts_) part.sequence->commit(static_cast<int32_t>(part.n_tokens()));
    n_ = 0;
  }

 private:
  std::span<const StepPart> parts_;
  size_t n_ = 0;
};

}  // namespace

void Step::run(std::span<const StepPart> parts, std::span<float> logits) {
  check(parts, logits);
  const CancellableRun run(cancellation_);
  reserve_low_rank(parts);
  BegunTexts texts(parts);
  texts.begin(*pages_);
  for (const Role role : {Role::kPrompt, Role::kGenerated}) run_role(parts, role, logits.data());
  texts.commit();
}

void Step::reserve_low_rank(std::span<const StepPart> parts) {
  int64_t rank = 0;
  for (const StepPart& part : parts) rank = std::max<int64_t>(rank, part.sequence->worn().max_rank());
  if (rank <= worn_rank_) return;
  const int64_t floats = product_rows(model_->spec(), options_.max_batch_tokens) * rank;
  low_rank_ = DeviceBuffer(model_->engine().device(), kLinearsTogether * floats * static_cast<int64_t>(sizeof(float)));
  worn_rank_ = rank;
  share_low_rank_out(low_rank_.as<float>(), floats, activations_);
}

void Step::run_role(std::span<const StepPart> parts, Role role, float* logits) {
  rows_.clear();
  int64_t logit_row = 0;
  for (const StepPart& part : parts) {
    const int64_t first_row = logit_row;
    logit_row += part.n_rows();
    if (part.role != role) continue;
    for (int64_t begin = 0; begin < part.n_tokens();) {
      if (rows_.room() == 0 || !rows_.has_room_for(*part.sequence)) run_batch(role, logits);
      const int64_t n = std::min(rows_.room(), part.n_tokens() - begin), end = begin + n;
      const bool all = part.rows == LogitRows::kAll, last = part.rows == LogitRows::kLast && end == part.n_tokens();
      rows_.add({.sequence = part.sequence,
                 .tokens = part.tokens.subspan(static_cast<size_t>(begin), static_cast<size_t>(n)),
                 .first_position = part.sequence->length() + static_cast<int32_t>(begin),
                 .goes_on = begin > 0,
                 .n_output = all    ? n
                             : last ? 1
                                    : 0,
                 .last_alone = !all && role == Role::kPrompt,
                 .first_logit_row = first_row + (all ? begin : 0)});
      begin = end;
    }
  }
  if (!rows_.empty()) run_batch(role, logits);
}

Decoder Step::decoder_of(Role role, std::span<const WornRows> worn) {
  Decoder decoder{&model_->engine(),
                  &model_->spec(),
                  &model_->weights(),
                  worn.front().low_ranks,
                  &cancellation_,
                  {},
                  inputs_ ? &*inputs_ : nullptr,
                  role};
  if (worn.size() == 1) return decoder;
  decoder.low_ranks = nullptr;
  decoder.worn = worn;
  decoder.worn_rank = worn_rank_;
  tails_.resize(std::max(tails_.size(), kMostLinears * worn.size()));
  decoder.tails = tails_.data();
  return decoder;
}

void Step::run_batch(Role role, float* logits) {
  model_->check_files();
  rows_.finish();
  forward(decoder_of(role, rows_.worn()), rows_.batch(), pages_->layers(), activations_);
  const int64_t n = rows_.n_output(), first_last = rows_.first_last_row();
  if (n > 0) {
    const float* stream = activations_.streams.back() + rows_.first_output() * model_->spec().width;
    output_norm(decoder_of(role, rows_.worn()), stream, n, activations_.normed, nullptr);
    write_logits(role, 0, first_last, logits);
    // A last token's logits alone are a product of few rows, whatever came before: the arithmetic of generated tokens
    // reads the vocabulary once, where a prompt's would decode all of it for them.
    write_logits(Role::kGenerated, first_last, n, logits);
  }
  model_->engine().device().check();
  rows_.clear();
}

// Output rows [begin, end) of the batch.
void Step::write_logits(Role role, int64_t begin, int64_t end, float* logits) {
  const int64_t vocab = model_->spec().vocab_size;
  const auto run_end = [&](int64_t first, int64_t most) {  // of rows that lie together in the caller's memory
    int64_t last = first + 1;
    while (last < most && rows_.logit_row(last) == rows_.logit_row(last - 1) + 1) ++last;
    return last;
  };
  const Device& device = model_->engine().device();
  if (begin < end && device.shares_host_memory() && run_end(begin, end) == end)
    return project(role, begin, end, logits + rows_.logit_row(begin) * vocab);
  const int64_t most = std::min(kLogitRows, options_.max_batch_tokens);
  for (int64_t first = begin; first < end; first += most) {
    const int64_t last = std::min(end, first + most);
    project(role, first, last, logits_);
    for (int64_t row = first; row < last;) {
      const int64_t next = run_end(row, last);
      device.download(logits + rows_.logit_row(row) * vocab, logits_ + (row - first) * vocab,
                      (next - row) * vocab * static_cast<int64_t>(sizeof(float)));
      row = next;
    }
  }
}

void Step::project(Role role, int64_t begin, int64_t end, float* to) {
  worn_rows_.clear();
  for (const WornRows& rows : rows_.worn()) {
    const int64_t first = std::max(rows.begin - rows_.first_output(), begin);
    const int64_t last = std::min(rows.end - rows_.first_output(), end);
    if (first < last) worn_rows_.push_back({first - begin, last - begin, rows.low_ranks});
  }
  const Decoder decoder = decoder_of(role, worn_rows_);
  LinearCall call;
  call.linear = &model_->weights().output;
  call.x = activations_.normed + begin * model_->spec().width;
  call.y = to;
  call.m = end - begin;
  call.scale = model_->spec().logit_scale;
  call.low_rank = decoder.low_ranks == nullptr ? nullptr : decoder.low_ranks->find(-1, -1);
  call.low_rank_out = low_rank_.as<float>();
  apply_linears(decoder, {&call, 1});
  cap_logits(decoder, call.m, to);
}

void Step::collect_inputs() { inputs_.emplace(model_->engine().device(), model_->spec(), model_->weights()); }

InputStatistics::Sums Step::inputs(Module module, int32_t layer) const {
  if (!inputs_) fail(Code::kInvalidState, "[read_inputs] expected a pool that collects inputs, got one that does not");
  const int32_t linear = linear_of(module);
  const Weights& weights = model_->weights();
  const bool in_layer = linear >= 0 && layer >= 0 && layer < model_->spec().n_layers() &&
                        !weights.layers[static_cast<size_t>(layer)].linears[static_cast<size_t>(linear)].w.empty();
  if (!in_layer && (module != Module::kOutput || layer != -1))
    fail(Code::kInvalidArgument, "[read_inputs] expected a product, got %s", module_name(module, layer).c_str());
  return *inputs_->read(in_layer ? weights.layers[static_cast<size_t>(layer)].linears[static_cast<size_t>(linear)]
                                 : weights.output);
}

}  // namespace chaku
