/** Fine-tunes and runs GGUF language models over Chaku's native core. */
@SuppressWarnings("module") // The modules with natives are built after this one.
module dev.chaku {
    requires org.bytedeco.javacpp;
    requires com.fasterxml.jackson.core;
    requires static transitive org.jspecify;
    requires static jdk.jfr;

    exports dev.chaku;
    exports dev.chaku.errors;
    exports dev.chaku.eval;
    exports dev.chaku.chat;
    exports dev.chaku.generate;
    exports dev.chaku.data;
    exports dev.chaku.data.doctor;
    exports dev.chaku.gguf;
    exports dev.chaku.io;
    exports dev.chaku.registry;
    exports dev.chaku.merge;
    exports dev.chaku.text;
    exports dev.chaku.text.template;
    exports dev.chaku.train;
    exports dev.chaku.internal.core.binding to
            org.bytedeco.javacpp;
    exports dev.chaku.internal.core.binding.generated to
            org.bytedeco.javacpp;
    exports dev.chaku.internal.natives to
            dev.chaku.natives.linux_x86_64,
            dev.chaku.natives.linux_arm64,
            dev.chaku.natives.linux_x86_64_cuda;

    uses dev.chaku.data.RecordSource;
    uses dev.chaku.internal.natives.NativeJar;
}
