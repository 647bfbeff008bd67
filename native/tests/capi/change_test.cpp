// Changes of rows through the C interface: what comes out, and what is refused.
#include "capi/support.h"

using namespace chaku::test;

namespace {

constexpr int32_t kF32 = 0, kQ8_0 = 8;
constexpr int64_t kRows = 2, kColumns = 64, kRank = 2;

struct Rows {
  float base[kRows * kColumns], wanted[kRows * kColumns], along[kColumns * kRank], aims[kColumns * kRank];
  double coefficients[kRows * kRank] = {0.5, -0.25, 1, 0};
  float directions[kRank * kColumns];
  unsigned char blocks[136], written[136];

  Rows() {
    for (int i = 0; i < kRows * kColumns; ++i) base[i] = static_cast<float>((i * 37) % 101 - 50) / 13;
    for (int i = 0; i < kRank * kColumns; ++i) directions[i] = static_cast<float>((i * 29) % 17 - 8) / 100;
    for (int i = 0; i < kRank * kColumns; ++i) aims[i] = (along[i] = directions[i]) / 2;
    CHECK_OK(chaku_quantize(kQ8_0, base, kRows * kColumns, nullptr, 0, blocks, 136));
    CHECK_OK(chaku_dequantize(kQ8_0, blocks, 136, base, kRows * kColumns));
    CHECK_OK(chaku_add_low_rank(base, kRows, kColumns, coefficients, directions, kRank, wanted));
  }

  chaku_rounding rounding() {
    auto r = sized<chaku_rounding>();
    r.dtype = kQ8_0;
    r.n_rows = kRows;
    r.n_columns = kColumns;
    r.rank = kRank;
    r.values = wanted;
    r.base = blocks;
    r.along = along;
    r.aims = aims;
    return r;
  }

  chaku_change change() {
    auto c = sized<chaku_change>();
    c.dtype = kQ8_0;
    c.n_rows = kRows;
    c.n_columns = kColumns;
    c.base = base;
    c.wanted = wanted;
    c.written = written;
    return c;
  }
};

}  // namespace

TEST(formats_say_whether_they_have_levels) {
  auto info = sized<chaku_dtype_info>();
  CHECK_OK(chaku_dtype_describe(kQ8_0, &info));
  CHECK_EQ(info.has_levels, 1);
  CHECK_OK(chaku_dtype_describe(kF32, &info));
  CHECK_EQ(info.has_levels, 0);
}

TEST(a_change_is_added_rounded_and_compared) {
  Rows rows;
  for (int i = 0; i < kColumns; ++i)
    CHECK(rows.wanted[i] == static_cast<float>(rows.base[i] + 0.5 * static_cast<double>(rows.directions[i]) -
                                               0.25 * static_cast<double>(rows.directions[kColumns + i])));
  chaku_rounding rounding = rows.rounding();
  CHECK_OK(chaku_round_along(&rounding, rows.written, 136));
  chaku_change change = rows.change();
  auto plain = sized<chaku_change_sums>(), weighted = sized<chaku_change_sums>();
  CHECK_OK(chaku_compare_change(&change, &plain, &weighted));
  CHECK(plain.wanted > 0 && std::fabs(plain.common / plain.wanted - 1) < 0.1 && plain.lost < 0.2 * plain.wanted);
  CHECK(weighted.wanted == plain.wanted && weighted.common == plain.common && weighted.lost == plain.lost);
  float weights[kColumns] = {};
  weights[3] = 2;
  change.weights = weights;
  CHECK_OK(chaku_compare_change(&change, &plain, &weighted));
  const float first = rows.wanted[3] - rows.base[3], second = rows.wanted[67] - rows.base[67];
  CHECK(std::fabs(weighted.wanted - 2.0 * (double{first} * first + double{second} * second)) <= 1e-12);
}

TEST(no_rows_are_no_work) {
  Rows rows;
  CHECK_OK(chaku_add_low_rank(nullptr, 0, kColumns, nullptr, nullptr, 3, nullptr));
  chaku_rounding rounding = rows.rounding();
  rounding.n_rows = 0;
  CHECK_OK(chaku_round_along(&rounding, nullptr, 0));
  chaku_change change = rows.change();
  change.n_rows = 0;
  auto plain = sized<chaku_change_sums>(), weighted = sized<chaku_change_sums>();
  plain.lost = 7;
  CHECK_OK(chaku_compare_change(&change, &plain, &weighted));
  CHECK(plain.wanted == 0 && plain.lost == 0);
}

TEST(misuse) {
  Rows rows;
  const auto adds = [&](int64_t n_rows, int64_t n_columns, int64_t rank, const double* c) {
    return chaku_add_low_rank(rows.base, n_rows, n_columns, c, rows.directions, rank, rows.wanted);
  };
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, adds(-1, kColumns, kRank, rows.coefficients));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, adds(INT64_MAX, kColumns, kRank, rows.coefficients));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, adds(kRows, 0, kRank, rows.coefficients));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, adds(kRows, kColumns, -1, rows.coefficients));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, adds(kRows, kColumns, kRank, nullptr));
  const auto rounds = [&](auto change, int64_t n_bytes) {
    chaku_rounding r = rows.rounding();
    change(r);
    return chaku_round_along(&r, rows.written, n_bytes);
  };
  CHECK_FAILS(CHAKU_UNSUPPORTED, rounds([](auto& r) { r.dtype = kF32; }, 512));
  CHECK_FAILS(CHAKU_UNSUPPORTED, rounds([](auto& r) { r.dtype = 99; }, 136));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, rounds([](auto& r) { r.size = 8; }, 136));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, rounds([](auto& r) { r.n_columns = 63; }, 136));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, rounds([](auto& r) { r.n_columns = int64_t{1} << 40; }, 136));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, rounds([](auto& r) { r.rank = 4097; }, 136));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, rounds([](auto& r) { r.along = nullptr; }, 136));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, rounds([](auto& r) { r.values = nullptr; }, 136));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, rounds([](auto&) {}, 135));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, rounds([&](auto& r) { r.base = rows.written; }, 136));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_round_along(nullptr, rows.written, 136));
  auto plain = sized<chaku_change_sums>(), weighted = sized<chaku_change_sums>();
  chaku_change change = rows.change();
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_compare_change(&change, &plain, nullptr));
  change.written = nullptr;
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_compare_change(&change, &plain, &weighted));
  change = rows.change();
  change.n_columns = 63;
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_compare_change(&change, &plain, &weighted));
}
