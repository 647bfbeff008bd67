// Attention of the bfloat16 paths against the reference. On inputs that are rounded beforehand products are exact, and
// what is left is the rounding of P and dS, 2^-8 of each at most: every output is held to the sum of what that makes of
// its own terms, and lse, which depends on neither, to the tolerance of float32. On inputs as they are, outputs keep
// the digits that bfloat16 has.
#include <array>

#include "attention_data.h"
#include "bf16_tables.h"
#include "quant/codec.h"

using namespace chaku;
using namespace chaku::test;

namespace {

constexpr double kRounding = 1.0 / 256;

// The outputs of both directions, and the sums of the magnitudes of what each is the sum of.
struct Outputs {
  Floats o_lse, dq, dk, dv;
};

struct Magnitudes {
  std::vector<double> o, dq, dk, dv;
};

struct Case {
  Heads heads;
  std::vector<AttentionSpan> spans;
  int32_t window = 0;
  Shaping shaping = {};
  bool backward = true;
  bool both_ways = false;
};

std::string describe(const Case& c) { return describe("attention", c.heads, c.spans, c.window); }

double dot(const float* a, const float* b, int64_t n) {
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += static_cast<double>(a[i]) * b[i];
  return sum;
}

// The derivative of a pair's score by q.k, over the scale, and its weight.
struct Pair {
  double weight, slope;
};

Pair pair_of(const AttentionProblem& p, int64_t distance, int64_t head, double product, double lse) {
  double score = p.scale * product, slope = 1;
  if (p.soft_cap > 0) {
    const double ratio = std::tanh(score / p.soft_cap);
    score = p.soft_cap * ratio;
    slope = 1 - ratio * ratio;
  }
  if (p.slopes != nullptr) score -= p.slopes[head] * static_cast<double>(distance);
  return {std::exp(score - lse), slope};
}

Magnitudes magnitudes_of(const AttentionProblem& p, const Inputs& in, const Floats& d_o, const Floats& o_lse) {
  const float* lse = o_lse.data() + d_o.size();
  Magnitudes m = {std::vector<double>(d_o.size()), std::vector<double>(in.q.size()), std::vector<double>(in.k.size()),
                  std::vector<double>(in.v.size())};
  const int64_t dim = p.head_dim;
  for (int64_t s = 0; s < p.n_spans; ++s)
    for (int64_t i = p.spans[s].q_begin; i < p.spans[s].q_end; ++i)
      for (int64_t h = 0; h < p.n_heads; ++h) {
        const AttentionSpan& span = p.spans[s];
        const int64_t own = span.kv_end - (span.q_end - i), q = i * p.q_stride + h * dim, o = i * p.o_stride + h * dim;
        const int64_t back = p.both_ways ? p.window / 2 : p.window - 1;
        const int64_t begin = p.window > 0 ? std::max(span.kv_begin, own - back) : span.kv_begin;
        const int64_t ahead = p.window > 0 ? std::min(span.kv_end - 1, own + p.window / 2) : span.kv_end - 1;
        const int64_t last = p.both_ways ? ahead : own;
        const double delta = dot(&d_o[static_cast<size_t>(o)], &o_lse[static_cast<size_t>(o)], dim);
        for (int64_t j = begin; j <= last; ++j) {
          const int64_t kv = j * p.kv_stride + h / (p.n_heads / p.n_kv_heads) * dim;
          const double product = dot(&in.q[static_cast<size_t>(q)], &in.k[static_cast<size_t>(kv)], dim);
          const Pair pair = pair_of(p, std::abs(own - j), h, product, lse[i * p.n_heads + h]);
          const double d_weight = dot(&d_o[static_cast<size_t>(o)], &in.v[static_cast<size_t>(kv)], dim);
          const double d_score = std::abs(pair.weight * (d_weight - delta) * pair.slope * p.scale);
          for (int64_t d = 0; d < dim; ++d) {
            const size_t at_q = static_cast<size_t>(q + d), at_kv = static_cast<size_t>(kv + d),
                         at_o = static_cast<size_t>(o + d);
            m.o[at_o] += pair.weight * std::abs(in.v[at_kv]);
            m.dv[at_kv] += pair.weight * std::abs(d_o[at_o]);
            m.dq[at_q] += d_score * std::abs(in.k[at_kv]);
            m.dk[at_kv] += d_score * std::abs(in.q[at_q]);
          }
        }
      }
  return m;
}

Floats d_o_of(const Inputs& in) {
  return rounded(random_vector(static_cast<int64_t>(in.q.size()) / in.p.q_stride * in.p.o_stride, 4));
}

// Every table gets the reference's o and lse for the backward pass.
Outputs run(const KernelTable& table, Queue& queue, Inputs& in, const Floats& o_lse, bool backward) {
  Outputs out;
  out.o_lse = forward(table, queue, in);
  if (!backward) return out;
  const Floats d_o = d_o_of(in);
  out.dq.assign(in.q.size(), kUntouched);
  out.dk.assign(in.k.size(), kUntouched);
  out.dv.assign(in.v.size(), kUntouched);
  Floats saved = o_lse.empty() ? out.o_lse : o_lse;
  in.p.o = saved.data();
  in.p.lse = saved.data() + d_o.size();
  table.attention_backward(
      {.forward = in.p, .d_o = d_o.data(), .dq = out.dq.data(), .dk = out.dk.data(), .dv = out.dv.data()}, queue);
  return out;
}

void check_bound(const KernelTable& table, const std::string& what, const Floats& actual, const Floats& expected,
                 const std::vector<double>& magnitudes, Tolerance tolerance) {
  double worst = 0;
  for (size_t i = 0; i < magnitudes.size(); ++i) {
    const double bound = tolerance.absolute + tolerance.relative * std::abs(expected[i]) + kRounding * magnitudes[i];
    const double off = std::abs(static_cast<double>(actual[i]) - expected[i]) / bound;
    worst = std::isnan(off) ? HUGE_VAL : std::max(worst, off);
  }
  if (worst > 1) report(table.name, 0, what + ": off by " + std::to_string(worst) + " x the bound");
}

bool same_bits(const Outputs& a, const Outputs& b) {
  const auto same = [](const Floats& x, const Floats& y) {
    return x.size() == y.size() && (x.empty() || std::memcmp(x.data(), y.data(), x.size() * sizeof(float)) == 0);
  };
  return same(a.o_lse, b.o_lse) && same(a.dq, b.dq) && same(a.dk, b.dk) && same(a.dv, b.dv);
}

// On rounded inputs; scores are as large as `magnitude` makes them.
void check_rounded(const Case& c, float magnitude = 1.0f) {
  Inputs in = make_inputs(c.heads, c.spans, c.window, magnitude);
  for (Floats* values : {&in.q, &in.k, &in.v}) *values = rounded(*values);
  in.p.q = in.q.data();
  in.p.k = in.k.data();
  in.p.v = in.v.data();
  in.p.both_ways = c.both_ways;
  shape(in, c.shaping);
  const Outputs expected = run(reference_table(), queue_of(2), in, {}, c.backward);
  const Floats d_o = d_o_of(in);
  const Magnitudes m = magnitudes_of(in.p, in, d_o, expected.o_lse);
  const int64_t n_lse = static_cast<int64_t>(expected.o_lse.size() - d_o.size());
  for (const KernelTable* table : bf16_tables()) {
    const Outputs actual = run(*table, queue_of(1), in, expected.o_lse, c.backward);
    check_bound(*table, describe(c) + " o", actual.o_lse, expected.o_lse, m.o, kAttention);
    const double lse = worst_error(actual.o_lse.data() + d_o.size(), expected.o_lse.data() + d_o.size(), n_lse,
                                   kAttention.absolute * std::max(1.0f, magnitude), kAttention.relative);
    if (!(lse <= 1)) report(table->name, 0, describe(c) + " lse: off by " + std::to_string(lse) + " x the tolerance");
    if (c.backward) {
      check_bound(*table, describe(c) + " dq", actual.dq, expected.dq, m.dq, kAttentionGradient);
      check_bound(*table, describe(c) + " dk", actual.dk, expected.dk, m.dk, kAttentionGradient);
      check_bound(*table, describe(c) + " dv", actual.dv, expected.dv, m.dv, kAttentionGradient);
    }
    for (const int n_threads : {2, 3})
      if (!same_bits(run(*table, queue_of(n_threads), in, expected.o_lse, c.backward), actual))
        report(table->name, 0, describe(c) + ": other bits with " + std::to_string(n_threads) + " threads");
  }
}

double distance(const Floats& a, const Floats& b) {
  double difference = 0, all = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    if (b[i] == kUntouched) continue;
    difference += (static_cast<double>(a[i]) - b[i]) * (static_cast<double>(a[i]) - b[i]);
    all += static_cast<double>(b[i]) * b[i];
  }
  return std::sqrt(difference / all);
}

}  // namespace

TEST(both_ways_on_rounded_inputs) {
  const std::vector<AttentionSpan> packed = {{0, 1, 0, 1}, {1, 70, 1, 70}, {73, 300, 73, 300}};
  for (const Heads heads : {Heads{4, 2, 32}, Heads{12, 12, 32}, Heads{3, 1, 15}})
    for (const int32_t window : {0, 2, 64, 128})
      check_rounded({.heads = heads, .spans = packed, .window = window, .backward = false, .both_ways = true});
  check_rounded(
      {.heads = {4, 4, 32}, .spans = packed, .shaping = Shaping{0.0f, true}, .backward = false, .both_ways = true});
}

TEST(lengths_around_a_block_and_a_chunk) {
  for (const int64_t t : {16, 17, 31, 33, 47, 49, 63, 64, 65, 97, 130}) check_rounded({{4, 2, 32}, {{0, t, 0, t}}});
}

TEST(head_dimensions_and_groups) {
  for (const Heads heads : {Heads{1, 1, 1}, Heads{2, 2, 8}, Heads{3, 1, 15}, Heads{9, 3, 64}, Heads{2, 1, 72},
                            Heads{8, 1, 80}, Heads{2, 2, 96}, Heads{2, 1, 112}, Heads{4, 2, 128}, Heads{20, 2, 17},
                            Heads{1, 1, 256}, Heads{1, 1, 512}, Heads{1, 1, 520}})
    check_rounded({heads, {{0, 37, 0, 37}}});
}

TEST(packed_rows_and_windows) {
  const std::vector<AttentionSpan> packed = {{0, 1, 0, 1}, {1, 70, 1, 70}, {70, 80, 70, 80}, {83, 153, 83, 153}};
  for (const int32_t window : {0, 1, 16, 65, 1000}) check_rounded({{4, 2, 24}, packed, window});
}

// Several groups of blocks of keys in the backward pass, by one pass with one thread and by two with three.
TEST(long_rows) {
  for (const int32_t window : {0, 65, 300}) check_rounded({{2, 1, 32}, {{0, 330, 0, 330}}, window});
  check_rounded({{1, 1, 512}, {{0, 200, 0, 200}}});
}

// Enough spans and key heads that one unit does a pair of them, with any number of threads.
TEST(many_short_rows) {
  std::vector<AttentionSpan> packed;
  for (int64_t begin = 0, i = 0; i < 9; ++i) {
    const int64_t end = begin + 15 + i * 9;
    packed.push_back({begin, end, begin, end});
    begin = end + (i == 4 ? 3 : 0);
  }
  for (const int32_t window : {0, 20}) check_rounded({{6, 3, 24}, packed, window});
}

TEST(prompts_that_continue_a_cache) {
  check_rounded({{4, 1, 64}, {{0, 100, 0, 350}}, 0, {}, false});
  check_rounded({{4, 2, 48}, {{0, 20, 0, 700}}, 300, {}, false});
  check_rounded({{2, 1, 32}, {{0, 3, 0, 70}, {3, 40, 70, 200}, {40, 41, 200, 300}}, 0, {}, false});
}

// More keys than there is room to pack at once, and with a window that leaves few of them.
TEST(a_cache_too_long_to_be_packed_at_once) {
  const std::vector<AttentionSpan> spans = {{0, 100, 0, 8300}};
  const KernelTable* table = find_table(CpuPath::kAvx512Bf16);
  if (table == nullptr) skip("this machine or build lacks AVX-512 BF16");
  for (const int32_t window : {0, 1000}) {
    Inputs in = make_inputs({1, 1, 512}, spans, window, 1.0f);
    const Floats expected = forward(reference_table(), queue_of(2), in), actual = forward(*table, queue_of(2), in);
    CHECK(distance(actual, expected) <= kBf16Attention);
    CHECK(forward(*table, queue_of(3), in) == actual);
  }
}

TEST(soft_caps_distance_and_sinks) {
  const std::vector<AttentionSpan> packed = {{0, 40, 0, 40}, {43, 113, 43, 113}};
  for (const Shaping shaping : {Shaping{1.5f, false}, Shaping{0.0f, true}, Shaping{2.0f, true},
                                Shaping{0.0f, false, 0.0f}, Shaping{0.0f, false, 12.0f}})
    for (const int32_t window : {0, 20}) check_rounded({{4, 2, 32}, packed, window, shaping}, 4.0f);
}

TEST(scores_so_large_that_one_key_wins) {
  check_rounded({{4, 2, 64}, {{0, 90, 0, 90}}, 0, {}, false}, 1000.0f);
  check_rounded({{4, 2, 64}, {{0, 90, 0, 90}}, 0, {0.0f, false, -500.0f}, false});
  check_rounded({{4, 2, 64}, {{0, 90, 0, 90}}, 0, {0.0f, false, 500.0f}, false});
}

// Equal scores have weights of exactly 1, so that nothing is rounded at all: float32's tolerance holds.
TEST(equal_scores_lose_nothing) {
  const std::vector<AttentionSpan> spans = {{0, 90, 0, 90}};
  Inputs in = make_inputs({4, 2, 64}, spans, 0, 0.0f);
  in.v = rounded(in.v);
  in.p.v = in.v.data();
  const Floats expected = forward(reference_table(), queue_of(2), in);
  for (const KernelTable* table : bf16_tables()) {
    const Floats actual = forward(*table, queue_of(2), in);
    CHECK(worst_error(actual.data(), expected.data(), static_cast<int64_t>(expected.size()), kAttention.absolute,
                      kAttention.relative) <= 1);
  }
}

// A cache of a narrower format gives the bits of its decoded values.
TEST(keys_and_values_of_narrower_formats) {
  const std::vector<AttentionSpan> spans = {{0, 33, 0, 80}, {33, 133, 80, 430}};
  for (const DType dtype : {DType::kF16, DType::kBF16, DType::kQ8_0}) {
    Inputs in = make_inputs({4, 2, 96}, spans, 70, 1.0f);
    in.p.kv_stride = 2 * 96;
    encode_cache(dtype, in);
    for (const KernelTable* table : bf16_tables()) {
      in.p.kv_dtype = DType::kF32;
      const Floats expected = forward(*table, queue_of(2), in);
      in.p.kv_dtype = dtype;
      in.p.k_encoded = in.k_encoded.data();
      in.p.v_encoded = in.v_encoded.data();
      CHECK(forward(*table, queue_of(2), in) == expected);
    }
  }
}

TEST(inputs_as_they_are_keep_the_digits_of_bfloat16) {
  for (const Heads heads : {Heads{4, 2, 64}, Heads{2, 1, 80}}) {
    const std::vector<AttentionSpan> spans = {{0, 130, 0, 130}};
    Inputs in = make_inputs(heads, spans, 0, 1.0f);
    const Outputs exact = run(reference_table(), queue_of(2), in, {}, true);
    for (const KernelTable* table : bf16_tables()) {
      const Outputs actual = run(*table, queue_of(2), in, {}, true);
      const std::array<double, 4> off = {distance(actual.o_lse, exact.o_lse), distance(actual.dq, exact.dq),
                                         distance(actual.dk, exact.dk), distance(actual.dv, exact.dv)};
      for (const double d : off)
        if (!(d <= kBf16Attention)) report(table->name, 0, "rounding cost " + std::to_string(d));
      CHECK(off[0] > 1e-4);  // and they were rounded
    }
  }
}

// Spans of any length: those of generated tokens in float32, those of a prompt rounded.
TEST(generated_tokens_alone_stay_in_float32) {
  const std::vector<AttentionSpan> spans = {{0, 15, 0, 15}, {15, 40, 15, 40}, {40, 41, 40, 41}, {41, 50, 41, 50}};
  Inputs in = make_inputs({4, 2, 64}, spans, 0, 1.0f);
  for (const Role role : {Role::kGenerated, Role::kPrompt}) {
    in.p.role = role;
    const Floats wide = forward(*find_table(CpuPath::kAvx512), queue_of(1), in);
    for (const KernelTable* table : bf16_tables()) {
      const Floats actual = forward(*table, queue_of(1), in);
      for (const AttentionSpan& span : spans) {
        const int64_t begin = span.q_begin * in.p.o_stride, end = span.q_end * in.p.o_stride;
        CHECK_EQ(std::equal(actual.begin() + begin, actual.begin() + end, wide.begin() + begin),
                 role == Role::kGenerated);
      }
    }
  }
}

#if CHAKU_HAVE_AMX
// Last: the proof that the tiles were used, and where.
TEST(the_tiles_are_those_of_the_processor_or_emulated) {
  const std::vector<AttentionSpan> spans = {{0, 32, 0, 32}};
  Inputs in = make_inputs({1, 1, 32}, spans, 0, 1.0f);
  bf16_tables();
  const int64_t before = emulator::emulated(emulator::Op::kDotBf16);
  const Outputs out = run(chaku::amx::table(), queue_of(1), in, {}, true);
  const int64_t count = emulator::emulated(emulator::Op::kDotBf16) - before;
  // forward S and PV, and backward S, dP and dQ of 32 keys, four tiles each; dV and dK of all 64 keys of a block
  CHECK_EQ(count, cpu_features().amx_bf16 ? 0 : 5 * 4 + 2 * 8);
  std::printf("       amx: %s, %lld products of tiles in all\n", count > 0 ? "emulated" : "on this processor",
              static_cast<long long>(before + count));
}
#endif
