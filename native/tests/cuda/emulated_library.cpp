#include "cuda/emulation.h"
#include "kernels/cuda/simt/options.h"

void chaku_emulate(const chaku::test::Emulation* emulation) {
  chaku::simt::Options& o = chaku::simt::options();
  o.n_devices = emulation->n_devices;
  o.architecture = static_cast<chaku::simt::Architecture>(emulation->architecture);
  o.device_bytes = static_cast<size_t>(emulation->device_bytes);
  o.order = emulation->order;
  o.work_until_lost = emulation->work_until_lost;
}
