// The emulated library opened by a test, besides the core.
#pragma once

#include <dlfcn.h>

#include <stdexcept>
#include <string>

#include "cuda/emulation.h"

namespace chaku::test {

inline std::string cuda_library_file(const char* name) {
  return std::string(CHAKU_CUDA_LIBRARIES) + "lib" + name + ".so";
}
inline std::string emulated_library() { return cuda_library_file("chaku_cuda_emulated"); }

// The device, until it goes: then it is as it was.
class Emulated {
 public:
  explicit Emulated(const Emulation& emulation) { emulate(emulation); }
  ~Emulated() { emulate({}); }
  Emulated(const Emulated&) = delete;
  Emulated& operator=(const Emulated&) = delete;

 private:
  static void emulate(const Emulation& emulation) {
    void* handle = dlopen(emulated_library().c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (handle == nullptr) throw std::runtime_error(dlerror());
    reinterpret_cast<decltype(&chaku_emulate)>(dlsym(handle, "chaku_emulate"))(&emulation);
  }
};

}  // namespace chaku::test
