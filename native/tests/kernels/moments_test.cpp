#include "kernels/moments.h"

#include <cmath>

#include "paths.h"

using namespace chaku;
using namespace chaku::test;

namespace {

constexpr int64_t kSizes[] = {1, 255, 256, 257, 300, 4096, 33001};

// Of many orders of magnitude, zeros among them.
Floats moments(int64_t n, MomentCode code) {
  Floats x = random_vector(n, 1);
  const Floats orders = random_vector(n, 2, 4.0f);
  for (size_t i = 0; i < x.size(); ++i) {
    x[i] = i % 19 == 3 ? 0.0f : x[i] * std::exp(orders[i]);
    if (code == MomentCode::kRoot) x[i] *= x[i];
  }
  return x;
}

struct Encoded {
  std::vector<uint8_t> codes;
  Floats scales;
};

Encoded encode(const KernelTable& table, Queue& queue, const Floats& x, MomentCode code, bool draw,
               uint64_t stream = 7) {
  const int64_t n = static_cast<int64_t>(x.size());
  Encoded e{std::vector<uint8_t>(x.size()), Floats(static_cast<size_t>((n + kMomentBlock - 1) / kMomentBlock))};
  table.encode_moments({.x = x.data(),
                        .codes = e.codes.data(),
                        .scales = e.scales.data(),
                        .n = n,
                        .code = code,
                        .draw = draw,
                        .seed = 0x123456789abcdef0u,
                        .stream = stream,
                        .first_draw = 512},
                       queue);
  return e;
}

Floats decode(const KernelTable& table, Queue& queue, const Encoded& e, MomentCode code) {
  Floats x(e.codes.size(), kUntouched);
  table.decode_moments({.codes = e.codes.data(),
                        .scales = e.scales.data(),
                        .x = x.data(),
                        .n = static_cast<int64_t>(x.size()),
                        .code = code},
                       queue);
  return x;
}

constexpr MomentCode kCodes[] = {MomentCode::kSigned, MomentCode::kRoot};

}  // namespace

// The same bits on every path: a run may move to another machine.
TEST(all_paths_have_the_same_codes) {
  for (const MomentCode code : kCodes)
    for (const bool draw : {false, true})
      for (const int64_t n : kSizes) {
        const Floats x = moments(n, code);
        check_paths("moments n" + std::to_string(n), kExact, [&](const KernelTable& table, Queue& queue) {
          const Encoded e = encode(table, queue, x, code, draw);
          Floats out = decode(table, queue, e, code);
          out.insert(out.end(), e.codes.begin(), e.codes.end());
          out.insert(out.end(), e.scales.begin(), e.scales.end());
          return out;
        });
      }
}

TEST(errors_are_steps_of_the_grid) {
  Queue& queue = queue_of(2);
  const KernelTable& table = reference_table();
  for (const MomentCode code : kCodes) {
    const Floats x = moments(4096, code);
    const Encoded e = encode(table, queue, x, code, false);
    const Floats back = decode(table, queue, e, code);
    const double step = code == MomentCode::kRoot ? 1.0 / 16 + 0.002 : 1.0 / 16;  // of a square, twice 1/32
    for (size_t i = 0; i < x.size(); ++i) {
      const double largest = e.scales[i / kMomentBlock];
      const double smallest = (code == MomentCode::kRoot ? largest * largest * 0x1p-31 : largest * 0x1p-15);
      if (x[i] == 0.0f) CHECK_EQ(back[i], 0.0f);
      if (code == MomentCode::kRoot && x[i] > 0.0f) CHECK(back[i] > 0.0f);
      if (std::fabs(x[i]) > smallest) CHECK(std::fabs(back[i] - x[i]) <= step * std::fabs(x[i]));
      if (std::fabs(x[i]) <= smallest) CHECK(std::fabs(back[i]) <= 1.2 * smallest);
    }
  }
}

// What a checkpoint holds, the decoded numbers, gives the same bits again.
TEST(decoded_moments_are_encoded_to_what_they_were) {
  Queue& queue = queue_of(2);
  const KernelTable& table = reference_table();
  for (const MomentCode code : kCodes)
    for (const float size : {1e-11f, 1e-3f, 1.0f, 1e12f}) {
      Floats x = moments(4096, code);
      for (float& v : x) v *= size;
      const Encoded e = encode(table, queue, x, code, true);
      const Encoded again = encode(table, queue, decode(table, queue, e, code), code, false);
      CHECK(e.codes == again.codes);
      CHECK(e.scales == again.scales);
    }
}

// Drawn rounding is right on average, where the nearest is always the same.
TEST(draws_have_no_bias) {
  Queue& queue = queue_of(2);
  const KernelTable& table = reference_table();
  for (const MomentCode code : kCodes) {
    Floats x(256, code == MomentCode::kRoot ? 0.26f * 0.26f : 0.26f);
    x[0] = 1.0f;
    double sum = 0.0;
    constexpr int kTimes = 200;
    for (int t = 0; t < kTimes; ++t) {
      const Floats back = decode(table, queue, encode(table, queue, x, code, true, static_cast<uint64_t>(t)), code);
      CHECK_EQ(back[0], 1.0f);
      for (size_t i = 1; i < back.size(); ++i)
        sum += code == MomentCode::kRoot ? std::sqrt(static_cast<double>(back[i])) : static_cast<double>(back[i]);
    }
    CHECK(std::fabs(sum / (kTimes * 255.0) - 0.26) < 2e-4);
  }
}

// Rounded to the nearest, moments that change by a thousandth a step would stand still against their block's largest.
TEST(small_changes_are_not_lost) {
  Queue& queue = queue_of(2);
  const KernelTable& table = reference_table();
  Floats x(256, 0.01f);
  x[0] = 1.0f;
  for (uint64_t t = 0; t < 2000; ++t) {
    for (size_t i = 1; i < x.size(); ++i) x[i] = 0.999f * x[i] + 0.001f * 0.04f;
    x[0] = 1.0f;
    x = decode(table, queue, encode(table, queue, x, MomentCode::kRoot, true, t), MomentCode::kRoot);
  }
  const double expected = 0.04 + (0.01 - 0.04) * std::pow(0.999, 2000);
  double sum = 0.0;
  for (size_t i = 1; i < x.size(); ++i) sum += x[i];
  CHECK(std::fabs(sum / 255.0 - expected) < 0.05 * expected);
}

TEST(tiny_blocks_are_zeros) {
  Queue& queue = queue_of(2);
  for (const MomentCode code : kCodes) {
    const Floats x(300, code == MomentCode::kRoot ? 1e-26f : 1e-13f);
    const Encoded e = encode(reference_table(), queue, x, code, false);
    CHECK(decode(reference_table(), queue, e, code) == Floats(300, 0.0f));
  }
}
