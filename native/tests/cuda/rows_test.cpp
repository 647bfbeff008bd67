// Rows that move on the emulated device: the reference's bits.
#include "kernels/rows.h"

#include <cmath>
#include <cstring>

#include "kernels/change_rows.h"
#include "kernels/paths.h"
#include "kernels/positions.h"
#include "quant/codec.h"

using namespace chaku;
using namespace chaku::test;

namespace {

constexpr int64_t kM = 37, kD = 23;

}  // namespace

TEST(copies_between_strides) {
  const Floats x = random_vector(kM * 31, 1);
  for (const float scale : {1.0f, 3.0f})
    check_paths("copy_rows", kExact, [&](const KernelTable& table, Queue& queue) {
      Floats y(kM * 40, kUntouched);
      table.copy_rows({x.data(), 31, y.data(), 40, kM, kD, scale}, queue);
      return y;
    });
}

TEST(rows_go_where_ids_say) {
  const Floats x = random_vector(3 * kD, 2);
  const int32_t ids[] = {4, 0, 2};
  check_paths("scatter_rows", kExact, [&](const KernelTable& table, Queue& queue) {
    Floats y(5 * kD, kUntouched);
    table.scatter_rows({x.data(), ids, y.data(), 3, kD}, queue);
    return y;
  });
  const int32_t rows[] = {2, 0, 1, 1};
  for (const bool accumulate : {false, true})
    check_paths("combine_rows", kElementwise, [&](const KernelTable& table, Queue& queue) {
      Floats y(2 * kD, 0.5f);
      table.combine_rows({x.data(), rows, y.data(), 2, kD, 2, 0.75f, accumulate}, queue);
      return y;
    });
}

TEST(means_of_ranges) {
  const Floats x = random_vector(kM * kD, 5);
  const int32_t begins[] = {0, 36, 3, 3}, ends[] = {37, 37, 4, 20};
  check_paths("mean_rows", kExact, [&](const KernelTable& table, Queue& queue) {
    Floats y(4 * kD, kUntouched);
    table.mean_rows({x.data(), begins, ends, y.data(), 4, kD}, queue);
    return y;
  });
}

TEST(rows_are_encoded_as_the_codec_does) {
  constexpr int64_t kWidth = 64;
  Floats x = random_vector(kM * kWidth, 3);
  x[5] = 1e6f;
  x[70] = -1e30f;
  std::fill_n(x.begin() + 2 * kWidth, kWidth, 0.0f);
  std::vector<int32_t> ids;  // every second row, the last one first
  for (int64_t m = kM - 1; m >= 0; --m) ids.push_back(static_cast<int32_t>(2 * m));
  for (const DType dtype : {DType::kF32, DType::kF16, DType::kBF16, DType::kQ8_0})
    for (const bool placed : {false, true}) {
      const auto encode = [&](const KernelTable& table, int order) {
        std::vector<std::byte> y(static_cast<size_t>(2 * kM * row_bytes(dtype, kWidth)), std::byte{7});
        table.encode_rows({x.data(), dtype, y.data(), kM, kWidth, placed ? ids.data() : nullptr}, queue_of(order));
        return y;
      };
      const auto expected = encode(reference_table(), 1);
      for (const int order : {1, 2, 3}) CHECK(encode(emulated_float32_table(), order) == expected);
    }
}

// From every format into those of each kind of search; row 2 has nothing added to it.
TEST(merged_rows_have_the_reference_s_bits) {
  constexpr int64_t kN = 5, kK = 2 * 256, kRank = 5;
  const Floats a = random_vector(kRank * kK, 6);
  Floats b = random_vector(kN * kRank, 7);
  std::fill_n(b.begin() + 2 * kRank, kRank, 0.0f);
  for (const DType from : all_dtypes()) {
    const Weights w = random_weights(from, kN, kK, 8);
    for (const DType to : {from, DType::kF32, DType::kBF16, DType::kQ5_1, DType::kQ4_K, DType::kQ6_K, DType::kIQ4_NL}) {
      if (!can_quantize(to)) continue;
      const auto merge = [&](const KernelTable& table, int order) {
        std::vector<std::byte> y(static_cast<size_t>(kN * row_bytes(to, kK)), std::byte{7});
        table.merge_rows({w.matrix, a.data(), b.data(), kRank, 0.3f, to, y.data()}, queue_of(order));
        return y;
      };
      const auto expected = merge(reference_table(), 1);
      for (const int order : {1, 3})
        if (merge(emulated_float32_table(), order) != expected)
          report(dtype_info(from).name, order, std::string("other bits in ") + dtype_info(to).name);
    }
  }
}

// More rows than the scratch memory of an emulated device holds, which is 1 MiB: parts follow one another.
TEST(many_rows_come_in_parts) {
  constexpr int64_t kN = 300, kK = 1024, kRank = 2;
  const Floats x = random_vector(kN * kK, 10), a = random_vector(kRank * kK, 11), b = random_vector(kN * kRank, 12),
               v = random_vector(kK * kRank, 13, 0.1f);
  Floats importance = random_vector(kK, 14);
  for (float& w : importance) w = std::fabs(w);
  std::vector<std::byte> base(static_cast<size_t>(kN * row_bytes(DType::kQ8_0, kK)));
  quantize(DType::kQ8_0, x.data(), base.data(), kN * kK);
  const auto all = [&](const KernelTable& table) {
    std::vector<std::byte> y(4 * base.size(), std::byte{7});
    std::byte* const at[] = {y.data(), y.data() + base.size(), y.data() + 2 * base.size(), y.data() + 3 * base.size()};
    table.merge_rows({{base.data(), DType::kQ8_0, kN, kK}, a.data(), b.data(), kRank, 0.3f, DType::kQ8_0, at[0]},
                     queue_of(1));
    table.encode_rows({x.data(), DType::kQ5_0, at[1], kN, kK, nullptr, importance.data()}, queue_of(1));
    table.round_along({DType::kQ8_0, x.data(), base.data(), nullptr, v.data(), v.data(), at[2], kN, kK, kRank},
                      queue_of(1));
    std::vector<ChangeSums> sums(static_cast<size_t>(kN));
    table.compare_change({x.data(), x.data(), DType::kQ8_0, at[0], nullptr, sums.data(), nullptr, kN, kK}, queue_of(1));
    static_assert(kN * sizeof(ChangeSums) < kN * kK);
    std::memcpy(at[3], sums.data(), sums.size() * sizeof(ChangeSums));
    return y;
  };
  CHECK(all(emulated_float32_table()) == all(reference_table()));
}

TEST(lengths_of_rows_of_every_format) {
  constexpr int64_t kN = 5, kK = 2 * 256;
  for (const DType dtype : all_dtypes()) {
    const Weights w = random_weights(dtype, kN, kK, 9);
    const auto squares = [&](const KernelTable& table, int order) {
      std::vector<double> all(kN);
      table.row_squares({w.matrix, all.data()}, queue_of(order));
      return all;
    };
    const auto expected = squares(reference_table(), 1);
    for (const int order : {1, 2, 3})
      if (squares(emulated_float32_table(), order) != expected) report(dtype_info(dtype).name, order, "other bits");
  }
}

TEST(column_squares_add_up) {
  const Floats x = random_vector(kM * kD, 4);
  const auto sums = [&](const KernelTable& table) {
    std::vector<double> all(kD, 1.0);
    table.column_squares({x.data(), kM, kD, all.data()}, queue_of(1));
    return all;
  };
  CHECK(sums(emulated_float32_table()) == sums(reference_table()));
}

// The bits of the CPU, whatever the seed and the stream.
TEST(uniform_numbers) {
  for (const uint64_t seed : {uint64_t{1}, uint64_t{0xfedcba9876543210}})
    check_paths("uniform", kExact, [&](const KernelTable& table, Queue& queue) {
      Floats y(1001);
      table.uniform({y.data(), 1001, 0.25f, seed, 3}, queue);
      return y;
    });
}

TEST(tables_of_positions) {
  const int32_t positions[] = {0, 1, 7, 100000};
  const double frequencies[] = {1.0, 0.25, 1e-4};
  check_paths("rope_table", kExact, [&](const KernelTable& table, Queue& queue) {
    Floats y(24);
    table.rope_table({positions, frequencies, y.data(), y.data() + 12, 4, 3, 1.5f}, queue);
    return y;
  });
  check_paths("position_factors", kExact, [&](const KernelTable& table, Queue& queue) {
    Floats y(4);
    table.position_factors({positions, y.data(), 4, 0.5f, 8}, queue);
    return y;
  });
}

TEST(dots_of_rows) {
  for (const int64_t d : {1, 33, 700}) {
    const Floats a = random_vector(kM * d, 6), b = random_vector(kM * d, 7);
    check_paths("row_dots", kProduct, [&](const KernelTable& table, Queue& queue) {
      Floats y(kM);
      table.row_dots({a.data(), b.data(), y.data(), kM, d}, queue);
      return y;
    });
  }
}
