package dev.chaku.cli;

import dev.chaku.BaseMergeReport;
import dev.chaku.BaseMerger;
import dev.chaku.MergeRounding;
import dev.chaku.ModelOptions;
import dev.chaku.WeightFormat;
import dev.chaku.data.Dataset;
import dev.chaku.merge.OutputRank;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** How adapters become part of their base's weights. */
final class IntoOptions {
    static final String INTO = "--into";
    private static final int DELTA_RANK = 16;

    @Reads
    @Option(
            names = INTO,
            paramLabel = "FILE",
            description = "Merge them into the weights of this base: the new file is a model that needs no adapter.")
    private Path base;

    @Option(
            names = "--type",
            paramLabel = "NAME",
            description = "Formats of the tensors that change, as for quantize; by default those that they have.")
    private WeightFormat type;

    @Option(
            names = "--rounding",
            paramLabel = "NAME",
            description =
                    "change, right along the directions of the adapters (the default), or plain, each value by itself.")
    private MergeRounding rounding;

    @Mixin
    private ImportanceOption importance;

    @Reads
    @Option(
            names = "--data",
            paramLabel = "FILE",
            description = "Data to compare base, base with adapters and merged model on.")
    private Path data;

    @Option(names = "--data-tokens", paramLabel = "N", description = "Most tokens of the data that are read (16384).")
    private Long dataTokens;

    @Writes
    @Option(
            names = "--keep-delta",
            paramLabel = "FILE",
            description = "Write what rounding lost as a small adapter, to be worn over the new file.")
    private Path delta;

    @Option(names = "--delta-rank", paramLabel = "N", description = "Its largest rank (16).")
    private Integer deltaRank;

    @Option(
            names = "--delta-energy",
            paramLabel = "SHARE",
            description = "The smallest rank of each tensor that keeps this share of what was lost, such as 0.9.")
    private Double deltaEnergy;

    private static final List<String> ALL = List.of(
            "--type",
            "--rounding",
            "--imatrix",
            "--data",
            "--data-tokens",
            "--keep-delta",
            "--delta-rank",
            "--delta-energy");

    boolean isGiven() {
        return base != null;
    }

    /** Refuses what has no effect. */
    void validate(Verb verb) {
        if (dataTokens != null) {
            verb.requireAtLeast(1, "--data-tokens", dataTokens);
        }
        if (deltaRank != null) {
            verb.requireAtLeast(1, "--delta-rank", deltaRank);
        }
        if (deltaEnergy != null && !(deltaEnergy > 0 && deltaEnergy <= 1)) {
            throw verb.usage("--delta-energy: expected a share of more than 0 and at most 1, found " + deltaEnergy);
        }
        verb.requireBeside(INTO, ALL.toArray(String[]::new));
        verb.requireBeside("--keep-delta", "--delta-rank", "--delta-energy");
        verb.requireBeside("--data", "--data-tokens");
    }

    private OutputRank deltaRank() {
        int limit = deltaRank != null ? deltaRank : DELTA_RANK;
        return new OutputRank(limit, deltaEnergy == null ? 1 : deltaEnergy);
    }

    /** A merger without adapters. */
    BaseMerger merger(int threads) {
        BaseMerger merger =
                BaseMerger.into(base).options(ModelOptions.defaults().withThreads(threads));
        if (type != null) {
            merger.format(type);
        }
        if (rounding != null) {
            merger.rounding(rounding);
        }
        if (importance.file() != null) {
            merger.importance(importance.file());
        }
        if (data != null) {
            merger.data(Dataset.read(data));
        }
        if (dataTokens != null) {
            merger.dataTokens(dataTokens);
        }
        if (delta != null) {
            merger.keepDelta(delta, deltaRank());
        }
        return merger;
    }

    /** Writes, and tells how far it is. */
    static BaseMergeReport write(BaseMerger merger, Path out, Console console) {
        try (FileProgressDisplay display = new FileProgressDisplay(console);
                WorkProgress delta = new WorkProgress(console, "keeping what was lost");
                WorkProgress trial = new WorkProgress(console, "comparing")) {
            return merger.onDelta(delta::at).onTrial(trial::at).write(out, display::show);
        }
    }
}
