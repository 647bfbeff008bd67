// The bfloat16 paths against the reference on operands that are rounded beforehand: products of bfloat16 are exact in
// float32, so that the usual tolerance of float32 sums holds. And against the reference on the operands as they are, to
// the three digits that bfloat16 has.
#include <algorithm>
#include <array>
#include <cmath>

#include "base/aligned_buffer.h"
#include "bf16_tables.h"
#include "product_data.h"

using namespace chaku;
using namespace chaku::test;

namespace {

// How close a path must be to the reference on rounded operands. Decoders that round a value differently before it is
// rounded to bfloat16 move a few of them across its borders.
enum class Decoding { kExact, kRounded };

// Runs on the bfloat16 paths with 1, 2 and 3 threads (equal bits), and on the reference with exact and with rounded
// operands; run(table, queue, w, activations) returns the outputs.
template <class Run>
void check(const std::string& what, const Matrix& w, const Floats& activations, double magnitude, Run run,
           Decoding decoding = Decoding::kExact) {
  Floats dense = decoded(w);
  magnitude *= root_mean_square(dense);
  dense = rounded(dense);
  const Matrix rounded_w = {dense.data(), DType::kF32, w.rows, w.columns};
  const Floats expected = run(reference_table(), queue_of(2), rounded_w, rounded(activations));
  const Floats exact = run(reference_table(), queue_of(2), w, activations);
  const int64_t n = static_cast<int64_t>(exact.size());
  for (const KernelTable* table : bf16_tables()) {
    const Floats actual = run(*table, queue_of(1), w, activations);
    const double error = worst_error(actual.data(), expected.data(), n, kProduct.absolute, kProduct.relative);
    if (!(error <= 1.0) && decoding == Decoding::kExact)
      report(table->name, 0, what + ": off by " + std::to_string(error) + " x the tolerance");
    const double loss =
        worst_error(actual.data(), exact.data(), n, kBf16Product.absolute * magnitude, kBf16Product.relative);
    if (!(loss <= 1.0)) report(table->name, 0, what + ": rounding cost " + std::to_string(loss) + " x the tolerance");
    for (const int n_threads : {2, 3})
      if (std::memcmp(run(*table, queue_of(n_threads), w, activations).data(), actual.data(),
                      actual.size() * sizeof(float)) != 0)
        report(table->name, 0, what + ": other bits with " + std::to_string(n_threads) + " threads");
  }
}

void check_products(DType dtype, Shape s, Decoding decoding = Decoding::kExact) {
  const Weights w = random_weights(dtype, s.n, s.k, 61);
  const Floats bias = random_vector(s.n, 62);
  const int64_t x_stride = s.k + 3, y_stride = s.n + 5;
  const double magnitude = std::sqrt(static_cast<double>(std::max(s.n, s.k)));
  check(
      describe("matmul", dtype, s), w.matrix, random_vector(s.m * x_stride, 63), magnitude,
      [&](const KernelTable& table, Queue& queue, const Matrix& weights, const Floats& x) {
        Floats y(static_cast<size_t>(s.m * y_stride), kUntouched);
        table.matmul({.x = x.data(),
                      .x_stride = x_stride,
                      .w = weights,
                      .bias = bias.data(),
                      .y = y.data(),
                      .y_stride = y_stride,
                      .m = s.m,
                      .scale = 0.5f,
                      .accumulate = false},
                     queue);
        return y;
      },
      decoding);
  check(
      describe("matmul_backward", dtype, s), w.matrix, random_vector(s.m * y_stride, 64), magnitude,
      [&](const KernelTable& table, Queue& queue, const Matrix& weights, const Floats& dy) {
        Floats dx(static_cast<size_t>(s.m * x_stride), 0.25f);
        table.matmul_backward({.dy = dy.data(),
                               .dy_stride = y_stride,
                               .w = weights,
                               .dx = dx.data(),
                               .dx_stride = x_stride,
                               .m = s.m,
                               .accumulate = true},
                              queue);
        return dx;
      },
      decoding);
}

// Products with a tail of rank r. The activations end with its rows, so that they are rounded with the others; its
// weight is rounded here, and its scale is a power of two.
void check_tails(DType dtype, Shape s, int64_t r) {
  const Weights w = random_weights(dtype, s.n, s.k, 161);
  const Floats b = rounded(random_vector(s.n * r, 162)), a = rounded(random_vector(r * s.k, 163));
  const std::string rank = " r" + std::to_string(r);
  const double magnitude = 4 * std::sqrt(static_cast<double>(std::max(s.n, s.k) + 100 * r));
  check(describe("matmul", dtype, s) + rank, w.matrix, random_vector(s.m * (s.k + r), 164), magnitude,
        [&](const KernelTable& table, Queue& queue, const Matrix& weights, const Floats& x) {
          Floats y(static_cast<size_t>(s.m * s.n), 0.25f);
          table.matmul({.x = x.data(),
                        .x_stride = s.k,
                        .w = weights,
                        .y = y.data(),
                        .y_stride = s.n,
                        .m = s.m,
                        .scale = 0.75f,
                        .accumulate = true,
                        .tail = {x.data() + s.m * s.k, r, {b.data(), DType::kF32, s.n, r}, 0.5f}},
                       queue);
          return y;
        });
  check(describe("matmul_backward", dtype, s) + rank, w.matrix, random_vector(s.m * (s.n + r), 165), magnitude,
        [&](const KernelTable& table, Queue& queue, const Matrix& weights, const Floats& dy) {
          Floats dx(static_cast<size_t>(s.m * s.k), kUntouched);
          table.matmul_backward({.dy = dy.data(),
                                 .dy_stride = s.n,
                                 .w = weights,
                                 .dx = dx.data(),
                                 .dx_stride = s.k,
                                 .m = s.m,
                                 .scale = 0.75f,
                                 .tail = {dy.data() + s.m * s.n, r, {a.data(), DType::kF32, r, s.k}, 0.5f}},
                                queue);
          return dx;
        });
}

}  // namespace

// Formats whose decoding is exact: a value rounded twice differently would cross a bfloat16 border.
TEST(products_of_odd_shapes_and_block_edges) {
  for (const Shape s : {Shape{9, 1, 1}, Shape{9, 17, 15}, Shape{13, 65, 31}, Shape{20, 127, 33}, Shape{97, 129, 300},
                        Shape{40, 64, 256}, Shape{33, 130, 513}})
    for (const DType dtype : {DType::kF32, DType::kF16, DType::kBF16}) check_products(dtype, s);
  for (const Shape s : {Shape{9, 63, 32}, Shape{95, 64, 256}, Shape{96, 129, 288}, Shape{513, 40, 544},
                        Shape{1030, 9, 96}, Shape{12, 2100, 64}})
    for (const DType dtype : {DType::kQ8_0, DType::kQ4_0, DType::kQ5_0}) check_products(dtype, s);
}

TEST(every_format) {
  for (const DType dtype : all_dtypes()) {
    check_products(dtype, {13, 70, 512}, Decoding::kRounded);
    check_products(dtype, {33, 288, 256}, Decoding::kRounded);
  }
}

TEST(tails_of_all_ranks) {
  for (const int64_t r : {1, 3, 8, 16, 64, 300})
    for (const int64_t m : {9, 16, 17, 100}) check_tails(DType::kF32, {m, 70, 64}, r);
  check_tails(DType::kQ8_0, {513, 40, 288}, 16);
  check_tails(DType::kF16, {33, 70, 300}, 17);
}

// Small integers: every product and sum is exact, so that not a bit may differ from the reference, in whatever order a
// path sums. The shapes reach what the tests above do not: several passes over the depth and over the rows, results
// that are stored past the caches, and units of all widths.
TEST(sums_of_small_integers_are_exact) {
  const auto integers = [](int64_t n, uint64_t seed) {
    const Philox random(seed, 9);
    AlignedArray<float> out(n);
    for (int64_t i = 0; i < n; ++i) out[i] = static_cast<float>(random.words(static_cast<uint64_t>(i))[0] % 9) - 4.0f;
    return out;
  };
  for (const Shape s :
       {Shape{1024, 1056, 32}, Shape{9, 33, 8500}, Shape{1030, 1, 8224}, Shape{70, 2080, 70}, Shape{40, 300, 300}}) {
    constexpr int64_t kRank = 24;
    const AlignedArray<float> tail = integers(s.m * kRank, 74), tail_w = integers(std::max(s.n, s.k) * kRank, 75);
    const AlignedArray<float> x = integers(s.m * s.k, 71), w = integers(s.n * s.k, 72), dy = integers(s.m * s.n, 73);
    const Matrix weight = {w.data(), DType::kF32, s.n, s.k};
    const auto run = [&](const KernelTable& table) {
      std::array<AlignedArray<float>, 3> out = {AlignedArray<float>(s.m * s.n), AlignedArray<float>(s.m * s.k),
                                                AlignedArray<float>(s.n * s.k)};
      table.matmul({.x = x.data(),
                    .x_stride = s.k,
                    .w = weight,
                    .y = out[0].data(),
                    .y_stride = s.n,
                    .m = s.m,
                    .scale = 0.5f,
                    .tail = {tail.data(), kRank, {tail_w.data(), DType::kF32, s.n, kRank}, 2.0f}},
                   queue_of(2));
      table.matmul_backward({.dy = dy.data(),
                             .dy_stride = s.n,
                             .w = weight,
                             .dx = out[1].data(),
                             .dx_stride = s.k,
                             .m = s.m,
                             .scale = 2.0f,
                             .tail = {tail.data(), kRank, {tail_w.data(), DType::kF32, kRank, s.k}, 0.5f}},
                            queue_of(2));
      table.weight_gradient({.dy = dy.data(),
                             .dy_stride = s.n,
                             .x = x.data(),
                             .x_stride = s.k,
                             .dw = out[2].data(),
                             .m = s.m,
                             .n = s.n,
                             .k = s.k},
                            queue_of(2));
      return out;
    };
    const auto expected = run(reference_table());
    for (const KernelTable* table : bf16_tables()) {
      const auto actual = run(*table);
      for (size_t i = 0; i < actual.size(); ++i)
        if (std::memcmp(actual[i].data(), expected[i].data(), static_cast<size_t>(actual[i].size()) * 4) != 0)
          report(table->name, 0,
                 describe(i == 0   ? "matmul"
                          : i == 1 ? "matmul_backward"
                                   : "weight_gradient",
                          DType::kF32, s) +
                     ": other bits than the reference");
    }
  }
}

// Three products of the same rows, which are packed once, one of other rows, and one of few tokens.
TEST(groups_give_the_bits_of_their_products) {
  const Weights q = random_weights(DType::kQ4_K, 90, 512, 81), k = random_weights(DType::kQ8_0, 33, 512, 82),
                v = random_weights(DType::kF16, 16, 512, 83);
  const Floats x = random_vector(40 * 512, 84), other = random_vector(40 * 512, 85);
  const auto problems = [&](std::array<Floats, 5>& y) {
    std::array<MatmulProblem, 5> p;
    const Weights* weights[] = {&q, &k, &v, &q, &k};
    for (size_t i = 0; i < p.size(); ++i) {
      const int64_t n = weights[i]->matrix.rows;
      y[i].assign(static_cast<size_t>(40 * n), kUntouched);
      p[i] = {.x = i == 3 ? other.data() : x.data(),
              .x_stride = 512,
              .w = weights[i]->matrix,
              .y = y[i].data(),
              .y_stride = n,
              .m = i == 4 ? 5 : 40};
    }
    return p;
  };
  for (const KernelTable* table : bf16_tables()) {
    std::array<Floats, 5> together, apart;
    table->matmul_group({problems(together).data(), 5}, queue_of(2));
    for (const MatmulProblem& p : problems(apart)) table->matmul(p, queue_of(3));
    CHECK(together == apart);
  }
}

// A layer's products with low-rank additions: what A makes is read by the tails of the same group. The rank of the last
// one is no low one.
TEST(groups_with_tails_give_the_bits_of_their_products) {
  constexpr int64_t kM = 40, kK = 96, kN = 70;
  constexpr int64_t kRanks[] = {5, 16, 1100};
  const Floats x = random_vector(kM * kK, 86);
  std::vector<Floats> a, b;
  for (const int64_t r : kRanks) {
    a.push_back(random_vector(r * kK, 87, 0.1f));
    b.push_back(random_vector(std::max(kN, kK) * r, 88, 0.1f));
  }
  const Weights w = random_weights(DType::kQ8_0, kN, kK, 89);
  const auto forward = [&](std::array<Floats, 6>& y) {
    std::array<MatmulProblem, 6> p;
    for (size_t i = 0; i < 3; ++i) {
      const int64_t r = kRanks[i];
      y[i].assign(static_cast<size_t>(kM * r), kUntouched);
      y[3 + i].assign(static_cast<size_t>(kM * kN), kUntouched);
      p[i] = {.x = x.data(),
              .x_stride = kK,
              .w = {a[i].data(), DType::kF32, r, kK},
              .y = y[i].data(),
              .y_stride = r,
              .m = kM};
      p[3 + i] = {.x = x.data(),
                  .x_stride = kK,
                  .w = w.matrix,
                  .y = y[3 + i].data(),
                  .y_stride = kN,
                  .m = kM,
                  .tail = {y[i].data(), r, {b[i].data(), DType::kF32, kN, r}, 2.0f}};
    }
    return p;
  };
  const auto backward = [&](std::array<Floats, 6>& y) {
    std::array<MatmulBackwardProblem, 6> p;
    for (size_t i = 0; i < 3; ++i) {
      const int64_t r = kRanks[i];
      y[i].assign(static_cast<size_t>(kM * r), kUntouched);
      y[3 + i].assign(static_cast<size_t>(kM * kK), kUntouched);
      p[2 * i] = {.dy = x.data(),
                  .dy_stride = kN,
                  .w = {b[i].data(), DType::kF32, kN, r},
                  .dx = y[i].data(),
                  .dx_stride = r,
                  .m = kM};
      p[2 * i + 1] = {.dy = x.data(),
                      .dy_stride = kN,
                      .w = w.matrix,
                      .dx = y[3 + i].data(),
                      .dx_stride = kK,
                      .m = kM,
                      .tail = {y[i].data(), r, {a[i].data(), DType::kF32, r, kK}, 0.5f}};
    }
    return p;
  };
  for (const KernelTable* table : bf16_tables()) {
    std::array<Floats, 6> together, apart;
    table->matmul_group({forward(together).data(), 6}, queue_of(2));
    for (const MatmulProblem& p : forward(apart)) table->matmul(p, queue_of(3));
    CHECK(together == apart);
    table->matmul_backward_group({backward(together).data(), 6}, queue_of(2));
    for (const MatmulBackwardProblem& p : backward(apart)) table->matmul_backward(p, queue_of(3));
    CHECK(together == apart);
  }
}

// However many they are; and a prompt's are rounded however few. Without tiles their sums have the bits of avx512vnni.
TEST(generated_tokens_alone_stay_in_float32) {
  const auto distance = [](const Floats& a, const Floats& b) {
    double most = 0;
    for (size_t i = 0; i < a.size(); ++i) most = std::max(most, std::fabs(double{a[i]} - b[i]));
    return most;
  };
  const Weights w = random_weights(DType::kQ8_0, 40, 64, 65);
  for (const int64_t m : {1, 3, 20})
    for (const Role role : {Role::kGenerated, Role::kPrompt}) {
      const Floats x = random_vector(m * 64, 66);
      Floats y(static_cast<size_t>(m * 40)), expected(y.size());
      MatmulProblem p{
          .x = x.data(), .x_stride = 64, .w = w.matrix, .y = expected.data(), .y_stride = 40, .m = m, .role = role};
      find_table(CpuPath::kAvx512Vnni)->matmul(p, queue_of(1));
      p.y = y.data();
      for (const KernelTable* table : bf16_tables()) {
        std::fill(y.begin(), y.end(), 0.0f);
        table->matmul(p, queue_of(1));
        CHECK_EQ(distance(y, expected) < 1e-6 * distance(Floats(y.size()), expected), role == Role::kGenerated);
        if (table->path == CpuPath::kAvx512Bf16) CHECK_EQ(y == expected, role == Role::kGenerated);
      }
    }
}

TEST(weight_gradients) {
  for (const Shape s : {Shape{1, 1, 1}, Shape{3, 7, 5}, Shape{17, 96, 256}, Shape{255, 97, 257}, Shape{300, 300, 16},
                        Shape{513, 33, 31}, Shape{17, 70, 1}, Shape{100, 300, 3}, Shape{513, 130, 64},
                        Shape{16, 600, 96}, Shape{40, 3, 300}, Shape{100, 64, 130}}) {
    // the activations are dy, the weight stands for x [M,K]
    const Weights x = random_weights(DType::kF32, s.m, s.k, 67);
    check(describe("weight_gradient", DType::kF32, s), x.matrix, random_vector(s.m * s.n, 68),
          std::sqrt(static_cast<double>(s.m)),
          [&](const KernelTable& table, Queue& queue, const Matrix& inputs, const Floats& dy) {
            Floats aligned(static_cast<size_t>(s.m * s.k)), dw(static_cast<size_t>(s.n * s.k), 0.5f);
            std::memcpy(aligned.data(), inputs.data, aligned.size() * sizeof(float));
            table.weight_gradient({.dy = dy.data(),
                                   .dy_stride = s.n,
                                   .x = aligned.data(),
                                   .x_stride = s.k,
                                   .dw = dw.data(),
                                   .m = s.m,
                                   .n = s.n,
                                   .k = s.k,
                                   .scale = 0.5f},
                                  queue);
            return dw;
          });
  }
}

// As of a layer's products: the gradients of three A stream one x, those of three B each its own dy, and one weight's
// is wide both ways. Gradients are added to what is there.
TEST(gradients_of_a_group_are_those_of_each) {
  constexpr int64_t kM = 300, kK = 200;
  constexpr int64_t kRanks[] = {3, 16, 80}, kWidths[] = {130, 40, 300};
  const Floats x = random_vector(kM * kK, 91);
  std::vector<Floats> u, dy;
  for (size_t i = 0; i < 3; ++i) {
    u.push_back(random_vector(kM * kRanks[i], 92 + i));
    dy.push_back(random_vector(kM * kWidths[i], 95 + i));
  }
  const auto problems = [&](std::vector<Floats>& dw) {
    std::vector<WeightGradientProblem> all;
    dw.assign(8, Floats(300 * 200, 0.5f));
    const auto add = [&](const Floats& left, int64_t n, const Floats& right, int64_t k) {
      all.push_back({.dy = left.data(),
                     .dy_stride = n,
                     .x = right.data(),
                     .x_stride = k,
                     .dw = dw[all.size()].data(),
                     .m = kM,
                     .n = n,
                     .k = k,
                     .scale = 0.5f});
    };
    for (size_t i = 0; i < 3; ++i) add(u[i], kRanks[i], x, kK);
    for (size_t i = 0; i < 3; ++i) add(dy[i], kWidths[i], u[i], kRanks[i]);
    add(dy[2], kWidths[2], x, kK);
    all.back().dbias = dw[7].data();
    return all;
  };
  for (const KernelTable* table : bf16_tables()) {
    std::vector<Floats> together, apart;
    for (const WeightGradientProblem& p : problems(apart)) table->weight_gradient(p, queue_of(3));
    for (const int n_threads : {1, 2}) {
      table->weight_gradient_group({problems(together).data(), 7}, queue_of(n_threads));
      CHECK(together == apart);
    }
  }
}

TEST(only_large_products_and_attention_differ_from_avx512) {
  const std::vector<const KernelTable*> tables = bf16_tables();
  const KernelTable& wide = *find_table(CpuPath::kAvx512);
  for (const KernelTable* table : tables) {
    CHECK(table->matmul != wide.matmul && table->matmul_backward != wide.matmul_backward);
    CHECK(table->weight_gradient != wide.weight_gradient);
    CHECK(table->attention != wide.attention && table->attention_backward != wide.attention_backward);
    CHECK(table->rms_norm == wide.rms_norm && table->adamw == wide.adamw);
  }
  for (size_t i = 1; i < tables.size(); ++i)
    CHECK(tables[0]->matmul != tables[i]->matmul && tables[0]->attention != tables[i]->attention &&
          tables[0]->attention_backward != tables[i]->attention_backward && tables[0]->path != tables[i]->path);
}

#if CHAKU_HAVE_AMX
// Last, so that the tests before have run: the proof that the tiles were used, and where.
TEST(the_tiles_are_those_of_the_processor_or_emulated) {
  const Floats ones(64 * 64, 1.0f);
  const Matrix w = {ones.data(), DType::kF32, 64, 64};
  Floats y(64 * 64);
  bf16_tables();
  const int64_t before = emulator::emulated(emulator::Op::kDotBf16);
  chaku::amx::table().matmul({.x = ones.data(), .x_stride = 64, .w = w, .y = y.data(), .y_stride = 64, .m = 64},
                             queue_of(1));
  CHECK(y == Floats(64 * 64, 64.0f));
  const int64_t count = emulator::emulated(emulator::Op::kDotBf16) - before;
  CHECK_EQ(count, cpu_features().amx_bf16 ? 0 : 2 * 2 * 2 * 4);  // strips by strips by steps by four tiles
  std::printf("       amx: %s, %lld products of tiles in all\n", count > 0 ? "emulated" : "on this processor",
              static_cast<long long>(before + count));
}
#endif
