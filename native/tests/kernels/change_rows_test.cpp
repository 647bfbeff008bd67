// Every path gives the reference's bits; what the reference gives is held to what a merge is for.
#include "kernels/change_rows.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "paths.h"
#include "quant/code_grid.h"
#include "quant/codec.h"
#include "quant/quick_codec.h"

using namespace chaku;
using namespace chaku::test;

namespace {

using Bytes = std::vector<std::byte>;

std::vector<DType> grids() {
  std::vector<DType> all;
  for (const DType dtype : all_dtypes())
    if (can_choose_codes(dtype)) all.push_back(dtype);
  return all;
}

// run(table, queue) of every path and some numbers of threads returns the same.
template <class Run>
void check_bits(const std::string& what, Run run) {
  const auto expected = run(reference_table(), queue_of(1));
  for (const KernelTable* table : tables_of_same_bits()) {
    for (const int n_threads : {1, 3})
      if (run(*table, queue_of(n_threads)) != expected) report(table->name, n_threads, what + ": other bits");
  }
}

// A base on a format's grid, a change of low rank, and the directions of the measure as a merge has them.
struct Change {
  DType dtype;
  int64_t m, k, rank;
  Floats base, wanted, v, u, importance;
  Bytes blocks;

  Change(DType format, int64_t rows, int64_t columns, int64_t n_directions, float size, uint64_t seed)
      : dtype(format), m(rows), k(columns), rank(n_directions), base(random_vector(m * k, seed)) {
    blocks.resize(static_cast<size_t>(m * row_bytes(dtype, k)));
    quantize(dtype, base.data(), blocks.data(), m * k);
    dequantize(dtype, blocks.data(), base.data(), m * k);
    const Floats d = random_vector(rank * k, seed + 1), weights = random_vector(m * rank, seed + 2, size);
    const std::vector<double> c(weights.begin(), weights.end());
    wanted.resize(base.size());
    reference_table().add_low_rank({base.data(), c.data(), d.data(), wanted.data(), m, k, rank}, queue_of(1));
    v.resize(d.size());
    for (int64_t i = 0; i < k; ++i)
      for (int64_t r = 0; r < rank; ++r)
        v[static_cast<size_t>(i * rank + r)] = std::sqrt(10.0f) * d[static_cast<size_t>(r * k + i)];
    aim();
    importance = random_vector(k, seed + 3);
    for (float& w : importance) w = std::fabs(w);
  }

  // u[k] = P v[k] / (1 + v[k] P v[k]), P the inverse of I plus the products of later columns' v.
  void aim() {
    const size_t n = static_cast<size_t>(rank);
    std::vector<double> p(n * n), pv(n);
    for (size_t r = 0; r < n; ++r) p[r * n + r] = 1;
    u.resize(v.size());
    for (size_t i = static_cast<size_t>(k); i-- > 0;) {
      double vpv = 0;
      for (size_t a = 0; a < n; ++a) {
        pv[a] = 0;
        for (size_t b = 0; b < n; ++b) pv[a] += p[a * n + b] * v[i * n + b];
        vpv += pv[a] * v[i * n + a];
      }
      for (size_t a = 0; a < n; ++a) {
        u[i * n + a] = static_cast<float>(pv[a] / (1 + vpv));
        for (size_t b = 0; b < n; ++b) p[a * n + b] -= pv[a] * pv[b] / (1 + vpv);
      }
    }
  }

  RoundAlongProblem problem(Bytes& y) const {
    y.assign(blocks.size(), std::byte{0xa5});
    return {dtype, wanted.data(), blocks.data(), nullptr, v.data(), u.data(), y.data(), m, k, rank};
  }

  Bytes round(const KernelTable& table, Queue& queue) const {
    Bytes y;
    table.round_along(problem(y), queue);
    return y;
  }

  ChangeSums sums(const Bytes& written) const {
    std::vector<ChangeSums> rows(static_cast<size_t>(m));
    reference_table().compare_change(
        {base.data(), wanted.data(), dtype, written.data(), nullptr, rows.data(), nullptr, m, k}, queue_of(1));
    ChangeSums all{};
    for (const ChangeSums& row : rows) {
      all.wanted += row.wanted;
      all.common += row.common;
      all.lost += row.lost;
    }
    return all;
  }

  double kept(const Bytes& written) const { return sums(written).common / sums(written).wanted; }

  Bytes plain() const {
    Bytes y(blocks.size());
    quantize(dtype, wanted.data(), y.data(), m * k);
    return y;
  }

  double error(const Bytes& written, int64_t row) const {
    Floats decoded(static_cast<size_t>(k));
    dequantize(dtype, written.data() + row * row_bytes(dtype, k), decoded.data(), k);
    std::vector<double> along(static_cast<size_t>(rank));
    double error = 0;
    for (size_t i = 0; i < decoded.size(); ++i) {
      const double e = double{decoded[i]} - wanted[static_cast<size_t>(row * k) + i];
      error += e * e;
      for (size_t r = 0; r < along.size(); ++r) along[r] += v[i * along.size() + r] * e;
    }
    for (const double s : along) error += s * s;
    return error;
  }
};

}  // namespace

TEST(low_rank_products_are_added_in_order) {
  for (const auto& [m, k, rank] : {std::array<int64_t, 3>{1, 1, 1}, {7, 33, 3}, {21, 600, 16}, {5, 2048, 0}}) {
    const Floats x = random_vector(m * k, 1), d = random_vector(rank * k, 2), weights = random_vector(m * rank, 3);
    const std::vector<double> c(weights.begin(), weights.end());
    const auto run = [&](const KernelTable& table, Queue& queue) {
      Floats y(x.size() + 1, kUntouched);
      table.add_low_rank({x.data(), c.data(), d.data(), y.data(), m, k, rank}, queue);
      return y;
    };
    check_bits("add_low_rank", run);
    check_bits("add_low_rank in place", [&](const KernelTable& table, Queue& queue) {
      Floats y = x;
      table.add_low_rank({y.data(), c.data(), d.data(), y.data(), m, k, rank}, queue);
      return y;
    });
    const Floats y = run(reference_table(), queue_of(1));
    CHECK(y.back() == kUntouched);
    for (size_t row = 0; row < static_cast<size_t>(m); ++row)
      for (size_t i = 0; i < static_cast<size_t>(k); ++i) {
        double sum = x[row * static_cast<size_t>(k) + i];
        for (size_t r = 0; r < static_cast<size_t>(rank); ++r)
          sum += c[row * static_cast<size_t>(rank) + r] * double{d[r * static_cast<size_t>(k) + i]};
        CHECK(y[row * static_cast<size_t>(k) + i] == static_cast<float>(sum));
      }
  }
}

TEST(rounding_has_the_reference_bits_on_every_path) {
  for (const DType dtype : grids())
    for (const float size : {0.003f, 0.3f})
      for (const auto& [m, k, rank] : {std::array<int64_t, 3>{1, 256, 1}, {19, 512, 4}, {70, 768, 16}, {33, 256, 0}}) {
        const Change change(dtype, m, k, rank, size, static_cast<uint64_t>(dtype));
        const std::string name = dtype_info(dtype).name;
        check_bits(name, [&](const KernelTable& table, Queue& queue) { return change.round(table, queue); });
        check_bits(name + " with importance, without base", [&](const KernelTable& table, Queue& queue) {
          Bytes y;
          RoundAlongProblem p = change.problem(y);
          p.base = nullptr;
          p.importance = change.importance.data();
          table.round_along(p, queue);
          return y;
        });
      }
}

TEST(rows_of_32_element_blocks_may_end_within_a_tile) {
  for (const DType dtype : grids()) {
    if (dtype_info(dtype).block_elements != 32) continue;
    const Change change(dtype, 18, 32 * 11, 5, 0.01f, 3);
    check_bits(dtype_info(dtype).name,
               [&](const KernelTable& table, Queue& queue) { return change.round(table, queue); });
  }
}

TEST(a_row_does_not_depend_on_its_neighbours) {
  const Change all(DType::kQ4_K, 40, 512, 4, 0.1f, 7);
  const Bytes together = all.round(reference_table(), queue_of(1));
  for (const KernelTable* table : checked_tables()) {
    const auto n_bytes = static_cast<size_t>(row_bytes(all.dtype, all.k));
    for (int64_t row = 0; row < all.m; ++row) {
      Bytes y(n_bytes);
      table->round_along(
          {all.dtype, all.wanted.data() + row * all.k, all.blocks.data() + static_cast<size_t>(row) * n_bytes, nullptr,
           all.v.data(), all.u.data(), y.data(), 1, all.k, all.rank},
          queue_of(1));
      CHECK(std::equal(y.begin(), y.end(), together.begin() + row * static_cast<int64_t>(n_bytes)));
    }
  }
}

// A change of a thirtieth of the steps: the quantizer keeps a part of it, rounding along its directions nearly all.
TEST(a_small_change_is_kept) {
  for (const DType dtype : grids()) {
    const bool coarse = dtype == DType::kQ2_K || dtype == DType::kQ3_K || dtype == DType::kMXFP4;
    const float size = dtype == DType::kQ8_0 ? 0.0005f : coarse ? 0.02f : 0.004f;
    const Change change(dtype, 40, 1024, 8, size, 11);
    const double kept = change.kept(change.round(reference_table(), queue_of(1))), plain = change.kept(change.plain());
    if (!(std::fabs(1 - kept) < 0.05 && std::fabs(1 - kept) < std::fabs(1 - plain) / 2))
      report(dtype_info(dtype).name, 0, "keeps " + std::to_string(kept) + ", the quantizer " + std::to_string(plain));
  }
}

// By construction with few directions; with more, rounding each value by itself errs along them far too much.
TEST(no_row_is_worse_than_the_quantizers_where_the_range_ends) {
  for (const DType dtype : grids())
    for (const int64_t rank : {1, 3, 4, 7, 8, 16}) {
      const Change change(dtype, 24, 512, rank, 0.7f, 13);
      const Bytes rounded = change.round(reference_table(), queue_of(1)), plain = change.plain();
      for (int64_t row = 0; row < change.m; ++row)
        if (!(change.error(rounded, row) <= change.error(plain, row) * (1 + 1e-5)))
          report(dtype_info(dtype).name, static_cast<int>(row), "is worse than the quantizer");
    }
}

// The scales of a quick search err a little more than the quantizer's, not much.
TEST(a_quick_search_errs_little_more) {
  for (const DType dtype : grids()) {
    const Change change(dtype, 64, 512, 1, 0.5f, 19);
    Bytes quick(change.blocks.size());
    quantize_quickly(dtype, change.wanted.data(), quick.data(), change.m * change.k, nullptr);
    const double lost = change.sums(quick).lost, full = change.sums(change.plain()).lost;
    if (!(lost <= 1.1 * full))
      report(dtype_info(dtype).name, 0, std::to_string(lost / full) + " times the error of the full search");
  }
}

TEST(zeros_and_extremes_have_the_same_bits) {
  for (const DType dtype : grids())
    for (const float size : {0.0f, 1e-30f, 1e-9f, 6e4f}) {
      Change change(dtype, 5, 512, 3, 0.0f, 17);
      for (size_t i = 0; i < change.wanted.size(); ++i)
        change.wanted[i] = size * std::clamp(change.base[i], -1.0f, 1.0f);
      check_bits(dtype_info(dtype).name,
                 [&](const KernelTable& table, Queue& queue) { return change.round(table, queue); });
      std::fill(change.blocks.begin(), change.blocks.end(), std::byte{0});
      check_bits(std::string(dtype_info(dtype).name) + " over zeros",
                 [&](const KernelTable& table, Queue& queue) { return change.round(table, queue); });
    }
}

TEST(changes_are_compared_in_one_order) {
  for (const auto& [m, k] : {std::array<int64_t, 2>{1, 1}, {3, 37}, {9, 512}, {20, 300}}) {
    const Floats base = random_vector(m * k, 1), wanted = random_vector(m * k, 2), written = random_vector(m * k, 3);
    Floats weights = random_vector(k, 4);
    for (float& w : weights) w = std::fabs(w);
    const auto run = [&](const KernelTable& table, Queue& queue) {
      std::vector<ChangeSums> sums(static_cast<size_t>(2 * m));
      table.compare_change(
          {base.data(), wanted.data(), DType::kF32, written.data(), weights.data(), sums.data(), sums.data() + m, m, k},
          queue);
      std::vector<double> flat;
      for (const ChangeSums& s : sums) flat.insert(flat.end(), {s.wanted, s.common, s.lost});
      return flat;
    };
    check_bits("compare_change", run);
    const std::vector<double> sums = run(reference_table(), queue_of(1));
    for (size_t row = 0; row < static_cast<size_t>(m); ++row) {
      double lost = 0, common = 0;
      for (size_t i = 0; i < static_cast<size_t>(k); ++i) {
        const size_t at = row * static_cast<size_t>(k) + i;
        lost += std::pow(double{written[at]} - wanted[at], 2);
        common += weights[i] * (double{wanted[at]} - base[at]) * (double{written[at]} - base[at]);
      }
      CHECK(std::fabs(sums[3 * row + 2] - lost) <= 1e-5 * lost);
      CHECK(std::fabs(sums[3 * (row + static_cast<size_t>(m)) + 1] - common) <= 1e-4 * (1 + std::fabs(common)));
    }
  }
}
