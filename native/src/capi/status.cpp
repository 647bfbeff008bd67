#include <cstdio>

#include "capi/boundary.h"

namespace chaku::capi {
namespace {

// No destructor and no allocation: valid at any time of a thread's life.
thread_local char last_error[1024] = "";

#define CHAKU_SAME_CODE(code, status) static_assert(static_cast<chaku_status>(Code::code) == status)
CHAKU_SAME_CODE(kOk, CHAKU_OK);
CHAKU_SAME_CODE(kInvalidArgument, CHAKU_INVALID_ARGUMENT);
CHAKU_SAME_CODE(kInvalidState, CHAKU_INVALID_STATE);
CHAKU_SAME_CODE(kUnsupported, CHAKU_UNSUPPORTED);
CHAKU_SAME_CODE(kBadData, CHAKU_BAD_DATA);
CHAKU_SAME_CODE(kIoError, CHAKU_IO_ERROR);
CHAKU_SAME_CODE(kOutOfMemory, CHAKU_OUT_OF_MEMORY);
CHAKU_SAME_CODE(kMemoryLimit, CHAKU_MEMORY_LIMIT);
CHAKU_SAME_CODE(kDeviceError, CHAKU_DEVICE_ERROR);
CHAKU_SAME_CODE(kDeviceAbsent, CHAKU_DEVICE_ABSENT);
CHAKU_SAME_CODE(kCancelled, CHAKU_CANCELLED);
CHAKU_SAME_CODE(kInternal, CHAKU_INTERNAL);
#undef CHAKU_SAME_CODE

}  // namespace

chaku_status report(Code code, const char* message) noexcept {
  std::snprintf(last_error, sizeof last_error, "%s", message);
  return static_cast<chaku_status>(code);
}

chaku_status report_internal(const char* op, const char* what) noexcept {
  std::snprintf(last_error, sizeof last_error, "[%s] a fault of ours: %s", op, what);
  return CHAKU_INTERNAL;
}

}  // namespace chaku::capi

extern "C" const char* chaku_last_error(void) { return chaku::capi::last_error; }
