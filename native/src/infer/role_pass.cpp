#include "infer/role_pass.h"

#include <algorithm>

#include "model/forward.h"
#include "model/output.h"

namespace chaku {
namespace {

Activations carve(Carver& carver, const DecoderSpec& spec, int32_t max_tokens) {
  ActivationOptions layout;
  layout.max_tokens = max_tokens;
  layout.cached = true;
  return carve_activations(carver, spec, layout);
}

}  // namespace

int64_t RolePass::bytes(const Model& model, int32_t max_tokens, int32_t n_blocks) {
  Carver counter(nullptr);
  carve(counter, model.spec(), max_tokens);
  return counter.n_bytes() + BatchRows::bytes(max_tokens, n_blocks);
}

RolePass::RolePass(const Model& model, Role role, int32_t max_tokens, int32_t n_blocks, std::byte* memory)
    : model_(model),
      role_(role),
      max_tokens_(max_tokens),
      rows_(model.engine().device(), memory, max_tokens, n_blocks) {
  Carver carver(memory + BatchRows::bytes(max_tokens, n_blocks));
  activations_ = carve(carver, model.spec(), max_tokens);
}

void RolePass::begin(std::span<const StepPart> parts) noexcept {
  drop();
  parts_ = parts;
  part_ = 0;
  for (; part_ < parts_.size() && parts_[part_].role != role_; ++part_) logit_row_ += parts_[part_].n_rows();
}

void RolePass::drop() noexcept {
  rows_.clear();
  parts_ = {};
  part_ = 0;
  token_ = logit_row_ = 0;
  layer_ = 0;
}

void RolePass::fill_batch() {
  while (part_ < parts_.size()) {
    const StepPart& part = parts_[part_];
    if (part.role == role_) {
      if (rows_.room() == 0 || (!rows_.empty() && !rows_.has_room_for(*part.sequence))) break;
      const int64_t n = std::min(rows_.room(), part.n_tokens() - token_), end = token_ + n;
      const bool all = part.rows == LogitRows::kAll, last = part.rows == LogitRows::kLast && end == part.n_tokens();
      rows_.add({.sequence = part.sequence,
                 .tokens = part.tokens.subspan(static_cast<size_t>(token_), static_cast<size_t>(n)),
                 .first_position = part.sequence->length() + static_cast<int32_t>(token_),
                 .goes_on = token_ > 0,
                 .n_output = all    ? n
                             : last ? 1
                                    : 0,
                 .last_alone = !all && role_ == Role::kPrompt,
                 .first_logit_row = logit_row_ + (all ? token_ : 0)});
      token_ = end;
      if (end < part.n_tokens()) continue;
    }
    logit_row_ += part.n_rows();
    token_ = 0;
    ++part_;
  }
  rows_.finish();
}

void RolePass::advance(const PassShare& share, std::span<const CachedKeyValues> cache, int64_t n_layers,
                       float* logits) {
  const int32_t all = model_.spec().n_layers();
  if (rows_.empty()) {
    fill_batch();
    model_.check_files();
    layer_ = 0;
    enter_blocks(decoder_of(share, rows_.worn()), rows_.batch(), activations_);
  }
  const LayerRange layers = {layer_, static_cast<int32_t>(std::min<int64_t>(all, layer_ + n_layers))};
  run_blocks(decoder_of(share, rows_.worn()), rows_.batch(), cache, layers, activations_);
  layer_ = layers.end;
  if (layer_ == all) end_batch(share, logits);
}

Decoder RolePass::decoder_of(const PassShare& share, std::span<const WornRows> worn) {
  Decoder decoder{&model_.engine(), &model_.spec(), &model_.weights(), worn.front().low_ranks, share.cancellation, {},
                  share.inputs,     role_,          share.activations};
  if (worn.size() == 1) return decoder;
  decoder.low_ranks = nullptr;
  decoder.worn = worn;
  decoder.worn_rank = share.worn_rank;
  tails_.resize(std::max(tails_.size(), kMostLinears * worn.size()));
  decoder.tails = tails_.data();
  return decoder;
}

void RolePass::end_batch(const PassShare& share, float* logits) {
  const int64_t n = rows_.n_output(), first_last = rows_.first_last_row();
  if (n > 0) {
    const float* stream = activations_.streams.back() + rows_.first_output() * model_.spec().width;
    output_norm(decoder_of(share, rows_.worn()), stream, n, activations_.normed, nullptr);
    write_logits(share, role_, 0, first_last, logits);
    // A last token's logits alone are a product of few rows, whatever came before: the arithmetic of generated tokens
    // reads the vocabulary once, where a prompt's would decode all of it for them.
    write_logits(share, Role::kGenerated, first_last, n, logits);
  }
  model_.engine().device().check();
  rows_.clear();
}

// Output rows [begin, end) of the batch.
void RolePass::write_logits(const PassShare& share, Role role, int64_t begin, int64_t end, float* logits) {
  const int64_t vocab = model_.spec().vocab_size;
  const auto run_end = [&](int64_t first, int64_t most) {  // of rows that lie together in the caller's memory
    int64_t last = first + 1;
    while (last < most && rows_.logit_row(last) == rows_.logit_row(last - 1) + 1) ++last;
    return last;
  };
  const Device& device = model_.engine().device();
  if (begin < end && device.shares_host_memory() && run_end(begin, end) == end)
    return project(share, role, begin, end, logits + rows_.logit_row(begin) * vocab);
  for (int64_t first = begin; first < end; first += kLogitRows) {
    const int64_t last = std::min<int64_t>(end, first + kLogitRows);
    project(share, role, first, last, share.logits);
    for (int64_t row = first; row < last;) {
      const int64_t next = run_end(row, last);
      device.download(logits + rows_.logit_row(row) * vocab, share.logits + (row - first) * vocab,
                      (next - row) * vocab * static_cast<int64_t>(sizeof(float)));
      row = next;
    }
  }
}

void RolePass::project(const PassShare& share, Role role, int64_t begin, int64_t end, float* to) {
  worn_rows_.clear();
  for (const WornRows& rows : rows_.worn()) {
    const int64_t first = std::max(rows.begin - rows_.first_output(), begin);
    const int64_t last = std::min(rows.end - rows_.first_output(), end);
    if (first < last) worn_rows_.push_back({first - begin, last - begin, rows.low_ranks});
  }
  const auto weight_of = [](const WornRows& rows) {
    return rows.low_ranks == nullptr ? nullptr : rows.low_ranks->output_weight;
  };
  for (auto from = worn_rows_.begin(); from != worn_rows_.end();) {
    const auto next =
        std::find_if(from, worn_rows_.end(), [&](const WornRows& rows) { return weight_of(rows) != weight_of(*from); });
    const int64_t first = from->begin;
    for (auto rows = from; rows != next; ++rows) *rows = {rows->begin - first, rows->end - first, rows->low_ranks};
    project_alike(share, role, {from, next}, begin + first, to + first * model_.spec().vocab_size);
    from = next;
  }
}

// Output rows from `begin` on, as many as `worn` has, which wear the same output weight.
void RolePass::project_alike(const PassShare& share, Role role, std::span<const WornRows> worn, int64_t begin,
                             float* to) {
  Decoder decoder = decoder_of(share, worn);
  decoder.role = role;
  Linear replaced = model_.weights().output;
  const LowRanks* low_ranks = worn.front().low_ranks;
  const bool replaces = low_ranks != nullptr && low_ranks->output_weight != nullptr;
  if (replaces) {
    replaced.w = {low_ranks->output_weight, DType::kF32, replaced.w.rows, replaced.w.columns};
    if (decoder.inputs != nullptr)
      decoder.inputs->add(model_.weights().output, activations_.normed + begin * model_.spec().width, worn.back().end);
    decoder.inputs = nullptr;
  }
  LinearCall call;
  call.linear = replaces ? &replaced : &model_.weights().output;
  call.x = activations_.normed + begin * model_.spec().width;
  call.y = to;
  call.m = worn.back().end;
  call.scale = model_.spec().logit_scale;
  call.low_rank = decoder.low_ranks == nullptr ? nullptr : decoder.low_ranks->find(-1, -1);
  call.low_rank_out = share.low_rank;
  apply_linears(decoder, {&call, 1});
  cap_logits(decoder, call.m, to);
}

}  // namespace chaku
