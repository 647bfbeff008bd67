#include "infer/pool.h"

#include <algorithm>

#include "base/error.h"

namespace chaku {
namespace {

constexpr int32_t kDefaultBatchTokens = 512;
constexpr int32_t kMostTokens = INT32_MAX / kCacheBlockTokens * kCacheBlockTokens;  // rows are int32

PoolOptions resolved(const Model& model, const PoolOptions& options) {
  if (!model.sealed()) fail(Code::kInvalidState, "[pool] expected a sealed model, got one under construction");
  if (!model.spec().looks_back())
    fail(Code::kUnsupported,
         "[pool] expected a model that generates, got an encoder, whose tokens see those behind them");
  if (options.max_tokens < 1 || options.max_tokens > kMostTokens)
    fail(Code::kInvalidArgument, "[pool] expected max_tokens in 1..%d, got %d", kMostTokens, options.max_tokens);
  if (options.max_batch_tokens < 0)
    fail(Code::kInvalidArgument, "[pool] expected max_batch_tokens >= 0, got %d", options.max_batch_tokens);
  const bool mixes = model.spec().mixes();
  if (options.max_memories < (mixes ? 2 : 0))
    fail(Code::kInvalidArgument, "[pool] expected max_memories >= %d%s, got %d", mixes ? 2 : 0,
         mixes ? " of a model with running memories" : "", options.max_memories);
  Pages::check(model.spec(), options.kv_dtype);
  PoolOptions result = options;
  if (result.max_batch_tokens == 0) result.max_batch_tokens = kDefaultBatchTokens;
  result.max_batch_tokens = std::min(result.max_batch_tokens, result.max_tokens);
  check_slots("pool", model.spec(), result.max_batch_tokens);
  return result;
}

PagesOptions pages_of(const PoolOptions& options) {
  return {blocks_of(options.max_tokens), options.kv_dtype, options.max_memories};
}

StepRoom room_of(const PoolOptions& options) {
  return {options.max_batch_tokens, blocks_of(options.max_tokens), options.activations};
}

}  // namespace

MemoryPlan Pool::plan(const Model& model, const PoolOptions& options) {
  const PoolOptions r = resolved(model, options);
  MemoryPlan plan = plan_of(model);
  plan.activation_bytes = Pages::bytes(model.spec(), pages_of(r));
  plan.scratch_bytes = Step::scratch_bytes(model, room_of(r));
  return plan;
}

Pool::Pool(std::shared_ptr<const Model> model, const PoolOptions& options) {
  const PoolOptions r = resolved(*model, options);
  check_plan("pool", plan(*model, r), r.memory_limit_bytes);
  pages_ = std::make_shared<Pages>(std::move(model), pages_of(r));
  step_ = std::make_unique<Step>(pages_, room_of(r));
}

}  // namespace chaku
