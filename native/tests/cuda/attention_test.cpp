// Attention on the emulated device, in shapes small enough for it: tests/kernels/attention_test.cpp has the CPU's.
#include "kernels/attention.h"

#include "kernels/attention_data.h"
#include "quant/codec.h"

using namespace chaku;
using namespace chaku::test;

namespace {

using Spans = std::vector<AttentionSpan>;

void check_forward(Heads heads, const Spans& spans, int32_t window = 0, Shaping shaping = {}, bool both_ways = false) {
  Inputs in = make_inputs(heads, spans, window, 1.0f);
  in.p.both_ways = both_ways;
  shape(in, shaping);
  check_paths(describe("attention", heads, spans, window), kAttention,
              [&](const KernelTable& table, Queue& queue) { return forward(table, queue, in); });
}

void check_encoded(DType dtype, Heads heads, const Spans& spans, int32_t window = 0) {
  Inputs in = make_inputs(heads, spans, window, 1.0f);
  in.p.kv_stride = heads.kv * heads.dim;
  encode_cache(dtype, in);
  in.p.kv_dtype = dtype;
  in.p.k_encoded = in.k_encoded.data();
  in.p.v_encoded = in.v_encoded.data();
  in.p.k = in.p.v = nullptr;
  check_paths(describe(dtype_info(dtype).name, heads, spans, window), kAttention,
              [&](const KernelTable& table, Queue& queue) { return forward(table, queue, in); });
}

const Spans kPacked = {{0, 1, 0, 1}, {1, 40, 1, 40}, {43, 60, 43, 60}};

}  // namespace

TEST(head_dimensions_and_groups) {
  for (const Heads heads : {Heads{1, 1, 1}, Heads{3, 1, 15}, Heads{6, 3, 64}, Heads{8, 1, 80}, Heads{4, 2, 128},
                            Heads{2, 1, 256}, Heads{2, 1, 520}})
    check_forward(heads, {{0, 9, 0, 9}});
}

TEST(packed_rows_and_windows) {
  for (const int32_t window : {0, 1, 16, 1000}) check_forward({4, 2, 32}, kPacked, window);
}

TEST(queries_over_a_cache_of_several_parts) {
  for (const int64_t n_kv : {1, 511, 512, 513, 1300})
    for (const int32_t window : {0, 300}) check_forward({2, 1, 32}, {{0, 1, 0, n_kv}}, window);
  check_forward({4, 2, 48}, {{0, 1, 0, 700}, {1, 4, 700, 1300}, {4, 5, 1300, 1301}});
}

TEST(formats_of_the_cache) {
  for (const DType dtype : {DType::kF16, DType::kBF16, DType::kQ8_0}) {
    check_encoded(dtype, {4, 2, 64}, {{0, 1, 0, 70}, {1, 12, 70, 130}}, 30);
    check_encoded(dtype, {2, 1, 544}, {{0, 3, 0, 20}});
  }
}

// A sequence's blocks lie anywhere in the pool: the same numbers as with rows that follow each other.
TEST(paged_caches) {
  constexpr int64_t kKeys = 200;
  const Heads heads = {4, 2, 32};
  Inputs in = make_inputs(heads, {{0, 3, 0, kKeys}}, 0, 1.0f);
  const std::vector<AttentionSpan> rows = {{0, 3, 0, kKeys}};
  in.p.spans = rows.data();
  const Floats expected = forward(reference_table(), queue_of(1), in);
  const std::vector<int32_t> blocks = {5, 0, 3, 2};
  const std::vector<AttentionSpan> paged = {{0, 3, 0, kKeys, blocks.data()}};
  Floats k(static_cast<size_t>(6 * kCacheBlockTokens * in.p.kv_stride), NAN), v = k;
  for (int64_t j = 0; j < kKeys; ++j) {
    const size_t to = static_cast<size_t>(paged[0].row_of(j) * in.p.kv_stride);
    const size_t from = static_cast<size_t>(j * in.p.kv_stride);
    std::copy_n(in.k.begin() + static_cast<std::ptrdiff_t>(from), heads.kv * heads.dim, &k[to]);
    std::copy_n(in.v.begin() + static_cast<std::ptrdiff_t>(from), heads.kv * heads.dim, &v[to]);
  }
  in.p.k = k.data();
  in.p.v = v.data();
  in.p.spans = paged.data();
  CHECK(forward(reference_table(), queue_of(1), in) == expected);
  check_paths("paged attention", kAttention,
              [&](const KernelTable& table, Queue& queue) { return forward(table, queue, in); });
}

TEST(more_spans_than_a_launch_takes) {
  Spans spans;
  for (int64_t i = 0; i < 70; ++i) spans.push_back({i, i + 1, 2 * i, 2 * i + 1 + i % 2});
  check_forward({2, 1, 16}, spans);
}

TEST(soft_caps_distance_and_sinks) {
  for (const Shaping shaping :
       {Shaping{1.5f, false}, Shaping{0.0f, true}, Shaping{2.0f, true}, Shaping{0.0f, false, 0.0f},
        Shaping{0.0f, false, 500.0f}, Shaping{0.0f, false, -500.0f}})
    for (const int32_t window : {0, 9}) {
      check_forward({4, 2, 32}, kPacked, window, shaping);
      check_backward({4, 2, 24}, kPacked, window, shaping);
    }
}

TEST(both_ways) {
  for (const int32_t window : {0, 1, 10}) check_forward({4, 2, 32}, kPacked, window, {}, true);
}

TEST(backward_of_head_dimensions_and_groups) {
  for (const Heads heads : {Heads{1, 1, 1}, Heads{3, 1, 15}, Heads{4, 2, 128}, Heads{2, 1, 520}})
    check_backward(heads, {{0, 17, 0, 17}});
}

TEST(backward_of_packed_rows_and_windows) {
  for (const int32_t window : {0, 1, 16}) check_backward({4, 2, 24}, kPacked, window);
}

TEST(gradients_of_sinks) {
  constexpr int64_t kTokens = 37;
  constexpr int32_t kHeads = 3, kDim = 20;
  const Floats sinks = random_vector(kHeads, 1), lse = random_vector(kTokens * kHeads, 2);
  const Floats o = random_vector(kTokens * kHeads * kDim, 3), d_o = random_vector(kTokens * kHeads * kDim, 4);
  check_paths("sink_gradient", kAttentionGradient, [&](const KernelTable& table, Queue& queue) {
    Floats d_sinks(kHeads, 0.5f);
    table.sink_gradient({sinks.data(), lse.data(), o.data(), d_o.data(), d_sinks.data(), kTokens, kHeads, kDim}, queue);
    return d_sinks;
  });
}
