// Backward of attention on the emulated tensor cores. On inputs that are numbers of bfloat16 products are exact, and
// what is left is the rounding of p and ds, 2^-9 of each: a gradient is held to twice that share of the sum of its
// terms' magnitudes, beside the tolerance of float32.
#include "kernels/attention.h"
#include "kernels/attention_data.h"

using namespace chaku;
using namespace chaku::test;

namespace {

using Spans = std::vector<AttentionSpan>;

Floats rounded(Floats values) {
  for (float& v : values) v = bf16_to_f32(f32_to_bf16(v));
  return values;
}

double dot(const float* a, const float* b, int64_t n) {
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += double{a[i]} * b[i];
  return sum;
}

// Sums of the magnitudes of the terms of dq, dk and dv, in this order; 0 where nothing is written.
std::vector<double> magnitudes(const Inputs& in, const float* d_o) {
  const AttentionProblem& f = in.p;
  const int64_t n = f.head_dim, group = f.n_heads / f.n_kv_heads;
  std::vector<double> sums(in.q.size() + in.k.size() + in.v.size());
  double *dq = sums.data(), *dk = dq + in.q.size(), *dv = dk + in.k.size();
  for (int64_t s = 0; s < f.n_spans; ++s)
    for (int64_t i = f.spans[s].q_begin; i < f.spans[s].q_end; ++i)
      for (int64_t h = 0; h < f.n_heads; ++h) {
        const int64_t q_at = i * f.q_stride + h * n, o_at = i * f.o_stride + h * n;
        const double delta = dot(d_o + o_at, f.o + o_at, n);
        const int64_t from = f.window > 0 ? std::max(f.spans[s].kv_begin, i + 1 - f.window) : f.spans[s].kv_begin;
        for (int64_t j = from; j <= i; ++j) {
          const int64_t k_at = j * f.kv_stride + h / group * n;
          double score = f.scale * dot(f.q + q_at, f.k + k_at, n), slope = 1;
          if (f.soft_cap > 0) {
            const double ratio = std::tanh(score / f.soft_cap);
            score = f.soft_cap * ratio;
            slope = 1 - ratio * ratio;
          }
          if (f.slopes != nullptr) score -= double{f.slopes[h]} * static_cast<double>(i - j);
          const double weight = std::exp(score - f.lse[i * f.n_heads + h]);
          const double ds = std::fabs(weight * (dot(d_o + o_at, f.v + k_at, n) - delta) * slope) * f.scale;
          for (int64_t d = 0; d < n; ++d) {
            dq[q_at + d] += ds * std::fabs(f.k[k_at + d]);
            dk[k_at + d] += ds * std::fabs(f.q[q_at + d]);
            dv[k_at + d] += weight * std::fabs(d_o[o_at + d]);
          }
        }
      }
  return sums;
}

void check(Heads heads, const Spans& spans, int32_t window = 0, Shaping shaping = {}) {
  Inputs in = make_inputs(heads, spans, window, 1.0f);
  in.q = rounded(in.q), in.k = rounded(in.k), in.v = rounded(in.v);
  in.p.q = in.q.data(), in.p.k = in.k.data(), in.p.v = in.v.data();
  in.p.role = Role::kTraining;
  shape(in, shaping);
  Floats out = forward(reference_table(), queue_of(2), in);
  const Floats d_o = rounded(random_vector(static_cast<int64_t>(out.size()), 4));
  const auto run = [&](const KernelTable& table, int order) {
    Floats gradients(in.q.size() + in.k.size() + in.v.size(), kUntouched);
    float* dq = gradients.data();
    table.attention_backward(
        {.forward = in.p, .d_o = d_o.data(), .dq = dq, .dk = dq + in.q.size(), .dv = dq + in.q.size() + in.k.size()},
        queue_of(order));
    return gradients;
  };
  const std::string what = describe("attention_backward", heads, spans, window);
  const Floats expected = run(reference_table(), 2), actual = run(emulated_tensor_table(), 1);
  for (const int order : {2, 3})
    if (run(emulated_tensor_table(), order) != actual) report("cuda-bf16", 0, what + ": other bits");
  const std::vector<double> terms = magnitudes(in, d_o.data());
  double worst = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    if (expected[i] == kUntouched)
      CHECK(actual[i] == kUntouched);
    else
      worst =
          std::max(worst, std::fabs(double{actual[i]} - expected[i]) / (terms[i] / 256 + kAttentionGradient.absolute));
  }
  if (!(worst <= 1.0)) report("cuda-bf16", 0, what + ": off by " + std::to_string(worst) + " x the rounding");
}

const Spans kPacked = {{0, 1, 0, 1}, {1, 40, 1, 40}, {43, 60, 43, 60}};

}  // namespace

TEST(lengths_around_tiles) {
  for (const int64_t t : {1, 31, 64, 65, 129}) check({2, 1, 64}, {{0, t, 0, t}});
  for (const int64_t t : {32, 33, 130}) check({2, 1, 128}, {{0, t, 0, t}});
}

TEST(head_dimensions_and_groups) {
  for (const Heads heads : {Heads{1, 1, 1}, Heads{3, 1, 15}, Heads{4, 2, 80}, Heads{2, 2, 128}})
    check(heads, {{0, 20, 0, 20}});
}

TEST(packed_rows_and_windows) {
  for (const int32_t window : {0, 1, 16}) check({4, 2, 32}, kPacked, window);
  check({2, 1, 64}, {{0, 150, 0, 150}}, 40);
}

TEST(soft_caps_distance_and_sinks) {
  for (const Shaping shaping : {Shaping{1.5f, false}, Shaping{0.0f, true}, Shaping{2.0f, true},
                                Shaping{0.0f, false, 0.0f}, Shaping{0.0f, false, 50.0f}})
    check({4, 2, 32}, kPacked, 9, shaping);
}

TEST(more_spans_than_a_launch_takes) {
  Spans spans;
  for (int64_t i = 0; i < 70; ++i) spans.push_back({2 * i, 2 * i + 1 + i % 2, 2 * i, 2 * i + 1 + i % 2});
  check({2, 1, 16}, spans);
}

// Heads of more dimensions keep the arithmetic of float32.
TEST(large_heads_are_computed_in_float32) {
  Inputs in = make_inputs({2, 1, 200}, {{0, 9, 0, 9}}, 0, 1.0f);
  const Spans spans = {{0, 9, 0, 9}};
  in.p.spans = spans.data();
  Floats out = forward(reference_table(), queue_of(2), in);
  const Floats d_o = random_vector(static_cast<int64_t>(out.size()), 4);
  const auto run = [&](const KernelTable& table) {
    Floats dq(in.q.size()), dk(in.k.size()), dv(in.v.size());
    table.attention_backward({.forward = in.p, .d_o = d_o.data(), .dq = dq.data(), .dk = dk.data(), .dv = dv.data()},
                             queue_of(1));
    dq.insert(dq.end(), dk.begin(), dk.end());
    dq.insert(dq.end(), dv.begin(), dv.end());
    return dq;
  };
  CHECK(run(emulated_tensor_table()) == run(emulated_float32_table()));
}
