#include "infer/session.h"

#include "base/error.h"

namespace chaku {
namespace {

// A text's running memory, and that of its next tokens.
constexpr int32_t kMemories = 2;

PoolOptions pool_of(const Model& model, const SessionOptions& options) {
  if (!model.sealed()) fail(Code::kInvalidState, "[session] expected a sealed model, got one under construction");
  if (options.max_tokens < 1 || options.max_tokens > kMaxTokens)
    fail(Code::kInvalidArgument, "[session] expected max_tokens in 1..%d, got %d", kMaxTokens, options.max_tokens);
  if (const int32_t n_positions = model.spec().n_positions; n_positions > 0 && options.max_tokens > n_positions)
    fail(Code::kInvalidArgument, "[session] expected max_tokens within the model's %d positions, got %d", n_positions,
         options.max_tokens);
  return {options.max_tokens, options.max_batch_tokens, kMemories, options.memory_limit_bytes, options.kv_dtype};
}

}  // namespace

MemoryPlan Session::plan(const Model& model, const SessionOptions& options) {
  return Pool::plan(model, pool_of(model, options));
}

Session::Session(std::shared_ptr<const Model> model, const SessionOptions& options)
    : pool_(model, pool_of(*model, options)), text_(std::make_unique<Sequence>(pool_.pages(), options.max_tokens)) {}

void Session::eval(std::span<const int32_t> tokens, Role role, LogitRows rows, std::span<float> logits) {
  const StepPart part{text_.get(), tokens, role, rows};
  pool_.step().run({&part, 1}, logits);
}

}  // namespace chaku
