#include "cuda/check/rates.h"

#include <algorithm>
#include <chrono>
#include <functional>

#include "kernels/data.h"

namespace chaku::test {
namespace {

// Arrays and a queue of the device, for as long as it is measured.
class Bench {
 public:
  explicit Bench(const cuda::Library& library) : library_(library) {
    const char* reason = "";
    queue_ = library_.make_queue(0, library_.scratch_bytes, &reason);
  }
  ~Bench() {
    for (void* at : arrays_) library_.free(*queue_, at);
    library_.free_queue(queue_);
  }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  Queue& queue() { return *queue_; }

  // Random bytes of a weight, or of floats.
  void* array(const void* from, int64_t n_bytes) {
    void* at = library_.allocate(*queue_, n_bytes);
    arrays_.push_back(at);
    library_.upload(*queue_, at, from, n_bytes);
    library_.synchronize(*queue_);
    return at;
  }
  float* floats(int64_t n) {
    const std::vector<float> values = random_vector(n, 1);
    return static_cast<float*>(array(values.data(), n * int64_t{sizeof(float)}));
  }

  // Seconds of one run: the median of seven groups of ten, behind two that do not count.
  double seconds(const std::function<void()>& run) {
    std::vector<double> all;
    for (int group = -2; group < 7; ++group) {
      library_.synchronize(*queue_);
      const auto begin = std::chrono::steady_clock::now();
      for (int i = 0; i < 10; ++i) run();
      library_.synchronize(*queue_);
      const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
      if (group >= 0) all.push_back(taken.count() / 10);
    }
    std::nth_element(all.begin(), all.begin() + 3, all.end());
    return all[3];
  }

 private:
  const cuda::Library& library_;
  Queue* queue_ = nullptr;
  std::vector<void*> arrays_;
};

constexpr DType kMeasured[] = {DType::kF16, DType::kQ8_0, DType::kQ4_0, DType::kQ4_K, DType::kQ6_K};

Matrix weight(Bench& bench, DType dtype, int64_t n, int64_t k) {
  const Weights w = random_weights(dtype, n, k, 3);
  return {bench.array(w.matrix.data, n * w.matrix.stride_bytes()), dtype, n, k};
}

}  // namespace

std::vector<Rate> measured_rates(const cuda::Library& library) {
  Bench bench(library);
  const KernelTable& table = *library.tensor;
  std::vector<Rate> rates;
  constexpr int64_t kFloats = int64_t{32} << 20, kK = 4096, kN = 14336, kM = 2048;
  float *x = bench.floats(kFloats), *y = bench.floats(kFloats);
  const double copy = bench.seconds([&] { table.copy_rows({x, 4096, y, 4096, kFloats / 4096, 4096}, bench.queue()); });
  const double bandwidth = 8.0 * kFloats / copy * 1e-9;
  rates.push_back({"copy", bandwidth, "GB/s", 1.0});
  const auto product = [&](const Matrix& w, int64_t m, Role role) {
    return bench.seconds([&] {
      table.matmul({.x = x, .x_stride = w.columns, .w = w, .y = y, .y_stride = w.rows, .m = m, .role = role},
                   bench.queue());
    });
  };
  const Matrix dense = weight(bench, DType::kBF16, kN, kK);
  const double flops = 2.0 * kM * kN * kK, rate = flops / product(dense, kM, Role::kPrompt) * 1e-12;
  rates.push_back({"matmul BF16 m2048", rate, "TFLOP/s", 1.0});
  for (const DType dtype : kMeasured) {
    const Matrix w = weight(bench, dtype, kN, kK);
    const std::string name = dtype_info(dtype).name;
    const double prompt = flops / product(w, kM, Role::kPrompt) * 1e-12;
    rates.push_back({"matmul " + name + " m2048", prompt, "TFLOP/s", prompt / rate});
    for (const int64_t m : {1, 8}) {
      const double read = static_cast<double>(kN * w.stride_bytes()) / product(w, m, Role::kGenerated) * 1e-9;
      rates.push_back({"matvec " + name + " m" + std::to_string(m), read, "GB/s", read / bandwidth});
    }
  }
  return rates;
}

}  // namespace chaku::test
