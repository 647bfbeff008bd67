#include <utility>

#include "kernels/cuda/graphs.cuh"

namespace chaku::cuda {
namespace {

// A graph is some ten kilobytes of the host's. One that so many lists passed by may make room.
constexpr int64_t kMaxGraphs = 256, kIdleLists = 4096;
constexpr size_t kMaxSeen = 4096;

// FNV-1a of the kernels and their place; that they are the same is compared, not believed.
uint64_t key_of(const LaunchList& list, int64_t part) noexcept {
  uint64_t h = 0xcbf29ce484222325u;
  const auto mix = [&](uint64_t v) {
    for (int i = 0; i < 8; ++i) h = (h ^ (v >> 8 * i & 255)) * 0x100000001b3u;
  };
  mix(static_cast<uint64_t>(part));
  mix(list.size());
  for (size_t i = 0; i < list.size(); ++i) mix(reinterpret_cast<uintptr_t>(list[i].kernel));
  return h;
}

}  // namespace

#ifdef __CUDACC__

struct Graphs::Graph {
  std::vector<KernelLaunch> launches;
  std::vector<cudaGraphNode_t> nodes;
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t executable = nullptr;

  ~Graph() {
    if (executable != nullptr) cudaGraphExecDestroy(executable);
    if (graph != nullptr) cudaGraphDestroy(graph);
  }
  bool make() noexcept {
    if (cudaGraphCreate(&graph, 0) != cudaSuccess) return false;
    nodes.resize(launches.size());
    for (size_t i = 0; i < launches.size(); ++i) {
      const NodeParameters parameters(launches[i]);
      if (cudaGraphAddKernelNode(&nodes[i], graph, i > 0 ? &nodes[i - 1] : nullptr, i > 0 ? 1 : 0, &parameters.p) !=
          cudaSuccess)
        return false;
    }
    return cudaGraphInstantiate(&executable, graph, 0ull) == cudaSuccess;
  }
  bool set(size_t i) noexcept {
    const NodeParameters parameters(launches[i]);
    return cudaGraphExecKernelNodeSetParams(executable, nodes[i], &parameters.p) == cudaSuccess;
  }
  bool launch(cudaStream_t stream) noexcept { return cudaGraphLaunch(executable, stream) == cudaSuccess; }
};

#else

struct Graphs::Graph {
  std::vector<KernelLaunch> launches;
  simt::Graph graph;

  static simt::Work work(const KernelLaunch& l) {
    return [l] { l.layout->run(l); };
  }
  bool make() {
    for (const KernelLaunch& l : launches) graph.add(l.kernel, work(l));
    return true;
  }
  bool set(size_t i) {
    graph.set(i, launches[i].kernel, work(launches[i]));
    return true;
  }
  bool launch(simt::Stream* stream) {
    stream->launch(graph);
    return true;
  }
};

#endif

Graphs::Graphs() = default;
Graphs::~Graphs() = default;

// For one more graph.
bool Graphs::make_room() {
  if (n_graphs_ < kMaxGraphs) return true;
  auto oldest = seen_.end();
  for (auto i = seen_.begin(); i != seen_.end(); ++i)
    if (i->second.graph != nullptr && (oldest == seen_.end() || i->second.last < oldest->second.last)) oldest = i;
  if (n_launched_ - oldest->second.last < kIdleLists) return false;
  seen_.erase(oldest);
  --n_graphs_;
  return true;
}

bool Graphs::launch(LaunchList& list, int64_t part, StreamHandle stream, LaunchCounts& counts) {
  if (refused_) return false;
  ++n_launched_;
  if (seen_.size() >= kMaxSeen) std::erase_if(seen_, [](const auto& s) { return s.second.graph == nullptr; });
  const auto [at, first_time] = seen_.try_emplace(key_of(list, part));
  Seen& seen = at->second;
  const bool idle = n_launched_ - seen.last >= kIdleLists;
  seen.last = n_launched_;
  if (seen.graph == nullptr) {
    if (first_time || idle || !make_room()) return false;
    seen.graph = std::make_unique<Graph>();
    ++n_graphs_;
    for (size_t i = 0; i < list.size(); ++i) seen.graph->launches.push_back(list[i]);
    if (!seen.graph->make()) return refuse();
    ++counts.graphs_made;
  } else {
    Graph& graph = *seen.graph;
    const auto same_kernels = [&] {
      if (graph.launches.size() != list.size()) return false;
      for (size_t i = 0; i < list.size(); ++i)
        if (graph.launches[i].kernel != list[i].kernel) return false;
      return true;
    };
    if (!same_kernels()) return false;  // of one key by chance
    for (size_t i = 0; i < list.size(); ++i) {
      if (graph.launches[i] == list[i]) continue;
      graph.launches[i] = list[i];
      if (!graph.set(i)) return refuse();
      ++counts.nodes_set;
    }
  }
  if (!seen.graph->launch(stream)) return refuse();
  ++counts.graphs;
  return true;
}

bool Graphs::refuse() {
  refused_ = true;
#ifdef __CUDACC__
  cudaGetLastError();  // which would be the next launch's
#endif
  return false;
}

}  // namespace chaku::cuda
