#include "kernels/cpu/amx/ops.h"
#include "kernels/cpu/paths.h"

namespace chaku::amx {

const KernelTable& table() noexcept {
  static const KernelTable table = [] {
    KernelTable t = avx512vnni::table();
    t.name = "amx";
    t.path = CpuPath::kAmx;
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

}  // namespace chaku::amx
