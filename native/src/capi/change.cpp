#include <vector>

#include "capi/boundary.h"
#include "capi/caller.h"
#include "capi/formats.h"
#include "kernels/table.h"
#include "quant/code_grid.h"

using namespace chaku;

namespace {

int64_t elements(const char* op, int64_t n_rows, int64_t n_columns) {
  int64_t n = 0;
  if (n_rows < 0 || n_columns < 1 || __builtin_mul_overflow(n_rows, n_columns, &n))
    fail(Code::kInvalidArgument, "[%s] expected n_rows >= 0 and n_columns >= 1, got %lld and %lld", op,
         static_cast<long long>(n_rows), static_cast<long long>(n_columns));
  return n;
}

void check_rank(const char* op, int64_t rank, int64_t most) {
  if (rank < 0 || rank > most)
    fail(Code::kInvalidArgument, "[%s] expected a rank in 0..%lld, got %lld", op, static_cast<long long>(most),
         static_cast<long long>(rank));
}

void check_rounding(const chaku_rounding& r, int64_t dst_bytes) {
  const DTypeInfo& info = capi::require_dtype("round_along", r.dtype);
  if (!can_choose_codes(static_cast<DType>(r.dtype)))
    fail(Code::kUnsupported, "[round_along] expected a format with levels, got %s", info.name);
  const int64_t n = elements("round_along", r.n_rows, r.n_columns);
  if (r.n_columns > kMaxRoundedColumns || r.n_columns % info.block_elements != 0)
    fail(Code::kInvalidArgument, "[round_along] expected n_columns in whole blocks of %d and up to %lld, got %lld",
         info.block_elements, static_cast<long long>(kMaxRoundedColumns), static_cast<long long>(r.n_columns));
  capi::check_sizes("round_along", info, n, dst_bytes);
  check_rank("round_along", r.rank, kMaxRoundedRank);
  if (n == 0) return;
  capi::require("round_along", "values", r.values);
  if (r.rank > 0) {
    capi::require("round_along", "along", r.along);
    capi::require("round_along", "aims", r.aims);
  }
}

void add_up(const std::vector<ChangeSums>& rows, chaku_change_sums& out) noexcept {
  ChangeSums sums{};
  for (const ChangeSums& row : rows) {
    sums.wanted += row.wanted;
    sums.common += row.common;
    sums.lost += row.lost;
  }
  out.wanted = sums.wanted;
  out.common = sums.common;
  out.lost = sums.lost;
}

}  // namespace

extern "C" chaku_status chaku_add_low_rank(const float* src, int64_t n_rows, int64_t n_columns,
                                           const double* coefficients, const float* directions, int64_t rank,
                                           float* dst) {
  return capi::guarded("add_low_rank", [&] {
    const int64_t n = elements("add_low_rank", n_rows, n_columns);
    check_rank("add_low_rank", rank, INT32_MAX);
    if (n == 0) return;
    capi::require("add_low_rank", "src", src);
    capi::require("add_low_rank", "dst", dst);
    if (rank > 0) {
      capi::require("add_low_rank", "coefficients", coefficients);
      capi::require("add_low_rank", "directions", directions);
    }
    select_table(CpuPath::kAuto)
        .add_low_rank({src, coefficients, directions, dst, n_rows, n_columns, rank}, capi::queue_of_caller());
  });
}

extern "C" chaku_status chaku_round_along(const chaku_rounding* rounding, void* dst, int64_t dst_bytes) {
  return capi::guarded("round_along", [&] {
    const chaku_rounding& r = capi::require_struct("round_along", "rounding", rounding);
    check_rounding(r, dst_bytes);
    if (dst_bytes == 0) return;
    if (dst == nullptr || dst == r.base)
      fail(Code::kInvalidArgument, "[round_along] expected dst other than base, got %s",
           dst == nullptr ? "null" : "it");
    select_table(CpuPath::kAuto)
        .round_along({static_cast<DType>(r.dtype), r.values, r.base, r.importance, r.along, r.aims, dst, r.n_rows,
                      r.n_columns, r.rank},
                     capi::queue_of_caller());
  });
}

extern "C" chaku_status chaku_compare_change(const chaku_change* change, chaku_change_sums* plain,
                                             chaku_change_sums* weighted) {
  return capi::guarded("compare_change", [&] {
    const chaku_change& c = capi::require_struct("compare_change", "change", change);
    chaku_change_sums& all = capi::require_struct("compare_change", "plain", plain);
    chaku_change_sums& by_weight = capi::require_struct("compare_change", "weighted", weighted);
    const DTypeInfo& info = capi::require_dtype("compare_change", c.dtype);
    const int64_t n = elements("compare_change", c.n_rows, c.n_columns);
    if (c.n_columns % info.block_elements != 0)
      fail(Code::kInvalidArgument, "[compare_change] expected n_columns in whole blocks of %d, got %lld",
           info.block_elements, static_cast<long long>(c.n_columns));
    if (n > 0) {
      capi::require("compare_change", "base", c.base);
      capi::require("compare_change", "wanted", c.wanted);
      if (c.written == nullptr) fail(Code::kInvalidArgument, "[compare_change] expected written, got null");
    }
    const auto n_rows = static_cast<size_t>(n == 0 ? 0 : c.n_rows);
    std::vector<ChangeSums> sums(n_rows), weighted_sums(c.weights == nullptr ? 0 : n_rows);
    if (n > 0)
      select_table(CpuPath::kAuto)
          .compare_change({c.base, c.wanted, static_cast<DType>(c.dtype), c.written, c.weights, sums.data(),
                           c.weights == nullptr ? nullptr : weighted_sums.data(), c.n_rows, c.n_columns},
                          capi::queue_of_caller());
    add_up(sums, all);
    add_up(c.weights == nullptr ? sums : weighted_sums, by_weight);
  });
}
