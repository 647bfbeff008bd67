// What an adapter adds to the products of a layer, forward and backward, beside the base products alone.
#pragma once

#include "cases.h"

namespace chaku::bench {

void for_each_low_rank_case(const std::function<void(Case&&)>& add);

}  // namespace chaku::bench
