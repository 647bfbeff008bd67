// The tables of the vector paths. Calling one on a machine without its instructions is undefined: table.cpp asks first.
#pragma once

#include "kernels/table.h"

namespace chaku::avx2 {
const KernelTable& table() noexcept;
}

namespace chaku::avx512 {
const KernelTable& table() noexcept;
}

// avx512 with the products of generated tokens on integers.
namespace chaku::avx512vnni {
const KernelTable& table() noexcept;
}

// avx512vnni with large products and attention of many queries on bfloat16 operands.
namespace chaku::avx512bf16 {
const KernelTable& table() noexcept;
}

// avx512vnni with large products and attention of many queries on bfloat16 tiles.
namespace chaku::amx {
const KernelTable& table() noexcept;
}
