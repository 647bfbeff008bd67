package dev.chaku.cli;

import dev.chaku.Device;
import dev.chaku.DeviceInfo;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code chaku doctor}: what this machine can do, and why it does not do more. */
@Command(
        name = "doctor",
        description = "Shows the processor path in use and why, memory, and what is missing.",
        footer = {
            "",
            "Examples:",
            "  chaku doctor",
            "  chaku doctor --device avx2      would this path work here?",
            "  CHAKU_CPU=avx2 chaku doctor     force a path for any verb",
            "",
            "The native library is unpacked into a cache of the user's: XDG_CACHE_HOME, ~/.cache, or a private folder under the",
            "temporary one. CHAKU_LIBRARY_PATH=DIR names a folder that has it already; nothing is unpacked then."
        })
final class DoctorCommand extends Verb {
    @Option(
            names = "--device",
            defaultValue = "cpu",
            paramLabel = "NAME",
            description = "cpu, float32, reference, avx2, avx512, avx512vnni, avx512bf16 or amx.")
    private Device device;

    @Override
    void execute() {
        DeviceInfo info = DeviceInfo.probe(device, 0);
        Map<String, Object> machine = Machine.describe(info);
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("version", Version.current());
        fields.put("machine", machine);
        fields.put("cpu_path", info.device().label());
        fields.put("best_cpu_path", info.best().label());
        fields.put("reason", reason(info));
        fields.put("products", products(info));
        fields.put("gpu", gpu());
        result(fields, () -> {
            console()
                    .print("Chaku " + Version.current() + " on Java " + machine.get("java") + ", " + machine.get("os"));
            console().print("Processor   " + machine.get("cpu") + ", " + machine.get("cores") + " cores");
            console().print("Features    " + String.join(" ", info.features()));
            console().print("Path        " + info.device().label() + ": " + reason(info));
            console().print("Products    " + products(info));
            console()
                    .print("Memory      "
                            + ProgressLine.bytes(info.availableBytes())
                            + " available of "
                            + ProgressLine.bytes((Long) machine.get("memory_bytes")));
            console().print("GPU         " + gpu());
        });
    }

    private static String reason(DeviceInfo info) {
        String forced = System.getenv("CHAKU_CPU");
        if (info.device() == info.best()) {
            return "the best that this processor and this build have";
        }
        return "forced" + (forced == null ? " by --device" : " by CHAKU_CPU=" + forced) + "; the best would be "
                + info.best().label();
    }

    private static String products(DeviceInfo info) {
        return info.device().roundsToBfloat16()
                ? "large ones on bfloat16 operands (three digits), sums in float32; --device float32 computes all in float32"
                : "float32";
    }

    private static String gpu() {
        return "not used: this build computes on the processor";
    }
}
