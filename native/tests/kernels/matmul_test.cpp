#include "kernels/matmul.h"

#include <array>

#include "product_data.h"

using namespace chaku;
using namespace chaku::test;

namespace {

constexpr Role kRoles[] = {Role::kPrompt, Role::kGenerated};

void check_matmul(Role role, DType dtype, Shape s, bool bias, bool accumulate, float magnitude) {
  const Weights w = random_weights(dtype, s.n, s.k, 21);
  const int64_t x_stride = s.k + 5, y_stride = s.n + 3;
  const Floats x = random_vector(s.m * x_stride, 22, magnitude), b = random_vector(s.n, 23);
  const Tolerance tolerance = {kProduct.absolute * magnitude, kProduct.relative};
  check_paths(describe("matmul", dtype, s), tolerance, [&](const KernelTable& table, Queue& queue) {
    Floats y(static_cast<size_t>(s.m * y_stride), kUntouched);
    table.matmul({.x = x.data(),
                  .x_stride = x_stride,
                  .w = w.matrix,
                  .bias = bias ? b.data() : nullptr,
                  .y = y.data(),
                  .y_stride = y_stride,
                  .m = s.m,
                  .scale = 0.75f,
                  .accumulate = accumulate,
                  .role = role},
                 queue);
    return y;
  });
}

void check_matmul(DType dtype, Shape s, bool bias, bool accumulate, float magnitude = 1.0f) {
  for (const Role role : kRoles) check_matmul(role, dtype, s, bias, accumulate, magnitude);
}

void check_backward(DType dtype, Shape s, bool accumulate) {
  const Weights w = random_weights(dtype, s.n, s.k, 31);
  const int64_t dy_stride = s.n + 2, dx_stride = s.k + 7;
  const Floats dy = random_vector(s.m * dy_stride, 32);
  check_paths(describe("matmul_backward", dtype, s), kProduct, [&](const KernelTable& table, Queue& queue) {
    Floats dx(static_cast<size_t>(s.m * dx_stride), kUntouched);
    table.matmul_backward({.dy = dy.data(),
                           .dy_stride = dy_stride,
                           .w = w.matrix,
                           .dx = dx.data(),
                           .dx_stride = dx_stride,
                           .m = s.m,
                           .scale = 1.25f,
                           .accumulate = accumulate},
                          queue);
    return dx;
  });
}

// Forward and backward products with a tail of rank r, whose rows are padded.
void check_tails(DType dtype, Shape s, int64_t r, bool accumulate) {
  const Weights w = random_weights(dtype, s.n, s.k, 81);
  const int64_t t_stride = r + 3;
  const Floats x = random_vector(s.m * s.k, 82), dy = random_vector(s.m * s.n, 83), bias = random_vector(s.n, 84),
               t = random_vector(s.m * t_stride, 85), b = random_vector(s.n * r, 86), a = random_vector(r * s.k, 87);
  const std::string rank = " r" + std::to_string(r);
  for (const Role role : kRoles)
    check_paths(describe("matmul", dtype, s) + rank, kProduct, [&](const KernelTable& table, Queue& queue) {
      Floats y(static_cast<size_t>(s.m * s.n), 0.5f);
      MatmulProblem p{.x = x.data(),
                      .x_stride = s.k,
                      .w = w.matrix,
                      .bias = bias.data(),
                      .y = y.data(),
                      .y_stride = s.n,
                      .m = s.m,
                      .scale = 0.75f,
                      .accumulate = accumulate};
      p.tail = {t.data(), t_stride, {b.data(), DType::kF32, s.n, r}, 1.5f};
      p.role = role;
      table.matmul(p, queue);
      return y;
    });
  check_paths(describe("matmul_backward", dtype, s) + rank, kProduct, [&](const KernelTable& table, Queue& queue) {
    Floats dx(static_cast<size_t>(s.m * s.k), 0.5f);
    MatmulBackwardProblem p{.dy = dy.data(),
                            .dy_stride = s.n,
                            .w = w.matrix,
                            .dx = dx.data(),
                            .dx_stride = s.k,
                            .m = s.m,
                            .scale = 0.75f,
                            .accumulate = accumulate};
    p.tail = {t.data(), t_stride, {a.data(), DType::kF32, r, s.k}, -0.5f};
    table.matmul_backward(p, queue);
    return dx;
  });
}

}  // namespace

TEST(every_format_with_few_and_many_tokens) {
  for (const DType dtype : all_dtypes())
    for (const int64_t m : {1, 3, 13}) {
      check_matmul(dtype, {m, 70, 512}, false, false);
      check_backward(dtype, {m, 70, 512}, false);
    }
}

TEST(every_token_count_up_to_two_passages) {
  for (const DType dtype : {DType::kQ8_0, DType::kQ4_0, DType::kQ4_K, DType::kQ6_K, DType::kF32, DType::kF16})
    for (int64_t m = 1; m <= 14; ++m) check_matmul(dtype, {m, 21, 256}, m % 2 == 0, m % 3 == 0);
}

TEST(odd_shapes_of_single_element_formats) {
  for (const DType dtype : {DType::kF32, DType::kF16, DType::kBF16})
    for (const Shape s : {Shape{1, 1, 1}, Shape{1, 5, 7}, Shape{2, 17, 15}, Shape{6, 16, 16}, Shape{7, 33, 17},
                          Shape{9, 63, 172}, Shape{13, 65, 255}, Shape{20, 64, 257}, Shape{97, 129, 300}}) {
      check_matmul(dtype, s, true, false);
      check_backward(dtype, s, true);
    }
}

TEST(block_edges_of_the_large_path) {
  for (const DType dtype : {DType::kQ8_0, DType::kQ4_0, DType::kQ5_0})
    for (const Shape s : {Shape{9, 1, 32}, Shape{12, 63, 224}, Shape{95, 64, 256}, Shape{96, 65, 288},
                          Shape{511, 20, 64}, Shape{513, 40, 544}, Shape{1030, 9, 96}}) {
      check_matmul(dtype, s, true, true);
      check_backward(dtype, s, false);
    }
}

TEST(wide_and_deep) {
  check_matmul(DType::kQ4_K, {33, 300, 2304}, true, false);
  check_backward(DType::kQ4_K, {33, 300, 2304}, true);
  check_backward(DType::kQ8_0, {70, 517, 2080}, false);
}

TEST(low_rank_products) {
  for (const Shape s : {Shape{130, 16, 200}, Shape{130, 200, 16}, Shape{130, 8, 64}, Shape{5, 200, 4}}) {
    check_matmul(DType::kF32, s, false, true);
    check_backward(DType::kF32, s, true);
  }
}

TEST(tails_of_all_ranks) {
  for (const int64_t r : {1, 3, 8, 16, 64, 300})
    for (const int64_t m : {1, 8, 9, 16, 17, 100}) check_tails(DType::kQ8_0, {m, 70, 64}, r, m % 2 == 0);
  for (const int64_t r : {3, 16}) {
    check_tails(DType::kQ4_K, {513, 65, 256}, r, false);
    check_tails(DType::kF32, {513, 130, 300}, r, true);
  }
}

// As a layer's products run: those of A, then those that add what these make, with weights of several formats and
// ranks.
TEST(groups_with_tails_are_their_products_one_by_one) {
  constexpr int64_t kK = 512;
  constexpr int64_t kRanks[] = {3, 16, 5};
  const DType dtypes[] = {DType::kQ4_K, DType::kF32, DType::kQ8_0};
  std::vector<Weights> bases;
  std::vector<Floats> a, b;
  for (size_t i = 0; i < 3; ++i) {
    bases.push_back(random_weights(dtypes[i], 90 - 20 * static_cast<int64_t>(i), kK, 91 + i));
    a.push_back(random_vector(kRanks[i] * kK, 94 + i, 0.1f));
    b.push_back(random_vector(kRanks[i] * bases[i].matrix.rows, 97 + i));
  }
  for (const int64_t m : {1, 4, 17, 100}) {
    const Floats x = random_vector(m * kK, 100);
    const auto problems = [&](Role role, std::vector<Floats>& out) {
      out.assign(6, {});
      std::vector<MatmulProblem> all;
      for (size_t i = 0; i < 3; ++i) {
        out[i].assign(static_cast<size_t>(m * kRanks[i]), kUntouched);
        all.push_back({.x = x.data(),
                       .x_stride = kK,
                       .w = {a[i].data(), DType::kF32, kRanks[i], kK},
                       .y = out[i].data(),
                       .y_stride = kRanks[i],
                       .m = m});
      }
      for (size_t i = 0; i < 3; ++i) {
        const int64_t n = bases[i].matrix.rows;
        out[3 + i].assign(static_cast<size_t>(m * n), kUntouched);
        all.push_back({.x = x.data(),
                       .x_stride = kK,
                       .w = bases[i].matrix,
                       .y = out[3 + i].data(),
                       .y_stride = n,
                       .m = m,
                       .scale = 0.5f});
        all.back().tail = {out[i].data(), kRanks[i], {b[i].data(), DType::kF32, n, kRanks[i]}, 2.0f};
      }
      for (MatmulProblem& p : all) p.role = role;
      return all;
    };
    for (const CpuPath path : {CpuPath::kReference, CpuPath::kAvx2, CpuPath::kAvx512, CpuPath::kAvx512Vnni}) {
      const KernelTable* table = table_here(path);
      if (table == nullptr) continue;
      for (const Role role : kRoles) {
        std::vector<Floats> together, alone;
        for (const MatmulProblem& p : problems(role, alone)) table->matmul(p, queue_of(1));
        for (const int n_threads : {1, 2, 3}) {
          table->matmul_group({problems(role, together).data(), 6}, queue_of(n_threads));
          CHECK(together == alone);
        }
      }
    }
  }
}

TEST(zeros_and_large_magnitudes) {
  for (const DType dtype : {DType::kQ8_0, DType::kQ4_K, DType::kF32})
    for (const int64_t m : {1, 40})
      for (const float magnitude : {0.0f, 1e-20f, 1e20f}) check_matmul(dtype, {m, 40, 256}, false, false, magnitude);
}

TEST(weight_gradients) {
  for (const Shape s : {Shape{1, 1, 1}, Shape{3, 7, 5}, Shape{17, 96, 256}, Shape{255, 97, 257}, Shape{256, 16, 300},
                        Shape{300, 300, 16}, Shape{513, 33, 31}})
    check_weight_gradient(s);
}

TEST(gradients_of_a_group_are_those_of_each) {
  const Floats x = random_vector(40 * 70, 43), dy = random_vector(40 * 33, 44), u = random_vector(40 * 5, 45);
  for (const CpuPath path : {CpuPath::kReference, CpuPath::kAvx2, CpuPath::kAvx512, CpuPath::kAvx512Vnni}) {
    const KernelTable* table = table_here(path);
    if (table == nullptr) continue;
    std::array<Floats, 2> together[2];
    for (const bool group : {false, true}) {
      std::array<Floats, 2>& dw = together[group];
      dw = {Floats(5 * 70, 0.25f), Floats(33 * 5, 0.25f)};
      const WeightGradientProblem problems[] = {
          {.dy = u.data(), .dy_stride = 5, .x = x.data(), .x_stride = 70, .dw = dw[0].data(), .m = 40, .n = 5, .k = 70},
          {.dy = dy.data(),
           .dy_stride = 33,
           .x = u.data(),
           .x_stride = 5,
           .dw = dw[1].data(),
           .m = 40,
           .n = 33,
           .k = 5}};
      if (group)
        table->weight_gradient_group({problems, 2}, queue_of(2));
      else
        for (const WeightGradientProblem& p : problems) table->weight_gradient(p, queue_of(1));
    }
    CHECK(together[0] == together[1]);
  }
}

TEST(gather_and_its_gradient) {
  constexpr int64_t kV = 9, kM = 21;
  std::vector<int32_t> ids(kM);
  for (size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<int32_t>(i * 5 % 4 + i % 3);
  for (const DType dtype : all_dtypes()) {
    const int64_t d = dtype_info(dtype).block_elements == 1 ? 259 : 512;
    const Weights w = random_weights(dtype, kV, d, 51);
    check_paths(describe("gather", dtype, {kM, kV, d}), kDecode, [&](const KernelTable& table, Queue& queue) {
      Floats y(static_cast<size_t>(kM * d));
      table.gather({.w = w.matrix, .ids = ids.data(), .y = y.data(), .m = kM, .scale = 3.0f}, queue);
      return y;
    });
  }
  for (const int64_t d : {1, 15, 64, 131}) {
    const Floats dy = random_vector(kM * d, 52);
    check_paths("scatter_gradient", kDecode, [&](const KernelTable& table, Queue& queue) {
      Floats dw(static_cast<size_t>(kV * d), 0.25f);
      table.scatter_gradient({.dy = dy.data(), .ids = ids.data(), .dw = dw.data(), .m = kM, .d = d, .scale = 0.5f},
                             queue);
      return dw;
    });
  }
}
