package dev.chaku.cli;

import dev.chaku.train.TrainingMemory;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What a training takes of the memory, part by part and in words. */
final class MemoryTable {
    private MemoryTable() {}

    /** Bytes by part, in order. */
    static Map<String, Long> parts(TrainingMemory memory) {
        Map<String, Long> parts = new LinkedHashMap<>();
        parts.put("weights, mapped", memory.weights());
        parts.put("trained values and gradients", memory.parameters());
        parts.put("optimizer", memory.optimizer());
        parts.put("kept activations", memory.activations());
        parts.put("scratch of a step", memory.scratch());
        parts.put("scratch of the threads", memory.threads());
        parts.put("Java", memory.jvm());
        return parts;
    }

    /** What to lower, and what it buys. */
    static List<String> savings(TrainingMemory memory) {
        return memory.savings().stream()
                .map(saving -> "--" + saving.setting().replace(' ', '-') + " " + saving.value() + " saves "
                        + ProgressLine.bytes(saving.bytes())
                        + (saving.setting().equals("memory limit")
                                ? ": no layer keeps its activations, and a step takes a third longer"
                                : ""))
                .toList();
    }

    /** All of it. */
    static List<String> lines(TrainingMemory memory) {
        List<String> lines = new ArrayList<>();
        parts(memory).forEach((part, bytes) -> lines.add(line(part, bytes)));
        lines.add(
                line("at most", memory.total()) + ", of " + ProgressLine.bytes(memory.available()) + " that are free");
        return lines;
    }

    private static String line(String part, long bytes) {
        return String.format(Locale.ROOT, "  %-29s %,15d  %s", part, bytes, ProgressLine.bytes(bytes));
    }
}
