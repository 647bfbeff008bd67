#include "infer/pool.h"

#include <atomic>
#include <cmath>
#include <cstring>
#include <thread>

#include "infer/random_adapter.h"
#include "infer/single_text.h"
#include "model/expect_error.h"
#include "model/oracle.h"
#include "model/tiny_kinds.h"

using namespace chaku;
using namespace chaku::test;

namespace {

using Logits = std::vector<float>;

TinyOptions rich() {
  TinyOptions o;
  o.n_layers = 3;
  o.biases = true;
  o.head_norms = true;
  o.window = 6;
  return o;
}

PoolOptions options(int32_t max_tokens, int32_t max_batch_tokens = 0, DType kv_dtype = DType::kF32) {
  return {max_tokens, max_batch_tokens, 0, 0, kv_dtype};
}

Logits eval(SingleText& text, std::span<const int32_t> tokens, LogitRows rows, int32_t vocab,
            Role role = Role::kPrompt) {
  const size_t n_rows = rows == LogitRows::kAll ? tokens.size() : rows == LogitRows::kLast ? 1 : 0;
  Logits logits(n_rows * static_cast<size_t>(vocab));
  text.eval(tokens, role, rows, logits);
  return logits;
}

Logits oracle_logits(const Model& model, const std::vector<int32_t>& tokens, const LowRanks* low_ranks = nullptr) {
  Logits all;
  for (const auto& row : Oracle(model.spec(), model.weights(), low_ranks).logits(tokens))
    all.insert(all.end(), row.begin(), row.end());
  return all;
}

}  // namespace

TEST(all_rows_equal_the_oracle_in_any_chunks) {
  const auto model = tiny_decoder(rich());
  const auto tokens = tiny_tokens(21, 48);
  const Logits expected = oracle_logits(*model, tokens);
  for (const int32_t batch : {0, 1, 4, 21, 100}) {
    SingleText text(model, options(32, batch));
    const Logits got = eval(text, tokens, LogitRows::kAll, 48);
    CHECK_CLOSE(got.data(), expected.data(), static_cast<int64_t>(got.size()), 2e-5, 2e-5);
    CHECK_EQ(text.length(), 21);
  }
}

TEST(token_by_token_equals_the_oracle) {
  const auto model = tiny_decoder(rich());
  const auto tokens = tiny_tokens(21, 48);
  const Logits expected = oracle_logits(*model, tokens);
  SingleText text(model, options(32));
  for (size_t t = 0; t < tokens.size(); ++t) {
    const Logits got = eval(text, {&tokens[t], 1}, LogitRows::kLast, 48, t < 5 ? Role::kPrompt : Role::kGenerated);
    CHECK_CLOSE(got.data(), expected.data() + t * 48, 48, 2e-5, 2e-5);
  }
}

TEST(any_chunks_of_every_kind_equal_the_oracle) {
  for (const TinyKind& kind : tiny_kinds()) {
    const auto model = tiny_decoder(kind.options);
    const auto tokens = tiny_tokens(21, 48);
    const Logits expected = oracle_logits(*model, tokens);
    for (const int32_t batch : {1, 4, 21}) {
      SingleText text(model, options(32, batch));
      const Logits got = eval(text, tokens, LogitRows::kAll, 48);
      const double error = worst_error(got.data(), expected.data(), static_cast<int64_t>(got.size()), 2e-5, 2e-5);
      if (!(error <= 1.0)) report(__FILE__, __LINE__, kind.name + ": off by " + std::to_string(error));
      SingleText last(model, options(32, batch));
      const Logits end = eval(last, tokens, LogitRows::kLast, 48);
      const double end_error = worst_error(end.data(), expected.data() + 20 * 48, 48, 2e-5, 2e-5);
      if (!(end_error <= 1.0)) report(__FILE__, __LINE__, kind.name + ", last: off by " + std::to_string(end_error));
    }
  }
}

// A text's capacity decides how its ropes turn, not how much of it is used yet.
TEST(the_capacity_chooses_the_frequencies) {
  TinyOptions o;
  o.long_after = 10;
  const auto model = tiny_decoder(o);
  const auto tokens = tiny_tokens(8, 48);
  const auto of = [&](int32_t capacity) {
    SingleText text(model, options(capacity));
    return eval(text, tokens, LogitRows::kAll, 48);
  };
  const Logits within = of(10), beyond = of(11);
  CHECK(within != beyond);
  const Logits expected = oracle_logits(*model, tokens);
  CHECK_CLOSE(within.data(), expected.data(), static_cast<int64_t>(within.size()), 2e-5, 2e-5);
  CHECK(of(8) == within);
  CHECK(of(40) == beyond);
}

TEST(no_more_tokens_than_positions_are_embedded) {
  TinyOptions o;
  o.n_positions = 12;
  const auto model = tiny_decoder(o);
  SingleText text(model, options(12));
  CHECK_ERROR(Code::kInvalidArgument, "12 positions, got 13", SingleText(model, options(13)));
}

// What a chunk computes itself goes through the cache too, so that chunks make no difference. A value that lies between
// two codes may go to the other one than in the oracle: hence the tolerance of a code or two.
TEST(narrower_caches_round_keys_and_values_alone) {
  TinyOptions o = rich();
  o.head_dim = 32;
  const auto model = tiny_decoder(o);
  const auto tokens = tiny_tokens(21, 48);
  struct Case {
    DType dtype;
    double tolerance;
  };
  for (const auto& [dtype, tolerance] : {Case{DType::kF16, 1e-3}, Case{DType::kBF16, 4e-3}, Case{DType::kQ8_0, 1e-2}}) {
    Logits expected;
    for (const auto& row : Oracle(model->spec(), model->weights(), nullptr, dtype).logits(tokens))
      expected.insert(expected.end(), row.begin(), row.end());
    for (const int32_t batch : {0, 1, 4}) {
      SingleText text(model, options(32, batch, dtype));
      const Logits got = eval(text, tokens, LogitRows::kAll, 48);
      CHECK_CLOSE(got.data(), expected.data(), static_cast<int64_t>(got.size()), tolerance, 0.0);
    }
  }
}

TEST(last_row_and_no_row) {
  const auto model = tiny_decoder(rich());
  const auto tokens = tiny_tokens(21, 48);
  const Logits expected = oracle_logits(*model, tokens);
  for (const int32_t batch : {4, 7, 32}) {
    SingleText text(model, options(32, batch));
    const Logits last = eval(text, {tokens.data(), 14}, LogitRows::kLast, 48);
    CHECK_CLOSE(last.data(), expected.data() + 13 * 48, 48, 2e-5, 2e-5);
    CHECK(eval(text, {tokens.data() + 14, 5}, LogitRows::kNone, 48).empty());
    const Logits rest = eval(text, {tokens.data() + 19, 2}, LogitRows::kAll, 48);
    CHECK_CLOSE(rest.data(), expected.data() + 19 * 48, 96, 2e-5, 2e-5);
  }
}

TEST(truncated_cache_goes_on_as_if_never_filled) {
  const auto model = tiny_decoder(rich());
  const auto tokens = tiny_tokens(12, 48), other = tiny_tokens(12, 48, 99);
  SingleText text(model, options(16)), fresh(model, options(16));
  eval(text, {other.data(), 12}, LogitRows::kNone, 48);
  text.truncate(0);
  eval(text, {tokens.data(), 5}, LogitRows::kNone, 48);
  eval(text, {other.data(), 7}, LogitRows::kNone, 48);
  text.truncate(5);
  eval(fresh, {tokens.data(), 5}, LogitRows::kNone, 48);
  const std::span<const int32_t> rest{tokens.data() + 5, 7};
  const Logits a = eval(text, rest, LogitRows::kAll, 48), b = eval(fresh, rest, LogitRows::kAll, 48);
  CHECK(std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0);
  CHECK_ERROR(Code::kInvalidArgument, "0..12", text.truncate(13));
  CHECK_ERROR(Code::kInvalidArgument, "got -1", text.truncate(-1));
}

TEST(adapters_equal_the_oracle) {
  const auto model = tiny_decoder(rich());
  const auto tokens = tiny_tokens(17, 48);
  const auto first = random_adapter(model, 5, 3), second = random_adapter(model, 6, 2);
  SingleText text(model, options(32, 8));
  const auto check = [&](std::vector<std::shared_ptr<const Adapter>> adapters, const std::vector<float>& scales) {
    text.truncate(0);
    text.set_adapters(adapters, scales);
    const WornAdapters worn(adapters, scales);
    const LowRanks* low_ranks = adapters.empty() ? nullptr : &worn.low_ranks();
    const Logits expected = oracle_logits(*model, tokens, low_ranks);
    const Logits got = eval(text, tokens, LogitRows::kAll, 48);
    CHECK_CLOSE(got.data(), expected.data(), static_cast<int64_t>(got.size()), 3e-5, 3e-5);
    return got;
  };
  const Logits bare = check({}, {});
  const Logits one = check({first}, {1.0f});
  const Logits both = check({first, second}, {0.5f, -1.5f});
  CHECK(std::fabs(bare[0] - one[0]) > 1e-3);
  CHECK(std::fabs(one[0] - both[0]) > 1e-3);
  const Logits off = check({first}, {0.0f});
  CHECK_CLOSE(off.data(), bare.data(), static_cast<int64_t>(off.size()), 1e-6, 0.0);
  const Logits again = check({}, {});
  CHECK(std::memcmp(again.data(), bare.data(), bare.size() * sizeof(float)) == 0);
}

TEST(adapters_of_others_and_late_adapters) {
  const auto model = tiny_decoder({}), other = tiny_decoder({});
  SingleText text(model, options(8));
  const float scale = 1.0f, bad = NAN;
  CHECK_ERROR(Code::kInvalidArgument, "another's", text.set_adapters({random_adapter(other, 1, 2)}, {&scale, 1}));
  CHECK_ERROR(Code::kInvalidArgument, "finite", text.set_adapters({random_adapter(model, 1, 2)}, {&bad, 1}));
  const int32_t token = 1;
  text.eval({&token, 1}, Role::kPrompt, LogitRows::kNone, {});
  CHECK_ERROR(Code::kInvalidState, "1 tokens", text.set_adapters({}, {}));
}

TEST(bad_evals_leave_the_cache) {
  const auto model = tiny_decoder({});
  SingleText text(model, options(8));
  const std::vector<int32_t> good = {1, 2, 3}, outside = {1, 48}, negative = {-1}, many(9, 0);
  Logits logits(48);
  text.eval(good, Role::kPrompt, LogitRows::kLast, logits);
  CHECK_ERROR(Code::kInvalidArgument, "0..47, got 48 (token 1 of part 0)",
              text.eval(outside, Role::kPrompt, LogitRows::kLast, logits));
  CHECK_ERROR(Code::kInvalidArgument, "got -1", text.eval(negative, Role::kPrompt, LogitRows::kLast, logits));
  CHECK_ERROR(Code::kInvalidArgument, "1..5 tokens", text.eval(many, Role::kPrompt, LogitRows::kLast, logits));
  CHECK_ERROR(Code::kInvalidArgument, "got 0", text.eval({}, Role::kPrompt, LogitRows::kLast, logits));
  CHECK_ERROR(Code::kInvalidArgument, "room for 144", text.eval(good, Role::kPrompt, LogitRows::kAll, logits));
  CHECK_EQ(text.length(), 3);
}

TEST(cancel_from_another_thread) {
  TinyOptions o;
  o.n_layers = 40;
  o.width = 128;
  o.ff_width = 256;
  const auto model = tiny_decoder(o);
  SingleText text(model, options(4096, 16));
  const std::vector<int32_t> tokens(4096, 1);
  std::atomic<bool> done{false};
  std::thread other([&] {
    while (!done.load()) text.cancel();
  });
  CHECK_ERROR(Code::kCancelled, "cancelled", text.eval(tokens, Role::kPrompt, LogitRows::kNone, {}));
  done.store(true);
  other.join();
  CHECK_EQ(text.length(), 0);
  text.eval({tokens.data(), 1}, Role::kPrompt, LogitRows::kNone, {});
  CHECK_EQ(text.length(), 1);
}

TEST(plans) {
  const auto model = tiny_decoder({});
  const MemoryPlan plan = Pool::plan(*model, options(100, 10));
  CHECK_EQ(plan.weight_bytes, model->weight_bytes());
  CHECK_EQ(plan.activation_bytes, 2 * 2 * 128 * 16 * 4);  // whole blocks
  CHECK(plan.scratch_bytes > 10 * 32 * 4 && plan.scratch_bytes < 100000);
  CHECK_EQ(plan.parameter_bytes + plan.optimizer_bytes, 0);
  CHECK_EQ(Pool::plan(*model, options(100, 10, DType::kF16)).activation_bytes, 2 * 2 * 128 * 16 * 2);
  CHECK_ERROR(Code::kUnsupported, "whole blocks", Pool::plan(*model, options(100, 10, DType::kQ8_0)));
  PoolOptions limited = options(100, 10);
  limited.memory_limit_bytes = plan.total_bytes() - 1;
  CHECK_ERROR(Code::kMemoryLimit, "[pool] expected at most", Pool(model, limited));
  limited.memory_limit_bytes = plan.total_bytes();
  Pool fits(model, limited);
  CHECK_ERROR(Code::kInvalidArgument, "max_tokens", Pool(model, options(0)));
  CHECK_ERROR(Code::kInvalidArgument, "max_tokens", Pool(model, options(INT32_MAX)));
  CHECK_ERROR(Code::kInvalidArgument, "max_batch_tokens", Pool(model, options(8, -1)));
  CHECK_ERROR(Code::kInvalidState, "sealed", Pool(bare_decoder({}), options(8)));
}

// A running memory goes on from where it was, or begins anew; it cannot be cut short, and a failure leaves it alone.
TEST(running_memories_go_on_or_begin_anew) {
  for (const TinyKind& kind : tiny_kinds()) {
    if (kind.options.mixer.kind == MixerKind::kNone) continue;
    const auto model = tiny_decoder(kind.options);
    const auto tokens = tiny_tokens(12, 48);
    const Logits expected = oracle_logits(*model, tokens);
    SingleText text(model, options(16, 5));
    const auto check = [&](size_t begin, size_t n) {
      const Logits got = eval(text, {tokens.data() + begin, n}, LogitRows::kAll, 48);
      CHECK_CLOSE(got.data(), expected.data() + begin * 48, static_cast<int64_t>(got.size()), 2e-5, 2e-5);
    };
    check(0, 7);
    CHECK_ERROR(Code::kUnsupported, "0 or 7 tokens", text.truncate(3));
    text.truncate(7);
    std::thread other([&] { text.cancel(); });
    other.join();
    const std::vector<int32_t> outside = {1, 48};
    Logits logits(48);
    CHECK_ERROR(Code::kInvalidArgument, "got 48", text.eval(outside, Role::kPrompt, LogitRows::kLast, logits));
    check(7, 1);
    check(8, 4);
    text.truncate(0);
    check(0, 1);
    check(1, 11);
  }
}

namespace {

// A prompt and what was generated behind it, and every way to come to it.
struct Reading {
  int n_threads = 1;
  int32_t batch = 0;               // of the pool
  std::vector<size_t> prompt_cut;  // sizes of the evals of the prompt, in turn
  size_t reused = 0;               // of the prompt, computed before with something else behind
};

constexpr size_t kPrompt = 90, kGenerated = 8;

// Logits of the prompt's last row and of each generated token.
Logits read(const TinyOptions& o, int32_t rank, DType kv_dtype, const Reading& how) {
  TinyOptions own = o;
  own.n_threads = how.n_threads;
  const auto model = tiny_decoder(own);
  const auto tokens = tiny_tokens(kPrompt + kGenerated, 48), other = tiny_tokens(30, 48, 99);
  SingleText text(model, options(128, how.batch, kv_dtype));
  if (rank > 0) {
    const float scale = 0.7f;
    text.set_adapters({random_adapter(model, 5, rank)}, {&scale, 1});
  }
  size_t at = how.reused;
  if (at > 0) {
    eval(text, {tokens.data(), at}, LogitRows::kLast, 48);
    eval(text, other, LogitRows::kNone, 48);
    eval(text, {other.data(), 1}, LogitRows::kLast, 48, Role::kGenerated);
    text.truncate(static_cast<int32_t>(at));
  }
  Logits all;
  for (size_t i = 0; at < kPrompt; ++i) {
    const size_t n =
        how.prompt_cut.empty() ? kPrompt - at : std::min(kPrompt - at, how.prompt_cut[i % how.prompt_cut.size()]);
    const bool last = at + n == kPrompt;
    all = eval(text, {tokens.data() + at, n}, last ? LogitRows::kLast : LogitRows::kNone, 48);
    at += n;
  }
  for (; at < tokens.size(); ++at)
    for (const float logit : eval(text, {&tokens[at], 1}, LogitRows::kLast, 48, Role::kGenerated)) all.push_back(logit);
  return all;
}

void check_readings(const std::string& what, TinyOptions o, int32_t rank, DType kv_dtype = DType::kF32) {
  std::vector<CpuPath> paths = {CpuPath::kReference, CpuPath::kAvx2, CpuPath::kAvx512, CpuPath::kAvx512Vnni};
  for (const CpuPath path : bf16_paths()) paths.push_back(path);
  for (const CpuPath path : paths) {
    if (find_table(path) == nullptr) continue;
    o.path = path;
    const Logits expected = read(o, rank, kv_dtype, {});
    std::vector<Reading> readings = {{8, 0, {}, 0}, {1, 7, {}, 0}, {3, 64, {1, 8, 9, 30}, 0}, {2, 0, {89}, 0}};
    if (o.mixer.kind == MixerKind::kNone)
      for (const size_t reused : {kPrompt - 1, size_t{83}, size_t{1}}) readings.push_back({2, 0, {}, reused});
    for (const Reading& reading : readings) {
      const Logits got = read(o, rank, kv_dtype, reading);
      if (got.size() != expected.size() || std::memcmp(got.data(), expected.data(), got.size() * sizeof(float)) != 0)
        report(find_table(path)->name, 0,
               what + ": other bits with " + std::to_string(reading.n_threads) + " threads, batches of " +
                   std::to_string(reading.batch) + ", " + std::to_string(reading.reused) + " tokens reused");
    }
  }
}

}  // namespace

TEST(a_text_gives_the_same_bits_however_it_was_read) {
  check_readings("floats", rich(), 0);
  for (const int32_t rank : {0, 1, 12}) check_readings("rank " + std::to_string(rank), quantized(), rank);
}

TEST(a_text_gives_the_same_bits_with_every_cache) {
  for (const DType dtype : {DType::kF16, DType::kBF16, DType::kQ8_0})
    check_readings(dtype_info(dtype).name, quantized(), 3, dtype);
}

TEST(a_text_gives_the_same_bits_in_every_kind) {
  for (TinyKind& kind : tiny_kinds()) {
    if (kind.options.n_positions > 0) kind.options.n_positions = 128;
    check_readings(kind.name, kind.options, 2);
  }
}

TEST(a_text_gives_the_same_bits_with_experts) {
  TinyOptions o = quantized();
  o.experts.n_experts = 6;
  o.experts.n_used = 2;
  o.experts.ff_width = 32;
  o.experts.shared_ff_width = 32;
  check_readings("experts", o, 2);
}
