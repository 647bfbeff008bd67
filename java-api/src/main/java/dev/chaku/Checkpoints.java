package dev.chaku;

import dev.chaku.adapter.Safetensors;
import dev.chaku.arch.DecoderModule;
import dev.chaku.data.EncodedExample;
import dev.chaku.internal.DirectBuffers;
import dev.chaku.internal.NativeTrainer;
import dev.chaku.internal.ParameterInfo;
import dev.chaku.train.CheckpointFolder;
import dev.chaku.train.OutputFolder;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A run's state on disk: parameters, moments and position, with fingerprints of all that must be the same for a resumed
 * run to give the bits of one that was never interrupted.
 */
final class Checkpoints {
  private static final System.Logger LOG = System.getLogger(Checkpoints.class.getName());
  private static final String STATE = "state.safetensors";
  private static final List<NativeTrainer.Slot> SLOTS =
      List.of(NativeTrainer.Slot.VALUE, NativeTrainer.Slot.MOMENT1, NativeTrainer.Slot.MOMENT2);

  private final Trainer setup;
  private final NativeTrainer core;
  private final CheckpointFolder folder;
  private final Map<String, String> fingerprints;

  Checkpoints(Trainer setup, NativeTrainer core, OutputFolder output) {
    this.setup = setup;
    this.core = core;
    this.folder = new CheckpointFolder(output.path());
    this.fingerprints = fingerprints();
  }

  void save(RunPosition position) {
    Map<String, String> metadata = new LinkedHashMap<>(fingerprints);
    metadata.put("step", Integer.toString(position.step()));
    metadata.put("epoch", Integer.toString(position.epoch()));
    metadata.put("row", Integer.toString(position.row()));
    metadata.put("rows_done", Long.toString(position.rowsDone()));
    List<Safetensors.Source> sources = new ArrayList<>();
    for (int i = 0; i < core.parameters(); i++) {
      ParameterInfo info = core.parameter(i);
      for (NativeTrainer.Slot slot : SLOTS) {
        FloatBuffer values = DirectBuffers.floats(Math.toIntExact(info.elements()));
        core.read(i, slot, values);
        sources.add(new Safetensors.Source(name(info, slot), List.of(info.rows(), info.columns()), values));
      }
    }
    folder.save(position.step(), into -> Safetensors.write(into.resolve(STATE), metadata, sources));
    folder.keepNewest(setup.config().keepCheckpoints());
  }

  /**
   * Restores the newest whole checkpoint.
   *
   * @throws BadInputException if it was made from other data, another base or with other settings
   */
  Optional<RunPosition> restoreNewest() {
    for (Path checkpoint : folder.newestFirst()) {
      try {
        CheckpointFolder.verify(checkpoint);
      } catch (BadInputException torn) {
        LOG.log(System.Logger.Level.WARNING, torn.getMessage() + "; trying the one before");
        continue;
      }
      return Optional.of(restore(checkpoint));
    }
    return Optional.empty();
  }

  private RunPosition restore(Path checkpoint) {
    Safetensors state = Safetensors.read(checkpoint.resolve(STATE));
    Map<String, String> metadata = state.metadata();
    fingerprints.forEach(
        (what, now) -> {
          if (!now.equals(metadata.get(what))) {
            throw new BadInputException(
                checkpoint + ": cannot be resumed: the " + what.replace('_', ' ') + " differ from those of the run");
          }
        });
    for (int i = 0; i < core.parameters(); i++) {
      ParameterInfo info = core.parameter(i);
      for (NativeTrainer.Slot slot : SLOTS) {
        ByteBuffer bytes = state.bytes(name(info, slot));
        if (bytes.remaining() != info.elements() * Float.BYTES) {
          throw new BadInputException(
              checkpoint + ": tensor '" + name(info, slot) + "': expected " + info.elements() + " values, found "
                  + bytes.remaining() / Float.BYTES);
        }
        core.write(i, slot, bytes.asFloatBuffer());
      }
    }
    RunPosition position =
        new RunPosition(
            Integer.parseInt(metadata.get("step")),
            Integer.parseInt(metadata.get("epoch")),
            Integer.parseInt(metadata.get("row")),
            Long.parseLong(metadata.get("rows_done")));
    core.setStep(position.step());
    return position;
  }

  private static String name(ParameterInfo info, NativeTrainer.Slot slot) {
    String place = DecoderModule.ofId(info.module()).orElseThrow().at(info.layer()).name();
    return place + "." + info.kind().name().toLowerCase(java.util.Locale.ROOT) + "."
        + slot.name().toLowerCase(java.util.Locale.ROOT);
  }

  private Map<String, String> fingerprints() {
    Map<String, String> prints = new LinkedHashMap<>();
    prints.put("settings", hash(RunDescription.json(setup).getBytes(StandardCharsets.UTF_8)));
    prints.put("examples", examplesHash());
    prints.put("base_model", baseHash());
    return prints;
  }

  private static String hash(byte[] bytes) {
    return HexFormat.of().formatHex(CheckpointFolder.sha256().digest(bytes));
  }

  private String examplesHash() {
    MessageDigest digest = CheckpointFolder.sha256();
    for (EncodedExample example : setup.examples()) {
      ByteBuffer bytes = ByteBuffer.allocate(example.length() * 8 + 4).putInt(example.length());
      for (int i = 0; i < example.length(); i++) {
        bytes.putInt(example.tokens()[i]).putFloat(example.weights()[i]);
      }
      digest.update(bytes.flip());
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private String baseHash() {
    try {
      Optional<Path> path = setup.model().path();
      return path.isPresent() ? CheckpointFolder.sha256(path.get()) : setup.model().metadata().source();
    } catch (IOException e) {
      throw new BadInputException(setup.model().path() + ": cannot be read: " + e.getMessage(), e);
    }
  }
}
