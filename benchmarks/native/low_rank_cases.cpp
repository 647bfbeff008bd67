#include "low_rank_cases.h"

#include <algorithm>

#include "case_data.h"

namespace chaku::bench {
namespace {

constexpr int64_t kCheckedTokens = 3;
constexpr float kScale = 2.0f;  // of the addition

// y = x wT + s u BT with u = x AT, and back.
struct Adapted {
  int64_t m, n, k, rank;
  std::vector<uint8_t> w;
  Floats x, y, dy, dx, a, b, u, du, da, db;
  Matrix base, down, up;

  Adapted(DType dtype, int64_t tokens, int64_t rows, int64_t columns, int64_t r)
      : m(tokens),
        n(rows),
        k(columns),
        rank(r),
        w(random_weights(dtype, n, k)),
        x(random_floats(m * k, 1)),
        y(random_floats(m * n, 2)),
        dy(random_floats(m * n, 3)),
        dx(random_floats(m * k, 4)),
        a(random_floats(rank * k, 5)),
        b(random_floats(n * rank, 6)),
        u(random_floats(m * rank, 7)),
        du(u),
        da(a),
        db(b),
        base{w.data(), dtype, n, k},
        down{a.data(), DType::kF32, rank, k},
        up{b.data(), DType::kF32, n, rank} {}

  MatmulProblem forward() { return {x.data(), k, base, nullptr, y.data(), n, m, 1.0f, false, {}}; }
  MatmulBackwardProblem backward() { return {dy.data(), n, base, dx.data(), k, m, 1.0f, false, {}}; }

  void run_forward(const KernelTable& table, Queue& queue) {
    MatmulProblem problems[] = {{x.data(), k, down, nullptr, u.data(), rank, m, 1.0f, false, {}}, forward()};
    problems[1].tail = {u.data(), rank, up, kScale};
    table.matmul_group({problems, 2}, queue);
  }

  void run_backward(const KernelTable& table, Queue& queue) {
    MatmulBackwardProblem problems[] = {{dy.data(), n, up, du.data(), rank, m, kScale, false, {}}, backward()};
    problems[1].tail = {du.data(), rank, down, 1.0f};
    table.matmul_backward_group({problems, 2}, queue);
    table.weight_gradient({dy.data(), n, u.data(), rank, db.data(), nullptr, m, n, rank, kScale}, queue);
    table.weight_gradient({du.data(), rank, x.data(), k, da.data(), nullptr, m, rank, k, 1.0f}, queue);
  }

  // Of the first tokens; u and du were checked by what they are multiplied into.
  double forward_error(Queue& queue) {
    const Floats actual = y, kept = u;
    const int64_t all = m;
    m = std::min(kCheckedTokens, all);
    run_forward(reference_table(), queue);
    const Floats expected(y.begin(), y.begin() + m * n);
    m = all;
    u = kept;
    y = actual;
    return relative_error(actual.data(), expected);
  }

  double backward_error(Queue& queue) {
    const Floats actual = dx;
    const int64_t all = m;
    m = std::min(kCheckedTokens, all);
    run_backward(reference_table(), queue);
    const Floats expected(dx.begin(), dx.begin() + m * k);
    m = all;
    return relative_error(actual.data(), expected);
  }
};

Case adapted_case(DType dtype, int64_t m, int64_t n, int64_t k, int64_t rank, bool backward) {
  const auto d = std::make_shared<Adapted>(dtype, m, n, k, rank);
  const double products = backward ? 4.0 : 2.0;  // of low rank
  Case c;
  c.op = backward ? "lora_backward" : "lora";
  c.format = dtype_info(dtype).name;
  c.shape = "m" + std::to_string(m) + " n" + std::to_string(n) + " k" + std::to_string(k) + " r" + std::to_string(rank);
  c.flops = 2.0 * m * (n * k + products / 2 * rank * (n + k));
  c.bytes = static_cast<double>(d->w.size()) + 4.0 * m * (n + k);
  if (backward) {
    c.run = [d](const KernelTable& t, Queue& queue) { d->run_backward(t, queue); };
    c.base = [d](const KernelTable& t, Queue& queue) { t.matmul_backward(d->backward(), queue); };
    c.error = [d](Queue& queue) { return d->backward_error(queue); };
  } else {
    c.run = [d](const KernelTable& t, Queue& queue) { d->run_forward(t, queue); };
    c.base = [d](const KernelTable& t, Queue& queue) { t.matmul(d->forward(), queue); };
    c.error = [d](Queue& queue) { return d->forward_error(queue); };
  }
  return c;
}

}  // namespace

void for_each_low_rank_case(const std::function<void(Case&&)>& add) {
  struct Shape {
    DType dtype;
    int64_t n, k;
  };
  for (const Shape s :
       {Shape{DType::kQ4_K, 2048, 2048}, Shape{DType::kQ4_K, 8192, 2048}, Shape{DType::kQ8_0, 576, 576}})
    for (const int64_t rank : {16, 64})
      for (const bool backward : {false, true}) add(adapted_case(s.dtype, 512, s.n, s.k, rank, backward));
}

}  // namespace chaku::bench
