// Products of generated tokens: several formats as integers, see kernels/cpu/generic/digits.h. Their bound is a
// relative one, of the length of the products' vectors, so that inputs with outliers do not hide a loss of digits.
#include <cmath>
#include <limits>

#include "paths.h"

using namespace chaku;
using namespace chaku::test;

namespace {

constexpr DType kIntegers[] = {DType::kQ4_0,   DType::kQ4_1,   DType::kQ5_0, DType::kQ5_1, DType::kQ8_0,
                               DType::kQ2_K,   DType::kQ3_K,   DType::kQ4_K, DType::kQ5_K, DType::kQ6_K,
                               DType::kIQ4_NL, DType::kIQ4_XS, DType::kMXFP4};

constexpr ActivationFormat kActivationFormats[] = {ActivationFormat::kF32, ActivationFormat::kInt16,
                                                   ActivationFormat::kInt8};

MatmulProblem problem(const Weights& w, const Floats& x, int64_t m, Floats& y,
                      ActivationFormat activations = ActivationFormat::kF32) {
  y.assign(static_cast<size_t>(m * w.matrix.rows), kUntouched);
  return {.x = x.data(),
          .x_stride = w.matrix.columns,
          .w = w.matrix,
          .y = y.data(),
          .y_stride = w.matrix.rows,
          .m = m,
          .role = Role::kGenerated,
          .activations = activations};
}

double length(const float* v, int64_t n) {
  double squares = 0;
  for (int64_t i = 0; i < n; ++i) squares += double{v[i]} * v[i];
  return std::sqrt(squares);
}

// The worst error of any output, in units of |w| |x| / sqrt(K): what an output is on average.
double loss_of_digits(const KernelTable& table, const Weights& w, const Floats& x, int64_t m,
                      ActivationFormat activations) {
  Floats y, expected;
  table.matmul(problem(w, x, m, y, activations), queue_of(2));
  reference_table().matmul(problem(w, x, m, expected, activations), queue_of(2));
  const Floats dense = decoded(w.matrix);
  const int64_t k = w.matrix.columns;
  double worst = 0;
  for (int64_t t = 0; t < m; ++t)
    for (int64_t n = 0; n < w.matrix.rows; ++n) {
      const size_t i = static_cast<size_t>(t * w.matrix.rows + n);
      const double unit = length(&dense[static_cast<size_t>(n * k)], k) * length(&x[static_cast<size_t>(t * k)], k) /
                          std::sqrt(static_cast<double>(k));
      worst = std::max(worst, std::fabs(double{y[i]} - expected[i]) / unit);
    }
  return worst;
}

}  // namespace

// The reference rounds as many digits: what is left is what float32 sums lose.
TEST(integers_lose_no_more_than_float32) {
  for (const DType dtype : kIntegers)
    for (const bool outliers : {false, true}) {
      const Weights w = random_weights(dtype, 33, 4096, 71);
      Floats x = random_vector(7 * 4096, 72);
      for (size_t i = 0; outliers && i < x.size(); i += 499) x[i] *= 200.0f;
      const double most = (outliers ? kFewTokensWithOutliers : kFewTokens).relative;
      for (const ActivationFormat activations : kActivationFormats)
        for (const CpuPath path : kVectorPaths)
          if (const KernelTable* table = find_table(path))
            for (const int64_t m : {2, 7})
              if (const double loss = loss_of_digits(*table, w, x, m, activations); !(loss <= most))
                report(table->name, 0,
                       std::string(dtype_info(dtype).name) + " with " + std::to_string(digits_of(activations)) +
                           " digits: lost " + std::to_string(loss * 1e6) + "e-6");
    }
}

// An activation is off by at most half of its step's scale, which is its largest magnitude over the largest integer; so
// an output by at most the sum over steps of that half times the sum of the weights' magnitudes. Beside that stands
// what float32 loses of sums: 2^-24 of the magnitudes of the terms at each of at most 32 additions of a lane's and its
// scaling.
TEST(outputs_are_within_the_bound_of_the_rounding) {
  constexpr int64_t kN = 33, kK = 1024, kM = 5;
  for (const DType dtype : kIntegers) {
    const Weights w = random_weights(dtype, kN, kK, 81);
    const Floats dense = decoded(w.matrix), x = random_vector(kM * kK, 82);
    const int64_t step = digit_step(dtype);
    for (const ActivationFormat activations : kActivationFormats) {
      double worst[2] = {};  // off, of the bound; and of the bound with one digit more
      Floats y;
      for (const CpuPath path : {CpuPath::kReference, CpuPath::kAvx2, CpuPath::kAvx512, CpuPath::kAvx512Vnni}) {
        const KernelTable* table = find_table(path);
        if (table == nullptr) continue;
        table->matmul(problem(w, x, kM, y, activations), queue_of(2));
        for (int64_t m = 0; m < kM; ++m)
          for (int64_t n = 0; n < kN; ++n) {
            double exact = 0, bound = 0, sums = 0;
            for (int64_t s = 0; s < kK; s += step) {
              double largest = 0, magnitudes = 0;
              for (int64_t k = s; k < s + step; ++k) {
                const double a = x[static_cast<size_t>(m * kK + k)], b = dense[static_cast<size_t>(n * kK + k)];
                exact += a * b;
                sums += std::fabs(a * b);
                largest = std::max(largest, std::fabs(a));
                magnitudes += std::fabs(b);
              }
              bound += largest / most_integer(digits_of(activations)) / 2 * magnitudes;
            }
            const double off = std::fabs(y[static_cast<size_t>(m * kN + n)] - exact);
            if (!(off <= bound + sums * 36 * 0x1p-24))
              report(table->name, 0,
                     std::string(dtype_info(dtype).name) + " with " + std::to_string(digits_of(activations)) +
                         " digits: off by " + std::to_string(off) + ", bound " + std::to_string(bound));
            worst[0] = std::max(worst[0], off);
            worst[1] = std::max(worst[1], off * 128 / (bound + 1e-30));
          }
      }
      // The bound is of these digits: with one digit more, which has a 128th of it, some output would be outside.
      if (activations != ActivationFormat::kF32) CHECK(worst[0] > 0 && worst[1] > 1);
    }
  }
}

// The largest integers of either sign, beside zeros and ties.
TEST(extremes_of_a_step_are_exact) {
  constexpr int64_t kK = 256;
  for (const ActivationFormat activations : kActivationFormats) {
    const float most = static_cast<float>(most_integer(digits_of(activations)));
    Floats x(kK, 0.0f);
    x[0] = most, x[1] = -most, x[2] = 63.0f, x[3] = -64.0f, x[200] = -most, x[255] = 1.0f;
    for (size_t i = 4; i < 68; ++i) x[i] = i % 2 == 0 ? most : -most;
    for (const DType dtype : kIntegers) {
      const Weights w = random_weights(dtype, 9, kK, 83);
      const Floats dense = decoded(w.matrix);
      for (const CpuPath path : {CpuPath::kReference, CpuPath::kAvx2, CpuPath::kAvx512, CpuPath::kAvx512Vnni}) {
        const KernelTable* table = find_table(path);
        if (table == nullptr) continue;
        Floats y;
        table->matmul(problem(w, x, 1, y, activations), queue_of(1));
        for (int64_t n = 0; n < 9; ++n) {
          double exact = 0, sums = 0;
          for (size_t k = 0; k < kK; ++k) {
            const double term = double{x[k]} * dense[static_cast<size_t>(n * kK) + k];
            exact += term;
            sums += std::fabs(term);
          }
          CHECK(std::fabs(y[static_cast<size_t>(n)] - exact) <= sums * 36 * 0x1p-24);
        }
      }
    }
  }
}

TEST(rows_that_end_within_a_step) {
  for (const DType dtype : kIntegers)
    for (const int64_t k : {32, 64, 96, 160, 224, 576, 896}) {
      if (k % dtype_info(dtype).block_elements != 0) continue;
      for (const int64_t m : {1, 2, 5}) {
        Weights w = random_weights(dtype, 5, k, 73);
        w.bytes.insert(w.bytes.end(), 512, 0xff);  // scales that are no numbers, for whoever reads past the end
        w.matrix.data = w.bytes.data() + 1;
        const Floats x = random_vector(m * k, 74);
        for (const ActivationFormat activations : kActivationFormats)
          check_paths(std::string("generated ") + dtype_info(dtype).name + " k" + std::to_string(k), kProduct,
                      [&](const KernelTable& table, Queue& queue) {
                        Floats y;
                        table.matmul(problem(w, x, m, y, activations), queue);
                        return y;
                      });
      }
    }
}

TEST(what_is_no_number_stays_none) {
  const Weights w = random_weights(DType::kQ4_K, 4, 512, 75);
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    Floats x = random_vector(512, 76), y;
    x[300] = bad;
    for (const ActivationFormat activations : kActivationFormats)
      for (const CpuPath path : {CpuPath::kReference, CpuPath::kAvx2, CpuPath::kAvx512, CpuPath::kAvx512Vnni})
        if (const KernelTable* table = find_table(path))
          for (const int64_t m : {1, 6}) {
            Floats repeated;
            for (int64_t t = 0; t < m; ++t) repeated.insert(repeated.end(), x.begin(), x.end());
            table->matmul(problem(w, repeated, m, y, activations), queue_of(1));
            for (const float v : y) CHECK(!std::isfinite(v));
          }
  }
}

TEST(a_group_is_its_products_one_by_one) {
  constexpr int64_t kK = 768;
  const DType dtypes[] = {DType::kQ4_K, DType::kQ4_K, DType::kQ6_K, DType::kQ8_0, DType::kF32,
                          DType::kQ2_K, DType::kQ4_0, DType::kF16,  DType::kQ5_K, DType::kQ4_1};
  std::vector<Weights> weights;
  for (const DType dtype : dtypes)
    weights.push_back(random_weights(dtype, 40 + 7 * static_cast<int64_t>(weights.size()), kK, 77));
  for (const int64_t m : {1, 4, 7, 20}) {
    const Floats x = random_vector(m * kK, 78), other = random_vector(m * kK, 79);
    for (const CpuPath path : kVectorPaths) {
      const KernelTable* table = table_here(path);
      if (table == nullptr) continue;
      std::vector<Floats> together(weights.size()), alone(weights.size());
      std::vector<MatmulProblem> problems;
      for (size_t i = 0; i < weights.size(); ++i) {
        const Floats& input = i % 3 == 2 ? other : x;
        table->matmul(problem(weights[i], input, m, alone[i]), queue_of(1));
        problems.push_back(problem(weights[i], input, m, together[i]));
      }
      for (const int n_threads : {1, 2, 3}) {
        for (Floats& y : together) std::fill(y.begin(), y.end(), kUntouched);
        table->matmul_group({problems.data(), static_cast<int64_t>(problems.size())}, queue_of(n_threads));
        CHECK(together == alone);
      }
    }
  }
}
