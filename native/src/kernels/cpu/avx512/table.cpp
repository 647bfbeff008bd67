#define CHAKU_ISA avx512
#include "kernels/cpu/generic/table.inl"

namespace chaku::avx512 {

const KernelTable& table() noexcept {
  static constexpr KernelTable table = make_table("avx512", CpuPath::kAvx512);
  return table;
}

}  // namespace chaku::avx512
