package dev.chaku.cli;

import dev.chaku.AdapterMerge;
import dev.chaku.Adapters;
import dev.chaku.BaseMergeReport;
import dev.chaku.BaseMerger;
import dev.chaku.errors.BadInputException;
import dev.chaku.merge.MergeMethod;
import dev.chaku.merge.MergeReport;
import dev.chaku.registry.AdapterReference;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code chaku adapter merge}: several adapters become one, or part of their base. */
@Command(
        name = "merge",
        description = {
            "Merges adapters of one base into one adapter. Each has a weight, 1 unless given; less than 0 takes it away.",
            "What only some of them adapt counts as zero in the others. The result names its parents and how it was made.",
            "With --into they become part of the weights of their base, in its formats or others: a model of its own. The table",
            "says how much of each tensor's change is left after rounding, and with --data how much of what the adapters gain."
        },
        footer = {
            "",
            "Methods that combine the products B A, for adapters of any rank:",
            "  cat                    their weighted sum, exactly; ranks add up",
            "  svd                    their weighted sum in the best approximation of a rank",
            "  slerp                  on the arc from the first to the second",
            "Methods that combine A and B, each by itself, as PEFT does, for adapters of equal ranks:",
            "  linear                 weighted sums",
            "  ties                   the largest values of each; where signs differ, those of the elected sign",
            "  dare_linear, dare_ties the same after values are dropped at random and the rest grown",
            "  magnitude_prune        weighted sums of the largest values",
            "With _svd (ties_svd, dare_linear_svd, …) these work on the products: any rank, a quarter of a minute for 1B.",
            "",
            "Examples:",
            "  chaku adapter merge runs/a=0.7 runs/b=0.3 --method svd --rank 16 --out both.gguf",
            "  chaku adapter merge a.gguf b.gguf --method ties --density 0.3 --out both.gguf",
            "  chaku adapter merge a.gguf b.gguf=-0.5 --method cat --out a-without-b.gguf",
            "  chaku adapter merge runs/1 --into base.gguf --out merged.gguf --data test.jsonl",
            "  chaku adapter merge a=0.8 b=0.5 --into base.gguf --out merged.gguf --type q6_k --keep-delta rest.gguf",
            "  chaku adapter merge a.gguf --method svd --energy 0.99 --out smaller.gguf",
            "  chaku adapter merge a.gguf b.gguf --method cat --layer-weights 0-7=1,0 --layer-weights 8-15=0,1 --out c.gguf"
        })
final class AdapterMergeCommand extends Verb {
    @Reads
    @Parameters(
            arity = "1..*",
            paramLabel = "DIR|FILE|NAME[=WEIGHT]",
            description = "Adapters: runs, files or names of the registry.")
    private List<String> adapters;

    @Mixin
    private CombineOptions combination;

    @Mixin
    private IntoOptions into;

    @Mixin
    private RegistryOption registry;

    @Mixin
    private AdapterBases.Force force;

    @Writes
    @Option(names = "--out", required = true, paramLabel = "FILE", description = "The new file.")
    private Path out;

    @Mixin
    private OverwriteOption overwrite;

    @Mixin
    private ThreadsOption threads;

    @Override
    void validate() {
        into.validate(this);
        if (into.isGiven()) {
            refuseBeside(
                    IntoOptions.INTO,
                    "--method",
                    "--density",
                    "--sign",
                    "--seed",
                    "--rank",
                    "--energy",
                    "--module-weights",
                    "--layer-weights");
            return;
        }
        if (!combination.isGiven()) {
            throw usage("expected --method NAME or --into FILE, found neither; "
                    + String.join(", ", MergeMethod.labels()) + " are known");
        }
        combination.method(this);
    }

    @Override
    void execute() {
        if (into.isGiven()) {
            mergeIntoBase();
        } else {
            mergeWithEachOther();
        }
    }

    private void mergeIntoBase() {
        BaseMerger merger = into.merger(threads.count()).force(force.isSet()).overwrite(overwrite.isSet());
        List<AdapterArgument> worn = new ArrayList<>();
        try {
            for (String text : adapters) {
                AdapterArgument one = parent(text);
                worn.add(one);
                merger.add(one.adapter(), one.scale());
            }
            BaseMergeReport report = IntoOptions.write(merger, out, console());
            report.warning().ifPresent(words -> console().note("warning: " + words));
            result(AdapterMergeIntoWork.fields(out, report), () -> AdapterMergeIntoWork.print(console(), out, report));
        } finally {
            worn.forEach(one -> one.adapter().close());
        }
    }

    private void mergeWithEachOther() {
        AdapterMerge merge = Adapters.merge(combination.method(this))
                .force(force.isSet())
                .overwrite(overwrite.isSet())
                .threads(threads.count());
        combination.addWeights(this, merge);
        List<AdapterArgument> parents = new ArrayList<>();
        try {
            for (String text : adapters) {
                AdapterArgument parent = parent(text);
                parents.add(parent);
                if (AdapterReference.isPath(parent.name())) {
                    merge.add(parent.adapter(), parent.scale());
                } else {
                    merge.add(parent.name(), parent.adapter(), parent.scale());
                }
            }
            MergeReport report;
            try (WorkProgress progress = new WorkProgress(console(), "merging")) {
                report = merge.write(out, progress::at);
            }
            result(MergeOutcome.fields(out, report), () -> MergeOutcome.print(console(), out, report));
        } finally {
            parents.forEach(parent -> parent.adapter().close());
        }
    }

    private AdapterArgument parent(String text) {
        try {
            return AdapterArgument.parse(text, registry, console());
        } catch (BadInputException e) {
            throw e.setting().filter("adapter"::equals).isPresent() ? usage(e.getMessage()) : e;
        }
    }
}
