#include "kernels/magnitude.h"

#include "paths.h"
#include "quant/codec.h"

using namespace chaku;
using namespace chaku::test;

// One row, two columns, by hand: p (1, 2), factors (3, 5), bias (10, 20), scale 2.
TEST(magnify_by_hand) {
  const float p[] = {1, 2}, factors[] = {3, 5}, bias[] = {10, 20};
  check_paths("magnify", kExact, [&](const KernelTable& table, Queue& queue) {
    Floats y = {100, 200};
    table.magnify({p, factors, bias, y.data(), 1, 2, 2.0f, true}, queue);
    CHECK(y[0] == 126.0f && y[1] == 260.0f);
    table.magnify({p, factors, nullptr, y.data(), 1, 2, 2.0f, false}, queue);
    CHECK(y[0] == 6.0f && y[1] == 20.0f);
    return y;
  });
}

// dm = scale / length * sum dy p: 2 * (1*1 + 2*3) / 4 = 3.5; the gradient of p is scale f dy.
TEST(magnify_backward_by_hand) {
  const float dy[] = {1, 2}, factors[] = {3}, inverse[] = {0.25f};
  check_paths("magnify_backward", kExact, [&](const KernelTable& table, Queue& queue) {
    Floats p = {1, 3}, dm = {1};
    table.magnify_backward({dy, factors, inverse, p.data(), dm.data(), 2, 1, 2.0f}, queue);
    CHECK(dm[0] == 4.5f && p[0] == 6.0f && p[1] == 12.0f);
    p.push_back(dm[0]);
    return p;
  });
}

// Against the lengths of rows that are summed.
TEST(row_lengths_are_those_of_the_sum) {
  for (const int64_t k : {32, 1056})
    for (const int64_t rank : {1, 3, 16}) {
      const int64_t n = 37;
      const Floats values = random_vector(n * k, 1), a = random_vector(rank * k, 2), b = random_vector(n * rank, 3);
      std::vector<std::byte> blocks(static_cast<size_t>(row_bytes(DType::kQ8_0, k) * n));
      for (int64_t i = 0; i < n; ++i)
        quantize(DType::kQ8_0, values.data() + i * k, blocks.data() + i * row_bytes(DType::kQ8_0, k), k);
      Floats w(static_cast<size_t>(n * k));
      dequantize(DType::kQ8_0, blocks.data(), w.data(), n * k);
      const float scale = 0.3f;
      Floats u(static_cast<size_t>(rank * n)), h(static_cast<size_t>(n * rank));
      std::vector<double> expected;
      for (int64_t i = 0; i < n; ++i) {
        double sum = 0;
        for (int64_t c = 0; c < k; ++c) {
          double value = w[static_cast<size_t>(i * k + c)];
          for (int64_t r = 0; r < rank; ++r)
            value += double{scale} * b[static_cast<size_t>(i * rank + r)] * a[static_cast<size_t>(r * k + c)];
          sum += value * value;
        }
        expected.push_back(std::sqrt(sum));
        for (int64_t r = 0; r < rank; ++r) {
          double dot = 0, gram = 0;
          for (int64_t c = 0; c < k; ++c) {
            dot += double{a[static_cast<size_t>(r * k + c)]} * w[static_cast<size_t>(i * k + c)];
            for (int64_t q = 0; q < rank; ++q)
              gram += double{b[static_cast<size_t>(i * rank + q)]} * a[static_cast<size_t>(q * k + c)] *
                      a[static_cast<size_t>(r * k + c)];
          }
          u[static_cast<size_t>(r * n + i)] = static_cast<float>(dot);
          h[static_cast<size_t>(i * rank + r)] = static_cast<float>(gram);
        }
      }
      check_paths("row_lengths", kExact, [&](const KernelTable& table, Queue& queue) {
        std::vector<double> squares(static_cast<size_t>(n));
        table.row_squares({{blocks.data(), DType::kQ8_0, n, k}, squares.data()}, queue);
        Floats m(static_cast<size_t>(n)), inverse(m.size()), factors(m.size());
        RowLengthsProblem p{squares.data(), b.data(), u.data(),       h.data(),      n, rank, scale,
                            true,           m.data(), inverse.data(), factors.data()};
        table.row_lengths(p, queue);
        for (size_t i = 0; i < m.size(); ++i) {
          CHECK(std::fabs(m[i] - expected[i]) < 2e-6 * expected[i]);
          CHECK_EQ(factors[i], 1.0f);
          CHECK_EQ(inverse[i], 1.0f / m[i]);
        }
        for (float& value : m) value *= 2.0f;
        p.begins = false;
        table.row_lengths(p, queue);
        for (const float f : factors) CHECK_EQ(f, 2.0f);
        return m;
      });
    }
}

TEST(a_row_of_zeros_has_no_length) {
  const double squares[] = {0.0};
  const float zero[] = {0.0f};
  check_paths("row_lengths of zeros", kExact, [&](const KernelTable& table, Queue& queue) {
    Floats m = {3}, inverse = {3}, factors = {3};
    table.row_lengths({squares, zero, zero, zero, 1, 1, 1.0f, true, m.data(), inverse.data(), factors.data()}, queue);
    CHECK(m[0] == 0.0f && inverse[0] == 0.0f && factors[0] == 1.0f);
    return factors;
  });
}
