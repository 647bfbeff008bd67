#include <atomic>
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
  SessionHandle session;
  auto options = sized<chaku_session_options>();
  options.max_tokens = 16;
  CHECK_OK(chaku_session_create(t.model, &options, session.out()));
  CHECK_OK(chaku_session_eval(session, some.data(), 3, CHAKU_ROLE_PROMPT, CHAKU_LOGITS_LAST, alone.data(), 64));
  CHECK_OK(chaku_session_truncate(session, 0));
  CHECK_OK(chaku_session_eval(session, other.data(), 4, CHAKU_ROLE_GENERATED, CHAKU_LOGITS_ALL, &alone[64], 4 * 64));
  CHECK(std::memcmp(alone.data(), t.logits.data(), alone.size() * sizeof(float)) == 0);
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

TEST(misuse) {
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
  fails([](Parts&, chaku_step_parts&) {}, 127);
  fails([](Parts&, chaku_step_parts&) {}, -1);
  chaku_sequence* some = a;
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_pool_compute(t.pool, &some, nullptr, t.logits.data(), 64));
  const chaku_step_parts empty = Parts().get();
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_pool_compute(t.pool, nullptr, &empty, t.logits.data(), 64));
  CHECK_EQ(length_of(a) + length_of(b), 0);

  auto options = sized<chaku_pool_options>();
  PoolHandle none;
  for (const int32_t n : {0, -1, INT32_MAX}) {
    options.max_tokens = n;
    CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_pool_create(t.model, &options, none.out()));
  }
  options.max_tokens = 64;
  options.max_memories = -1;
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_pool_create(t.model, &options, none.out()));
  options.max_memories = 0;
  options.kv_dtype = 999;
  CHECK_FAILS(CHAKU_UNSUPPORTED, chaku_pool_create(t.model, &options, none.out()));
  options.kv_dtype = 0;
  options.memory_limit_bytes = 1;
  CHECK_FAILS(CHAKU_MEMORY_LIMIT, chaku_pool_create(t.model, &options, none.out()));
  auto plan = sized<chaku_memory_plan>();
  CHECK_OK(chaku_pool_plan(t.model, &options, &plan));
  CHECK(plan.activation_bytes > 0 && plan.total_bytes > plan.activation_bytes);
  SequenceHandle no_text;
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_sequence_create(t.pool, 0, no_text.out()));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_sequence_create(nullptr, 8, no_text.out()));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_sequence_set_adapters(a, nullptr, nullptr, 1));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_pool_cancel(nullptr));
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
