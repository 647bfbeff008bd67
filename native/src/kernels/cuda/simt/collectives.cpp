// What lanes exchange at a rendezvous: shuffles, votes, sums.
#include "kernels/cuda/simt/thread.h"

namespace chaku::simt {
namespace {

template <class Operation, class Each>
void for_lanes(Collective* const* lanes, uint32_t mask, const Each& each) {
  for (int i = 0; i < 32; ++i)
    if (mask >> i & 1) each(i, *static_cast<Operation*>(lanes[i]));
}

}  // namespace

void run_nothing(Collective* const*, uint32_t) {}

void run_shuffle(Collective* const* lanes, uint32_t mask) {
  uint64_t values[32];
  for_lanes<Shuffle>(lanes, mask, [&](int i, const Shuffle& s) { values[i] = s.value; });
  for_lanes<Shuffle>(lanes, mask, [&](int i, Shuffle& s) {
    if (s.source < 0 || s.source > 31 || !(mask >> s.source & 1))
      fault(s.site, "%s: lane %d reads lane %d, which does not take part (mask %08x)", s.name, i, s.source, mask);
    s.value = values[s.source];
  });
}

void run_vote(Collective* const* lanes, uint32_t mask) {
  uint32_t ballot = 0;
  for_lanes<Vote>(lanes, mask, [&](int i, const Vote& v) { ballot |= static_cast<uint32_t>(v.predicate) << i; });
  for_lanes<Vote>(lanes, mask, [&](int, Vote& v) { v.ballot = ballot; });
}

void run_reduction(Collective* const* lanes, uint32_t mask) {
  uint32_t sum = 0;
  for_lanes<Reduction>(lanes, mask, [&](int, const Reduction& r) { sum += r.value; });
  for_lanes<Reduction>(lanes, mask, [&](int, Reduction& r) { r.value = sum; });
}

}  // namespace chaku::simt
