// What every function of the C interface shares: the one place where exceptions end, the last error, the checks of
// handles and structs, and the handles themselves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

#include "base/error.h"
#include "chaku.h"

namespace chaku::capi {

// Stores the calling thread's last message and returns the status.
chaku_status report(Code code, const char* message) noexcept;
chaku_status report_internal(const char* op, const char* what) noexcept;

// Runs `body`, which throws on failure, and turns whatever leaves it into a status.
template <class Body>
chaku_status guarded(const char* op, const Body& body) noexcept {
  try {
    body();
    return CHAKU_OK;
  } catch (const Error& e) {
    return report(e.code(), e.what());
  } catch (const std::bad_alloc&) {
    return report(Code::kOutOfMemory, "[allocate] the system gives no more memory");
  } catch (const std::exception& e) {
    return report_internal(op, e.what());
  } catch (...) {
    return report_internal(op, "an unknown exception");
  }
}

template <class T>
T& require(const char* op, const char* name, T* pointer) {
  if (pointer == nullptr) fail(Code::kInvalidArgument, "[%s] expected %s, got null", op, name);
  return *pointer;
}

// A struct of options or results: there, and of the size that this version knows. Its size field is read alone, since
// the rest may not be the caller's memory.
template <class T>
T& require_struct(const char* op, const char* name, T* pointer) {
  require(op, name, pointer);
  static_assert(offsetof(T, size) == 0);
  if (pointer->size != sizeof(T))
    fail(Code::kInvalidArgument, "[%s] expected %s of size %zu, got %u (built against another chaku.h?)", op, name,
         sizeof(T), pointer->size);
  return *pointer;
}

// Frees *handle and nulls it.
template <class T>
void free_handle(T** handle) noexcept {
  if (handle == nullptr) return;
  delete *handle;
  *handle = nullptr;
}

}  // namespace chaku::capi
