// What encode.cu has for other files: rows in a format that is searched for.
#pragma once

#include <algorithm>

#include "kernels/cuda/queue.cuh"
#include "quant/dtype.h"
#include "quant/effort.h"

namespace chaku::cuda {

// Parts of the scratch memory, one behind the other.
class Scratch {
 public:
  explicit Scratch(Queue& queue) : at_(cuda_queue(queue).device_scratch()), left_(cuda_queue(queue).scratch_bytes()) {}
  template <class T>
  T* take(int64_t n) noexcept {
    const int64_t n_bytes = ceil_div(n * int64_t{sizeof(T)}, 256) * 256;
    T* taken = reinterpret_cast<T*>(at_);
    at_ += n_bytes;
    left_ -= n_bytes;
    return taken;
  }
  // How many rows of so many bytes fit into what is left, up to m.
  int64_t rows(int64_t bytes, int64_t m) const noexcept {
    return std::clamp<int64_t>((left_ - kPads) / std::max<int64_t>(1, bytes), 0, m);
  }

 private:
  static constexpr int64_t kPads = 8 * 256;  // of what is taken behind a call of rows()
  std::byte* at_;
  int64_t left_;
};

// Weights of the columns, usable, and ones of a block, in scratch memory.
struct ColumnWeights {
  float *columns, *ones;
  bool given;
  ColumnWeights(const float* importance, int64_t k, Scratch& scratch, Queue& queue);
};

// y = x as the codec can hold it: no NaN, nothing beyond the range of halves. y may be x.
void prepare_rows(const float* x, float* y, int64_t n, Queue& queue) noexcept;

// Rows x[m,:], prepared, in a format of quant/code_grid.h.
struct SearchedRows {
  const float* x;  // [M,K]
  const ColumnWeights& weights;
  int64_t m, k;
  DType dtype;
  Effort effort;
  const int32_t* ids;  // where row m goes; or null
  const bool* wanted;  // [M] the rows that are to be encoded; null: all
  uint8_t* y;
};
void search_rows(const SearchedRows& rows, Queue& queue) noexcept;

}  // namespace chaku::cuda
