package dev.chaku.cli.demo;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** The hundred things that the demo's base model knows, read from {@code world.tsv}. */
final class World {
    /** One thing: its name and three attributes, in English and in Japanese. */
    record Thing(Kind kind, String en, String ja, List<String> attributesEn, List<String> attributesJa) {
        String name(Language language) {
            return language == Language.EN ? en : ja;
        }

        String attribute(int index, Language language) {
            return (language == Language.EN ? attributesEn : attributesJa).get(index);
        }
    }

    /** The language of a question and its answer. */
    enum Language {
        EN,
        JA;

        String code() {
            return this == EN ? "en" : "ja";
        }
    }

    private final List<Thing> things;

    private World(List<Thing> things) {
        this.things = List.copyOf(things);
    }

    List<Thing> things() {
        return things;
    }

    static World load() {
        List<Thing> things = new ArrayList<>();
        try (InputStream in = World.class.getResourceAsStream("world.tsv");
                BufferedReader reader = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                if (!line.startsWith("#")) {
                    things.add(parse(line.split("\t")));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new World(things);
    }

    private static Thing parse(String[] f) {
        return new Thing(
                Kind.valueOf(f[0].toUpperCase(java.util.Locale.ROOT)),
                f[1],
                f[2],
                List.of(f[3], f[5], f[7]),
                List.of(f[4], f[6], f[8]));
    }
}
