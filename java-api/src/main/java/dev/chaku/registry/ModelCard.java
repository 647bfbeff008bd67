package dev.chaku.registry;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * A model card in Markdown, as Hugging Face shows them: what the hub reads in YAML at its head, then what people read.
 * It says what is recorded, and of what is not that it is not.
 */
final class ModelCard {
    private final AdapterVersion version;
    private final StringBuilder text = new StringBuilder();

    private ModelCard(AdapterVersion version) {
        this.version = version;
    }

    static String of(AdapterVersion version) {
        ModelCard card = new ModelCard(version);
        card.head();
        card.introduction();
        card.sources();
        card.results();
        card.settings();
        card.files();
        card.use();
        return card.text.toString();
    }

    private Lineage lineage() {
        return version.description().lineage();
    }

    private void head() {
        Licences licences = version.description().licences();
        line("---");
        if (!lineage().base().name().isEmpty()) {
            line("base_model: " + yaml(lineage().base().name()));
            line("base_model_relation: adapter");
        }
        line("license: " + yaml(licences.base()));
        line("pipeline_tag: text-generation");
        line("tags:");
        List<String> tags = new ArrayList<>(List.of("lora", "gguf", "chaku"));
        version.standing().tags().stream().filter(tag -> !tags.contains(tag)).forEach(tags::add);
        tags.forEach(tag -> line("- " + yaml(tag)));
        line("---");
        line("");
    }

    /** A text that YAML takes for one; in quotes where it might read it as something else. */
    private static String yaml(String text) {
        boolean plain = text.matches("[A-Za-z][A-Za-z0-9._/+-]*")
                && !text.toLowerCase(Locale.ROOT).matches("y|n|yes|no|true|false|on|off|null");
        return plain
                ? text
                : '"' + text.replace("\\", "\\\\").replace("\"", "\\\"").replaceAll("\\s+", " ") + '"';
    }

    private void introduction() {
        line("# " + markdown(version.name()) + ", version " + version.number());
        line("");
        if (!version.description().note().isEmpty()) {
            line(markdown(version.description().note()));
            line("");
        }
        String base = lineage().base().name().isEmpty()
                ? lineage().base().file()
                : lineage().base().name();
        line("A LoRA adapter" + (base.isEmpty() ? "" : " for " + markdown(base)) + ", "
                + version.state().label() + " on the day that this card was written.");
        line("");
    }

    private void sources() {
        Lineage.Base base = lineage().base();
        Lineage.Data data = lineage().data();
        line("## Made of");
        line("");
        line("| | |");
        line("| --- | --- |");
        row("Base", base.name());
        row("Family", base.architecture());
        row("File of the base", base.file());
        row("SHA-256 of the base", base.sha256());
        row("Licence of the base", version.description().licences().base());
        row("Data", String.join(", ", data.files()));
        row("Examples", data.examples() == 0 ? "" : count(data.examples()));
        row("Conversations", data.conversations() == 0 ? "" : count(data.conversations()));
        row("SHA-256 of the examples", data.sha256());
        row("Validated on", data.validationExamples() == 0 ? "" : count(data.validationExamples()) + " examples");
        row("SHA-256 of those", data.validationSha256());
        row("Licence of the data", version.description().licences().data());
        row("SHA-256 of the chat template", lineage().templateSha256());
        row("SHA-256 of the tokenizer", lineage().tokenizerSha256());
        for (Lineage.Parent parent : lineage().parents()) {
            row(
                    parent.isMerged() ? "Merged from" : "Goes on from",
                    parent.adapter()
                            + parent.weight()
                                    .map(weight -> ", weight " + weight)
                                    .orElse("")
                            + (parent.sha256().isEmpty() ? "" : ", SHA-256 " + parent.sha256()));
        }
        row(
                "Made by",
                lineage().codeVersion().isEmpty() ? "" : "chaku " + lineage().codeVersion());
        row("On", version.created().toString());
        line("");
    }

    private void results() {
        line("## Results");
        line("");
        if (version.metrics().isEmpty() && version.standing().checks().isEmpty()) {
            line("None is recorded.");
            line("");
            return;
        }
        if (!version.metrics().isEmpty()) {
            line("| metric | value |");
            line("| --- | --- |");
            version.metrics().forEach((name, value) -> row(name, number(value)));
            line("");
        }
        if (!version.standing().checks().isEmpty()) {
            line("| check | result | on |");
            line("| --- | --- | --- |");
            version.standing()
                    .checks()
                    .forEach(check -> line("| " + cell(check.name()) + " | " + (check.passed() ? "passed" : "failed")
                            + " | " + check.at() + " |"));
            line("");
        }
    }

    private void settings() {
        if (lineage().settings().isEmpty()) {
            return;
        }
        line("## Settings");
        line("");
        line("| setting | value |");
        line("| --- | --- |");
        for (Map.Entry<String, String> setting : lineage().settings().entrySet()) {
            row(setting.getKey(), setting.getValue());
        }
        line("");
    }

    private void files() {
        line("## File");
        line("");
        line("`" + version.file().getFileName() + "`, " + count(version.bytes()) + " bytes, SHA-256 `"
                + version.sha256() + "`");
        line("");
    }

    private void use() {
        String base = lineage().base().file().isEmpty()
                ? "base.gguf"
                : lineage().base().file();
        line("## Use");
        line("");
        line("```");
        line("chaku generate --model " + (base.contains(" ") ? "'" + base + "'" : base) + " --adapter "
                + version.file().getFileName() + " --prompt \"Hello\"");
        line("```");
    }

    private void row(String name, String value) {
        if (!value.isEmpty()) {
            line("| " + cell(name) + " | " + cell(value) + " |");
        }
    }

    private static String cell(String text) {
        return markdown(text).replace("|", "\\|");
    }

    /** A text that Markdown shows as it is. */
    private static String markdown(String text) {
        return text.replaceAll("\\s+", " ").replaceAll("([\\\\`*\\[\\]<>])", "\\\\$1");
    }

    private static String count(long n) {
        return String.format(Locale.ROOT, "%,d", n);
    }

    private static String number(double value) {
        return value == Math.rint(value) && Math.abs(value) < 1e15
                ? count((long) value)
                : String.format(Locale.ROOT, "%.6g", value);
    }

    private void line(String line) {
        text.append(line).append('\n');
    }
}
