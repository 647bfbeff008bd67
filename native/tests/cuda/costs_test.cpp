// The formulas of benchmarks/native/cuda_costs.h against what the emulator counts: products of the tensor cores, and
// what their tiles are copied from the cache.
#include <array>

#include "../../../benchmarks/native/cuda_costs.h"
#include "kernels/cuda/simt/options.h"
#include "kernels/paths.h"

using namespace chaku;
using namespace chaku::test;

namespace {

struct Counted {
  double mma = 0, copies = 0;
};

Counted counted_of(const costs::Cost& cost) {
  Counted all;
  for (const costs::Launch& l : cost.launches) {
    all.mma += l.mma;
    if (l.kernel.find("tensor_gemm") == 0) all.copies += costs::gemm_copies(l);
  }
  return all;
}

template <class Run>
void check(const std::string& what, const costs::Cost& cost, const Run& run) {
  simt::reset_counts();
  run(emulated_tensor_table());
  const simt::Counts counts = simt::counts();
  const Counted expected = counted_of(cost);
  if (static_cast<double>(counts.mma) != expected.mma || static_cast<double>(counts.async_copies) != expected.copies)
    report(what.c_str(), 0,
           "expected " + std::to_string(expected.mma) + " products and " + std::to_string(expected.copies) +
               " copies, counted " + std::to_string(counts.mma) + " and " + std::to_string(counts.async_copies));
}

}  // namespace

TEST(products_of_prompts) {
  for (const auto& [m, n, k] : {std::array<int64_t, 3>{20, 300, 256}, {130, 200, 512}, {64, 128, 256}}) {
    const Weights w = random_weights(DType::kQ4_K, n, k, 1);
    const Floats x = random_vector(m * k, 2), dy = random_vector(m * n, 3);
    check("forward", costs::tensor_product(DType::kQ4_K, m, n, k, 0, false), [&](const KernelTable& table) {
      Floats y(static_cast<size_t>(m * n));
      table.matmul({.x = x.data(), .x_stride = k, .w = w.matrix, .y = y.data(), .y_stride = n, .m = m}, queue_of(1));
    });
    check("backward", costs::tensor_product(DType::kQ4_K, m, n, k, 0, true), [&](const KernelTable& table) {
      Floats dx(static_cast<size_t>(m * k));
      table.matmul_backward({.dy = dy.data(), .dy_stride = n, .w = w.matrix, .dx = dx.data(), .dx_stride = k, .m = m},
                            queue_of(1));
    });
  }
}

TEST(attention_of_prompts) {
  for (const int32_t dim : {64, 128}) {
    const int64_t n = 200;
    const int32_t heads = 4, kv_heads = 2;
    const Floats q = random_vector(n * heads * dim, 1), k = random_vector(n * kv_heads * dim, 2),
                 v = random_vector(n * kv_heads * dim, 3);
    const AttentionSpan span{0, n, 0, n, nullptr};
    Floats o(q.size()), lse(static_cast<size_t>(n * heads)), dq(q.size()), dk(k.size()), dv(k.size());
    AttentionProblem p;
    p.q = q.data(), p.k = k.data(), p.v = v.data(), p.o = o.data(), p.lse = lse.data();
    p.q_stride = p.o_stride = int64_t{heads} * dim;
    p.kv_stride = int64_t{kv_heads} * dim;
    p.n_heads = heads, p.n_kv_heads = kv_heads, p.head_dim = dim;
    p.scale = 0.125f;
    p.spans = &span, p.n_spans = 1;
    const costs::AttentionShape shape{n, heads, kv_heads, dim};
    check("attention", costs::attention(shape), [&](const KernelTable& table) { table.attention(p, queue_of(1)); });
    AttentionBackwardProblem b;
    b.forward = p;
    b.d_o = q.data(), b.dq = dq.data(), b.dk = dk.data(), b.dv = dv.data();
    check("its gradients", costs::attention_backward(shape),
          [&](const KernelTable& table) { table.attention_backward(b, queue_of(1)); });
  }
}
