#include "infer/pool.h"

#include <algorithm>

#include "capi/boundary.h"
#include "capi/create.h"
#include "capi/handles.h"

using namespace chaku;

namespace {

constexpr int32_t kMostParts = 1 << 16;

PoolOptions options_of(const char*, const chaku_pool_options& o) {
  if (find_dtype(o.kv_dtype) == nullptr)
    fail(Code::kUnsupported, "[pool] expected a known format for the cache, got type id %d", o.kv_dtype);
  if (o.activations < CHAKU_ACTIVATIONS_F32 || o.activations > CHAKU_ACTIVATIONS_INT8)
    fail(Code::kInvalidArgument, "[pool] expected activations in 0..2, got %d", o.activations);
  return {o.max_tokens,
          o.max_batch_tokens,
          o.max_memories,
          o.memory_limit_bytes,
          static_cast<DType>(o.kv_dtype),
          static_cast<ActivationFormat>(o.activations)};
}

std::vector<StepPart> parts_of(const char* op, chaku_sequence* const* sequences, const chaku_step_parts& parts) {
  if (parts.n_parts < 1 || parts.n_parts > kMostParts)
    fail(Code::kInvalidArgument, "[%s] expected 1..%d parts, got %d", op, kMostParts, parts.n_parts);
  capi::require(op, "sequences", sequences);
  capi::require(op, "n_tokens", parts.n_tokens);
  capi::require(op, "roles", parts.roles);
  capi::require(op, "which_logits", parts.which_logits);
  capi::require(op, "tokens", parts.tokens);
  std::vector<StepPart> result;
  result.reserve(static_cast<size_t>(parts.n_parts));
  int64_t at = 0;
  for (int32_t i = 0; i < parts.n_parts; ++i) {
    const int32_t n = parts.n_tokens[i], role = parts.roles[i], which = parts.which_logits[i];
    if (n < 1 || n > parts.all_tokens - at)
      fail(Code::kInvalidArgument, "[%s] expected 1..%lld tokens, got %d (part %d)", op,
           static_cast<long long>(parts.all_tokens - at), n, i);
    if (role != CHAKU_ROLE_PROMPT && role != CHAKU_ROLE_GENERATED)
      fail(Code::kInvalidArgument, "[%s] expected role %d or %d, got %d (part %d)", op, CHAKU_ROLE_PROMPT,
           CHAKU_ROLE_GENERATED, role, i);
    if (which < CHAKU_LOGITS_NONE || which > CHAKU_LOGITS_ALL)
      fail(Code::kInvalidArgument, "[%s] expected which_logits in 0..2, got %d (part %d)", op, which, i);
    Sequence& sequence = *capi::require(op, "every sequence", sequences[i]).sequence;
    result.push_back({&sequence,
                      {parts.tokens + at, static_cast<size_t>(n)},
                      static_cast<Role>(role),
                      static_cast<LogitRows>(which)});
    at += n;
  }
  return result;
}

// Room for the rows of logits that are asked for; none need be where nobody asks.
std::span<float> logits_of(const char* op, float* logits, int64_t logits_floats) {
  if (logits_floats < 0)
    fail(Code::kInvalidArgument, "[%s] expected logits_floats >= 0, got %lld", op,
         static_cast<long long>(logits_floats));
  return {logits, static_cast<size_t>(logits == nullptr ? 0 : logits_floats)};
}

// Those to wear; scales are checked to be there.
std::vector<std::shared_ptr<const Adapter>> adapters_of(chaku_adapter* const* adapters, const float* scales,
                                                        int32_t n) {
  constexpr int32_t kMostWorn = 1024;
  if (n < 0 || n > kMostWorn)
    fail(Code::kInvalidArgument, "[set_adapters] expected 0..%d adapters, got %d", kMostWorn, n);
  std::vector<std::shared_ptr<const Adapter>> worn;
  for (int32_t i = 0; i < n; ++i) {
    capi::require("set_adapters", "adapters", adapters);
    capi::require("set_adapters", "scales", scales);
    worn.push_back(capi::require("set_adapters", "every adapter", adapters[i]).shared);
  }
  return worn;
}

}  // namespace

extern "C" chaku_status chaku_pool_plan(const chaku_model* model, const chaku_pool_options* options,
                                        chaku_memory_plan* out) {
  return capi::plan<Pool>("pool_plan", options_of, model, options, out);
}

extern "C" chaku_status chaku_pool_create(chaku_model* model, const chaku_pool_options* options, chaku_pool** out) {
  return capi::create<Pool>("pool_create", options_of, model, options, out);
}

extern "C" void chaku_pool_free(chaku_pool** pool) { capi::free_handle(pool); }

extern "C" chaku_status chaku_pool_count(const chaku_pool* pool, chaku_pool_counts* out) {
  return capi::guarded("pool_count", [&] {
    Pages& pages = *capi::require("pool_count", "pool", pool).pool.pages();
    chaku_pool_counts& counts = capi::require_struct("pool_count", "out", out);
    counts.blocks = pages.blocks().n_all();
    counts.free_blocks = pages.blocks().n_free();
    counts.shared_blocks = pages.blocks().n_shared();
    counts.memories = pages.memories().n_all();
    counts.free_memories = pages.memories().n_free();
  });
}

extern "C" chaku_status chaku_pool_compute(chaku_pool* pool, chaku_sequence* const* sequences,
                                           const chaku_step_parts* parts, float* logits, int64_t logits_floats) {
  return capi::guarded("compute", [&] {
    Step& step = capi::require("compute", "pool", pool).pool.step();
    const std::vector<StepPart> all = parts_of("compute", sequences, capi::require_struct("compute", "parts", parts));
    if (std::any_of(all.begin(), all.end(), [](const StepPart& part) { return part.rows != LogitRows::kNone; }))
      capi::require("compute", "logits", logits);
    step.run(all, logits_of("compute", logits, logits_floats));
  });
}

extern "C" chaku_status chaku_pool_hold(chaku_pool* pool, chaku_sequence* const* sequences,
                                        const chaku_step_parts* parts) {
  return capi::guarded("hold", [&] {
    Step& step = capi::require("hold", "pool", pool).pool.step();
    const std::vector<StepPart> all = parts_of("hold", sequences, capi::require_struct("hold", "parts", parts));
    std::vector<std::shared_ptr<Sequence>> texts;
    for (size_t i = 0; i < all.size(); ++i) texts.push_back(sequences[i]->sequence);
    step.hold(all, std::move(texts));
  });
}

extern "C" chaku_status chaku_pool_advance(chaku_pool* pool, int32_t n_layers, float* logits, int64_t logits_floats,
                                           int32_t* out_done) {
  return capi::guarded("advance", [&] {
    Step& step = capi::require("advance", "pool", pool).pool.step();
    int32_t& done = capi::require("advance", "out_done", out_done);
    done = step.advance(n_layers, logits_of("advance", logits, logits_floats)) ? 1 : 0;
  });
}

extern "C" chaku_status chaku_pool_abandon(chaku_pool* pool) {
  return capi::guarded("abandon", [&] { capi::require("abandon", "pool", pool).pool.step().abandon(); });
}

extern "C" chaku_status chaku_pool_collect_inputs(chaku_pool* pool) {
  return capi::guarded("collect_inputs",
                       [&] { capi::require("collect_inputs", "pool", pool).pool.step().collect_inputs(); });
}

extern "C" chaku_status chaku_pool_read_inputs(const chaku_pool* pool, int32_t module, int32_t layer, double* squares,
                                               int64_t n, int64_t* out_rows) {
  return capi::guarded("read_inputs", [&] {
    const Step& step = capi::require("read_inputs", "pool", pool).pool.step();
    if (!is_module(module)) fail(Code::kInvalidArgument, "[read_inputs] expected a known module, got %d", module);
    const InputStatistics::Sums sums = step.inputs(static_cast<Module>(module), layer);
    if (n != static_cast<int64_t>(sums.squares.size()))
      fail(Code::kInvalidArgument, "[read_inputs] expected room for %zu columns, got %lld", sums.squares.size(),
           static_cast<long long>(n));
    capi::require("read_inputs", "squares", squares);
    capi::require("read_inputs", "out_rows", out_rows);
    std::copy(sums.n_rows.begin(), sums.n_rows.end(), out_rows);
    std::copy(sums.squares.begin(), sums.squares.end(), squares);
  });
}

extern "C" chaku_status chaku_pool_cancel(chaku_pool* pool) {
  return capi::guarded("cancel", [&] { capi::require("cancel", "pool", pool).pool.step().cancel(); });
}

extern "C" chaku_status chaku_sequence_create(chaku_pool* pool, int32_t max_tokens, chaku_sequence** out) {
  return capi::guarded("sequence_create", [&] {
    const auto& pages = capi::require("sequence_create", "pool", pool).pool.pages();
    capi::require("sequence_create", "out", out);
    *out = new chaku_sequence{std::make_unique<Sequence>(pages, max_tokens)};
  });
}

extern "C" chaku_status chaku_sequence_fork(const chaku_sequence* sequence, int32_t n_tokens, chaku_sequence** out) {
  return capi::guarded("fork", [&] {
    const Sequence& s = *capi::require("fork", "sequence", sequence).sequence;
    capi::require("fork", "out", out);
    *out = new chaku_sequence{s.fork(n_tokens)};
  });
}

extern "C" void chaku_sequence_free(chaku_sequence** sequence) { capi::free_handle(sequence); }

extern "C" chaku_status chaku_sequence_set_adapters(chaku_sequence* sequence, chaku_adapter* const* adapters,
                                                    const float* scales, int32_t n) {
  return capi::guarded("set_adapters", [&] {
    Sequence& s = *capi::require("set_adapters", "sequence", sequence).sequence;
    s.set_adapters(adapters_of(adapters, scales, n), {scales, static_cast<size_t>(n)});
  });
}

extern "C" chaku_status chaku_sequence_truncate(chaku_sequence* sequence, int32_t n_tokens) {
  return capi::guarded("truncate",
                       [&] { capi::require("truncate", "sequence", sequence).sequence->truncate(n_tokens); });
}

extern "C" chaku_status chaku_sequence_snapshot(chaku_sequence* sequence) {
  return capi::guarded("snapshot", [&] { capi::require("snapshot", "sequence", sequence).sequence->take_snapshot(); });
}

extern "C" chaku_status chaku_sequence_drop_snapshots(chaku_sequence* sequence) {
  return capi::guarded("drop_snapshots",
                       [&] { capi::require("drop_snapshots", "sequence", sequence).sequence->drop_snapshots(); });
}

extern "C" chaku_status chaku_sequence_length(const chaku_sequence* sequence, int32_t* out_n_tokens) {
  return capi::guarded("length", [&] {
    const Sequence& s = *capi::require("length", "sequence", sequence).sequence;
    capi::require("length", "out_n_tokens", out_n_tokens) = s.length();
  });
}
