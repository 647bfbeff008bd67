#include <cmath>
#include <limits>

#include "capi/support.h"

using namespace chaku::test;

namespace {

struct Ready {
  EngineHandle engine = make_engine();
  ModelHandle model = random_model(engine);
  SessionHandle session;
  std::vector<float> logits = std::vector<float>(64 * 16);
  explicit Ready(int32_t max_tokens = 16) {
    auto options = sized<chaku_session_options>();
    options.max_tokens = max_tokens;
    CHECK_OK(chaku_session_create(model, &options, session.out()));
  }
  int32_t length() const {
    int32_t n = -1;
    CHECK_OK(chaku_session_length(session, &n));
    return n;
  }
};

}  // namespace

TEST(eval_writes_what_is_asked_for_and_no_more) {
  Ready t;
  const int32_t tokens[3] = {1, 2, 3};
  t.logits.assign(t.logits.size(), -77.0f);
  CHECK_OK(chaku_session_eval(t.session, tokens, 3, CHAKU_ROLE_GENERATED, CHAKU_LOGITS_ALL, t.logits.data(), 3 * 64));
  CHECK(t.logits[3 * 64 - 1] != -77.0f && t.logits[3 * 64] == -77.0f);
  const std::vector<float> last(t.logits.begin() + 128, t.logits.begin() + 192);
  CHECK_OK(chaku_session_truncate(t.session, 0));
  t.logits.assign(t.logits.size(), -77.0f);
  CHECK_OK(chaku_session_eval(t.session, tokens, 3, CHAKU_ROLE_GENERATED, CHAKU_LOGITS_LAST, t.logits.data(), 64));
  CHECK_CLOSE(t.logits.data(), last.data(), 64, 1e-5, 1e-5);
  CHECK_EQ(t.logits[64], -77.0f);
  // A prompt's products may round their operands to bfloat16.
  CHECK_OK(chaku_session_truncate(t.session, 0));
  CHECK_OK(chaku_session_eval(t.session, tokens, 3, CHAKU_ROLE_PROMPT, CHAKU_LOGITS_LAST, t.logits.data(), 64));
  CHECK_CLOSE(t.logits.data(), last.data(), 64, 2e-2, 2e-2);
  CHECK_OK(chaku_session_eval(t.session, tokens, 2, CHAKU_ROLE_PROMPT, CHAKU_LOGITS_NONE, nullptr, 0));
  CHECK_EQ(t.length(), 5);
}

TEST(eval_misuse) {
  Ready t;
  const int32_t tokens[2] = {1, 2}, outside[2] = {1, 64};
  float* logits = t.logits.data();
  for (const int32_t role : {-1, 2})
    CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_session_eval(t.session, tokens, 2, role, CHAKU_LOGITS_NONE, nullptr, 0));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT,
              chaku_session_eval(nullptr, tokens, 2, CHAKU_ROLE_PROMPT, CHAKU_LOGITS_LAST, logits, 64));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT,
              chaku_session_eval(t.session, nullptr, 2, CHAKU_ROLE_PROMPT, CHAKU_LOGITS_LAST, logits, 64));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT,
              chaku_session_eval(t.session, tokens, 2, CHAKU_ROLE_PROMPT, CHAKU_LOGITS_LAST, nullptr, 64));
  for (const int32_t n : {0, -1, 17, INT32_MAX, INT32_MIN})
    CHECK_FAILS(CHAKU_INVALID_ARGUMENT,
                chaku_session_eval(t.session, tokens, n, CHAKU_ROLE_PROMPT, CHAKU_LOGITS_NONE, nullptr, 0));
  for (const int32_t which : {-1, 3, INT32_MAX})
    CHECK_FAILS(CHAKU_INVALID_ARGUMENT,
                chaku_session_eval(t.session, tokens, 2, CHAKU_ROLE_PROMPT, which, logits, 128));
  for (const int64_t n : {int64_t{-1}, int64_t{0}, int64_t{63}})
    CHECK_FAILS(CHAKU_INVALID_ARGUMENT,
                chaku_session_eval(t.session, tokens, 2, CHAKU_ROLE_PROMPT, CHAKU_LOGITS_LAST, logits, n));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT,
              chaku_session_eval(t.session, tokens, 2, CHAKU_ROLE_PROMPT, CHAKU_LOGITS_ALL, logits, 127));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT,
              chaku_session_eval(t.session, outside, 2, CHAKU_ROLE_PROMPT, CHAKU_LOGITS_LAST, logits, 64));
  CHECK_EQ(t.length(), 0);
}

TEST(collects_inputs) {
  Ready t;
  const int32_t tokens[3] = {1, 2, 3};
  double squares[1024];
  int64_t rows = -1;
  CHECK_FAILS(CHAKU_INVALID_STATE, chaku_session_read_inputs(t.session, CHAKU_ATTN_Q, 0, squares, 32, &rows));
  CHECK_OK(chaku_session_collect_inputs(t.session));
  CHECK_OK(chaku_session_eval(t.session, tokens, 3, CHAKU_ROLE_PROMPT, CHAKU_LOGITS_ALL, t.logits.data(), 3 * 64));
  CHECK_OK(chaku_session_read_inputs(t.session, CHAKU_ATTN_Q, 0, squares, 32, &rows));
  CHECK(rows == 3 && squares[0] > 0 && squares[32 - 1] > 0);
  CHECK_OK(chaku_session_read_inputs(t.session, CHAKU_OUTPUT, -1, squares, 32, &rows));
  for (const int64_t n : {int64_t{0}, int64_t{-1}, int64_t{33}})
    CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_session_read_inputs(t.session, CHAKU_ATTN_Q, 0, squares, n, &rows));
  for (const int32_t module : {CHAKU_TOKEN_EMBEDDING, CHAKU_ATTN_NORM, CHAKU_OUTPUT, 7, -1, INT32_MAX})
    CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_session_read_inputs(t.session, module, 0, squares, 32, &rows));
  for (const int32_t layer : {-1, 99, INT32_MIN})
    CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_session_read_inputs(t.session, CHAKU_ATTN_Q, layer, squares, 32, &rows));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_session_read_inputs(t.session, CHAKU_ATTN_Q, 0, nullptr, 32, &rows));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_session_read_inputs(t.session, CHAKU_ATTN_Q, 0, squares, 32, nullptr));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_session_collect_inputs(nullptr));
}

TEST(create_and_plan_misuse) {
  Ready t;
  SessionHandle session;
  auto options = sized<chaku_session_options>();
  options.max_tokens = 8;
  auto plan = sized<chaku_memory_plan>();
  CHECK_OK(chaku_session_plan(t.model, &options, &plan));
  CHECK_EQ(plan.total_bytes, plan.weight_bytes + plan.activation_bytes + plan.scratch_bytes);
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_session_plan(nullptr, &options, &plan));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_session_plan(t.model, nullptr, &plan));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_session_plan(t.model, &options, nullptr));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_session_create(nullptr, &options, session.out()));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_session_create(t.model, nullptr, session.out()));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_session_create(t.model, &options, nullptr));
  const auto refused = [&](chaku_status status, auto change) {
    chaku_session_options o = options;
    change(o);
    CHECK_FAILS(status, chaku_session_create(t.model, &o, session.out()));
    CHECK(session.at == nullptr);
  };
  for (const int32_t bad : {0, -1, INT32_MAX, INT32_MIN})
    refused(CHAKU_INVALID_ARGUMENT, [&](auto& o) { o.max_tokens = bad; });
  refused(CHAKU_INVALID_ARGUMENT, [](auto& o) { o.max_batch_tokens = -1; });
  refused(CHAKU_INVALID_ARGUMENT, [](auto& o) { o.memory_limit_bytes = -1; });
  refused(CHAKU_INVALID_ARGUMENT, [](auto& o) { o.size = 0; });
  refused(CHAKU_MEMORY_LIMIT, [](auto& o) { o.memory_limit_bytes = 1; });
  options.max_tokens = 1 << 24;  // 4 GiB of cache are fine; what is not there is refused
  CHECK_OK(chaku_session_plan(t.model, &options, &plan));
  CHECK_EQ(plan.activation_bytes, (int64_t{1} << 24) * 2 * 2 * 16 * 4);
  options.memory_limit_bytes = int64_t{1} << 30;
  CHECK_FAILS(CHAKU_MEMORY_LIMIT, chaku_session_create(t.model, &options, session.out()));
}

TEST(adapters_misuse) {
  Ready t;
  AdapterHandle adapter, foreign;
  ModelHandle other = random_model(t.engine);
  CHECK_OK(chaku_adapter_create(t.model, adapter.out()));
  CHECK_OK(chaku_adapter_create(other, foreign.out()));
  chaku_adapter* list[2] = {adapter, nullptr};
  const float scales[2] = {1.0f, NAN};
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_session_set_adapters(nullptr, list, scales, 1));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_session_set_adapters(t.session, nullptr, scales, 1));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_session_set_adapters(t.session, list, nullptr, 1));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_session_set_adapters(t.session, list, scales, 2));
  for (const int32_t n : {-1, INT32_MAX, INT32_MIN})
    CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_session_set_adapters(t.session, list, scales, n));
  list[1] = adapter;
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_session_set_adapters(t.session, list, scales, 2));
  list[0] = foreign;
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_session_set_adapters(t.session, list, scales, 1));
  CHECK_OK(chaku_session_set_adapters(t.session, nullptr, nullptr, 0));
  const int32_t token = 1;
  CHECK_OK(chaku_session_eval(t.session, &token, 1, CHAKU_ROLE_PROMPT, CHAKU_LOGITS_NONE, nullptr, 0));
  CHECK_FAILS(CHAKU_INVALID_STATE, chaku_session_set_adapters(t.session, nullptr, nullptr, 0));
}

TEST(the_rest_of_misuse) {
  Ready t;
  int32_t n = -7;
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_session_length(nullptr, &n));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_session_length(t.session, nullptr));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_session_truncate(nullptr, 0));
  for (const int32_t bad : {-1, 1, INT32_MAX, INT32_MIN})
    CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_session_truncate(t.session, bad));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_session_cancel(nullptr));
  CHECK_OK(chaku_session_cancel(t.session));
  const int32_t token = 1;  // a cancel while nothing ran has no effect
  CHECK_OK(chaku_session_eval(t.session, &token, 1, CHAKU_ROLE_PROMPT, CHAKU_LOGITS_NONE, nullptr, 0));
  chaku_session_free(nullptr);
  chaku_session_free(t.session.out());
  CHECK(t.session.at == nullptr);
  chaku_session_free(t.session.out());
}

TEST(a_full_cache_refuses_more) {
  Ready t(4);
  const int32_t tokens[4] = {1, 2, 3, 4};
  CHECK_OK(chaku_session_eval(t.session, tokens, 4, CHAKU_ROLE_PROMPT, CHAKU_LOGITS_NONE, nullptr, 0));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT,
              chaku_session_eval(t.session, tokens, 1, CHAKU_ROLE_PROMPT, CHAKU_LOGITS_NONE, nullptr, 0));
  CHECK_EQ(t.length(), 4);
}
