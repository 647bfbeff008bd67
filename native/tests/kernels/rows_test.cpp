// Ops that move data have one version for all paths; what they do is checked here element by element.
#include "kernels/rows.h"

#include <algorithm>
#include <cmath>

#include "kernels/positions.h"
#include "paths.h"

using namespace chaku;
using namespace chaku::test;

namespace {

constexpr int64_t kM = 37, kD = 23;

}  // namespace

TEST(copy_rows_moves_bits_between_strides) {
  constexpr int64_t kFrom = 31, kTo = 40;
  const Floats x = random_vector(kM * kFrom, 1);
  check_paths("copy_rows", kExact, [&](const KernelTable& table, Queue& queue) {
    Floats y(kM * kTo, kUntouched);
    table.copy_rows({x.data(), kFrom, y.data(), kTo, kM, kD}, queue);
    return y;
  });
  Floats y(kM * kTo, kUntouched);
  reference_table().copy_rows({x.data(), kFrom, y.data(), kTo, kM, kD}, queue_of(3));
  for (size_t m = 0; m < kM; ++m)
    for (size_t i = 0; i < kTo; ++i) CHECK(y[m * kTo + i] == (i < kD ? x[m * kFrom + i] : kUntouched));
  y.assign(kM * kTo, kUntouched);
  reference_table().copy_rows({x.data(), kFrom, y.data(), kTo, kM, kD, 3.0f}, queue_of(2));
  for (size_t m = 0; m < kM; ++m)
    for (size_t i = 0; i < kTo; ++i) CHECK(y[m * kTo + i] == (i < kD ? 3.0f * x[m * kFrom + i] : kUntouched));
}

TEST(scatter_rows_leaves_the_others) {
  const Floats x = random_vector(3 * kD, 2);
  const int32_t ids[] = {4, 0, 2};
  Floats y(5 * kD, kUntouched);
  reference_table().scatter_rows({x.data(), ids, y.data(), 3, kD}, queue_of(2));
  const int from[] = {1, -1, 2, -1, 0};
  for (size_t row = 0; row < 5; ++row)
    for (size_t i = 0; i < kD; ++i)
      CHECK(y[row * kD + i] == (from[row] < 0 ? kUntouched : x[static_cast<size_t>(from[row]) * kD + i]));
}

TEST(mean_rows_of_ranges) {
  constexpr int64_t kWide = 700;
  const Floats x = random_vector(kM * kWide, 5);
  const int32_t begins[] = {0, 36, 3, 3}, ends[] = {37, 37, 4, 20};
  check_paths("mean_rows", kExact, [&](const KernelTable& table, Queue& queue) {
    Floats y(4 * kWide, kUntouched);
    table.mean_rows({x.data(), begins, ends, y.data(), 4, kWide}, queue);
    return y;
  });
  Floats y(4 * kWide + 1, kUntouched);
  reference_table().mean_rows({x.data(), begins, ends, y.data(), 4, kWide}, queue_of(3));
  for (size_t n = 0; n < 4; ++n)
    for (size_t i = 0; i < kWide; ++i) {
      double sum = 0;
      for (int32_t m = begins[n]; m < ends[n]; ++m) sum += x[static_cast<size_t>(m) * kWide + i];
      CHECK(y[n * kWide + i] == static_cast<float>(sum / (ends[n] - begins[n])));
    }
  CHECK(y.back() == kUntouched);
}

TEST(fill_fills_no_more) {
  for (const int64_t n : {0, 1, 65536, 65537 * 3}) {
    Floats y(static_cast<size_t>(n) + 1, kUntouched);
    reference_table().fill({y.data(), n, 2.5f}, queue_of(3));
    for (size_t i = 0; i < static_cast<size_t>(n); ++i) CHECK(y[i] == 2.5f);
    CHECK(y.back() == kUntouched);
  }
}

TEST(rows_are_encoded_and_decoded_as_the_codec_does) {
  constexpr int64_t kWidth = 64;
  const Floats x = random_vector(kM * kWidth, 3);
  for (const DType dtype : {DType::kF32, DType::kF16, DType::kBF16, DType::kQ8_0}) {
    const size_t n_bytes = static_cast<size_t>(kM * row_bytes(dtype, kWidth));
    std::vector<std::byte> encoded(n_bytes), expected(n_bytes);
    quantize(dtype, x.data(), expected.data(), kM * kWidth);
    reference_table().encode_rows({x.data(), dtype, encoded.data(), kM, kWidth}, queue_of(3));
    CHECK(encoded == expected);
    std::vector<int32_t> ids;  // every second row, the last one first
    for (int64_t m = kM - 1; m >= 0; --m) ids.push_back(static_cast<int32_t>(2 * m));
    std::vector<std::byte> placed(2 * n_bytes, std::byte{7});
    reference_table().encode_rows({x.data(), dtype, placed.data(), kM, kWidth, ids.data()}, queue_of(3));
    const size_t one = n_bytes / static_cast<size_t>(kM);
    for (size_t m = 0; m < static_cast<size_t>(kM); ++m) {
      const size_t at = static_cast<size_t>(ids[m]) * one;
      CHECK(std::memcmp(&placed[at], &expected[m * one], one) == 0);
      CHECK(placed[at + one] == std::byte{7} && placed[at + 2 * one - 1] == std::byte{7});
    }
    Floats floats(x.size()), wanted(x.size());
    dequantize(dtype, expected.data(), wanted.data(), kM * kWidth);
    reference_table().decode_rows({{encoded.data(), dtype, kM, kWidth}, floats.data()}, queue_of(3));
    CHECK(floats == wanted);
  }
}

TEST(merged_rows_are_decoded_added_to_and_encoded) {
  constexpr int64_t kN = 13, kK = 5 * 256;
  const Floats values = random_vector(kN * kK, 5);
  for (const DType from : {DType::kF32, DType::kQ4_0, DType::kQ4_K})
    for (const DType to : {DType::kF32, DType::kBF16, DType::kQ4_0, DType::kQ4_K, DType::kIQ4_NL})
      for (const int64_t rank : {0, 1, 4, 7}) {
        std::vector<std::byte> w(static_cast<size_t>(kN * row_bytes(from, kK)));
        quantize(from, values.data(), w.data(), kN * kK);
        const Floats a = random_vector(rank * kK, 6);
        Floats b = random_vector(kN * rank, 7), floats(values.size());
        std::fill_n(b.begin() + 2 * rank, rank, 0.0f);  // nothing is added to row 2
        dequantize(from, w.data(), floats.data(), kN * kK);
        std::vector<double> sums(floats.begin(), floats.end());
        for (int64_t n = 0; n < kN; ++n)
          for (int64_t r = 0; r < rank; ++r)
            for (int64_t k = 0; k < kK; ++k)
              sums[static_cast<size_t>(n * kK + k)] += static_cast<double>(0.3f) *
                                                       b[static_cast<size_t>(n * rank + r)] *
                                                       static_cast<double>(a[static_cast<size_t>(r * kK + k)]);
        for (size_t i = 0; i < sums.size(); ++i) floats[i] = static_cast<float>(sums[i]);
        std::vector<std::byte> merged(static_cast<size_t>(kN * row_bytes(to, kK))), expected(merged.size());
        quantize(to, floats.data(), expected.data(), kN * kK);
        const size_t kept = rank == 0 ? 0 : 2, n_kept = rank == 0 ? kN : 1, n_bytes = merged.size() / kN;
        if (from == to) std::copy_n(w.begin() + kept * n_bytes, n_kept * n_bytes, expected.begin() + kept * n_bytes);
        for (const int n_threads : {1, 3}) {
          reference_table().merge_rows({{w.data(), from, kN, kK}, a.data(), b.data(), rank, 0.3f, to, merged.data()},
                                       queue_of(n_threads));
          CHECK(merged == expected);
        }
      }
}

TEST(column_squares_add_up) {
  constexpr int64_t kK = 600;
  const Floats x = random_vector(kM * kK, 4);
  std::vector<double> sums(kK, 1.0);
  reference_table().column_squares({x.data(), kM, kK, sums.data()}, queue_of(3));
  for (size_t c = 0; c < kK; ++c) {
    double sum = 1.0;
    for (size_t m = 0; m < kM; ++m) sum += static_cast<double>(x[m * kK + c]) * x[m * kK + c];
    CHECK(sums[c] == sum);
  }
}

TEST(uniform_fills_the_bounds_and_depends_on_seed_and_stream) {
  constexpr int64_t kN = 20000;
  const auto draw = [](uint64_t seed, uint64_t stream, int n_threads) {
    Floats y(kN);
    reference_table().uniform({y.data(), kN, 0.25f, seed, stream}, queue_of(n_threads));
    return y;
  };
  const Floats y = draw(1, 2, 1);
  CHECK(y == draw(1, 2, 3));
  CHECK(y != draw(2, 2, 1));
  CHECK(y != draw(1, 3, 1));
  double mean = 0, largest = 0;
  for (const float v : y) {
    mean += v / kN;
    largest = std::fmax(largest, std::fabs(v));
  }
  CHECK(largest <= 0.25 && largest > 0.249);
  CHECK(std::fabs(mean) < 0.005);
}

TEST(rope_tables_turn_by_position_times_frequency) {
  const int32_t positions[] = {0, 1, 7, 100000};
  const double frequencies[] = {1.0, 0.25, 1e-4};
  Floats cosines(12), sines(12);
  reference_table().rope_table({positions, frequencies, cosines.data(), sines.data(), 4, 3, 1.5f}, queue_of(2));
  for (size_t t = 0; t < 4; ++t)
    for (size_t i = 0; i < 3; ++i) {
      CHECK(cosines[t * 3 + i] == static_cast<float>(1.5 * std::cos(positions[t] * frequencies[i])));
      CHECK(sines[t * 3 + i] == static_cast<float>(1.5 * std::sin(positions[t] * frequencies[i])));
    }
}

TEST(position_factors_grow_in_steps) {
  const int32_t positions[] = {0, 7, 8, 15, 16};
  Floats factors(5);
  reference_table().position_factors({positions, factors.data(), 5, 0.5f, 8}, queue_of(1));
  const double expected[] = {1.0, 1.0, 1.0 + 0.5 * std::log(2.0), 1.0 + 0.5 * std::log(2.0), 1.0 + 0.5 * std::log(3.0)};
  for (size_t i = 0; i < 5; ++i) CHECK(std::fabs(factors[i] - expected[i]) < 1e-6);
}
