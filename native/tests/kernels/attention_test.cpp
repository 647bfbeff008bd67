#include "kernels/attention.h"

#include "attention_data.h"
#include "quant/codec.h"

using namespace chaku;
using namespace chaku::test;

namespace {

void check_forward(Heads heads, const std::vector<AttentionSpan>& spans, int32_t window = 0, float magnitude = 1.0f,
                   Shaping shaping = {}) {
  Inputs in = make_inputs(heads, spans, window, magnitude);
  shape(in, shaping);
  const Tolerance tolerance = {kAttention.absolute * std::max(1.0f, magnitude), kAttention.relative};
  for (const Role role : {Role::kPrompt, Role::kGenerated}) {
    in.p.role = role;
    check_paths(describe("attention", heads, spans, window), tolerance,
                [&](const KernelTable& table, Queue& queue) { return forward(table, queue, in); });
  }
}

// Keys and values as a cache of a narrower format holds them: on every path what their decoded values give as floats.
void check_encoded(DType dtype, Heads heads, const std::vector<AttentionSpan>& spans, int32_t window = 0) {
  Inputs in = make_inputs(heads, spans, window, 1.0f);
  in.p.kv_stride = heads.kv * heads.dim;
  encode_cache(dtype, in);
  const Floats expected = forward(reference_table(), queue_of(2), in);
  in.p.kv_dtype = dtype;
  in.p.k_encoded = in.k_encoded.data();
  in.p.v_encoded = in.v_encoded.data();
  in.p.k = in.p.v = nullptr;
  const std::string what = describe(dtype_info(dtype).name, heads, spans, window);
  const Floats reference = forward(reference_table(), queue_of(2), in);
  CHECK(std::memcmp(reference.data(), expected.data(), expected.size() * sizeof(float)) == 0);
  for (const Role role : {Role::kPrompt, Role::kGenerated}) {
    in.p.role = role;
    check_paths(what, kAttention, [&](const KernelTable& table, Queue& queue) { return forward(table, queue, in); });
  }
}

}  // namespace

TEST(whole_rows_of_every_length_around_a_block) {
  for (const int64_t t : {1, 2, 63, 64, 65, 130}) check_forward({4, 2, 64}, {{0, t, 0, t}});
}

TEST(head_dimensions_and_groups) {
  for (const Heads heads : {Heads{1, 1, 1}, Heads{2, 2, 8}, Heads{3, 1, 15}, Heads{9, 3, 64}, Heads{8, 1, 80},
                            Heads{4, 2, 128}, Heads{2, 1, 256}, Heads{2, 1, 512}, Heads{24, 2, 17}, Heads{1, 1, 520}})
    check_forward(heads, {{0, 40, 0, 40}});
}

TEST(packed_rows_and_windows) {
  const std::vector<AttentionSpan> packed = {{0, 1, 0, 1}, {1, 70, 1, 70}, {70, 100, 70, 100}, {103, 203, 103, 203}};
  for (const int32_t window : {0, 1, 16, 64, 1000}) check_forward({4, 2, 32}, packed, window);
}

TEST(one_query_over_a_long_cache) {
  for (const int64_t n_kv : {1, 100, 511, 512, 513, 1000, 3000})
    for (const int32_t window : {0, 300}) check_forward({8, 2, 64}, {{0, 1, 0, n_kv}}, window);
}

TEST(one_query_of_odd_head_dimensions) {
  for (const Heads heads : {Heads{1, 1, 1}, Heads{3, 1, 15}, Heads{9, 3, 33}, Heads{16, 2, 17}, Heads{4, 2, 80},
                            Heads{2, 1, 128}, Heads{24, 2, 100}})
    for (const int64_t n_kv : {1, 15, 70, 600}) check_forward(heads, {{0, 1, 0, n_kv}});
}

TEST(few_queries_of_several_sequences_over_their_caches) {
  check_forward({6, 3, 48}, {{0, 1, 0, 700}, {1, 4, 700, 1500}, {4, 5, 1500, 1501}});
}

TEST(a_prompt_that_continues_a_cache) { check_forward({4, 1, 64}, {{0, 100, 0, 350}}); }

TEST(keys_and_values_of_narrower_formats) {
  for (const DType dtype : {DType::kF16, DType::kBF16, DType::kQ8_0}) {
    for (const int64_t t : {1, 2, 65, 130}) check_encoded(dtype, {4, 2, 64}, {{0, t, 0, t}});
    for (const int64_t n_kv : {1, 15, 70, 600, 1500}) check_encoded(dtype, {8, 2, 64}, {{0, 1, 0, n_kv}});
    check_encoded(dtype, {4, 1, 96}, {{0, 100, 0, 350}}, 70);
    check_encoded(dtype, {2, 1, 512}, {{0, 5, 0, 80}, {5, 75, 80, 200}});
    check_encoded(dtype, {2, 1, 544}, {{0, 3, 0, 20}});
  }
  for (const DType dtype : {DType::kF16, DType::kBF16})
    for (const int32_t dim : {1, 15, 17, 80}) check_encoded(dtype, {6, 3, dim}, {{0, 1, 0, 90}, {1, 40, 90, 140}});
}

TEST(scores_so_large_that_one_key_wins) { check_forward({4, 2, 64}, {{0, 90, 0, 90}}, 0, 1000.0f); }

TEST(equal_scores) { check_forward({4, 2, 64}, {{0, 90, 0, 90}}, 0, 0.0f); }

// Both ways: one text of each length around a block, packed ones, windows on either side, distance on either side.
TEST(both_ways) {
  const auto check = [](Heads heads, const std::vector<AttentionSpan>& spans, int32_t window, Shaping shaping = {}) {
    Inputs in = make_inputs(heads, spans, window, 1.0f);
    in.p.both_ways = true;
    shape(in, shaping);
    for (const Role role : {Role::kPrompt, Role::kGenerated}) {
      in.p.role = role;
      check_paths(describe("attention both ways", heads, spans, window), kAttention,
                  [&](const KernelTable& table, Queue& queue) { return forward(table, queue, in); });
    }
  };
  for (const int64_t t : {1, 2, 15, 16, 63, 64, 65, 130, 300}) check({4, 2, 32}, {{0, t, 0, t}}, 0);
  const std::vector<AttentionSpan> packed = {{0, 1, 0, 1}, {1, 70, 1, 70}, {70, 100, 70, 100}, {103, 303, 103, 303}};
  for (const Heads heads : {Heads{4, 2, 32}, Heads{3, 3, 15}, Heads{12, 12, 32}, Heads{4, 1, 64}})
    for (const int32_t window : {0, 1, 2, 17, 64, 128, 1000}) check(heads, packed, window);
  for (const int32_t window : {0, 20}) check({4, 4, 32}, packed, window, Shaping{0.0f, true});
}

// What the reference makes of them, by hand: with equal scores the mean of the values that are seen.
TEST(both_ways_sees_as_far_on_either_side) {
  constexpr int64_t kN = 9;
  const std::vector<AttentionSpan> spans = {{0, kN, 0, kN}};
  Inputs in = make_inputs({1, 1, 8}, spans, 4, 0.0f);
  in.p.both_ways = true;
  const Floats out = forward(reference_table(), queue_of(2), in);
  for (int64_t t = 0; t < kN; ++t) {
    const int64_t begin = std::max<int64_t>(0, t - 2), end = std::min(kN, t + 3);
    for (int64_t d = 0; d < 8; ++d) {
      double sum = 0;
      for (int64_t j = begin; j < end; ++j) sum += in.v[static_cast<size_t>(j * in.p.kv_stride + d)];
      CHECK(std::abs(out[static_cast<size_t>(t * in.p.o_stride + d)] - sum / static_cast<double>(end - begin)) < 1e-6);
    }
  }
}

TEST(backward_of_every_length_around_a_block) {
  for (const int64_t t : {1, 2, 31, 63, 64, 65, 130}) check_backward({4, 2, 32}, {{0, t, 0, t}});
}

TEST(backward_of_head_dimensions_and_groups) {
  for (const Heads heads : {Heads{1, 1, 1}, Heads{3, 1, 15}, Heads{9, 3, 64}, Heads{4, 2, 128}, Heads{20, 2, 17},
                            Heads{1, 1, 512}, Heads{1, 1, 520}})
    check_backward(heads, {{0, 33, 0, 33}});
}

TEST(backward_of_packed_rows_and_windows) {
  const std::vector<AttentionSpan> packed = {{0, 1, 0, 1}, {1, 70, 1, 70}, {73, 143, 73, 143}};
  for (const int32_t window : {0, 1, 16, 65}) check_backward({4, 2, 24}, packed, window);
}

// Several groups of blocks of keys, by one pass with one thread and by two with three.
TEST(backward_of_long_rows) {
  for (const int32_t window : {0, 65, 300}) check_backward({2, 1, 32}, {{0, 330, 0, 330}}, window);
  check_backward({1, 1, 512}, {{0, 150, 0, 150}});
}

// Enough spans and key heads for the pass that does one pair at a time.
TEST(backward_of_many_short_rows) {
  std::vector<AttentionSpan> packed;
  for (int64_t begin = 0, i = 0; i < 9; ++i) {
    const int64_t end = begin + 60 + i * 5;
    packed.push_back({begin, end, begin, end});
    begin = end + (i == 4 ? 3 : 0);
  }
  for (const int32_t window : {0, 20, 70}) check_backward({6, 3, 24}, packed, window);
  check_backward({16, 16, 16}, {{0, 130, 0, 130}});
}

TEST(soft_caps_and_distance) {
  const std::vector<AttentionSpan> packed = {{0, 1, 0, 1}, {1, 70, 1, 70}, {73, 143, 73, 143}};
  for (const Shaping shaping : {Shaping{1.5f, false}, Shaping{0.0f, true}, Shaping{2.0f, true},
                                Shaping{0.0f, false, 0.0f}, Shaping{0.0f, false, 12.0f}}) {
    for (const int32_t window : {0, 20}) {
      check_forward({4, 2, 32}, packed, window, 4.0f, shaping);
      check_backward({4, 2, 24}, packed, window, shaping);
    }
    for (const int64_t n_kv : {1, 70, 1000}) check_forward({8, 2, 64}, {{0, 1, 0, n_kv}}, 0, 4.0f, shaping);
    check_forward({4, 1, 64}, {{0, 100, 0, 350}}, 0, 4.0f, shaping);
    check_backward({16, 16, 16}, {{0, 130, 0, 130}}, 0, shaping);
  }
}

// A sink takes what its score says, and so much of it that nothing overflows.
TEST(sinks_far_above_and_below_all_scores) {
  for (const float sink : {-500.0f, 500.0f}) {
    check_forward({4, 2, 32}, {{0, 70, 0, 70}}, 16, 1.0f, Shaping{0.0f, false, sink});
    check_forward({8, 2, 64}, {{0, 1, 0, 1000}}, 0, 1.0f, Shaping{0.0f, false, sink});
  }
}
