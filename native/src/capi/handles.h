// The opaque handles: shared references, so that a child keeps its parents.
#pragma once

#include <memory>

#include "chaku.h"
#include "infer/encoder.h"
#include "infer/pool.h"
#include "model/adapter.h"
#include "model/engine.h"
#include "model/model.h"
#include "train/trainer.h"

struct chaku_engine {
  std::shared_ptr<const chaku::Engine> shared;
};

struct chaku_model {
  std::shared_ptr<chaku::Model> shared;
};

struct chaku_adapter {
  std::shared_ptr<chaku::Adapter> shared;
};

struct chaku_pool {
  chaku::Pool pool;
};

struct chaku_sequence {
  std::shared_ptr<chaku::Sequence> sequence;  // held prompts keep theirs
};

struct chaku_encoder {
  chaku::Encoder encoder;
};

struct chaku_trainer {
  chaku::Trainer trainer;
};
