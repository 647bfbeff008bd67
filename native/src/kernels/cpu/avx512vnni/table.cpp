#include "kernels/cpu/avx512vnni/ops.h"
#include "kernels/cpu/paths.h"

namespace chaku::avx512vnni {

const KernelTable& table() noexcept {
  static const KernelTable table = [] {
    KernelTable t = avx512::table();
    t.name = "avx512vnni";
    t.path = CpuPath::kAvx512Vnni;
    t.matmul = matmul;
    t.matmul_group = matmul_group;
    return t;
  }();
  return table;
}

}  // namespace chaku::avx512vnni
