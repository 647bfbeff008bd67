package dev.chaku.internal.core;

import dev.chaku.internal.io.Sha256;
import dev.chaku.internal.io.WholeFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A folder of the user that holds extracted native libraries, one sub-folder per content and copy.
 *
 * <p>What is there is trusted only if the sub-folder and the file belong to this user, nobody else may enter the
 * folder, and every byte equals the one to be extracted. A file is written under a name of its own and renamed into
 * place, so that JVMs that start at the same time never see half a file, and one that has the file loaded keeps its
 * copy.
 */
final class NativeCache {
    /** A file to extract. */
    record Entry(String name, byte[] bytes) {}

    /** Belongs to the user that runs this JVM, where the kernel has it. */
    private static final Path SELF = Path.of("/proc/self");

    private static final int HASH_DIGITS = 32;
    private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rwx------");

    /** This place will not do, for the reason that the message says; another may. */
    static final class Unusable extends RuntimeException {
        private static final long serialVersionUID = 1;

        Unusable(String message, @Nullable Throwable cause) {
            super(message, cause);
        }
    }

    private final Path root;
    private final boolean amongStrangers;

    NativeCache(Path root) {
        this(root, false);
    }

    /** @param amongStrangers whether everybody may write beside the root, so that it must be the user's alone itself */
    private NativeCache(Path root, boolean amongStrangers) {
        this.root = root;
        this.amongStrangers = amongStrangers;
    }

    /** The caches where the platform keeps such files of the user, the best first; some may be there in name only. */
    static List<NativeCache> ofUser() {
        return ofUser(NativeLibrary.platform(), System.getenv(), System.getProperties());
    }

    static List<NativeCache> ofUser(String platform, Map<String, String> environment, Properties properties) {
        List<NativeCache> caches = new ArrayList<>();
        // Java says ? for a home that the system does not know.
        Optional<Path> home = absolute(properties.getProperty("user.home"));
        if (platform.startsWith("windows")) {
            absolute(environment.get("LOCALAPPDATA")).map(NativeCache::under).ifPresent(caches::add);
        } else if (platform.startsWith("macosx")) {
            home.map(folder -> under(folder.resolve("Library").resolve("Caches")))
                    .ifPresent(caches::add);
        } else {
            absolute(environment.get("XDG_CACHE_HOME")).map(NativeCache::under).ifPresent(caches::add);
        }
        home.map(folder -> under(folder.resolve(".cache"))).ifPresent(caches::add);
        absolute(properties.getProperty("java.io.tmpdir"))
                .map(folder -> new NativeCache(folder.resolve("chaku-natives-" + userId(properties)), true))
                .ifPresent(caches::add);
        return caches;
    }

    private static NativeCache under(Path caches) {
        return new NativeCache(caches.resolve("chaku").resolve("natives"));
    }

    private static Optional<Path> absolute(@Nullable String path) {
        try {
            return Optional.ofNullable(path)
                    .filter(text -> !text.isEmpty())
                    .map(Path::of)
                    .filter(Path::isAbsolute);
        } catch (InvalidPathException e) {
            return Optional.empty();
        }
    }

    private static String userId(Properties properties) {
        try {
            return Files.getAttribute(SELF, "unix:uid").toString();
        } catch (IOException | UnsupportedOperationException | IllegalArgumentException e) {
            return properties.getProperty("user.name", "").replaceAll("[^A-Za-z0-9]", "_");
        }
    }

    Path root() {
        return root;
    }

    /**
     * Makes sure that all entries lie in one folder, unaltered.
     *
     * @param copy 1, or more for a folder of the same content that another class loader has no files of
     * @return the folder
     * @throws Unusable if the folder cannot be written or is not the user's alone
     */
    Path extract(List<Entry> entries, int copy) {
        Path folder = root.resolve(hash(entries) + (copy == 1 ? "" : "-" + copy));
        try {
            if (amongStrangers) {
                createOwnFolder(root);
            }
            createOwnFolder(folder);
            for (Entry entry : entries) {
                Path file = folder.resolve(entry.name());
                if (!isIntact(file, entry.bytes())) {
                    write(file, entry.bytes());
                }
                if (!isIntact(file, entry.bytes())) {
                    throw new Unusable(file + ": altered since it was written a moment ago; remove the folder", null);
                }
            }
            return folder;
        } catch (IOException e) {
            throw new Unusable(folder + ": " + reason(e), e);
        }
    }

    private static String reason(IOException e) {
        if (e instanceof AccessDeniedException) {
            return "permission denied";
        }
        String reason = e instanceof FileSystemException named ? named.getReason() : e.getMessage();
        return reason == null ? "cannot be made" : reason.toLowerCase(Locale.ROOT);
    }

    private static void createOwnFolder(Path folder) throws IOException {
        Files.createDirectories(folder.getParent());
        try {
            if (isPosix(folder.getParent())) {
                Files.createDirectory(folder, PosixFilePermissions.asFileAttribute(OWNER_ONLY));
            } else {
                Files.createDirectory(folder);
            }
        } catch (FileAlreadyExistsException e) {
            // Made by an earlier run, or by another JVM just now: checked below like our own.
        }
        if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
            throw new Unusable(folder + ": expected a folder, found something else", null);
        }
        if (isPosix(folder)) {
            PosixFileAttributes attributes = attributes(folder);
            if (!isOwn(folder) || !attributes.permissions().equals(OWNER_ONLY)) {
                throw new Unusable(
                        folder + ": must belong to this user alone (rwx------), found "
                                + attributes.owner().getName() + " "
                                + PosixFilePermissions.toString(attributes.permissions()) + "; remove it",
                        null);
            }
        }
    }

    private static boolean isIntact(Path file, byte[] expected) throws IOException {
        return Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
                && Files.size(file) == expected.length
                && (!isPosix(file) || isOwn(file))
                && Arrays.equals(Files.readAllBytes(file), expected);
    }

    private static void write(Path file, byte[] bytes) throws IOException {
        if (isPosix(file)) {
            WholeFile.write(file, bytes, PosixFilePermissions.asFileAttribute(OWNER_ONLY));
        } else {
            WholeFile.write(file, bytes);
        }
    }

    private static boolean isPosix(Path path) {
        return path.getFileSystem().supportedFileAttributeViews().contains("unix");
    }

    private static PosixFileAttributes attributes(Path path) throws IOException {
        return Files.readAttributes(path, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    }

    /** Compares user ids where the kernel tells ours, else the name: a user id in a container may have no name. */
    private static boolean isOwn(Path path) throws IOException {
        if (Files.exists(SELF)) {
            return Files.getAttribute(path, "unix:uid", LinkOption.NOFOLLOW_LINKS)
                    .equals(Files.getAttribute(SELF, "unix:uid"));
        }
        return attributes(path).owner().getName().equals(System.getProperty("user.name"));
    }

    private static String hash(List<Entry> entries) {
        Sha256 sum = new Sha256();
        for (Entry entry : entries) {
            sum.add(entry.name().getBytes(StandardCharsets.UTF_8))
                    .add(new byte[] {0})
                    .add(entry.bytes());
        }
        return sum.hex().substring(0, HASH_DIGITS);
    }
}
