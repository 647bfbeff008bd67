// ldmatrix and mma on the host, with the layouts of the PTX ISA ("Warp Level Matrix Instructions"); tests/cuda holds
// them to its tables, element by element.
#pragma once

#include <cstdint>
#include <cstring>

#include "kernels/cuda/simt/async_copy.h"

namespace chaku::simt {

// Lane i brings the address of row i % 8 of matrix i / 8: eight 16-bit numbers, 16-byte aligned, in shared memory.
// Lane i takes, of each matrix, elements 2 (i % 4) and 2 (i % 4) + 1 of row i / 4; transposed, of column i / 4.
struct LoadMatrix : Collective {
  int n = 0;
  bool transposed = false;
  uintptr_t address = 0;
  uint16_t row[8] = {};
  uint32_t out[4] = {};
};
void run_load_matrix(Collective* const* lanes, uint32_t mask);

template <int kMatrices, bool kTransposed>
void load_matrix(uint32_t (&r)[kMatrices], const void* row, const Site& site) {
  LoadMatrix m;
  m.run = run_load_matrix;
  m.name = kTransposed ? "ldmatrix.trans" : "ldmatrix";
  m.aligned = true;
  m.site = site;
  m.n = kMatrices;
  m.transposed = kTransposed;
  m.address = reinterpret_cast<uintptr_t>(row);
  const int lane = current_thread->lane;
  if (lane < 8 * kMatrices) {
    if (m.address % 16 != 0) fault(site, "ldmatrix: the row of lane %d is not 16-byte aligned", lane);
    if (!is_shared(row, 16)) fault(site, "ldmatrix: the row of lane %d is not in shared memory", lane);
    tell_read(row, 16);
    std::memcpy(m.row, row, 16);
  }
  rendezvous(m);
  for (int i = 0; i < kMatrices; ++i) r[i] = m.out[i];
}

// D[16,8] += A[16,K] B[K,8]. With g = lane / 4 and t = lane % 4, a lane holds
//   of D   rows g, g, g+8, g+8, columns 2t, 2t+1, 2t, 2t+1;
//   of A   in registers 0..3: rows g, g+8, g, g+8; four bytes' worth of columns from 4t bytes (registers 0, 1) or
//          16 + 4t bytes (2, 3) on;
//   of B   column g; four bytes' worth of rows from 4t (register 0) or 16 + 4t bytes (1) on;
// where a row of A, and a column of B, are 32 bytes: 16 numbers of 16 bits, or 32 of 8.
//
// Floats: products are exact; sums of eight of them and the accumulator are rounded towards zero. How a GPU rounds is
// not specified; published measurements agree with rounding down, and lose a bit or two more.
struct Mma : Collective {
  uint32_t a[4] = {}, b[2] = {};
  uint32_t d[4] = {};  // bits of floats or integers
};
void run_mma_bf16(Collective* const* lanes, uint32_t mask);
void run_mma_f16(Collective* const* lanes, uint32_t mask);
void run_mma_s8(Collective* const* lanes, uint32_t mask);

template <class T>
void mma(Collective::Run run, const char* name, T (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2],
         const Site& site) {
  Mma m;
  m.run = run;
  m.name = name;
  m.aligned = true;
  m.site = site;
  std::memcpy(m.a, a, sizeof(a));
  std::memcpy(m.b, b, sizeof(b));
  std::memcpy(m.d, d, sizeof(d));
  rendezvous(m);
  std::memcpy(d, m.d, sizeof(d));
}

}  // namespace chaku::simt
