// chaku_cuda_check [libchaku_cuda.so]: what a machine with a GPU, and nothing else, needs to judge a build. Runs the
// tests of the kernels on the device, then measures what it reaches and what the kernels do of that. Standard output is
// one object of JSON; the tests' lines go to standard error. Exits with 0 where all tests pass, 1 where one fails, 77
// where no device can be used.
#include <unistd.h>

#include <cstdio>
#include <string>

#include "cuda/check/rates.h"
#include "cuda/device_under_test.h"
#include "device/cuda_library.h"
#include "test.h"

namespace chaku::test {
namespace {

const cuda::Library* library = nullptr;

// The JSON goes where standard output went; the tests' lines do not.
std::FILE* json = nullptr;

std::string folder_of_this_program() {
  char path[4096];
  const ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
  const std::string all(path, n > 0 ? static_cast<size_t>(n) : 0);
  return all.substr(0, all.rfind('/') + 1);
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  }
  return out + "\"";
}

int run(const std::string& path) {
  const OpenedCudaLibrary opened = open_cuda_library(path);
  std::string reason = opened.absence;
  library = opened.functions;
  if (library != nullptr)
    if (const char* absence = library->absence())
      reason = absence;
    else if (const char* unusable = library->unusable(0))
      reason = unusable;
  if (!reason.empty()) {
    std::fprintf(json, "{\"device\": null, \"reason\": %s}\n", quoted(reason).c_str());
    return kSkipCode;
  }
  cuda::DeviceInfo info;
  library->describe(0, &info);
  const int status = run_all();
  std::fprintf(json, "{\"device\": %s, \"compute_capability\": \"%d.%d\", \"multiprocessors\": %d, \"bytes\": %lld,\n",
               quoted(info.name).c_str(), info.major, info.minor, info.n_multiprocessors,
               static_cast<long long>(info.total_bytes));
  std::fprintf(json, " \"tests\": %zu, \"failures\": %d,\n \"rates\": [", cases().size(), failures());
  const char* separator = "\n  ";
  for (const Rate& rate : measured_rates(*library)) {
    std::fprintf(json, "%s{\"name\": %s, \"value\": %.4g, \"unit\": \"%s\", \"share\": %.3f}", separator,
                 quoted(rate.name).c_str(), rate.value, rate.unit, rate.share);
    separator = ",\n  ";
  }
  std::fprintf(json, "]}\n");
  return status == 0 ? 0 : 1;
}

}  // namespace

const cuda::Library& device_library() { return *library; }
void set_order(int) {}

}  // namespace chaku::test

#undef main
int main(int argc, char** argv) {
  using namespace chaku::test;
  json = fdopen(dup(STDOUT_FILENO), "w");
  dup2(STDERR_FILENO, STDOUT_FILENO);
  const int status = run(argc > 1 ? argv[1] : folder_of_this_program() + "libchaku_cuda.so");
  std::fclose(json);
  return status;
}
