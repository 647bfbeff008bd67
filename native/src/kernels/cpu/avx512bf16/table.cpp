#include "kernels/cpu/avx512bf16/ops.h"
#include "kernels/cpu/paths.h"

namespace chaku::avx512bf16 {

const KernelTable& table() noexcept {
  static const KernelTable table = [] {
    KernelTable t = avx512vnni::table();
    t.name = "avx512bf16";
    t.path = CpuPath::kAvx512Bf16;
    t.matmul = matmul;
    t.matmul_group = matmul_group;
    t.matmul_backward = matmul_backward;
    t.matmul_backward_group = matmul_backward_group;
    t.weight_gradient = weight_gradient;
    t.weight_gradient_group = weight_gradient_group;
    t.attention = attention;
    t.attention_backward = attention_backward;
    return t;
  }();
  return table;
}

}  // namespace chaku::avx512bf16
