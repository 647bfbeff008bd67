#include "kernels/cuda/simt/fiber.h"

#include <sys/mman.h>

#include <cstdlib>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(CHAKU_SIMT_TSAN)
#include <sanitizer/tsan_interface.h>
#endif

namespace chaku::simt {
namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr size_t kStackBytes = size_t{256} << 10;
#else
constexpr size_t kStackBytes = size_t{128} << 10;
#endif
constexpr size_t kGuardBytes = 4096;

}  // namespace

#if defined(__x86_64__)
// Saves the callee's registers and the stack pointer in *from, and continues where `to` was saved.
extern "C" void chaku_simt_switch_stack(void** from, void* to);
asm(R"(
  .text
  .type chaku_simt_switch_stack, @function
chaku_simt_switch_stack:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
  .size chaku_simt_switch_stack, . - chaku_simt_switch_stack
)");

namespace {

CHAKU_SIMT_SWITCHES void switch_context(Context& from, Context& to) { chaku_simt_switch_stack(&from, to); }

CHAKU_SIMT_SWITCHES void make_context(Context& c, std::byte* stack, void (*main)()) {
  void** top = reinterpret_cast<void**>(stack + kStackBytes) - 2;  // main begins with the stack as after a call
  *top = reinterpret_cast<void*>(main);
  for (int i = 0; i < 6; ++i) *--top = nullptr;
  c = top;
}

}  // namespace
#else
namespace {

CHAKU_SIMT_SWITCHES void switch_context(Context& from, Context& to) { swapcontext(&from, &to); }

CHAKU_SIMT_SWITCHES void make_context(Context& c, std::byte* stack, void (*main)()) {
  getcontext(&c);
  c.uc_stack.ss_sp = stack;
  c.uc_stack.ss_size = kStackBytes;
  c.uc_link = nullptr;
  makecontext(&c, main, 0);
}

}  // namespace
#endif

// The stack lies above a page that traps.
Fiber::Fiber(void (*main)()) {
  void* at = mmap(nullptr, kGuardBytes + kStackBytes, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at == MAP_FAILED) std::abort();
  mprotect(at, kGuardBytes, PROT_NONE);
  stack = static_cast<std::byte*>(at) + kGuardBytes;
  make_context(context, stack, main);
#if defined(CHAKU_SIMT_TSAN)
  tsan = __tsan_create_fiber(0);
#endif
}

Fiber::~Fiber() {
#if defined(CHAKU_SIMT_TSAN)
  __tsan_destroy_fiber(tsan);
#endif
  munmap(stack - kGuardBytes, kGuardBytes + kStackBytes);
}

void Fiber::reset(void (*main)()) {
#if defined(__SANITIZE_ADDRESS__)
  __asan_unpoison_memory_region(stack, kStackBytes);
#endif
  make_context(context, stack, main);
  started = false;
}

CHAKU_SIMT_SWITCHES void resume([[maybe_unused]] Scheduler& scheduler, Fiber& fiber) {
  current_thread = &fiber;
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(&scheduler.fake_stack, fiber.stack, kStackBytes);
#endif
#if defined(CHAKU_SIMT_TSAN)
  scheduler.tsan = __tsan_get_current_fiber();
  __tsan_switch_to_fiber(fiber.tsan, __tsan_switch_to_fiber_no_sync);
#endif
  switch_context(scheduler.context, fiber.context);
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(scheduler.fake_stack, nullptr, nullptr);
#endif
}

CHAKU_SIMT_SWITCHES void suspend(Scheduler& scheduler, Fiber& fiber) {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(&fiber.fake_stack, scheduler.stack, scheduler.stack_bytes);
#endif
#if defined(CHAKU_SIMT_TSAN)
  __tsan_switch_to_fiber(scheduler.tsan, __tsan_switch_to_fiber_no_sync);
#endif
  switch_context(fiber.context, scheduler.context);
#if defined(__SANITIZE_ADDRESS__)
  // Another OS thread may run the block now.
  __sanitizer_finish_switch_fiber(fiber.fake_stack, &scheduler.stack, &scheduler.stack_bytes);
#endif
#if defined(CHAKU_SIMT_TSAN)
  while (scheduler.abandoned) {  // what this thread did so far comes before what the host does next
    __tsan_release(&scheduler.failure_order);
    __tsan_switch_to_fiber(scheduler.tsan, __tsan_switch_to_fiber_no_sync);
    switch_context(fiber.context, scheduler.context);
  }
#endif
}

CHAKU_SIMT_SWITCHES void arrive_in_fiber([[maybe_unused]] Scheduler& scheduler, Fiber& fiber) {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(nullptr, &scheduler.stack, &scheduler.stack_bytes);
#endif
  fiber.started = true;
}

void release_order([[maybe_unused]] char* address) {
#if defined(CHAKU_SIMT_TSAN)
  __tsan_release(address);
#endif
}

void acquire_order([[maybe_unused]] char* address) {
#if defined(CHAKU_SIMT_TSAN)
  __tsan_acquire(address);
#endif
}

}  // namespace chaku::simt
