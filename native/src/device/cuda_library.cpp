#include "device/cuda_library.h"

#include <dlfcn.h>
#include <unistd.h>

#include <filesystem>

namespace chaku {
namespace {

constexpr char kName[] = "libchaku_cuda.so";

std::string beside_this_library() {
  Dl_info info;
  if (dladdr(reinterpret_cast<const void*>(&open_cuda_library), &info) == 0 || info.dli_fname == nullptr) return kName;
  return (std::filesystem::path(info.dli_fname).parent_path() / kName).string();
}

}  // namespace

OpenedCudaLibrary open_cuda_library(const std::string& path) {
  const std::string file = path.empty() ? beside_this_library() : path;
  if (access(file.c_str(), F_OK) != 0) return {nullptr, "the library of CUDA kernels is not there: " + file};
  // A slash, so that no search path is asked.
  const std::string from = file.find('/') == std::string::npos ? "./" + file : file;
  void* handle = dlopen(from.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (handle == nullptr) return {nullptr, std::string("the library of CUDA kernels does not open: ") + dlerror()};
  const auto open = reinterpret_cast<decltype(&chaku_cuda_library)>(dlsym(handle, "chaku_cuda_library"));
  if (open == nullptr) return {nullptr, "expected a library of CUDA kernels, found something else: " + file};
  const cuda::Library* functions = open(cuda::kLibraryVersion, static_cast<int64_t>(sizeof(KernelTable)));
  if (functions == nullptr) return {nullptr, "the library of CUDA kernels is of another version: " + file};
  return {functions, ""};
}

}  // namespace chaku
