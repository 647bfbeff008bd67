package dev.chaku.cli;

import java.util.LinkedHashMap;
import java.util.Map;

/** The library names settings in its messages; on the command line they are flags. */
final class SettingNames {
    private static final Map<String, String> FLAGS = new LinkedHashMap<>();

    static {
        FLAGS.put("Dataset.Options.withSkipBadLines(true)", "--skip-bad-lines");
        FLAGS.put("Dataset.Options.withColumns", "--columns");
        FLAGS.put("; a column map names", "; --columns names");
        FLAGS.put("of the column map in", "of --columns in");
        FLAGS.put("TrainingConfig.maxLength", "--max-length");
        FLAGS.put("Trainer.chat", "--chat-template");
        FLAGS.put("the memory limit", "--memory-limit");
        FLAGS.put("; with gpu_layers", "; with --gpu-layers");
        FLAGS.put("set parseSpecial to false", "--no-special");
        FLAGS.put("leave parseSpecial on", "leave out --no-special");
        FLAGS.put("DataFixer does", "--fix does");
        FLAGS.put(
                "export it merged: that makes a whole model of base and adapter",
                "chaku adapter export ADAPTER --merged --model BASE --out FILE makes a whole model of it");
        FLAGS.put("import it for its base first", "import it first: chaku adapter import DIR --model BASE --out FILE");
        FLAGS.put("choose the format of what changes", "choose with --type the format of what changes");
        FLAGS.put("set resume to go on from there", "--resume goes on from there");
        FLAGS.put("set force to go on all the same", "--force goes on all the same");
        FLAGS.put(
                "Convert them to one kind, such as conversations.",
                "Convert them to one kind: chaku data convert --to chat.");
    }

    private SettingNames() {}

    /** The text with flags for settings. */
    static String toFlags(String text) {
        String told = text;
        for (Map.Entry<String, String> flag : FLAGS.entrySet()) {
            told = told.replace(flag.getKey(), flag.getValue());
        }
        return told;
    }

    /** The names of settings that have a flag. */
    static Iterable<String> settings() {
        return FLAGS.keySet();
    }
}
