package dev.chaku.registry;

import dev.chaku.errors.BadInputException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * How a version of an adapter is named: {@code support@3} by its number, {@code support@production},
 * {@code support@candidate}, {@code support@archived} or {@code support@latest} for the newest that is so,
 * {@code support@TAG} for the newest with a tag, and {@code support} for the one in production or, where none is, the
 * newest. Immutable.
 *
 * @param name letters, digits, dots, dashes and underscores, of which the first is a letter or digit; at most 64
 * @param version what stands behind the {@code @}, empty for nothing
 */
public record AdapterReference(String name, String version) {
    /** The newest version, whatever its state. */
    public static final String LATEST = "latest";

    private static final Pattern WORD = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");
    private static final Pattern NUMBER = Pattern.compile("[1-9][0-9]{0,8}");
    /** What files are called, and systems keep for devices. */
    private static final Pattern NO_NAME = Pattern.compile(
            "(?i).*\\.(gguf|safetensors|json|tmp|lock)|.*\\.|(con|prn|aux|nul|com[0-9]|lpt[0-9])(\\..*)?");

    private static final List<String> RESERVED = List.of(
            LATEST, VersionState.CANDIDATE.label(), VersionState.PRODUCTION.label(), VersionState.ARCHIVED.label());

    /** Checks the name and what stands behind it. */
    public AdapterReference {
        requireName(name);
        if (!version.isEmpty() && !WORD.matcher(version).matches()) {
            throw new BadInputException(name + "@" + version
                    + ": expected a number, production, candidate, archived, latest or a tag after '@', found '"
                    + version
                    + "'");
        }
    }

    /**
     * {@return the reference that a text is}
     *
     * @param text {@code NAME} or {@code NAME@VERSION}
     * @throws BadInputException if it is none
     */
    public static AdapterReference parse(String text) {
        int at = text.indexOf('@');
        if (at == text.length() - 1) {
            throw new BadInputException(text + ": expected a version after '@', found nothing");
        }
        return at < 0
                ? new AdapterReference(text, "")
                : new AdapterReference(text.substring(0, at), text.substring(at + 1));
    }

    /**
     * {@return whether a file or folder of that name is there, which goes before a version}
     *
     * @param text any
     */
    public static boolean isPath(String text) {
        try {
            return Files.exists(Path.of(text));
        } catch (InvalidPathException e) {
            return false;
        }
    }

    /**
     * {@return whether a text could name a version, whatever files there are}
     *
     * @param text any
     */
    public static boolean looksLikeOne(String text) {
        int at = text.indexOf('@');
        String name = at < 0 ? text : text.substring(0, at);
        String version = at < 0 ? LATEST : text.substring(at + 1);
        return WORD.matcher(name).matches()
                && !NO_NAME.matcher(name).matches()
                && WORD.matcher(version).matches();
    }

    /** {@return the number, if a version is named by it} */
    public Optional<Integer> number() {
        return NUMBER.matcher(version).matches() ? Optional.of(Integer.valueOf(version)) : Optional.empty();
    }

    /** {@return the state, if the version is named by it} */
    public Optional<VersionState> state() {
        return RESERVED.contains(version) && !version.equals(LATEST)
                ? Optional.of(VersionState.parse(version))
                : Optional.empty();
    }

    /**
     * Checks the name of an adapter.
     *
     * @param name to be checked
     * @throws BadInputException if it may be none
     */
    public static void requireName(String name) {
        if (!WORD.matcher(name).matches() || NO_NAME.matcher(name).matches()) {
            throw new BadInputException("adapter '" + name
                    + "': expected a name of at most 64 letters, digits, dots, dashes and underscores that begins with a"
                    + " letter or digit and is no file's, found another");
        }
    }

    /** Checks a tag, which must not mean something else behind an {@code @}. */
    static void requireTag(String tag) {
        requireWord("tag", tag);
        if (RESERVED.contains(tag.toLowerCase(Locale.ROOT)) || tag.matches("[0-9]+")) {
            throw BadInputException.ofSetting("tag", "a word of its own, no number and no state", "'" + tag + "'");
        }
    }

    /** Checks a word that stands in files and on command lines. */
    static void requireWord(String what, String word) {
        if (!WORD.matcher(word).matches()) {
            throw BadInputException.ofSetting(
                    what, "at most 64 letters, digits, dots, dashes and underscores", "'" + word + "'");
        }
    }

    @Override
    public String toString() {
        return version.isEmpty() ? name : name + "@" + version;
    }
}
