// What a file of results was measured on.
#pragma once

#include <string>

namespace chaku::bench {

// One JSON object without a line break: processor, cores, features, memory, system, compiler, date and what is given.
std::string machine_json(const std::string& commit, const std::string& path, int threads);

}  // namespace chaku::bench
