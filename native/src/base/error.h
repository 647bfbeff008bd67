// The one exception of the core, thrown by cold code and turned into a chaku_status at the C boundary.
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <utility>

namespace chaku {

// Values equal the CHAKU_* status codes of chaku.h; capi/status.cpp asserts it.
enum class Code : int32_t {
  kOk = 0,
  kInvalidArgument = 1,
  kInvalidState = 2,
  kUnsupported = 3,
  kBadData = 10,
  kIoError = 11,
  kOutOfMemory = 20,
  kMemoryLimit = 21,
  kDeviceError = 30,
  kDeviceAbsent = 31,
  kCancelled = 40,
  kInternal = 90,
};

class Error : public std::exception {
 public:
  Error(Code code, std::string message) : code_(code), message_(std::move(message)) {}
  Code code() const noexcept { return code_; }
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  Code code_;
  std::string message_;
};

// Throws Error with a printf-formatted message of the form "[op] expected ..., got ... (where)".
[[noreturn]] void fail(Code code, const char* format, ...) __attribute__((format(printf, 2, 3)));

}  // namespace chaku
