// Kernel launches that are kept before they are made: by value, so that two of them can be compared.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <vector>

#ifdef __CUDACC__
#include <cuda_runtime.h>
#else
#include <bit>
#include <tuple>
#include <utility>

#include "kernels/cuda/simt/grid.h"
#endif

namespace chaku::cuda {

struct KernelLaunch;

constexpr int32_t kMaxArguments = 16;

// Where the arguments of a kernel lie among their bytes; one for all launches of a type of kernel.
struct ArgumentLayout {
  const int32_t* offsets = nullptr;
  int32_t n = 0;
  int32_t n_bytes = 0;
#ifndef __CUDACC__
  void (*run)(const KernelLaunch& launch) = nullptr;
#endif
};

struct KernelLaunch {
  const void* kernel = nullptr;  // the host's name of it
  const ArgumentLayout* layout = nullptr;
  dim3 grid, block;
  size_t shared_bytes = 0;
  std::vector<std::byte> arguments;  // what lies between them is zero

  bool operator==(const KernelLaunch& o) const noexcept {
    const auto same = [](const dim3& a, const dim3& b) { return a.x == b.x && a.y == b.y && a.z == b.z; };
    return kernel == o.kernel && same(grid, o.grid) && same(block, o.block) && shared_bytes == o.shared_bytes &&
           arguments.size() == o.arguments.size() &&
           std::memcmp(arguments.data(), o.arguments.data(), arguments.size()) == 0;
  }
};

template <class... P>
struct Arguments {
  static_assert((std::is_trivially_copyable_v<P> && ...));
  static constexpr int32_t kCount = sizeof...(P);
  static_assert(kCount <= kMaxArguments);

  struct Offsets {
    int32_t at[kCount + 1] = {};  // the last is the end
  };
  static constexpr Offsets offsets() noexcept {
    constexpr int32_t sizes[] = {static_cast<int32_t>(sizeof(P))..., 0};
    constexpr int32_t alignments[] = {static_cast<int32_t>(alignof(P))..., 1};
    Offsets o;
    for (int32_t i = 0, at = 0; i <= kCount; at += sizes[i++]) {
      at = (at + alignments[i] - 1) / alignments[i] * alignments[i];
      o.at[i] = at;
    }
    return o;
  }
  static constexpr Offsets kOffsets = offsets();

  template <class T>
  static void put(std::byte* to, T value) noexcept {
    __builtin_clear_padding(&value);  // which may hold anything
    std::memcpy(to, &value, sizeof(T));
  }
  static void write(std::byte* to, P... values) noexcept {
    int32_t i = 0;
    (put(to + kOffsets.at[i++], values), ...);
  }

#ifndef __CUDACC__
  template <class T>
  static T read(const std::byte* from) noexcept {
    struct {
      alignas(T) std::byte bytes[sizeof(T)];
    } raw;
    std::memcpy(raw.bytes, from, sizeof(T));
    return std::bit_cast<T>(raw);  // which needs no constructor
  }
  template <size_t... I>
  static std::tuple<P...> values(const std::byte* from, std::index_sequence<I...>) noexcept {
    return {read<P>(from + kOffsets.at[I])...};
  }
  static void run(const KernelLaunch& l) {
    const std::tuple<P...> all = values(l.arguments.data(), std::index_sequence_for<P...>());
    const auto kernel = reinterpret_cast<void (*)(P...)>(const_cast<void*>(l.kernel));
    const auto body = [&] { std::apply(kernel, all); };
    simt::run_grid(
        l.grid, l.block, l.shared_bytes, [](const void* f) { (*static_cast<const decltype(body)*>(f))(); }, &body);
  }
  static constexpr ArgumentLayout kLayout = {kOffsets.at, kCount, kOffsets.at[kCount], run};
#else
  static constexpr ArgumentLayout kLayout = {kOffsets.at, kCount, kOffsets.at[kCount]};
#endif
};

#ifdef __CUDACC__
// What the driver is told of a launch; it copies the arguments.
struct NodeParameters {
  void* arguments[kMaxArguments];
  cudaKernelNodeParams p{};

  explicit NodeParameters(const KernelLaunch& l) noexcept {
    auto* bytes = const_cast<std::byte*>(l.arguments.data());
    for (int32_t i = 0; i < l.layout->n; ++i) arguments[i] = bytes + l.layout->offsets[i];
    p.func = const_cast<void*>(l.kernel);
    p.gridDim = l.grid;
    p.blockDim = l.block;
    p.sharedMemBytes = static_cast<unsigned>(l.shared_bytes);
    p.kernelParams = arguments;
  }
};
#endif

// Launches in order; the memory of those that were dropped serves the next.
class LaunchList {
 public:
  size_t size() const noexcept { return n_; }
  const KernelLaunch& operator[](size_t i) const noexcept { return launches_[i]; }
  KernelLaunch& operator[](size_t i) noexcept { return launches_[i]; }
  void clear() noexcept { n_ = 0; }

  template <class... P>
  void add(void (*kernel)(P...), dim3 grid, dim3 block, size_t shared_bytes, P... arguments) {
    if (n_ == launches_.size()) launches_.emplace_back();
    KernelLaunch& l = launches_[n_++];
    l.kernel = reinterpret_cast<const void*>(kernel);
    l.layout = &Arguments<P...>::kLayout;
    l.grid = grid;
    l.block = block;
    l.shared_bytes = shared_bytes;
    l.arguments.assign(static_cast<size_t>(l.layout->n_bytes), std::byte{0});
    Arguments<P...>::write(l.arguments.data(), arguments...);
  }

 private:
  std::vector<KernelLaunch> launches_;
  size_t n_ = 0;
};

}  // namespace chaku::cuda
