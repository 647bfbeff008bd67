#include "infer/step.h"

#include <algorithm>

#include "base/error.h"

namespace chaku {
namespace {

// So many rows of generated tokens share one passage of the weights; more come after another.
constexpr int32_t kGeneratedTokens = 64;

int32_t generated_tokens(const StepRoom& room) { return std::min(kGeneratedTokens, room.max_batch_tokens); }

struct Scratch {
  std::byte *prompts, *generated;
  float* logits;
};

Scratch carve(Carver& carver, const Model& model, const StepRoom& room) {
  return {carver.take<std::byte>(RolePass::bytes(model, room.max_batch_tokens, room.n_blocks)),
          carver.take<std::byte>(RolePass::bytes(model, generated_tokens(room), room.n_blocks)),
          carver.floats(std::min(RolePass::kLogitRows, room.max_batch_tokens) * int64_t{model.spec().vocab_size})};
}

// Texts that have begun a step, until it is done.
class BegunTexts {
 public:
  BegunTexts(const char* op, std::span<const StepPart> parts) noexcept : op_(op), parts_(parts) {}
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
        fail(Code::kInvalidArgument, "[%s] expected each text once, got one again (part %zu)", op_, n_);
      const int32_t n_tokens = static_cast<int32_t>(parts_[n_].n_tokens());
      if (const int32_t needed = sequence.n_blocks_to_take(n_tokens); needed > pages.blocks().n_free())
        fail(Code::kMemoryLimit, "[%s] expected %d free blocks of %d tokens, got %d of %d (part %zu)", op_, needed,
             kCacheBlockTokens, pages.blocks().n_free(), pages.blocks().n_all(), n_);
      if (pages.model()->spec().mixes() && pages.memories().n_free() == 0)
        fail(Code::kMemoryLimit, "[%s] expected a free running memory, got none of %d (part %zu)", op_,
             pages.memories().n_all(), n_);
      sequence.begin(n_tokens);
    }
  }
  void commit() noexcept {
    for (const StepPart& part : parts_) part.sequence->commit(static_cast<int32_t>(part.n_tokens()));
    n_ = 0;
  }

 private:
  const char* op_;
  std::span<const StepPart> parts_;
  size_t n_ = 0;
};

Scratch carved(const DeviceBuffer& memory, const Model& model, const StepRoom& room) {
  Carver carver(memory.data());
  return carve(carver, model, room);
}

}  // namespace

// Prompts on their way, with what they were given.
struct Step::Held {
  std::vector<int32_t> tokens;
  std::vector<StepPart> parts;
  std::vector<std::shared_ptr<Sequence>> texts;
  std::unique_ptr<BegunTexts> begun;
};

int64_t Step::scratch_bytes(const Model& model, const StepRoom& room) {
  Carver counter(nullptr);
  carve(counter, model, room);
  return counter.n_bytes();
}

Step::Step(std::shared_ptr<Pages> pages, const StepRoom& room)
    : pages_(std::move(pages)),
      model_(pages_->model().get()),
      activations_(room.activations),
      scratch_(model_->engine().device(), scratch_bytes(*model_, room)),
      prompts_(*model_, Role::kPrompt, room.max_batch_tokens, room.n_blocks, carved(scratch_, *model_, room).prompts),
      generated_(*model_, Role::kGenerated, generated_tokens(room), room.n_blocks,
                 carved(scratch_, *model_, room).generated),
      logits_(carved(scratch_, *model_, room).logits) {}

Step::~Step() = default;

void Step::check(const char* op, std::span<const StepPart> parts) const {
  const int32_t vocab = model_->spec().vocab_size;
  for (size_t p = 0; p < parts.size(); ++p) {
    const StepPart& part = parts[p];
    const Sequence& s = *part.sequence;
    if (s.pages().get() != pages_.get())
      fail(Code::kInvalidArgument, "[%s] expected texts of the step's pool, got another's (part %zu)", op, p);
    if (part.n_tokens() < 1 || part.n_tokens() > s.max_tokens() - s.length())
      fail(Code::kInvalidArgument, "[%s] expected 1..%d tokens (cache of %d, %d used), got %lld (part %zu)", op,
           s.max_tokens() - s.length(), s.max_tokens(), s.length(), static_cast<long long>(part.n_tokens()), p);
    for (size_t i = 0; i < part.tokens.size(); ++i)
      if (part.tokens[i] < 0 || part.tokens[i] >= vocab)
        fail(Code::kInvalidArgument, "[%s] expected token ids in 0..%d, got %d (token %zu of part %zu)", op, vocab - 1,
             part.tokens[i], i, p);
  }
}

void Step::check_room(const char* op, std::span<const StepPart> parts, std::span<const float> logits) const {
  const int64_t vocab = model_->spec().vocab_size;
  int64_t n_rows = 0;
  for (const StepPart& part : parts) n_rows += part.n_rows();
  if (static_cast<int64_t>(logits.size()) / vocab < n_rows)
    fail(Code::kInvalidArgument, "[%s] expected room for %lld logits, got %zu", op,
         static_cast<long long>(n_rows * vocab), logits.size());
}

void Step::run(std::span<const StepPart> parts, std::span<float> logits) {
  check("compute", parts);
  check_room("compute", parts, logits);
  if (holds())
    for (size_t p = 0; p < parts.size(); ++p)
      if (parts[p].role == Role::kPrompt)
        fail(Code::kInvalidState, "[compute] expected generated tokens while prompts are held, got a prompt (part %zu)",
             p);
  const CancellableRun run(cancellation_);
  reserve_low_rank(parts);
  BegunTexts texts("compute", parts);
  texts.begin(*pages_);
  const int64_t all = model_->spec().n_layers();
  const auto finish = [&](RolePass& pass) {
    for (pass.begin(parts); !pass.is_done();) pass.advance(share(), pages_->layers(), all, logits.data());
  };
  if (!holds()) finish(prompts_);
  finish(generated_);
  texts.commit();
}

void Step::hold(std::span<const StepPart> parts, std::vector<std::shared_ptr<Sequence>> texts) {
  if (holds()) fail(Code::kInvalidState, "[hold] expected no prompts that are held, got some");
  check("hold", parts);
  for (size_t p = 0; p < parts.size(); ++p)
    if (parts[p].role != Role::kPrompt)
      fail(Code::kInvalidArgument, "[hold] expected prompts, got generated tokens (part %zu)", p);
  auto held = std::make_unique<Held>();
  held->parts.assign(parts.begin(), parts.end());
  held->texts = std::move(texts);
  for (const StepPart& part : parts) held->tokens.insert(held->tokens.end(), part.tokens.begin(), part.tokens.end());
  size_t at = 0;
  for (StepPart& part : held->parts) {
    part.tokens = std::span<const int32_t>(held->tokens).subspan(at, part.tokens.size());
    at += part.tokens.size();
  }
  reserve_low_rank(parts);
  held->begun = std::make_unique<BegunTexts>("hold", held->parts);
  held->begun->begin(*pages_);
  held_ = std::move(held);
  prompts_.begin(held_->parts);
}

bool Step::advance(int64_t n_layers, std::span<float> logits) {
  if (!holds()) fail(Code::kInvalidState, "[advance] expected prompts that are held, got none");
  if (n_layers < 1)
    fail(Code::kInvalidArgument, "[advance] expected n_layers >= 1, got %lld", static_cast<long long>(n_layers));
  check_room("advance", held_->parts, logits);
  try {
    const CancellableRun run(cancellation_);
    prompts_.advance(share(), pages_->layers(), n_layers, logits.data());
  } catch (...) {
    abandon();
    throw;
  }
  if (!prompts_.is_done()) return false;
  held_->begun->commit();
  abandon();
  return true;
}

void Step::abandon() noexcept {
  if (!holds()) return;
  prompts_.drop();
  held_.reset();
}

void Step::reserve_low_rank(std::span<const StepPart> parts) {
  int64_t rank = 0;
  for (const StepPart& part : parts) rank = std::max<int64_t>(rank, part.sequence->worn().max_rank());
  if (rank <= worn_rank_) return;
  const int64_t floats = product_rows(model_->spec(), prompts_.max_tokens()) * rank;
  low_rank_ = DeviceBuffer(model_->engine().device(), kLinearsTogether * floats * static_cast<int64_t>(sizeof(float)));
  worn_rank_ = rank;
  for (RolePass* pass : {&prompts_, &generated_}) pass->share_low_rank(low_rank_.as<float>(), floats);
}

PassShare Step::share() noexcept {
  return {logits_, low_rank_.as<float>(), worn_rank_, inputs_ ? &*inputs_ : nullptr, &cancellation_, activations_};
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
