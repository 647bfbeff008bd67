#include "infer/session.h"

#include "capi/boundary.h"
#include "capi/convert.h"
#include "capi/handles.h"
#include "capi/inference.h"

using namespace chaku;

namespace {

SessionOptions convert(const chaku_session_options& o) {
  if (find_dtype(o.kv_dtype) == nullptr)
    fail(Code::kUnsupported, "[session] expected a known format for the cache, got type id %d", o.kv_dtype);
  return {o.max_tokens, o.max_batch_tokens, o.memory_limit_bytes, static_cast<DType>(o.kv_dtype)};
}

}  // namespace

extern "C" chaku_status chaku_session_plan(const chaku_model* model, const chaku_session_options* options,
                                           chaku_memory_plan* out) {
  return capi::guarded("session_plan", [&] {
    const auto& shared = capi::require("session_plan", "model", model).shared;
    const SessionOptions o = convert(capi::require_struct("session_plan", "options", options));
    chaku_memory_plan& result = capi::require_struct("session_plan", "out", out);
    capi::store(Session::plan(*shared, o), result);
  });
}

extern "C" chaku_status chaku_session_create(chaku_model* model, const chaku_session_options* options,
                                             chaku_session** out) {
  return capi::guarded("session_create", [&] {
    const auto& shared = capi::require("session_create", "model", model).shared;
    const SessionOptions o = convert(capi::require_struct("session_create", "options", options));
    capi::require("session_create", "out", out);
    *out = new chaku_session{Session(shared, o)};
  });
}

extern "C" void chaku_session_free(chaku_session** session) { capi::free_handle(session); }

extern "C" chaku_status chaku_session_set_adapters(chaku_session* session, chaku_adapter* const* adapters,
                                                   const float* scales, int32_t n) {
  return capi::guarded("set_adapters", [&] {
    Session& s = capi::require("set_adapters", "session", session).session;
    s.set_adapters(capi::adapters_of(adapters, scales, n), {scales, static_cast<size_t>(n)});
  });
}

extern "C" chaku_status chaku_session_eval(chaku_session* session, const int32_t* tokens, int32_t n, int32_t role,
                                           int32_t which_logits, float* logits, int64_t logits_floats) {
  return capi::guarded("eval", [&] {
    Session& s = capi::require("eval", "session", session).session;
    capi::require("eval", "tokens", tokens);
    if (role != CHAKU_ROLE_PROMPT && role != CHAKU_ROLE_GENERATED)
      fail(Code::kInvalidArgument, "[eval] expected role %d or %d, got %d", CHAKU_ROLE_PROMPT, CHAKU_ROLE_GENERATED,
           role);
    if (which_logits < CHAKU_LOGITS_NONE || which_logits > CHAKU_LOGITS_ALL)
      fail(Code::kInvalidArgument, "[eval] expected which_logits in 0..2, got %d", which_logits);
    if (which_logits != CHAKU_LOGITS_NONE) capi::require("eval", "logits", logits);
    if (n < 0 || logits_floats < 0)
      fail(Code::kInvalidArgument, "[eval] expected sizes >= 0, got n %d and logits_floats %lld", n,
           static_cast<long long>(logits_floats));
    s.eval({tokens, static_cast<size_t>(n)}, static_cast<Role>(role), static_cast<LogitRows>(which_logits),
           {logits, static_cast<size_t>(logits == nullptr ? 0 : logits_floats)});
  });
}

extern "C" chaku_status chaku_session_collect_inputs(chaku_session* session) {
  return capi::guarded("collect_inputs",
                       [&] { capi::require("collect_inputs", "session", session).session.collect_inputs(); });
}

extern "C" chaku_status chaku_session_read_inputs(const chaku_session* session, int32_t module, int32_t layer,
                                                  double* squares, int64_t n, int64_t* out_rows) {
  return capi::guarded("read_inputs", [&] {
    const Session& s = capi::require("read_inputs", "session", session).session;
    capi::read_inputs(s, module, layer, squares, n, out_rows);
  });
}

extern "C" chaku_status chaku_session_truncate(chaku_session* session, int32_t n_tokens) {
  return capi::guarded("truncate", [&] { capi::require("truncate", "session", session).session.truncate(n_tokens); });
}

extern "C" chaku_status chaku_session_length(const chaku_session* session, int32_t* out_n_tokens) {
  return capi::guarded("length", [&] {
    const Session& s = capi::require("length", "session", session).session;
    capi::require("length", "out_n_tokens", out_n_tokens) = s.length();
  });
}

extern "C" chaku_status chaku_session_cancel(chaku_session* session) {
  return capi::guarded("cancel", [&] { capi::require("cancel", "session", session).session.cancel(); });
}
