package dev.chaku.internal.adapter;

/** What a training's adapter is called and what it says of its making. */
public final class AdapterKeys {
    /** The file in the folder that a training writes. */
    public static final String FILE_NAME = "adapter.gguf";

    /** The folder in the folder that a training of DoRA writes. */
    public static final String FOLDER_NAME = "peft";

    /** The key that says whether an adapter learned from conversations. */
    public static final String CONVERSATIONS = "chaku.data.conversations";

    /** The key that says which file it was trained on, by the hash of some of its bytes. */
    public static final String FINGERPRINT = "chaku.base.fingerprint";

    /** The key that says so by the hash of all bytes. */
    public static final String HASH = "chaku.base.sha256";

    /** The key that says what that file is called. */
    public static final String FILE = "chaku.base.file";

    /** The key that says which vocabulary its tokens are of, by the hash of all of them. */
    public static final String VOCABULARY = "chaku.base.vocabulary";

    /** The key that says under what licence the base was given. */
    public static final String LICENCE = "chaku.base.license";

    private AdapterKeys() {}
}
