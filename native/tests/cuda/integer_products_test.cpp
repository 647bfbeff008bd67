// Products with activations of 16 and 8 bits on the emulated device: the integers are the reference's, so that the
// tolerance of float32 sums holds. That they are integers is seen by what they differ from products of float32.
#include <limits>

#include "kernels/matmul.h"
#include "kernels/product_data.h"

using namespace chaku;
using namespace chaku::test;

namespace {

constexpr ActivationFormat kRounded[] = {ActivationFormat::kInt16, ActivationFormat::kInt8};

struct Product {
  Weights w;
  Floats x, bias, t, b;
  Shape shape;
  int64_t rank;

  Product(DType dtype, Shape s, int64_t tail_rank = 0)
      : w(random_weights(dtype, s.n, s.k, 91)),
        x(random_vector(s.m * (s.k + 3), 92)),
        bias(random_vector(s.n, 93)),
        t(random_vector(s.m * (tail_rank + 1), 94)),
        b(random_vector(s.n * tail_rank, 95)),
        shape(s),
        rank(tail_rank) {}

  MatmulProblem problem(Floats& y, ActivationFormat activations) const {
    MatmulProblem p{.x = x.data(),
                    .x_stride = shape.k + 3,
                    .w = w.matrix,
                    .bias = bias.data(),
                    .y = y.data(),
                    .y_stride = shape.n + 2,
                    .m = shape.m,
                    .scale = 0.75f,
                    .accumulate = true,
                    .role = Role::kGenerated,
                    .activations = activations};
    if (rank > 0) p.tail = {t.data(), rank + 1, {b.data(), DType::kF32, shape.n, rank}, 1.5f};
    return p;
  }
  Floats outputs() const { return Floats(static_cast<size_t>(shape.m * (shape.n + 2)), 0.5f); }
  Floats run(const KernelTable& table, Queue& queue, ActivationFormat activations) const {
    Floats y = outputs();
    table.matmul(problem(y, activations), queue);
    return y;
  }
  void check() const {
    for (const ActivationFormat activations : kRounded)
      check_paths(describe("matmul", w.matrix.dtype, shape) + " digits " + std::to_string(digits_of(activations)),
                  kProduct, [&](const KernelTable& table, Queue& queue) { return run(table, queue, activations); });
  }
};

std::vector<DType> integer_formats() {
  std::vector<DType> formats;
  for (const DType dtype : all_dtypes())
    if (digit_step(dtype) > 0) formats.push_back(dtype);
  return formats;
}

}  // namespace

TEST(every_format_with_codes) {
  CHECK(integer_formats().size() == 13);
  for (const DType dtype : integer_formats())
    for (const int64_t m : {1, 3, 6}) Product(dtype, {m, 13, 512}).check();
}

TEST(every_number_of_tokens) {
  for (const DType dtype : {DType::kQ8_0, DType::kQ4_K})
    for (int64_t m = 1; m <= 13; ++m) Product(dtype, {m, 9, 256}, m % 2 * 5).check();
}

TEST(steps_that_end_early) {
  for (const DType dtype : {DType::kQ4_0, DType::kQ5_1, DType::kMXFP4})
    for (const int64_t k : {32, 96, 160, 352}) Product(dtype, {2, 11, k}).check();
}

// Rounding to fewer digits is seen, and the more the fewer there are.
TEST(activations_are_rounded) {
  for (const DType dtype : integer_formats()) {
    const Product product(dtype, {2, 20, 256});
    const Floats exact = product.run(emulated_float32_table(), queue_of(1), ActivationFormat::kF32);
    double off[2] = {};
    for (int i = 0; i < 2; ++i) {
      const Floats y = product.run(emulated_float32_table(), queue_of(1), kRounded[i]);
      for (size_t at = 0; at < y.size(); ++at) off[i] = std::max(off[i], std::fabs(double{y[at]} - exact[at]));
    }
    CHECK(off[0] > 0 && off[1] > 20 * off[0]);  // 128, but for what float32 loses
  }
}

// Steps of the largest magnitude alone, of zeros, of what counts as zero, and of ties.
TEST(extremes_of_activations) {
  Product product(DType::kQ8_0, {6, 7, 256});
  const auto fill = [&](int64_t row, auto value) {
    for (int64_t k = 0; k < 256; ++k) product.x[static_cast<size_t>(row * 259 + k)] = value(k);
  };
  fill(0, [](int64_t k) { return k % 2 == 0 ? 127.0f : -127.0f; });
  fill(1, [](int64_t) { return 0.0f; });
  fill(2, [](int64_t) { return 1e-31f; });
  fill(3, [](int64_t k) { return k % 128 == 0 ? 127.0f : static_cast<float>(k % 9) + 0.5f; });
  fill(4, [](int64_t k) { return k % 128 == 0 ? -3e36f : 1e35f; });
  fill(5, [](int64_t k) { return k < 128 ? 1e-20f : 16319.0f; });
  for (const ActivationFormat activations : kRounded) {
    const Floats expected = product.run(reference_table(), queue_of(2), activations);
    const Floats actual = product.run(emulated_float32_table(), queue_of(1), activations);
    for (int64_t m = 0; m < 6; ++m)
      for (int64_t n = 0; n < 7; ++n) {
        double magnitude = 1;  // the tolerance is for numbers of order one
        for (int64_t k = 0; k < 256; ++k)
          magnitude = std::max(magnitude, std::fabs(double{product.x[static_cast<size_t>(m * 259 + k)]}));
        const size_t at = static_cast<size_t>(m * 9 + n);
        CHECK(std::fabs(double{actual[at]} - expected[at]) <= kProduct.absolute * magnitude);
      }
  }
}

// A step whose elements are all below the least one counts as zero, to the bit.
TEST(activations_that_count_as_zero) {
  Product product(DType::kQ8_0, {2, 7, 256});
  for (int64_t k = 0; k < 256; ++k) {
    product.x[static_cast<size_t>(k)] = 0.9e-30f;
    product.x[static_cast<size_t>(259 + k)] = 1.1e-30f;
  }
  Floats y = product.outputs();
  MatmulProblem p = product.problem(y, ActivationFormat::kInt8);
  p.bias = nullptr;
  p.accumulate = false;
  emulated_float32_table().matmul(p, queue_of(1));
  for (size_t n = 0; n < 7; ++n) CHECK(y[n] == 0.0f && y[9 + n] != 0.0f);
}

// What is not finite makes its row's outputs not a number, and no others.
TEST(activations_that_are_not_finite) {
  for (const float bad : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    Product product(DType::kQ4_K, {3, 7, 512});
    product.x[515 + 300] = bad;
    const Floats y = product.run(emulated_float32_table(), queue_of(1), ActivationFormat::kInt8);
    for (int64_t m = 0; m < 3; ++m)
      for (int64_t n = 0; n < 7; ++n) CHECK(std::isnan(y[static_cast<size_t>(m * 9 + n)]) == (m == 1));
  }
}

// More rows than the scratch memory of the tests holds as integers.
TEST(rows_in_parts) { Product(DType::kQ4_0, {140, 3, 8192}, 3).check(); }

// Neighbours share what is rounded where they read the same x, and only there.
TEST(groups_are_their_products) {
  const Product a(DType::kQ4_K, {3, 9, 512}, 2), b(DType::kQ8_0, {3, 5, 512});
  Product c(DType::kQ6_K, {3, 7, 512});
  for (float& v : c.x) v *= 3.0f;
  for (const ActivationFormat activations : kRounded)
    for (const KernelTable* table : {&emulated_float32_table(), &emulated_tensor_table()}) {
      Floats ys[6];
      std::vector<MatmulProblem> problems;
      const auto add = [&](const Product& product, const Floats& x) {
        Floats& y = ys[problems.size()];
        y = product.outputs();
        problems.push_back(product.problem(y, activations));
        problems.back().x = x.data();
      };
      add(a, a.x), add(c, a.x), add(c, c.x), add(b, c.x), add(b, a.x), add(a, a.x);
      std::vector<Floats> alone;
      for (const MatmulProblem& p : problems) {
        Floats y(static_cast<size_t>(p.m * p.y_stride), 0.5f);
        MatmulProblem copy = p;
        copy.y = y.data();
        table->matmul(copy, queue_of(1));
        alone.push_back(y);
      }
      table->matmul_group({problems.data(), static_cast<int64_t>(problems.size())}, queue_of(1));
      for (size_t i = 0; i < alone.size(); ++i) CHECK(ys[i] == alone[i]);
    }
}
