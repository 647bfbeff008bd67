#include <cstddef>

#include "capi/boundary.h"
#include "capi/caller.h"
#include "capi/formats.h"
#include "kernels/table.h"
#include "quant/code_grid.h"
#include "quant/codec.h"

using namespace chaku;
using capi::check_sizes, capi::require_dtype;

extern "C" chaku_status chaku_dtype_describe(int32_t dtype, chaku_dtype_info* out) {
  return capi::guarded("dtype_describe", [&] {
    chaku_dtype_info& result = capi::require_struct("dtype_describe", "out", out);
    const DTypeInfo& info = require_dtype("dtype_describe", dtype);
    result.block_elements = info.block_elements;
    result.block_bytes = info.block_bytes;
    result.can_quantize = can_quantize(static_cast<DType>(dtype)) ? 1 : 0;
    result.has_levels = can_choose_codes(static_cast<DType>(dtype)) ? 1 : 0;
  });
}

extern "C" chaku_status chaku_dequantize(int32_t dtype, const void* src, int64_t src_bytes, float* dst, int64_t n) {
  return capi::guarded("dequantize", [&] {
    check_sizes("dequantize", require_dtype("dequantize", dtype), n, src_bytes);
    if (n == 0) return;
    if (src == nullptr) fail(Code::kInvalidArgument, "[dequantize] expected src, got null");
    capi::require("dequantize", "dst", dst);
    dequantize(static_cast<DType>(dtype), src, dst, n);
  });
}

extern "C" chaku_status chaku_quantize(int32_t dtype, const float* src, int64_t n, const float* importance,
                                       int64_t n_per_row, void* dst, int64_t dst_bytes) {
  return capi::guarded("quantize", [&] {
    const DTypeInfo& info = require_dtype("quantize", dtype);
    if (!can_quantize(static_cast<DType>(dtype)))
      fail(Code::kUnsupported, "[quantize] expected a format that can be encoded, got %s", info.name);
    check_sizes("quantize", info, n, dst_bytes);
    if (importance != nullptr && (n_per_row < 1 || n_per_row % info.block_elements != 0 || n % n_per_row != 0))
      fail(Code::kInvalidArgument,
           "[quantize] expected n_per_row to be whole blocks of %d and to divide n = %lld, got %lld",
           info.block_elements, static_cast<long long>(n), static_cast<long long>(n_per_row));
    if (n == 0) return;
    capi::require("quantize", "src", src);
    if (dst == nullptr) fail(Code::kInvalidArgument, "[quantize] expected dst, got null");
    const int64_t width = importance == nullptr ? n : n_per_row;
    select_table(CpuPath::kAuto)
        .encode_rows({src, static_cast<DType>(dtype), dst, n / width, width, nullptr, importance},
                     capi::queue_of_caller());
  });
}
