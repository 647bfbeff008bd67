#include <atomic>
#include <cmath>
#include <cstring>
#include <thread>

#include "capi/support.h"

using namespace chaku::test;

namespace {

struct Parts {
  std::vector<chaku_sequence*> sequences;
  std::vector<int32_t> n_tokens, roles, which, tokens;

  void add(chaku_sequence* sequence, std::vector<int32_t> some, int32_t role, int32_t logits) {
    sequences.push_back(sequence);
    n_tokens.push_back(static_cast<int32_t>(some.size()));
    roles.push_back(role);
    which.push_back(logits);
    tokens.insert(tokens.end(), some.begin(), some.end());
  }
  chaku_step_parts get() const {
    auto parts = sized<chaku_step_parts>();
    parts.n_parts = static_cast<int32_t>(sequences.size());
    parts.n_tokens = n_tokens.data();
    parts.roles = roles.data();
    parts.which_logits = which.data();
    parts.tokens = tokens.data();
    parts.all_tokens = static_cast<int64_t>(tokens.size());
    return parts;
  }
};

struct Ready {
  EngineHandle engine = make_engine();
  ModelHandle model = random_model(engine);
  PoolHandle pool;
  std::vector<float> logits = std::vector<float>(64 * 16, -77.0f);

  explicit Ready(int32_t max_tokens = 256) {
    auto options = sized<chaku_pool_options>();
    options.max_tokens = max_tokens;
    CHECK_OK(chaku_pool_create(model, &options, pool.out()));
  }
  SequenceHandle text(int32_t max_tokens = 128) {
    SequenceHandle sequence;
    CHECK_OK(chaku_sequence_create(pool, max_tokens, sequence.out()));
    return sequence;
  }
  chaku_pool_counts counts() const {
    auto counts = sized<chaku_pool_counts>();
    CHECK_OK(chaku_pool_count(pool, &counts));
    return counts;
  }
  chaku_status compute(const Parts& parts, int64_t floats) {
    const chaku_step_parts p = parts.get();
    return chaku_pool_compute(pool, parts.sequences.data(), &p, logits.data(), floats);
  }
};

int32_t length_of(chaku_sequence* sequence) {
  int32_t n = -1;
  CHECK_OK(chaku_sequence_length(sequence, &n));
  return n;
}

}  // namespace

TEST(texts_together_are_texts_alone) {
  Ready t;
  SequenceHandle a = t.text(), b = t.text(), c = t.text();
  const std::vector<int32_t> some = {1, 2, 3}, other = {4, 5, 6, 7};
  Parts parts;
  parts.add(a, some, CHAKU_ROLE_PROMPT, CHAKU_LOGITS_LAST);
  parts.add(b, other, CHAKU_ROLE_GENERATED, CHAKU_LOGITS_ALL);
  parts.add(c, {9}, CHAKU_ROLE_PROMPT, CHAKU_LOGITS_NONE);
  CHECK_OK(t.compute(parts, 5 * 64));
  CHECK_EQ(t.logits[5 * 64], -77.0f);
  CHECK_EQ(length_of(a) + length_of(b) + length_of(c), 8);
  std::vector<float> alone(5 * 64);
  SingleText one(t.model, 16);
  CHECK_OK(one.compute(some.data(), 3, CHAKU_ROLE_PROMPT, CHAKU_LOGITS_LAST, alone.data(), 64));
  CHECK_OK(chaku_sequence_truncate(one.text, 0));
  CHECK_OK(one.compute(other.data(), 4, CHAKU_ROLE_GENERATED, CHAKU_LOGITS_ALL, &alone[64], 4 * 64));
  CHECK(std::memcmp(alone.data(), t.logits.data(), alone.size() * sizeof(float)) == 0);
}

TEST(a_step_writes_what_is_asked_for_and_no_more) {
  Ready t;
  SingleText one(t.model, 16);
  const int32_t tokens[3] = {1, 2, 3};
  CHECK_OK(one.compute(tokens, 3, CHAKU_ROLE_GENERATED, CHAKU_LOGITS_ALL, t.logits.data(), 3 * 64));
  CHECK(t.logits[3 * 64 - 1] != -77.0f && t.logits[3 * 64] == -77.0f);
  const std::vector<float> last(t.logits.begin() + 128, t.logits.begin() + 192);
  CHECK_OK(chaku_sequence_truncate(one.text, 0));
  t.logits.assign(t.logits.size(), -77.0f);
  CHECK_OK(one.compute(tokens, 3, CHAKU_ROLE_GENERATED, CHAKU_LOGITS_LAST, t.logits.data(), 64));
  CHECK_CLOSE(t.logits.data(), last.data(), 64, 1e-5, 1e-5);
  CHECK_EQ(t.logits[64], -77.0f);
  // A prompt's products may round their operands to bfloat16.
  CHECK_OK(chaku_sequence_truncate(one.text, 0));
  CHECK_OK(one.compute(tokens, 3, CHAKU_ROLE_PROMPT, CHAKU_LOGITS_LAST, t.logits.data(), 64));
  CHECK_CLOSE(t.logits.data(), last.data(), 64, 2e-2, 2e-2);
  CHECK_OK(one.compute(tokens, 2, CHAKU_ROLE_PROMPT, CHAKU_LOGITS_NONE, nullptr, 0));
  CHECK_EQ(one.length(), 5);
}

TEST(a_full_text_refuses_more) {
  Ready t;
  SingleText one(t.model, 4);
  const int32_t tokens[5] = {1, 2, 3, 4, 5};
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, one.compute(tokens, 5, CHAKU_ROLE_PROMPT, CHAKU_LOGITS_NONE, nullptr, 0));
  CHECK_OK(one.compute(tokens, 4, CHAKU_ROLE_PROMPT, CHAKU_LOGITS_NONE, nullptr, 0));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, one.compute(tokens, 1, CHAKU_ROLE_PROMPT, CHAKU_LOGITS_NONE, nullptr, 0));
  CHECK_EQ(one.length(), 4);
}

TEST(collects_inputs) {
  Ready t;
  SingleText one(t.model, 16);
  const int32_t tokens[3] = {1, 2, 3};
  double squares[1024];
  int64_t rows = -1;
  const auto read = [&](int32_t module, int32_t layer, int64_t n) {
    return chaku_pool_read_inputs(one.pool, module, layer, squares, n, &rows);
  };
  CHECK_FAILS(CHAKU_INVALID_STATE, read(CHAKU_ATTN_Q, 0, 32));
  CHECK_OK(chaku_pool_collect_inputs(one.pool));
  CHECK_OK(one.compute(tokens, 3, CHAKU_ROLE_PROMPT, CHAKU_LOGITS_ALL, t.logits.data(), 3 * 64));
  CHECK_OK(read(CHAKU_ATTN_Q, 0, 32));
  CHECK(rows == 3 && squares[0] > 0 && squares[32 - 1] > 0);
  CHECK_OK(read(CHAKU_OUTPUT, -1, 32));
  for (const int64_t n : {int64_t{0}, int64_t{-1}, int64_t{33}})
    CHECK_FAILS(CHAKU_INVALID_ARGUMENT, read(CHAKU_ATTN_Q, 0, n));
  for (const int32_t module : {CHAKU_TOKEN_EMBEDDING, CHAKU_ATTN_NORM, CHAKU_OUTPUT, 7, -1, INT32_MAX})
    CHECK_FAILS(CHAKU_INVALID_ARGUMENT, read(module, 0, 32));
  for (const int32_t layer : {-1, 99, INT32_MIN}) CHECK_FAILS(CHAKU_INVALID_ARGUMENT, read(CHAKU_ATTN_Q, layer, 32));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_pool_read_inputs(one.pool, CHAKU_ATTN_Q, 0, nullptr, 32, &rows));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_pool_read_inputs(one.pool, CHAKU_ATTN_Q, 0, squares, 32, nullptr));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_pool_read_inputs(nullptr, CHAKU_ATTN_Q, 0, squares, 32, &rows));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_pool_collect_inputs(nullptr));
}

TEST(forks_share_blocks_that_are_counted) {
  Ready t;
  CHECK_EQ(t.counts().blocks, 4);
  SequenceHandle text = t.text(), fork;
  Parts parts;
  parts.add(text, std::vector<int32_t>(70, 1), CHAKU_ROLE_PROMPT, CHAKU_LOGITS_NONE);
  CHECK_OK(t.compute(parts, 0));
  CHECK_OK(chaku_sequence_fork(text, 66, fork.out()));
  CHECK_EQ(length_of(fork), 66);
  CHECK_EQ(t.counts().free_blocks, 2);
  CHECK_EQ(t.counts().shared_blocks, 2);
  Parts more;
  more.add(fork, {3}, CHAKU_ROLE_PROMPT, CHAKU_LOGITS_LAST);
  CHECK_OK(t.compute(more, 64));
  CHECK_EQ(t.counts().free_blocks, 1);
  CHECK_OK(chaku_sequence_truncate(text, 0));
  CHECK_EQ(t.counts().shared_blocks, 0);
  fork = {};
  CHECK_EQ(t.counts().free_blocks, 4);
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_sequence_fork(text, 1, fork.out()));
  CHECK_FAILS(CHAKU_UNSUPPORTED, chaku_sequence_snapshot(text));
  CHECK_OK(chaku_sequence_drop_snapshots(text));
}

TEST(no_room_changes_nothing) {
  Ready t(64);
  SequenceHandle a = t.text(), b = t.text();
  Parts parts;
  parts.add(a, {1}, CHAKU_ROLE_PROMPT, CHAKU_LOGITS_LAST);
  parts.add(b, {2}, CHAKU_ROLE_PROMPT, CHAKU_LOGITS_LAST);
  CHECK_FAILS(CHAKU_MEMORY_LIMIT, t.compute(parts, 2 * 64));
  CHECK_EQ(length_of(a) + length_of(b), 0);
  CHECK_EQ(t.counts().free_blocks, 1);
}

TEST(misuse_of_steps) {
  Ready t;
  SequenceHandle a = t.text(), b = t.text();
  const auto fails = [&](auto change, int64_t floats = 1024) {
    Parts parts;
    parts.add(a, {1, 2}, CHAKU_ROLE_PROMPT, CHAKU_LOGITS_LAST);
    parts.add(b, {3}, CHAKU_ROLE_GENERATED, CHAKU_LOGITS_LAST);
    chaku_step_parts p = parts.get();
    change(parts, p);
    CHECK_FAILS(CHAKU_INVALID_ARGUMENT,
                chaku_pool_compute(t.pool, parts.sequences.data(), &p, t.logits.data(), floats));
  };
  fails([](Parts&, chaku_step_parts& p) { p.size = 4; });
  for (const int32_t n : {0, -1, 3, INT32_MAX}) fails([n](Parts& all, chaku_step_parts&) { all.n_tokens[0] = n; });
  for (const int32_t n : {0, -1, INT32_MAX}) fails([n](Parts&, chaku_step_parts& p) { p.n_parts = n; });
  for (const int32_t role : {-1, 2}) fails([role](Parts& all, chaku_step_parts&) { all.roles[1] = role; });
  for (const int32_t which : {-1, 3}) fails([which](Parts& all, chaku_step_parts&) { all.which[0] = which; });
  for (const int32_t token : {-1, 64}) fails([token](Parts& all, chaku_step_parts&) { all.tokens[2] = token; });
  fails([](Parts& all, chaku_step_parts&) { all.sequences[1] = nullptr; });
  fails([](Parts& all, chaku_step_parts&) { all.sequences[1] = all.sequences[0]; });
  fails([](Parts&, chaku_step_parts& p) { p.tokens = nullptr; });
  fails([](Parts&, chaku_step_parts& p) { p.all_tokens = -1; });
  for (const int64_t floats : {-1, 0, 63, 127}) fails([](Parts&, chaku_step_parts&) {}, floats);
  fails([](Parts& all, chaku_step_parts&) { all.which[0] = CHAKU_LOGITS_ALL; }, 3 * 64 - 1);
  chaku_sequence* some = a;
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_pool_compute(t.pool, &some, nullptr, t.logits.data(), 64));
  const chaku_step_parts empty = Parts().get();
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_pool_compute(t.pool, nullptr, &empty, t.logits.data(), 64));
  Parts one;
  one.add(a, {1}, CHAKU_ROLE_PROMPT, CHAKU_LOGITS_LAST);
  const chaku_step_parts p = one.get();
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_pool_compute(nullptr, &some, &p, t.logits.data(), 64));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_pool_compute(t.pool, nullptr, &p, t.logits.data(), 64));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_pool_compute(t.pool, &some, &p, nullptr, 64));
  CHECK_EQ(length_of(a) + length_of(b), 0);
}

TEST(held_prompts_are_prompts_computed) {
  Ready t;
  SequenceHandle a = t.text(), b = t.text(), c = t.text();
  Parts alone, held, beside;
  alone.add(a, {1, 2, 3}, CHAKU_ROLE_PROMPT, CHAKU_LOGITS_LAST);
  held.add(b, {1, 2, 3}, CHAKU_ROLE_PROMPT, CHAKU_LOGITS_LAST);
  beside.add(c, {7}, CHAKU_ROLE_GENERATED, CHAKU_LOGITS_NONE);
  CHECK_OK(t.compute(alone, 64));
  const std::vector<float> expected = t.logits;
  t.logits.assign(t.logits.size(), -77.0f);
  const chaku_step_parts p = held.get();
  int32_t done = -1, pieces = 0;
  CHECK_FAILS(CHAKU_INVALID_STATE, chaku_pool_advance(t.pool, 1, t.logits.data(), 64, &done));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_pool_hold(nullptr, held.sequences.data(), &p));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_pool_hold(t.pool, nullptr, &p));
  CHECK_OK(chaku_pool_hold(t.pool, held.sequences.data(), &p));
  CHECK_FAILS(CHAKU_INVALID_STATE, chaku_pool_hold(t.pool, alone.sequences.data(), &p));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_pool_advance(t.pool, 1, t.logits.data(), 64, nullptr));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_pool_advance(t.pool, 1, nullptr, 64, &done));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_pool_advance(t.pool, 1, t.logits.data(), -1, &done));
  for (done = 0; done == 0; ++pieces) {
    CHECK_OK(t.compute(beside, 0));
    CHECK_EQ(length_of(b), 0);
    CHECK_OK(chaku_pool_advance(t.pool, 1, t.logits.data(), 64, &done));
  }
  CHECK(pieces > 1);
  CHECK_EQ(length_of(b), 3);
  CHECK(t.logits == expected);
  CHECK_OK(chaku_pool_hold(t.pool, held.sequences.data(), &p));
  CHECK_OK(chaku_pool_abandon(t.pool));
  CHECK_OK(chaku_pool_abandon(t.pool));
  CHECK_OK(chaku_pool_hold(t.pool, held.sequences.data(), &p));
  b = {};  // both may go while they are held
  t.pool = {};
}

TEST(misuse_of_plans_and_pools) {
  Ready t;
  auto options = sized<chaku_pool_options>();
  PoolHandle none;
  options.max_tokens = 64;
  const auto refused = [&](chaku_status status, auto change) {
    chaku_pool_options o = options;
    change(o);
    CHECK_FAILS(status, chaku_pool_create(t.model, &o, none.out()));
    CHECK(none.at == nullptr);
  };
  for (const int32_t n : {0, -1, INT32_MAX, INT32_MIN})
    refused(CHAKU_INVALID_ARGUMENT, [n](auto& o) { o.max_tokens = n; });
  refused(CHAKU_INVALID_ARGUMENT, [](auto& o) { o.max_batch_tokens = -1; });
  refused(CHAKU_INVALID_ARGUMENT, [](auto& o) { o.max_memories = -1; });
  refused(CHAKU_INVALID_ARGUMENT, [](auto& o) { o.memory_limit_bytes = -1; });
  refused(CHAKU_INVALID_ARGUMENT, [](auto& o) { o.size = 0; });
  refused(CHAKU_UNSUPPORTED, [](auto& o) { o.kv_dtype = 999; });
  for (const int32_t n : {-1, 3}) refused(CHAKU_INVALID_ARGUMENT, [n](auto& o) { o.activations = n; });
  refused(CHAKU_MEMORY_LIMIT, [](auto& o) { o.memory_limit_bytes = 1; });
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_pool_create(nullptr, &options, none.out()));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_pool_create(t.model, nullptr, none.out()));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_pool_create(t.model, &options, nullptr));
  auto plan = sized<chaku_memory_plan>();
  CHECK_OK(chaku_pool_plan(t.model, &options, &plan));
  CHECK(plan.activation_bytes > 0);
  CHECK_EQ(plan.total_bytes, plan.weight_bytes + plan.activation_bytes + plan.scratch_bytes);
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_pool_plan(nullptr, &options, &plan));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_pool_plan(t.model, nullptr, &plan));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_pool_plan(t.model, &options, nullptr));
  options.max_tokens = 1 << 24;  // 4 GiB of cache are fine; what is not there is refused
  CHECK_OK(chaku_pool_plan(t.model, &options, &plan));
  CHECK_EQ(plan.activation_bytes, (int64_t{1} << 24) * 2 * 2 * 16 * 4);
  options.memory_limit_bytes = int64_t{1} << 30;
  CHECK_FAILS(CHAKU_MEMORY_LIMIT, chaku_pool_create(t.model, &options, none.out()));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_pool_cancel(nullptr));
  chaku_pool_free(nullptr);
  chaku_pool_free(none.out());
}

TEST(misuse_of_texts) {
  Ready t;
  SingleText one(t.model, 16);
  SequenceHandle none;
  for (const int32_t n : {0, -1, INT32_MAX})
    CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_sequence_create(t.pool, n, none.out()));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_sequence_create(nullptr, 8, none.out()));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_sequence_create(t.pool, 8, nullptr));
  int32_t n = -7;
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_sequence_length(nullptr, &n));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_sequence_length(one.text, nullptr));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_sequence_truncate(nullptr, 0));
  for (const int32_t bad : {-1, 1, INT32_MAX, INT32_MIN})
    CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_sequence_truncate(one.text, bad));
  CHECK_OK(chaku_pool_cancel(one.pool));
  const int32_t token = 1;  // a cancel while nothing ran has no effect
  CHECK_OK(one.compute(&token, 1, CHAKU_ROLE_PROMPT, CHAKU_LOGITS_NONE, nullptr, 0));
  chaku_sequence_free(nullptr);
  chaku_sequence_free(one.text.out());
  CHECK(one.text.at == nullptr);
  chaku_sequence_free(one.text.out());
}

TEST(misuse_of_adapters) {
  Ready t;
  SingleText one(t.model, 16);
  AdapterHandle adapter, foreign;
  ModelHandle other = random_model(t.engine);
  CHECK_OK(chaku_adapter_create(t.model, adapter.out()));
  CHECK_OK(chaku_adapter_create(other, foreign.out()));
  chaku_adapter* list[2] = {adapter, nullptr};
  const float scales[2] = {1.0f, NAN};
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_sequence_set_adapters(nullptr, list, scales, 1));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_sequence_set_adapters(one.text, nullptr, scales, 1));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_sequence_set_adapters(one.text, list, nullptr, 1));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_sequence_set_adapters(one.text, list, scales, 2));
  for (const int32_t n : {-1, INT32_MAX, INT32_MIN})
    CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_sequence_set_adapters(one.text, list, scales, n));
  list[1] = adapter;
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_sequence_set_adapters(one.text, list, scales, 2));
  list[0] = foreign;
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_sequence_set_adapters(one.text, list, scales, 1));
  CHECK_OK(chaku_sequence_set_adapters(one.text, nullptr, nullptr, 0));
  const int32_t token = 1;
  CHECK_OK(one.compute(&token, 1, CHAKU_ROLE_PROMPT, CHAKU_LOGITS_NONE, nullptr, 0));
  CHECK_FAILS(CHAKU_INVALID_STATE, chaku_sequence_set_adapters(one.text, nullptr, nullptr, 0));
}

// Texts outlive their pool's handle, and go on any thread while others are computed.
TEST(texts_end_anywhere) {
  Ready t;
  {
    SequenceHandle last = t.text();
    SequenceHandle busy = t.text();
    std::atomic<bool> done{false};
    std::thread other([&] {
      while (!done.load()) t.counts();
    });
    for (int i = 0; i < 50; ++i) {
      SequenceHandle gone = t.text();
      Parts parts;
      parts.add(gone, {1, 2}, CHAKU_ROLE_PROMPT, CHAKU_LOGITS_NONE);
      CHECK_OK(t.compute(parts, 0));
      std::thread freeing([&gone] { gone = {}; });
      Parts more;
      more.add(busy, {i}, CHAKU_ROLE_GENERATED, CHAKU_LOGITS_LAST);
      CHECK_OK(t.compute(more, 64));
      freeing.join();
    }
    done.store(true);
    other.join();
    CHECK_EQ(t.counts().free_blocks, 3);
    t.pool = {};
  }
}
