#include "infer/sequence.h"

#include <cmath>

#include "base/error.h"

namespace chaku {

Sequence::Sequence(std::shared_ptr<Pages> pages, int32_t max_tokens)
    : pages_(std::move(pages)), worn_(pages_->wear({}, {})), max_tokens_(max_tokens) {
  if (max_tokens < 1 || max_tokens > kMaxTokens)
    fail(Code::kInvalidArgument, "[sequence] expected max_tokens in 1..%d, got %d", kMaxTokens, max_tokens);
  if (const int32_t n_positions = pages_->model()->spec().n_positions; n_positions > 0 && max_tokens > n_positions)
    fail(Code::kInvalidArgument, "[sequence] expected max_tokens within the model's %d positions, got %d", n_positions,
         max_tokens);
  blocks_.reserve(static_cast<size_t>(blocks_of(max_tokens)));
}

Sequence::~Sequence() {
  if (begun_) abort();
  keep_blocks(0);
  drop_snapshots();
  if (memory_ >= 0) pages_->memories().drop(memory_);
}

void Sequence::keep_blocks(int32_t n) noexcept {
  for (; static_cast<int32_t>(blocks_.size()) > n; blocks_.pop_back()) pages_->blocks().drop(blocks_.back());
}

void Sequence::check_idle(const char* op) const {
  if (begun_) fail(Code::kInvalidState, "[%s] expected a text that is not being computed, got one that is held", op);
}

int32_t Sequence::memory_at(const char* op, int32_t n_tokens) const {
  check_idle(op);
  if (n_tokens < 0 || n_tokens > length_)
    fail(Code::kInvalidArgument, "[%s] expected 0..%d tokens, got %d", op, length_, n_tokens);
  if (!pages_->model()->spec().mixes() || n_tokens == 0) return -1;
  if (n_tokens == length_) return memory_;
  for (const Snapshot& snapshot : snapshots_)
    if (snapshot.n_tokens == n_tokens) return snapshot.memory;
  fail(Code::kUnsupported, "[%s] expected 0 or %d tokens of a model with a running memory, or a snapshot's, got %d", op,
       length_, n_tokens);
}

std::unique_ptr<Sequence> Sequence::fork(int32_t n_tokens) const {
  const int32_t memory = memory_at("fork", n_tokens);
  auto result = std::make_unique<Sequence>(pages_, max_tokens_);
  result->snapshots_.reserve(snapshots_.size());
  result->worn_ = worn_;
  result->length_ = n_tokens;
  for (int32_t i = 0; i < blocks_of(n_tokens); ++i)
    result->blocks_.push_back(pages_->blocks().share(blocks_[static_cast<size_t>(i)]));
  if (memory >= 0) result->memory_ = pages_->memories().share(memory);
  for (const Snapshot& snapshot : snapshots_)
    if (snapshot.n_tokens <= n_tokens)
      result->snapshots_.push_back({snapshot.n_tokens, pages_->memories().share(snapshot.memory)});
  return result;
}

void Sequence::set_adapters(std::vector<std::shared_ptr<const Adapter>> adapters, std::span<const float> scales) {
  check_idle("set_adapters");
  if (length_ > 0)
    fail(Code::kInvalidState, "[set_adapters] expected an empty text, got %d tokens computed without them", length_);
  for (size_t i = 0; i < adapters.size(); ++i) {
    if (&adapters[i]->model() != pages_->model().get())
      fail(Code::kInvalidArgument, "[set_adapters] expected adapters of the pool's model, got another's (adapter %zu)",
           i);
    if (!std::isfinite(scales[i]))
      fail(Code::kInvalidArgument, "[set_adapters] expected finite scales, got %g (adapter %zu)", scales[i], i);
  }
  worn_ = pages_->wear(std::move(adapters), scales);
}

void Sequence::truncate(int32_t n_tokens) {
  const int32_t memory = memory_at("truncate", n_tokens);
  keep_blocks(blocks_of(n_tokens));
  if (memory != memory_) {
    if (memory >= 0) pages_->memories().share(memory);
    if (memory_ >= 0) pages_->memories().drop(memory_);
    memory_ = memory;
  }
  for (; !snapshots_.empty() && snapshots_.back().n_tokens > n_tokens; snapshots_.pop_back())
    pages_->memories().drop(snapshots_.back().memory);
  length_ = n_tokens;
}

void Sequence::take_snapshot() {
  if (!pages_->model()->spec().mixes())
    fail(Code::kUnsupported, "[snapshot] expected a model with a running memory, got one without");
  check_idle("snapshot");
  if (length_ == 0 || length_ % kCacheBlockTokens != 0)
    fail(Code::kInvalidState, "[snapshot] expected a text of whole blocks of %d tokens, got %d tokens",
         kCacheBlockTokens, length_);
  if (!snapshots_.empty() && snapshots_.back().n_tokens == length_) return;
  snapshots_.push_back({length_, memory_});
  pages_->memories().share(memory_);
}

void Sequence::drop_snapshots() noexcept {
  for (const Snapshot& snapshot : snapshots_) pages_->memories().drop(snapshot.memory);
  snapshots_.clear();
}

int32_t Sequence::n_blocks_to_take(int32_t n_tokens) const noexcept {
  const bool copies = length_ % kCacheBlockTokens != 0 && pages_->blocks().is_shared(blocks_.back());
  return blocks_of(length_ + n_tokens) - static_cast<int32_t>(blocks_.size()) + (copies ? 1 : 0);
}

void Sequence::begin(int32_t n_tokens) {
  begun_ = true;
  if (length_ % kCacheBlockTokens != 0 && pages_->blocks().is_shared(blocks_.back())) {
    const int32_t own = pages_->blocks().take();
    pages_->copy_block(blocks_.back(), own);
    pages_->blocks().drop(blocks_.back());
    blocks_.back() = own;
  }
  while (static_cast<int32_t>(blocks_.size()) < blocks_of(length_ + n_tokens))
    blocks_.push_back(pages_->blocks().take());
  if (pages_->model()->spec().mixes()) next_memory_ = pages_->memories().take();
}

void Sequence::commit(int32_t n_tokens) noexcept {
  length_ += n_tokens;
  if (memory_ >= 0) pages_->memories().drop(memory_);
  memory_ = next_memory_;
  next_memory_ = -1;
  begun_ = false;
}

void Sequence::abort() noexcept {
  keep_blocks(blocks_of(length_));
  if (next_memory_ >= 0) pages_->memories().drop(next_memory_);
  next_memory_ = -1;
  begun_ = false;
}

}  // namespace chaku
