// Threads of a block as fibers: a stack each, and a switch between them that costs a few nanoseconds.
//
// Under ThreadSanitizer every fiber is a thread to it. The emulator's own sources are then compiled with
// -DCHAKU_SIMT_TSAN in place of -fsanitize=thread: what the scheduler does with its own data is no race.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cuda/simt/thread.h"

#if defined(__SANITIZE_THREAD__)
#error "compile the emulator with -DCHAKU_SIMT_TSAN and without -fsanitize=thread"
#endif
#if !defined(__x86_64__)
#include <ucontext.h>
#endif

// Of functions between which a fiber is switched: a sanitizer's record of frames must not change hands in them.
#define CHAKU_SIMT_SWITCHES __attribute__((noinline, no_sanitize("address", "undefined")))

namespace chaku::simt {

#if defined(__x86_64__)
using Context = void*;  // the stack pointer; the rest lies on the stack
#else
using Context = ucontext_t;
#endif

// cp.async of one thread under way at a time. A fixed array: ThreadSanitizer would see memory that one block's thread
// allocates and another's frees.
constexpr int kMaxCopies = 256;

struct AsyncCopy {
  void* to;
  int n_bytes;
  std::byte data[16];
};

enum class State : uint8_t { kReady, kAtBarrier, kAtCollective, kDone };

struct Fiber : Thread {
  Context context{};
  std::byte* stack = nullptr;
  State state = State::kReady;
  int barrier = 0;
  Site site;
  AsyncCopy copies[kMaxCopies];  // issued, not landed
  int n_copies = 0;
  int group_ends[kMaxCopies];  // of the committed ones
  int n_groups = 0;
  void* fake_stack = nullptr;  // of AddressSanitizer
  void* tsan = nullptr;
  bool started = false;

  explicit Fiber(void (*main)());
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  // To begin main anew, whatever it was doing.
  void reset(void (*main)());
};

// Where fibers are resumed from.
struct Scheduler {
  Context context{};
  const void* stack = nullptr;  // of the OS thread, as AddressSanitizer names it
  size_t stack_bytes = 0;
  void* fake_stack = nullptr;
  void* tsan = nullptr;
  bool abandoned = false;  // fibers only say what they did so far
  char failure_order = 0;
};

// From the scheduler into a fiber, until that suspends.
void resume(Scheduler& scheduler, Fiber& fiber);
// From a fiber back to the scheduler.
void suspend(Scheduler& scheduler, Fiber& fiber);
// The first thing that a fiber does.
void arrive_in_fiber(Scheduler& scheduler, Fiber& fiber);

// Order between threads, at an address, as ThreadSanitizer is to see it.
void release_order(char* address);
void acquire_order(char* address);

}  // namespace chaku::simt
