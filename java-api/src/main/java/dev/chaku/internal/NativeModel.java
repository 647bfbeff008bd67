package dev.chaku.internal;

import dev.chaku.internal.binding.generated.chaku;
import dev.chaku.internal.binding.generated.chaku_model;

/** A sealed decoder: immutable and thread-safe. Sessions, adapters and trainers over it may outlive it. */
public final class NativeModel extends NativeHandle<chaku_model> {
  private final DecoderOptions decoder;

  NativeModel(chaku_model pointer, DecoderOptions decoder) {
    super("model", pointer, chaku::chaku_model_free);
    this.decoder = decoder;
  }

  public DecoderOptions decoder() {
    return decoder;
  }

  public int vocabSize() {
    return decoder.vocabSize();
  }
}
