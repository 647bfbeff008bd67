#include "kernels/cuda/simt/block.h"

#include <algorithm>
#include <bit>
#include <cstdarg>
#include <cstdio>

namespace chaku::simt {

constinit thread_local Thread* current_thread = nullptr;
constinit thread_local Block* current_block = nullptr;

namespace {

void finish_thread();

// A fiber's life: one thread of one block after another.
CHAKU_SIMT_SWITCHES void fiber_main() {
  arrive_in_fiber(current_block->scheduler, self());
  for (;;) {
    acquire_order(&current_block->start_order);
    const Launch& launch = *current_block->launch;
    launch.body(launch.closure);
    finish_thread();
    suspend(current_block->scheduler, self());
  }
}

bool same_collective(const Collective& a, const Collective& b) {
  return a.run == b.run && a.mask == b.mask && std::string_view(a.name) == b.name && same_place(a.site, b.site);
}

// Runs a collective that a lane is at if all have come that can.
bool try_collective(Warp& warp, const Collective& wanted) {
  const uint32_t present = wanted.mask & ~warp.gone;
  if ((present & ~warp.waiting) != 0) return false;
  Collective* lanes[32] = {};
  for (uint32_t left = present; left != 0; left &= left - 1) {
    const int lane = std::countr_zero(left);
    lanes[lane] = warp.pending[lane];
    if (lanes[lane]->mask != wanted.mask) return false;  // it is at one of fewer lanes, and will come later
  }
  for (uint32_t left = present; left != 0; left &= left - 1) warp.lanes[std::countr_zero(left)]->state = State::kReady;
  warp.waiting &= ~present;
  warp.ready |= present;
  ++current_block->counts.collectives;
  wanted.run(lanes, present);
  return true;
}

void finish_thread() {
  Fiber& fiber = self();
  Block& block = *fiber.block;
  if (fiber.n_copies > 0)
    fault(fiber.site, "thread %u,%u,%u ends with %d cp.async that nobody waited for", fiber.index.x, fiber.index.y,
          fiber.index.z, fiber.n_copies);
  release_order(&block.launch->memory_order);
  fiber.state = State::kDone;
  Warp& warp = *fiber.warp;
  warp.ready &= ~(1u << fiber.lane);
  warp.gone |= 1u << fiber.lane;
  ++block.n_done;
  // Others may have waited for this lane alone.
  for (uint32_t left = warp.waiting; left != 0; left &= left - 1) {
    const int lane = std::countr_zero(left);
    if (!(warp.waiting >> lane & 1)) continue;
    const Collective& theirs = *warp.pending[lane];
    if (theirs.aligned)
      fault(theirs.site, "lane %d has exited while others of its warp are at %s", fiber.lane, theirs.name);
    try_collective(warp, theirs);
  }
}

Barrier& arrive(int id, int n_threads, const Site& site) {
  Block& block = *current_block;
  if (id < 0 || id >= kBarriers) fault(site, "barrier %d: there are %d", id, kBarriers);
  if (n_threads % 32 != 0) fault(site, "barrier %d for %d threads: not a multiple of the warp", id, n_threads);
  if (n_threads == 0) n_threads = block.n_threads;
  Barrier& b = block.barriers[id];
  if (b.arrived == 0) {
    b.expected = n_threads;
    b.site = site;
  } else if (b.expected != n_threads) {
    fault(site, "barrier %d for %d threads here, for %d at %s", id, n_threads, b.expected, place(b.site).text);
  } else if (id == 0 && !same_place(b.site, site)) {
    fault(site, "threads of a block are at different barriers: here, and at %s", place(b.site).text);
  }
  ++b.arrived;
  release_order(&b.memory_order[b.generation & 1]);
  return b;
}

bool open_if_full(Barrier& b, int id) {
  if (b.arrived < b.expected) return false;
  Block& block = *current_block;
  for (int i = 0; i < block.n_threads; ++i) {
    Fiber& other = block.fiber(i);
    if (other.state != State::kAtBarrier || other.barrier != id) continue;
    other.state = State::kReady;
    other.warp->ready |= 1u << other.lane;
  }
  b.arrived = 0;
  ++b.generation;
  ++block.counts.barriers;
  return true;
}

}  // namespace

void give_up() {
  for (;;) suspend(current_block->scheduler, self());
}

void fault(const Site& site, const char* format, ...) {
  char what[512];
  va_list list;
  va_start(list, format);
  std::vsnprintf(what, sizeof(what), format, list);
  va_end(list);
  Block& block = *current_block;
  block.failure = std::string(place(site).text) + ": " + what +
                  text(" (block %u,%u,%u)", block.index.x, block.index.y, block.index.z);
  give_up();
}

// ---- waiting --------------------------------------------------------------------------------------------------------

void barrier(int id, int n_threads, const Site& site) {
  Fiber& fiber = self();
  fiber.site = site;
  Barrier& b = arrive(id, n_threads, site);
  char* order = &b.memory_order[b.generation & 1];
  if (!open_if_full(b, id)) {
    fiber.state = State::kAtBarrier;
    fiber.barrier = id;
    fiber.warp->ready &= ~(1u << fiber.lane);
    suspend(current_block->scheduler, fiber);
  }
  acquire_order(order);
}

void barrier_arrive(int id, int n_threads, const Site& site) { open_if_full(arrive(id, n_threads, site), id); }

void yield() { suspend(current_block->scheduler, self()); }

// Among all fences so far: more order than a GPU gives where no atomic connects them.
void fence() {
  static char order;
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  release_order(&order);
  acquire_order(&order);
}

void rendezvous(Collective& mine) {
  Fiber& fiber = self();
  Warp& warp = *fiber.warp;
  const uint32_t bit = 1u << fiber.lane;
  fiber.site = mine.site;
  if (!(mine.mask & bit)) fault(mine.site, "%s: lane %d is not in its own mask %08x", mine.name, fiber.lane, mine.mask);
  if (mine.aligned && (warp.gone != 0 || mine.mask != kWholeWarp))
    fault(mine.site, "%s: needs all 32 lanes, lanes %08x are not there", mine.name, warp.gone);
  // A lane that waits for this one, and for which this one would wait, must be at the same collective.
  for (uint32_t others = warp.waiting & mine.mask; others != 0; others &= others - 1) {
    const int lane = std::countr_zero(others);
    const Collective& theirs = *warp.pending[lane];
    if (same_collective(theirs, mine)) break;  // as did those after it
    if (theirs.mask & bit)
      fault(mine.site, "lane %d is at %s (mask %08x), lane %d of its warp at %s (mask %08x, %s)", fiber.lane, mine.name,
            mine.mask, lane, theirs.name, theirs.mask, place(theirs.site).text);
  }
  char* order = nullptr;
  if (mine.orders_memory) {
    order = &warp.memory_order[warp.generation & 1];
    release_order(order);
  }
  warp.pending[fiber.lane] = &mine;
  warp.waiting |= bit;
  if (!try_collective(warp, mine)) {
    fiber.state = State::kAtCollective;
    warp.ready &= ~bit;
    suspend(current_block->scheduler, fiber);
  } else if (mine.orders_memory) {
    ++warp.generation;
  }
  if (mine.orders_memory) acquire_order(order);
}

// ---- a block's life -------------------------------------------------------------------------------------------------

uint64_t Block::draw(uint64_t below) {
  random_ ^= random_ << 13;
  random_ ^= random_ >> 7;
  random_ ^= random_ << 17;
  return random_ % below;
}

void Block::begin() {
  n_threads = static_cast<int>(launch->block.x * launch->block.y * launch->block.z);
  n_done = 0;
  failure.clear();
  for (Barrier& b : barriers) b = Barrier();
  warps.assign(static_cast<size_t>((n_threads + 31) / 32), Warp());
  crew_ = &crews_[static_cast<size_t>(counts.blocks) % kCrews];
  while (crew_->size() < static_cast<size_t>(n_threads)) crew_->push_back(std::make_unique<Fiber>(fiber_main));
  add_shared(nullptr, launch->shared_bytes, 128);
  for (int i = 0; i < n_threads; ++i) {
    Fiber& f = fiber(i);
    const unsigned n = static_cast<unsigned>(i), x = launch->block.x, y = launch->block.y;
    f.index = {n % x, n / x % y, n / (x * y)};
    f.block_index = &index;
    f.block_dim = &launch->block;
    f.grid_dim = &launch->grid;
    f.block = this;
    f.warp = &warps[static_cast<size_t>(i / 32)];
    f.lane = i % 32;
    f.state = State::kReady;
    f.n_copies = f.n_groups = 0;
    f.warp->lanes[f.lane] = &f;
    f.warp->ready |= 1u << f.lane;
  }
  release_order(&start_order);
  if (n_threads % 32 != 0) warps.back().gone = ~((1u << n_threads % 32) - 1);
}

void Block::end() {
  free_shared();
  for (int i = 0; i < n_threads; ++i)
    if (fiber(i).state != State::kDone || !failure.empty()) fiber(i).reset(fiber_main);
}

Fiber* Block::next_fiber() {
  const size_t n = warps.size();
  const unsigned order = options().order;
  const size_t first = order > 1 ? draw(n) : 0;
  for (size_t i = 0; i < n; ++i) {
    const size_t w = order == 1 ? n - 1 - i : (first + i) % n;
    const uint32_t ready = warps[w].ready;
    if (ready == 0) continue;
    int lane = std::countr_zero(ready);
    if (order == 1) lane = 31 - std::countl_zero(ready);
    if (order > 1) {
      const int by = static_cast<int>(draw(32));
      lane = (std::countr_zero(std::rotr(ready, by)) + by) % 32;
    }
    return warps[w].lanes[lane];
  }
  return nullptr;
}

void Block::schedule() {
  while (n_done < n_threads && failure.empty()) {
    Fiber* next = next_fiber();
    if (next == nullptr) {
      report_deadlock();
      break;
    }
    ++counts.switches;
    resume(scheduler, *next);
  }
#if defined(CHAKU_SIMT_TSAN)
  if (failure.empty()) return;
  scheduler.abandoned = true;
  for (int i = 0; i < n_threads; ++i)
    if (fiber(i).started) resume(scheduler, fiber(i));
  scheduler.abandoned = false;
  acquire_order(&scheduler.failure_order);
#endif
}

void Block::report_deadlock() {
  failure = text("nothing can go on: %d of %d threads have exited", n_done, n_threads);
  std::vector<std::string> seen;
  for (int i = 0; i < n_threads; ++i) {
    const Fiber& f = fiber(i);
    if (f.state == State::kDone) continue;
    const std::string at =
        std::string(f.state == State::kAtBarrier ? "the barrier at " : "a collective at ") + place(f.site).text;
    if (std::find(seen.begin(), seen.end(), at) != seen.end()) continue;
    seen.push_back(at);
    failure += text(", thread %d waits at %s", i, at.c_str());
  }
  failure += text(" (block %u,%u,%u)", index.x, index.y, index.z);
}

void Block::run(Launch& of, int64_t number) {
  launch = &of;
  const uint64_t n = static_cast<uint64_t>(number), x = of.grid.x, y = of.grid.y;
  index = {static_cast<unsigned>(n % x), static_cast<unsigned>(n / x % y), static_cast<unsigned>(n / (x * y))};
  random_ = (n + 1) * 0x9e3779b97f4a7c15u ^ options().order;
  if (random_ == 0) random_ = 1;
  current_block = this;
  begin();
  if (failure.empty()) schedule();
  end();
  ++counts.blocks;
  counts.threads += n_threads;
  current_block = nullptr;
  current_thread = nullptr;
}

}  // namespace chaku::simt
