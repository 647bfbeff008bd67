// Checks of block formats and of the bytes that elements take in them.
#pragma once

#include "base/error.h"
#include "quant/dtype.h"

namespace chaku::capi {

inline const DTypeInfo& require_dtype(const char* op, int32_t dtype) {
  const DTypeInfo* info = find_dtype(dtype);
  if (info == nullptr) fail(Code::kUnsupported, "[%s] expected a known block format, got type id %d", op, dtype);
  return *info;
}

inline void check_sizes(const char* op, const DTypeInfo& info, int64_t n, int64_t n_bytes) {
  if (n < 0 || n % info.block_elements != 0)
    fail(Code::kInvalidArgument, "[%s] expected n >= 0 in whole blocks of %d (%s), got %lld", op, info.block_elements,
         info.name, static_cast<long long>(n));
  int64_t expected = 0;
  if (__builtin_mul_overflow(n / info.block_elements, int64_t{info.block_bytes}, &expected) || expected != n_bytes)
    fail(Code::kInvalidArgument, "[%s] expected the bytes of %lld elements of %s, got %lld", op,
         static_cast<long long>(n), info.name, static_cast<long long>(n_bytes));
}

}  // namespace chaku::capi
