// The shared memory of a block: arrays with borders around them, filled with NaN when the block begins.
#pragma once

#include <cstddef>
#include <type_traits>

namespace chaku::simt {

// What nothing was written to: NaN as a float, -1 as an integer.
constexpr std::byte kPoison{0xff};

// What the launch asked for, 128-byte aligned.
void* dynamic_shared();

// The array that `key`, one per declaration, names in this block. It lies at the alignment asked for and at no better.
void* static_shared(const void* key, size_t n_bytes, size_t alignment);

bool is_shared(const void* at, size_t n_bytes);

template <class T, class Key>
T& static_shared(Key) {
  static constexpr char key = 0;  // one object per T and Key
  return *static_cast<T*>(static_shared(&key, sizeof(T), alignof(T)));
}

}  // namespace chaku::simt
