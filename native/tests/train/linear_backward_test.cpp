#include "train/linear_backward.h"

#include <algorithm>
#include <vector>

#include "base/random.h"
#include "float32_path.h"
#include "test.h"

using namespace chaku;

namespace {

constexpr int64_t kM = 5, kN = 7, kK = 9;
constexpr int32_t kR = 3;

std::vector<float> values(uint64_t stream, int64_t n) {
  const Philox random(1, stream);
  std::vector<float> v(static_cast<size_t>(n));
  for (size_t i = 0; i < v.size(); ++i) v[i] = random.normal(i);
  return v;
}

struct Fixture {
  Engine engine{2, test::float32_path()};
  std::vector<float> w = values(1, kN* kK), a = values(2, kR* kK), b = values(3, kN* kR), x = values(4, kM* kK),
                     dy = values(5, kM* kN), u = std::vector<float>(kM * kR), du = u,
                     dropped = std::vector<float>(kM * kK), dx = values(6, kM* kK);
  std::vector<float> dw = values(7, kN* kK), dbias = values(8, kN), da = values(9, kR* kK), db = values(10, kN* kR);
  Linear linear{{w.data(), DType::kF32, kN, kK}, nullptr};
  LowRank low_rank{a.data(), b.data(), kR, 0.5f};
  LinearGradient gradient;
  Decoder decoder;
  LinearBackwardCall call;

  Fixture() {
    decoder.engine = &engine;
    for (int64_t m = 0; m < kM; ++m)
      for (int64_t r = 0; r < kR; ++r)
        for (int64_t k = 0; k < kK; ++k) u[static_cast<size_t>(m * kR + r)] += x[m * kK + k] * a[r * kK + k];
    call.x = x.data();
    call.dy = dy.data();
    call.dx = dx.data();
    call.m = kM;
    call.linear = &linear;
    call.gradient = &gradient;
    call.low_rank_out = u.data();
    call.dropped = dropped.data();
    call.scale = 0.25f;
  }

  // dx by the formula, on top of `base`.
  std::vector<float> expected_dx(const std::vector<float>& base, bool with_low_rank) const {
    std::vector<float> e = base;
    for (int64_t m = 0; m < kM; ++m)
      for (int64_t k = 0; k < kK; ++k) {
        double sum = 0;
        for (int64_t n = 0; n < kN; ++n) {
          double weight = w[n * kK + k];
          for (int64_t r = 0; with_low_rank && r < kR; ++r) weight += 0.5 * b[n * kR + r] * a[r * kK + k];
          sum += 0.25 * dy[m * kN + n] * weight;
        }
        e[static_cast<size_t>(m * kK + k)] += static_cast<float>(sum);
      }
    return e;
  }
};

}  // namespace

TEST(frozen_product_gives_the_input_gradient_alone) {
  Fixture f;
  linears_backward(f.decoder, {&f.call, 1}, f.du.data());
  const auto expected = f.expected_dx(std::vector<float>(kM * kK, 0.0f), false);
  CHECK_CLOSE(f.dx.data(), expected.data(), kM * kK, 1e-5, 1e-5);
}

TEST(input_gradient_is_added_where_asked) {
  Fixture f;
  const auto expected = f.expected_dx(f.dx, true);
  f.gradient.a = f.da.data();
  f.gradient.b = f.db.data();
  f.call.low_rank = &f.low_rank;
  f.call.accumulate = true;
  linears_backward(f.decoder, {&f.call, 1}, f.du.data());
  CHECK_CLOSE(f.dx.data(), expected.data(), kM * kK, 1e-5, 1e-5);
}

TEST(low_rank_gradients_are_added) {
  Fixture f;
  auto da = f.da, db = f.db;
  for (int64_t m = 0; m < kM; ++m)
    for (int64_t r = 0; r < kR; ++r) {
      double du = 0;
      for (int64_t n = 0; n < kN; ++n) {
        du += 0.25 * 0.5 * f.dy[m * kN + n] * f.b[n * kR + r];
        db[n * kR + r] += static_cast<float>(0.25 * 0.5 * f.dy[m * kN + n] * f.u[m * kR + r]);
      }
      for (int64_t k = 0; k < kK; ++k) da[r * kK + k] += static_cast<float>(du * f.x[m * kK + k]);
    }
  f.gradient.a = f.da.data();
  f.gradient.b = f.db.data();
  f.call.low_rank = &f.low_rank;
  f.call.dx = nullptr;
  linears_backward(f.decoder, {&f.call, 1}, f.du.data());
  CHECK_CLOSE(f.da.data(), da.data(), kR * kK, 1e-5, 1e-5);
  CHECK_CLOSE(f.db.data(), db.data(), kN * kR, 1e-5, 1e-5);
}

TEST(weight_gradients_are_added_and_dx_may_be_x) {
  Fixture f;
  auto dw = f.dw, dbias = f.dbias;
  for (int64_t m = 0; m < kM; ++m)
    for (int64_t n = 0; n < kN; ++n) {
      dbias[n] += 0.25f * f.dy[m * kN + n];
      for (int64_t k = 0; k < kK; ++k) dw[n * kK + k] += 0.25f * f.dy[m * kN + n] * f.x[m * kK + k];
    }
  const auto expected = f.expected_dx(std::vector<float>(kM * kK, 0.0f), false);
  f.gradient.w = f.dw.data();
  f.gradient.bias = f.dbias.data();
  f.call.dx = f.x.data();
  linears_backward(f.decoder, {&f.call, 1}, f.du.data());
  CHECK_CLOSE(f.dw.data(), dw.data(), kN * kK, 1e-5, 1e-5);
  CHECK_CLOSE(f.dbias.data(), dbias.data(), kN, 1e-5, 1e-5);
  CHECK_CLOSE(f.x.data(), expected.data(), kM * kK, 1e-5, 1e-5);
}

// Two products of the same x: their gradients are those of each, and dx is the sum.
TEST(calls_of_the_same_input_add_up) {
  Fixture one, other, together;
  const auto set = [](std::vector<float>& to, const std::vector<float>& from) {
    std::copy(from.begin(), from.end(), to.begin());  // in place: calls point there
  };
  set(other.b, values(11, kN * kR));
  set(other.dy, values(12, kM * kN));
  for (Fixture* f : {&one, &other, &together}) {
    f->gradient.a = f->da.data();
    f->gradient.b = f->db.data();
    f->call.low_rank = &f->low_rank;
  }
  LinearBackwardCall calls[] = {together.call, together.call};
  const LowRank second = other.low_rank;
  std::vector<float> da = together.da, db = together.db, du(2 * kM * kR);
  const LinearGradient second_gradient{nullptr, nullptr, da.data(), db.data()};
  calls[1].low_rank = &second;
  calls[1].gradient = &second_gradient;
  calls[1].dy = other.dy.data();
  calls[1].accumulate = true;
  linears_backward(together.decoder, calls, du.data());

  linears_backward(one.decoder, {&one.call, 1}, one.du.data());
  set(other.dx, one.dx);
  other.call.accumulate = true;
  linears_backward(other.decoder, {&other.call, 1}, other.du.data());
  CHECK(together.da == one.da && together.db == one.db);
  CHECK(da == other.da && db == other.db);
  CHECK(together.dx == other.dx);
}
