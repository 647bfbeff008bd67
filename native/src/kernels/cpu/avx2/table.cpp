#define CHAKU_ISA avx2
#include "kernels/cpu/generic/table.inl"

namespace chaku::avx2 {

const KernelTable& table() noexcept {
  static constexpr KernelTable table = make_table("avx2", CpuPath::kAvx2);
  return table;
}

}  // namespace chaku::avx2
