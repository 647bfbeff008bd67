// Launches that come again as a graph: one call to the driver for many kernels.
//
// A part of a step is a list of launches. Lists that name the same kernels at the same place of a step share a graph,
// which knows the arguments that it has: before it is launched, each node is compared with the launch it stands for,
// byte by byte, and set where they differ. So no argument is ever stale, whatever changed: pointers, lengths, the
// number of a step, the state of dropout. A list of other kernels, or of more, is another graph. What is seen for the
// first time is launched kernel by kernel, since to make a graph costs more than it saves once.
//
// Source: CUDA Runtime API, graph management: nodes set anew count for later launches of an executable graph, not for
// those that are enqueued.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "kernels/cuda/launches.h"

#ifdef __CUDACC__
#include <cuda_runtime.h>
#else
#include "kernels/cuda/simt/stream.h"
#endif

namespace chaku::cuda {

#ifdef __CUDACC__
using StreamHandle = cudaStream_t;
#else
using StreamHandle = simt::Stream*;
#endif

// What went to the device, and how.
struct LaunchCounts {
  int64_t kernels = 0;    // all
  int64_t alone = 0;      // of them launched one by one
  int64_t graphs = 0;     // launches of graphs
  int64_t nodes_set = 0;  // nodes whose arguments were not those of the last time
  int64_t graphs_made = 0;
};

class Graphs {
 public:
  Graphs();
  ~Graphs();

  // The list is the `part`-th of a step. False where it is still to be launched, kernel by kernel: it is new, or the
  // driver refused a graph, which is then never asked for again.
  bool launch(LaunchList& list, int64_t part, StreamHandle stream, LaunchCounts& counts);

 private:
  struct Graph;
  struct Seen {
    std::unique_ptr<Graph> graph;
    int64_t last = 0;
  };
  bool make_room();
  bool refuse();

  std::unordered_map<uint64_t, Seen> seen_;
  int64_t n_launched_ = 0, n_graphs_ = 0;
  bool refused_ = false;
};

}  // namespace chaku::cuda
