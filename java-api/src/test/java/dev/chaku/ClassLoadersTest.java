package dev.chaku;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.internal.arch.FormatMix;
import java.io.File;
import java.lang.ref.WeakReference;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Redeployment, as servers and development tools do it: class loaders that come and go in one JVM. */
class ClassLoadersTest {
    private static final int ROUNDS = 20;

    @TempDir
    Path folder;

    /** What an application does with Chaku; loaded by the class loader of that application. */
    public static final class Application {
        private Application() {}

        /** Reads, generates, trains, converts and wears, closes everything, and returns the text. */
        public static String work(String base, String out) throws Exception {
            Path folder = Files.createTempDirectory(Path.of(out), "run");
            try (Model model = Model.open(Path.of(base))) {
                try (TrainingRun run = Trainer.on(model)
                                .lora(TinyTraining.lora())
                                .config(TinyTraining.config().with(c -> c.maxSteps(1)))
                                .examples(TinyTraining.counting(8, 7))
                                .output(folder.resolve("out"))
                                .start();
                        Adapter adapter = run.await()) {
                    return model.generator()
                            .adapter(adapter)
                            .prompt("abc")
                            .maxTokens(8)
                            .seed(1)
                            .endless(true)
                            .generate()
                            .text();
                }
            }
        }
    }

    /** Redeploys an application again and again: run in a JVM of its own. */
    static final class Server {
        public static void main(String[] args) throws Exception {
            boolean shareJavaCpp = Boolean.parseBoolean(args[2]);
            List<URL> own = new ArrayList<>();
            List<URL> shared = new ArrayList<>();
            for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
                (shareJavaCpp && entry.contains("javacpp-") ? shared : own).add(url(entry));
            }
            ClassLoader above = new URLClassLoader(shared.toArray(URL[]::new), ClassLoader.getPlatformClassLoader());
            String first = null;
            List<WeakReference<ClassLoader>> dropped = new ArrayList<>();
            for (int round = 1; round <= ROUNDS; round++) {
                List<String> texts = deploy(round == 1 ? 3 : 1, own, above, args, dropped);
                first = first == null ? texts.get(0) : first;
                for (String text : texts) {
                    require(text.equals(first), "expected " + first + ", found " + text);
                }
                // Java itself remembers the last record of the JVM whose equals was linked, and with it one class
                // loader.
                for (int i = 0; i < 200 && alive(dropped) > 1; i++) {
                    System.gc();
                    Thread.sleep(5);
                }
                require(alive(dropped) <= 1, alive(dropped) + " class loaders are not collected after round " + round);
            }
            System.out.println("rounds " + ROUNDS);
        }

        private static long alive(List<WeakReference<ClassLoader>> loaders) {
            return loaders.stream().filter(loader -> loader.get() != null).count();
        }

        /** Some applications at once, each in its class loader, alive together. */
        private static List<String> deploy(
                int count, List<URL> own, ClassLoader above, String[] args, List<WeakReference<ClassLoader>> dropped)
                throws Exception {
            List<URLClassLoader> loaders = new ArrayList<>();
            List<String> texts = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                loaders.add(new URLClassLoader(own.toArray(URL[]::new), above));
            }
            for (int again = 0; again < 2; again++) {
                for (URLClassLoader loader : loaders) {
                    Class<?> application = Class.forName(Application.class.getName(), true, loader);
                    require(application.getClassLoader() == loader, "the application is loaded by its own loader");
                    texts.add((String) application
                            .getMethod("work", String.class, String.class)
                            .invoke(null, args[0], args[1]));
                }
            }
            for (URLClassLoader loader : loaders) {
                dropped.add(new WeakReference<>(loader));
                loader.close();
            }
            return texts;
        }

        private static URL url(String entry) throws MalformedURLException {
            return Path.of(entry).toUri().toURL();
        }

        private static void require(boolean holds, String otherwise) {
            if (!holds) {
                throw new IllegalStateException(otherwise);
            }
        }
    }

    private ChildJvm.Ended serve(boolean shareJavaCpp) throws Exception {
        Path base = TinyModel.write(folder.resolve("base.gguf"), TinyModel.llama(), FormatMix.Q8_0, 1);
        Path out = Files.createDirectory(folder.resolve("out"));
        List<String> environment = List.of("env", "-u", "XDG_CACHE_HOME");
        List<String> command = new ArrayList<>(environment);
        command.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Duser.home=" + folder,
                "-Xmx256m"));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Server.class.getName()));
        command.addAll(List.of(base.toString(), out.toString(), Boolean.toString(shareJavaCpp)));
        return ChildJvm.ended(new ProcessBuilder(command));
    }

    @Test
    void comeAndGo() throws Exception {
        ChildJvm.Ended ended = serve(false);
        assertEquals(0, ended.exitCode(), ended.output());
        assertTrue(ended.output().contains("rounds " + ROUNDS), ended.output());
        try (Stream<Path> copies = Files.list(folder.resolve(".cache/chaku/natives"))) {
            assertTrue(copies.count() <= 4, "copies are used again");
        }
    }

    @Test
    void sayWhereJavaCppBelongs() throws Exception {
        ChildJvm.Ended ended = serve(true);
        assertEquals(1, ended.exitCode());
        assertTrue(
                ended.output().contains("DeviceException: expected Chaku and JavaCPP in one class loader"),
                ended.output());
    }
}
