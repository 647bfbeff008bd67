package dev.chaku;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import dev.chaku.errors.DeviceException;
import dev.chaku.internal.arch.FormatMix;
import dev.chaku.train.TrainingConfig;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** CUDA devices as programs choose them, over the emulated library: the way is the one to a graphics card. */
class CudaDeviceTest {
    private static final int[] PROMPT = {1, 10, 11, 12, 40, 41};

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"cuda", "cuda:3", "cuda-float32", "cuda-float32:1", "prefer-cuda", "prefer-cuda-float32:2"})
    void namesReadBack(String name) {
        Device device = Device.parse(name);
        assertEquals(name, device.label());
        assertTrue(device.isCuda());
        assertEquals(!name.contains("float32"), device.roundsToBfloat16());
        assertEquals(device, Device.parse(name.toUpperCase(Locale.ROOT)));
        assertEquals(name.startsWith("prefer"), device.equals(device.preferred()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"cuda:", "cuda:-1", "cuda:12345", "gpu", "prefer-cpu", "cuda-bf16"})
    void otherNamesAreNone(String name) {
        assertThrows(BadInputException.class, () -> Device.parse(name));
    }

    @Test
    void devicesAreFound() {
        EmulatedCuda.run(() -> {
            Gpus gpus = Gpus.find();
            assertEquals("", gpus.absence());
            Gpu gpu = gpus.found().get(0);
            assertEquals(0, gpu.number());
            assertEquals("emulator", gpu.name());
            assertEquals("8.6", gpu.computeCapability());
            assertEquals("", gpu.unusable());
            assertTrue(gpu.freeBytes() > 0 && gpu.freeBytes() <= gpu.totalBytes());
            DeviceInfo info = DeviceInfo.probe(Device.cuda(0).inFloat32(), 1);
            assertEquals(Device.cuda(0).inFloat32(), info.device());
            assertEquals("", info.fallback());
        });
    }

    @Test
    void whatIsAbsentIsSaid() {
        assertTrue(Gpus.find().absence().contains("no library of CUDA kernels"));
        expectAbsence(0, "-cuda, or name the file with -Dchaku.cuda.library or CHAKU_CUDA_LIBRARY");
        EmulatedCuda.run(() -> expectAbsence(1, "there are 1, from 0"));
        Path none = folder.resolve("libnone.so");
        EmulatedCuda.run(none, () -> {
            expectAbsence(0, "the library of CUDA kernels is not there: " + none);
            assertEquals(List.of(), Gpus.find().found());
        });
    }

    private static void expectAbsence(int number, String reason) {
        Device device = Device.cuda(number);
        String message = assertThrows(DeviceException.class, () -> DeviceInfo.probe(device, 1))
                .getMessage();
        assertTrue(message.contains(reason), message);
        DeviceInfo info = DeviceInfo.probe(device.preferred(), 1);
        assertTrue(info.fallback().contains(reason), info.fallback());
        assertFalse(info.device().isCuda());
    }

    @Test
    void generatesWhatTheProcessorGenerates() {
        Path file = TinyModel.write(folder.resolve("m.gguf"), TinyModel.llama(), FormatMix.Q4_0, 1);
        int[] expected = generate(file, Device.REFERENCE);
        EmulatedCuda.run(
                () -> assertArrayEquals(expected, generate(file, Device.cuda(0).inFloat32())));
    }

    private static int[] generate(Path file, Device device) {
        try (Model model = Model.open(file, ModelOptions.defaults().withDevice(device))) {
            assertEquals(device.label(), model.device().device().label());
            return model.generator()
                    .tokens(PROMPT)
                    .temperature(0)
                    .maxTokens(6)
                    .endless(true)
                    .generate()
                    .tokens();
        }
    }

    /** To the bit, whichever layers stay: the losses and the tokens of all of them. */
    @Test
    void layersThatDoNotStayChangeNothing() {
        Path file = TinyModel.write(folder.resolve("m.gguf"), TinyModel.llama(), FormatMix.Q8_0, 1);
        EmulatedCuda.run(() -> {
            Device all = Device.cuda(0).inFloat32();
            int[] tokens = generate(file, all);
            double loss = loss(file, all, "all");
            for (int layers = 0; layers < 3; layers++) {
                Device some = all.withGpuLayers(layers);
                assertArrayEquals(tokens, generate(file, some));
                assertEquals(loss, loss(file, some, "some" + layers));
                assertEquals(loss, loss(file, some.offloadingActivations(), "fewer" + layers));
            }
        });
        assertEquals(Device.AVX2, Device.AVX2.withGpuLayers(3).offloadingActivations());
        assertNotEquals(Device.cuda(0), Device.cuda(0).withGpuLayers(3));
        assertThrows(BadInputException.class, () -> Device.cuda(0).withGpuLayers(-1));
    }

    @Test
    void trainsAnAdapter() {
        Path file = TinyModel.write(folder.resolve("m.gguf"), TinyModel.llama(), FormatMix.F32, 1);
        double expected = loss(file, Device.REFERENCE, "cpu");
        EmulatedCuda.run(() -> assertEquals(expected, loss(file, Device.cuda(0).inFloat32(), "cuda"), 1e-4));
    }

    private double loss(Path file, Device device, String name) {
        TrainingConfig config = TinyTraining.config().with(c -> c.maxSteps(2));
        try (Model model = Model.open(file, ModelOptions.defaults().withDevice(device));
                TrainingRun run = Trainer.on(model)
                        .lora(TinyTraining.lora())
                        .examples(TinyTraining.counting(8, 1))
                        .config(config)
                        .output(folder.resolve(name))
                        .start()) {
            return run.awaitProgress().loss();
        }
    }
}
