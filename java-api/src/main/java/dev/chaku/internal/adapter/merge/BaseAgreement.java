package dev.chaku.internal.adapter.merge;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgufMetadata;
import dev.chaku.internal.adapter.AdapterKeys;
import java.util.List;
import java.util.Optional;

/** Whether adapters are of one base, by what their files say. */
final class BaseAgreement {
    private static final String FILE = "chaku.base.file";
    private static final int HASH_LETTERS = 12;

    private BaseAgreement() {}

    /**
     * Checks the family, and the hash of the base where files have it.
     *
     * @param force whether another hash is taken all the same
     * @throws BadInputException if two differ; both are named
     */
    static void require(List<MergeParent> parents, boolean force) {
        MergeParent first = parents.get(0);
        MergeParent known = null;
        for (MergeParent parent : parents) {
            String family = parent.adapter().architecture();
            if (!family.equals(first.adapter().architecture())) {
                throw new BadInputException(parent.name() + ": expected an adapter for "
                        + first.adapter().architecture() + ", as " + first.name() + " is, found one for " + family);
            }
            Optional<String> hash = parent.adapter().metadata().findString(AdapterKeys.HASH);
            if (hash.isEmpty()) {
                continue;
            }
            if (known != null
                    && !force
                    && !hash.equals(known.adapter().metadata().findString(AdapterKeys.HASH))) {
                throw new BadInputException(parent.name() + ": expected an adapter that was trained on "
                        + base(known) + ", as " + known.name() + " was, found one of " + base(parent)
                        + "; set force to go on all the same");
            }
            known = known == null ? parent : known;
        }
    }

    private static String base(MergeParent parent) {
        GgufMetadata metadata = parent.adapter().metadata();
        String hash = metadata.findString(AdapterKeys.HASH).orElse("");
        return metadata.findString(FILE).orElse("a file") + " (sha256 "
                + hash.substring(0, Math.min(HASH_LETTERS, hash.length())) + "…)";
    }
}
