// Attention on the emulated tensor cores. On inputs that are numbers of bfloat16 products are exact, and what is left
// is the rounding of the weights, 2^-8 of each at most: an output is held to that share of the sum of its terms'
// magnitudes, and lse, which does not depend on it, to the tolerance of float32.
#include "kernels/attention.h"
#include "kernels/attention_data.h"
#include "quant/codec.h"

using namespace chaku;
using namespace chaku::test;

namespace {

using Spans = std::vector<AttentionSpan>;

void round_all(Floats& values) {
  for (float& v : values) v = bf16_to_f32(f32_to_bf16(v));
}

void check_within_rounding(const std::string& what, Inputs& in) {
  in.p.role = Role::kPrompt;
  const Floats expected = forward(reference_table(), queue_of(2), in);
  const Floats actual = forward(emulated_tensor_table(), queue_of(1), in);
  for (const int order : {2, 3})
    if (forward(emulated_tensor_table(), queue_of(order), in) != actual) report("cuda-bf16", 0, what + ": other bits");
  // With the magnitudes of the values in their place, outputs are the sums of their terms' magnitudes.
  Floats values = in.v, magnitudes;
  for (float& v : in.v) v = std::fabs(v);
  magnitudes = forward(reference_table(), queue_of(2), in);
  in.v = values;
  const size_t n_lse = in.q.size() / static_cast<size_t>(in.p.q_stride) * static_cast<size_t>(in.p.n_heads);
  double worst = 0, worst_lse = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    const double error = std::fabs(static_cast<double>(actual[i]) - expected[i]);
    if (i + n_lse < expected.size()) {
      if (expected[i] == kUntouched) {
        CHECK(actual[i] == kUntouched);
        continue;
      }
      worst = std::max(worst, error / (magnitudes[i] / 256 + kAttention.absolute));
    } else {
      worst_lse =
          std::max(worst_lse, error / (3 * (kAttention.absolute + kAttention.relative * std::fabs(expected[i]))));
    }
  }
  if (!(worst <= 1.0)) report("cuda-bf16", 0, what + ": off by " + std::to_string(worst) + " x the rounding");
  if (!(worst_lse <= 1.0)) report("cuda-bf16", 0, what + ": lse off by " + std::to_string(worst_lse));
}

Inputs rounded_inputs(Heads heads, const Spans& spans, int32_t window) {
  Inputs in = make_inputs(heads, spans, window, 1.0f);
  round_all(in.q);
  round_all(in.k);
  round_all(in.v);
  return in;
}

void check(Heads heads, const Spans& spans, int32_t window = 0, Shaping shaping = {}, bool both_ways = false) {
  Inputs in = rounded_inputs(heads, spans, window);
  in.p.both_ways = both_ways;
  shape(in, shaping);
  check_within_rounding(describe("attention", heads, spans, window), in);
}

const Spans kPacked = {{0, 1, 0, 1}, {1, 40, 1, 40}, {43, 60, 43, 60}};

}  // namespace

TEST(lengths_around_tiles) {
  for (const int64_t t : {1, 63, 64, 65, 130}) check({2, 1, 64}, {{0, t, 0, t}});
}

TEST(large_heads_around_tiles) {
  for (const int64_t t : {31, 32, 33, 140}) check({1, 1, 256}, {{0, t, 0, t}});
  check({2, 1, 256}, kPacked, 16, {1.5f, true, 0.0f});
}

TEST(head_dimensions_and_groups) {
  for (const Heads heads : {Heads{1, 1, 1}, Heads{3, 1, 15}, Heads{4, 2, 80}, Heads{2, 2, 128}, Heads{2, 1, 200},
                            Heads{1, 1, 256}, Heads{1, 1, 300}})
    check(heads, {{0, 20, 0, 20}});
}

TEST(packed_rows_and_windows) {
  for (const int32_t window : {0, 1, 16}) check({2, 1, 32}, kPacked, window);
}

TEST(prompts_that_continue_a_cache) {
  check({2, 1, 64}, {{0, 30, 0, 150}}, 0);
  check({2, 1, 64}, {{0, 30, 0, 250}}, 70);
}

TEST(soft_caps_distance_and_sinks) {
  for (const Shaping shaping : {Shaping{1.5f, false}, Shaping{0.0f, true}, Shaping{0.0f, false, 0.0f},
                                Shaping{0.0f, false, 500.0f}, Shaping{0.0f, false, -500.0f}})
    check({2, 1, 32}, kPacked, 9, shaping);
}

TEST(both_ways) {
  for (const int32_t window : {0, 10}) check({2, 1, 32}, kPacked, window, {}, true);
}

TEST(formats_of_the_cache) {
  for (const DType dtype : {DType::kF16, DType::kBF16, DType::kQ8_0}) {
    const Spans spans = {{0, 5, 0, 70}, {5, 12, 70, 130}};
    Inputs in = rounded_inputs({2, 1, 64}, spans, 30);
    in.p.kv_stride = 64;
    encode_cache(dtype, in);
    const Floats floats = forward(emulated_tensor_table(), queue_of(1), in);
    in.p.kv_dtype = dtype;
    in.p.k_encoded = in.k_encoded.data();
    in.p.v_encoded = in.v_encoded.data();
    in.p.k = in.p.v = nullptr;
    CHECK(forward(emulated_tensor_table(), queue_of(1), in) == floats);
  }
}
