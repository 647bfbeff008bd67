package dev.chaku.cli;

import dev.chaku.Device;
import dev.chaku.DeviceInfo;
import dev.chaku.Gpu;
import dev.chaku.Gpus;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code chaku doctor}: what this machine can do, and why it does not do more. */
@Command(
        name = "doctor",
        description = "Shows what computes and why, graphics cards, memory, and what is missing.",
        footer = {
            "",
            "Examples:",
            "  chaku doctor",
            "  chaku doctor --device avx2      would this path work here?",
            "  chaku doctor --device cuda      would the first graphics card work?",
            "  CHAKU_CPU=avx2 chaku doctor     force a path for any verb",
            "",
            "The native library is unpacked into a cache of the user's: XDG_CACHE_HOME, ~/.cache, or a private folder under the",
            "temporary one. CHAKU_LIBRARY_PATH=DIR names a folder that has it already; nothing is unpacked then.",
            "CHAKU_CUDA_LIBRARY=FILE names the library of CUDA kernels, which is a jar of its own."
        })
final class DoctorCommand extends Verb {
    @Option(
            names = "--device",
            defaultValue = "cpu",
            paramLabel = "NAME",
            description =
                    "cpu, float32, reference, avx2, avx512, avx512vnni, avx512bf16, amx, cuda, cuda:N, cuda-float32 or prefer-cuda.")
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
        Gpus gpus = Gpus.find();
        fields.put("gpus", gpus.found().stream().map(DoctorCommand::fields).toList());
        fields.put("gpu_absence", gpus.absence());
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
            gpus.found().forEach(gpu -> console().print("GPU " + gpu.number() + "       " + line(gpu)));
            if (gpus.found().isEmpty()) {
                console().print("GPU         not used: " + gpus.absence());
            }
        });
    }

    private static String reason(DeviceInfo info) {
        if (!info.fallback().isEmpty()) {
            return "in place of the graphics card: " + info.fallback();
        }
        if (info.device().isCuda()) {
            return "asked for by --device; its kernels are tested on an emulator and have not run on hardware yet";
        }
        String forced = System.getenv("CHAKU_CPU");
        if (info.device().equals(info.best())) {
            return "the best that this processor and this build have";
        }
        return "forced" + (forced == null ? " by --device" : " by CHAKU_CPU=" + forced) + "; the best would be "
                + info.best().label();
    }

    private static String products(DeviceInfo info) {
        if (!info.device().roundsToBfloat16()) {
            return "float32";
        }
        return "large ones on bfloat16 operands (three digits), sums in float32; --device "
                + info.device().inFloat32().label() + " computes all in float32";
    }

    private static Map<String, Object> fields(Gpu gpu) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("number", gpu.number());
        fields.put("name", gpu.name());
        fields.put("compute_capability", gpu.computeCapability());
        fields.put("multiprocessors", gpu.multiprocessors());
        fields.put("total_bytes", gpu.totalBytes());
        fields.put("free_bytes", gpu.freeBytes());
        fields.put("unusable", gpu.unusable());
        return fields;
    }

    private static String line(Gpu gpu) {
        String memory = gpu.freeBytes() < 0
                ? ProgressLine.bytes(gpu.totalBytes())
                : ProgressLine.bytes(gpu.freeBytes()) + " available of " + ProgressLine.bytes(gpu.totalBytes());
        String use = gpu.unusable().isEmpty() ? "--device cuda:" + gpu.number() : "not usable: " + gpu.unusable();
        return gpu.name() + " (" + gpu.computeCapability() + "), " + memory + "; " + use;
    }
}
