package dev.chaku.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * Command lines that cannot be meant: exit code 2, one line, which names the option and speaks no library's language.
 */
class UsageFaultTest {
    /** What only a library or a programmer would say. */
    static final Pattern FOREIGN = Pattern.compile(
            "Exception|REDACTED|java\\.|picocli|Invalid value for|is not an? |cannot convert|Error:|\\(=|=<|specify one|\\[trainer|_bytes");

    @TempDir
    Path folder;

    private Cli.Ran run(String text) throws IOException {
        Path data = folder.resolve("data.jsonl");
        Files.writeString(data, "{\"prompt\": \"a\", \"completion\": \"b\"}\n");
        Path base = Cli.base(folder);
        return Cli.run(Stream.of(text.split(" "))
                .map(word -> switch (word) {
                    case "BASE" -> base;
                    case "DATA" -> data;
                    case "DATA=NaN", "DATA=-1" -> word.replace("DATA", data.toString());
                    case "OUT" -> folder.resolve("out");
                    default -> word;
                })
                .toArray());
    }

    private void assertUsage(String text, String expected) throws IOException {
        Cli.Ran ran = run(text);
        assertEquals(2, ran.code(), text + ": " + ran.err());
        assertTrue(ran.err().contains(expected), text + ": " + ran.err());
        assertEquals(1, ran.err().strip().lines().count(), ran.err());
        assertFalse(FOREIGN.matcher(ran.err()).find(), ran.err());
        assertEquals("", ran.out());
        assertFalse(Files.exists(folder.resolve("out")), "the work began");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "trian | unknown verb 'trian'; did you mean train?",
                "data chek | unknown verb 'chek'",
                "doctor extra | unexpected argument 'extra'",
                "doctor --devise cpu | did you mean --device?",
                "generate --prompt x | expected --model FILE, found none",
                "train | expected --data FILE[=WEIGHT], --model FILE, --out DIR, found none",
                "generate --model BASE | expected one of --prompt TEXT, --prompt-file FILE, --tokens ID, --prompts FILE, found none",
                "generate --model BASE --prompt x --tokens 1 | expected one of --prompt, --tokens, found several",
                "generate --prompt x --model | --model: expected a value (FILE), found none",
                "bench | expected one of --model FILE, --shape NAME, found none",
                "train --model BASE --data DATA --out OUT --epochs many | --epochs: expected a whole number, found 'many'",
                "train --model BASE --data DATA --out OUT --epochs 99999999999 | --epochs: expected a smaller number, found '99999999999'",
                "train --model BASE --data DATA --out OUT --epochs 1.5 | --epochs: expected a whole number, found '1.5'",
                "train --model BASE --data DATA --out OUT --alpha much | --alpha: expected a number or PATTERN=NUMBER, found 'much'",
                "train --model BASE --data DATA --out OUT --rank many | --rank: expected a whole number or PATTERN=NUMBER, found 'many'",
                "train --model BASE --data DATA --out OUT --rank 4,8 | --rank: expected each once, found '8' after another",
                "train --model BASE --data DATA --out OUT --rank ffn_down=0 | --rank: expected 1 to 1024, found 0",
                "train --model BASE --data DATA --out OUT --rank ffn_dwn=2 | --rank: expected patterns of products that are adapted, such as blk.0.attn_q, found 'ffn_dwn', which is in no name of them",
                "train --model BASE --data DATA --out OUT --method dore | --method: expected lora, dora or pissa, found 'dore'",
                "train --model BASE --data DATA --out OUT --method dora --merge-aware q8_0 | --merge-aware: expected none with method dora, found q8_0",
                "train --model BASE --data DATA --out OUT --method pissa --merge-aware q8_0 | --merge-aware: expected none with method pissa, found q8_0",
                "train --model BASE --data DATA --out OUT --modules-to-save token_embed | --modules-to-save: expected token_embd or output, found 'token_embed'; did you mean token_embd?",
                "train --model BASE --data DATA --out OUT --modules-to-save token_embd --method pissa | --modules-to-save: expected none with method pissa, found token_embd",
                "train --model BASE --data DATA --out OUT --modules-to-save token_embd --merge-aware q8_0 | --modules-to-save: expected none with merge aware q8_0, found token_embd",
                "train --model BASE --data DATA --out OUT --method dora --register x | --register: expected an adapter that can be worn, found --method dora",
                "train --model BASE --data DATA --out OUT --neftune -1 | --neftune: expected 0 to 1000, found -1",
                "train --model BASE --data DATA --out OUT --layers 3-1 | --layers: expected ranges that rise from 0, found 3-1",
                "train --model BASE --data DATA --out OUT --layers some | --layers: expected ranges like 0-7, 12 or 20-, found 'some'",
                "train --model BASE --data DATA --out OUT --targets /(/ | --targets: expected a regular expression",
                "generate --model BASE --tokens 1,x | --tokens: expected a whole number, found 'x'",
                "generate --model BASE --prompt x --memory-limit lots | --memory-limit: expected an amount of memory such as 2500M or 6G, found 'lots'",
                "generate --model BASE --prompt x --gpu-layers 3 | --gpu-layers has no effect with --device auto: give --device cuda",
                "train --model BASE --data DATA --out OUT --offload-activations | --offload-activations has no effect with --device auto: give --device cuda",
                "generate --model BASE --prompt x --device cuda --gpu-layers -1 | --gpu-layers: expected a number of at least 0, found -1",
                "generate --model BASE --prompt x --kv-cache q4 | --kv-cache: unknown cache format q4; known are f32",
                "train --model BASE --data DATA --out OUT --preset fast | --preset: expected one of quick, balanced, thorough, style, format, labels, domain, found 'fast'",
                "generate --model BASE --prompt x --activations f16 | --activations: unknown activation format f16; known are f32",
                "train --model BASE --data DATA --out OUT --merge-aware q4_x | --merge-aware: expected base or one of f32, f16, bf16, q8_0",
                "train --model BASE --data DATA --out OUT --merge-aware q4_0:x | --merge-aware: expected FORMAT:STEPS with a whole number of steps, found 'q4_0:x'",
                "train --model BASE --data DATA --out OUT --merge-aware q4_0:-1 | --merge-aware: expected 0 to 1048576 steps, found -1",
                "train --model BASE --data DATA --out OUT --loss ppo | --loss: expected sft, dpo, ipo, hinge, orpo, simpo or kto, found 'ppo'",
                "train --model BASE --data DATA --out OUT --beta 0.2 | --beta has no effect with --loss sft",
                "train --model BASE --data DATA --out OUT --loss dpo --gamma 1 | --gamma has no effect with --loss dpo",
                "train --model BASE --data DATA --out OUT --loss dpo --beta 0 | --beta: expected more than 0",
                "train --model BASE --data DATA --out OUT --loss dpo --label-smoothing 0.5 | --label-smoothing: expected at least 0",
                "train --model BASE --data DATA --out OUT --loss dpo --nll-weight -1 | --nll-weight: expected at least 0",
                "train --model BASE --data DATA --out OUT --loss simpo --gamma -1 | --gamma: expected at least 0",
                "train --model BASE --data DATA --out OUT --loss kto --wanted-weight -1 | --wanted-weight: expected at least 0",
                "train --model BASE --data DATA --out OUT --loss kto --train-on-all | --train-on-all has no effect with a loss of preferences",
                "train --model BASE --data DATA --out OUT --loss dpo --over-long split | --over-long: expected error, truncate or drop",
                "train --model BASE --data DATA --out OUT --schedule step | --schedule: expected constant, linear, cosine",
                "train --model BASE --data DATA --out OUT --eval-answers 5 | --eval-answers has no effect without validation data",
                "train --model BASE --data DATA --out OUT --sweep rank | --sweep: expected OPTION=VALUE,... such as rank=8,16, found 'rank'",
                "train --model BASE --data DATA --out OUT --sweep rnk=8 | --sweep: expected an option of a training, such as rank or learning-rate, found 'rnk'",
                "train --model BASE --data DATA --out OUT --sweep model=a | found 'model', which all of a series share",
                "train --model BASE --data DATA --out OUT --sweep rank=8,x | --rank: expected a whole number or PATTERN=NUMBER, found 'x'",
                "train --model BASE --data DATA --out OUT --sweep rank=8,8 | --sweep: expected each value once",
                "train --model BASE --data DATA --out OUT --sweep rank=8 --plan | --plan has no effect beside --sweep",
                "train --model BASE --data DATA --out OUT --variant a/b:rank=8 | --variant: expected NAME:OPTION=VALUE,... such as small:rank=8, found 'a/b:rank=8'",
                "train --model BASE --data DATA --out OUT --variant a:rank=8 --sweep rank=4 | --variant has no effect beside --sweep",
                "train --model BASE --data DATA --out OUT --optimizer sgd | --optimizer: expected adamw, adamw_8bit, lion, lion_8bit",
                "train --model BASE --data DATA --out OUT --over-long wrap | --over-long",
                "train --model BASE --data DATA --out OUT --format nonsense | --format",
                "train --model BASE --data DATA --out OUT --columns x | --columns",
                "train --model BASE --data DATA --out OUT --eval-split 1 | --eval-split: expected a share",
                "data split DATA --out OUT --test 0.6 --validation 0.5 | shares that leave some to train on",
                "data split DATA --out OUT --test 1.5 | --test: expected a share below 1 or a number of examples, found '1.5'",
                "data split DATA --out OUT --test -3 | --test: expected",
                "train --model BASE --data DATA=NaN --out OUT | --data: expected a weight of more than 0 and at most 1000",
                "train --model BASE --data DATA=-1 --out OUT | --data: expected a weight of more than 0 and at most 1000",
                "data split DATA --out OUT | expected --validation or --test, found neither",
                "adapter inspekt BASE | did you mean inspect?",
                "adapter inspect | expected ADAPTER, found none",
                "adapter import BASE --out OUT | expected --model FILE, found none",
                "adapter export BASE --model BASE --out OUT | expected one of --format and --merged, found neither",
                "adapter export BASE --format onnx --model BASE --out OUT | --format: expected gguf, peft or mlx, found 'onnx'",
                "adapter export BASE --format mlx --model BASE --out OUT | --format: expected peft or gguf, found 'mlx'",
                "adapter verify --model BASE --adapter BASE | expected --data FILE, found none",
                "adapter verify --model BASE --adapter BASE --data DATA --with llama.cpp | --with: no second engine is part of this version",
                "adapter | adapter needs a verb: inspect, ",
                "adapter merge DATA --out OUT | expected --method NAME or --into FILE, found neither; linear, cat, svd, slerp",
                "adapter merge DATA --method svd | expected --out FILE, found none",
                "adapter merge --method svd --out OUT | expected DIR|FILE|NAME[=WEIGHT]",
                "adapter merge DATA --method mean --out OUT | --method: expected linear, cat, svd, slerp, ties, ",
                "adapter merge DATA --method ties --density 0 --out OUT | --density: expected a share of more than 0",
                "adapter merge DATA --method ties --sign most --out OUT | --sign: expected total or frequency, found 'most'",
                "adapter merge DATA --method svd --rank 0 --out OUT | --rank: expected at least 1, found 0",
                "adapter merge DATA --method svd --energy 2 --out OUT | --energy: expected a share",
                "adapter merge LORA=x --method svd --out OUT | expected a number after '=' of LORA=x, found 'x'",
                "adapter merge LORA=NaN --method svd --out OUT | expected a finite scale after '=' of LORA=NaN",
                "adapter merge DATA --method cat --module-weights q --out OUT | --module-weights: expected REGEX=W,W",
                "adapter merge DATA --method cat --module-weights q[=1 --out OUT | --module-weights q[=1: no regular expression",
                "adapter merge DATA --method cat --module-weights q=one --out OUT | --module-weights: expected a number",
                "adapter merge DATA --into BASE --rounding best --out OUT | --rounding: expected plain or change, found 'best'",
                "adapter merge DATA --method cat --layer-weights x-y=1 --out OUT | --layer-weights: expected N-M=W,W",
                "adapter merge DATA --method cat --layer-weights 3-1=1 --out OUT | layer",
                "adapter promote support | expected a version, such as support@latest or support@3, found a name alone",
                "adapter promote a@1 --require 'loss<' | --require: expected a bound such as 'eval_loss<1.2' or the name of a check",
                "adapter promote a@1 --require eval_loss<1.2.3 | --require: expected a number after <, found '1.2.3'",
                "adapter promote a@1 --to gone | --to: expected one of candidate, production, archived, found 'gone'",
                "adapter promote a@1 --to archived --require verify | --require has no effect with --to archived",
                "adapter gc | expected --keep N or --keep-best METRIC:N, found neither",
                "adapter gc --keep-best eval_loss | --keep-best: expected a metric and a number such as eval_loss:2",
                "adapter gc --keep-best taste:2 | --keep-best: expected taste:2:min or taste:2:max",
                "adapter tag a@1 | expected a TAG or --remove TAG, found neither",
                "adapter register a DATA --license mit | --license: expected base=ID or data=ID, found 'mit'",
                "train --model BASE --data DATA --out OUT --license data=mit | --license has no effect without --register",
            })
    void aLineThatCannotBeMeantIsToldInWords(String text, String expected) throws IOException {
        assertUsage(text, expected);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "train --model BASE --data DATA --out OUT --schedule step | --schedule: expected constant, linear, cosine[:MINIMUM]",
                "train --model BASE --data DATA --out OUT --lora-plus-ratio 0 | --lora-plus-ratio: expected more than 0, found 0",
                "eval --model BASE --data DATA --compare bare,adapter | --compare adapter: expected --adapter, found none",
                "eval --model BASE --data DATA --compare few-shot:x | --compare few-shot:x: expected a number of at least 1 after few-shot:",
                "eval --model BASE --data DATA --compare bare --shots DATA | --shots has no effect: --compare names no few-shot:N",
                "eval --model BASE --data DATA --adapter BASE --compare bare | --adapter has no effect: --compare does not name adapter",
                "eval --model BASE --data DATA --gate support | --gate compares an adapter with the one in production: give --adapter",
                "eval --model BASE --data DATA --no-generate --metrics f1 | --metrics has no effect beside --no-generate",
                "eval --model BASE --data DATA --compare rag:index | retrieval is no part of this version",
                "generate --model BASE --prompt x --concurrency 2 | --concurrency has no effect without --prompts or --n",
                "generate --model BASE --prompt x --n 0 | --n: expected at least 1, found 0",
                "generate --model BASE --prompt x --draft-tokens 2 | --draft-tokens has no effect without --lookup or --draft",
                "generate --model BASE --prompt x --lookup --draft BASE | --draft has no effect beside --lookup",
                "generate --model BASE --prompt x --lookup --draft-tokens 33 | --draft-tokens: expected 1 to 32, found 33",
                "generate --model BASE --prompt x --logprobs 2 | --logprobs has no effect without --json",
                "generate --model BASE --prompts DATA --n 2 | --n has no effect beside --prompts",
                "chat --model BASE --draft-tokens 2 | --draft-tokens has no effect without --lookup or --draft",
                "chat --model BASE --lookup --draft BASE | --draft has no effect beside --lookup",
                "bench --model BASE --draft-tokens 3 | --draft-tokens has no effect without --lookup or --draft",
                "bench --model BASE --lookup --gen-tokens 1 | --lookup and --draft: expected --prompt-tokens above 0 and --gen-tokens above 1",
                "bench --model BASE --concurrency 0 | --concurrency: expected at least 1, found 0",
                "bench --model BASE --adapters 2 | --adapters has no effect without --concurrency",
                "generate --model BASE --prompt x --system y | --system has no effect without --chat",
                "generate --model BASE --prompt x --chat-template chatml | --chat-template has no effect without --chat",
                "generate --model BASE --tokens 1 --chat | --chat has no effect beside --tokens",
                "generate --model BASE --prompt x --overwrite | --overwrite has no effect without --logits",
                "generate --model BASE --prompt x --regex a --choices a,b | --choices has no effect beside --regex",
                "generate --model BASE --prompt x --close-form | --close-form has no effect without --grammar",
                "generate --model BASE --prompt x --max-tokens -1 | --max-tokens: expected at least 0, found -1",
                "train --model BASE --data DATA --out OUT --warmup-steps -1 | --warmup-steps: expected at least 0, found -1",
                "train --model BASE --data DATA --out OUT --eval-steps 5 | --eval-steps has no effect without validation data",
                "train --model BASE --data DATA --out OUT --early-stopping 2 | --early-stopping has no effect without validation data",
                "train --model BASE --data DATA --out OUT --no-packing --batch-tokens 64 --max-length 32 | --batch-tokens has no effect beside --no-packing",
                "train --model BASE --data DATA --out OUT --plan --report r.html | --report has no effect beside --plan",
                "train --model BASE --data DATA --out OUT --plan --tensorboard b | --tensorboard has no effect beside --plan",
                "train --model BASE --data DATA --out OUT --general-data DATA | --general-data has no effect without --report",
                "train --model BASE --data DATA --out OUT --overwrite | --overwrite has no effect without --report",
                "bench --model BASE --train-tokens -1 | --train-tokens: expected at least 0, found -1",
                "bench --model BASE --prompt-tokens -1 | --prompt-tokens: expected at least 0, found -1",
                "bench --model BASE --gen-tokens -1 | --gen-tokens: expected at least 0, found -1",
                "bench --model BASE --format q8_0 | --format has no effect beside --model",
                "bench --model BASE --train-tokens 0 --rank 4 | --rank has no effect with --train-tokens 0",
                "bench --model BASE --prompt-tokens 0 --gen-tokens 4 | --gen-tokens has no effect with --prompt-tokens 0",
                "bench --model BASE --prompt-tokens 0 --train-tokens 0 | found nothing to measure",
                "bench --model BASE --commit abc | --commit has no effect without --append or --json",
                "demo --rebuild-base OUT --out OUT | --out has no effect beside --rebuild-base",
                "data check DATA --chat-template chatml | --chat-template has no effect without --model",
                "adapter export BASE --format peft --type q8_0 --model BASE --out OUT | --type has no effect without --merged",
                "adapter verify --model BASE --adapter BASE --data DATA --positions 0 | --positions: expected at least 1, found 0",
                "adapter verify --model BASE --adapter BASE --data DATA --no-merge --scratch OUT | --scratch has no effect beside --no-merge",
                "data check DATA --no-timing | --no-timing has no effect without --model",
                "data stats DATA --chat-template chatml | --chat-template has no effect without --model",
                "data preview DATA --model BASE --index 0 | --index: expected at least 1, found 0",
                "model imatrix --model BASE --data DATA --out OUT --max-chunks 0 | --max-chunks: expected at least 1, found 0",
                "model imatrix --model BASE --data DATA --out OUT --chunk-tokens 1 | --chunk-tokens: expected at least 2, found 1",
                "model new OUT --shape smollm2-135m --threads -2 | --threads: expected 0 to 1024, found -2",
                "adapter merge DATA --method cat --density 0.5 --out OUT | --density has no effect with --method cat",
                "adapter merge DATA --method dare_linear --sign total --out OUT | --sign has no effect with --method dare_linear",
                "adapter merge DATA --method ties --seed 3 --out OUT | --seed has no effect with --method ties",
                "adapter merge DATA --method ties --rank 3 --out OUT | --rank has no effect with --method ties",
                "adapter merge DATA --method cat --data-tokens 9 --out OUT | --data-tokens has no effect without --into",
                "adapter merge DATA --method cat --keep-delta x --out OUT | --keep-delta has no effect without --into",
                "adapter merge DATA --into BASE --delta-rank 4 --out OUT | --delta-rank has no effect without --keep-delta",
                "adapter merge DATA --into BASE --data-tokens 4 --out OUT | --data-tokens has no effect without --data",
                "adapter merge DATA --into BASE --rank 4 --out OUT | --rank has no effect beside --into",
                "adapter merge DATA --into BASE --method cat --out OUT | --method has no effect beside --into",
                "adapter merge DATA --method linear --energy 0.9 --out OUT | --energy has no effect with --method linear",
            })
    void anOptionWithoutEffectIsRefused(String text, String expected) throws IOException {
        assertUsage(text, expected);
    }

    /** Required options of each verb, so that the one under test is what is wrong. */
    private static final Map<String, String> REQUIRED = Map.ofEntries(
            Map.entry("adapter merge", "DATA --method dare_ties_svd --out OUT"),
            Map.entry("adapter gc", "a"),
            Map.entry("adapter verify", "--model BASE --adapter BASE --data DATA"),
            Map.entry("bench", "--model BASE"),
            Map.entry("chat", "--model BASE"),
            Map.entry("data check", "DATA --model BASE"),
            Map.entry("data convert", "DATA --to text --out OUT"),
            Map.entry("data preview", "DATA --model BASE"),
            Map.entry("data split", "DATA --test 1 --out OUT"),
            Map.entry("data stats", "DATA"),
            Map.entry("demo", "--out OUT"),
            Map.entry("eval", "--model BASE --adapter BASE --data DATA --gate x"),
            Map.entry("embed", "--model BASE --text x"),
            Map.entry("generate", "--model BASE --prompt x"),
            Map.entry("model convert", "BASE OUT"),
            Map.entry("model imatrix", "--model BASE --data DATA --out OUT"),
            Map.entry("model inspect", "BASE"),
            Map.entry("model new", "OUT --shape smollm2-135m"),
            Map.entry("model quantize", "BASE OUT --type q8_0"),
            Map.entry("rerank", "--model BASE --query x --file DATA"),
            Map.entry("tokenize", "--model BASE --text x"),
            Map.entry("train", "--model BASE --data DATA --eval-split 0.5 --out OUT"));

    /** Any number will do for a seed, also a negative one. */
    private static final List<String> ANY_NUMBER = List.of("--seed");

    @TestFactory
    Stream<DynamicTest> everyNumberOfEveryVerbIsChecked() {
        List<DynamicTest> tests = new ArrayList<>();
        Verbs.all().forEach((verb, spec) -> numbers(spec)
                .forEach(option -> tests.add(DynamicTest.dynamicTest(verb + " " + option, () -> {
                    String line = verb + " " + REQUIRED.getOrDefault(verb, "") + " " + option + "=";
                    assertUsage(line + "many", option + ": expected");
                    boolean ofMemory = option.equals("--memory-limit");
                    assertUsage(line + "NaN", option + ": expected");
                    if (!ANY_NUMBER.contains(option)) {
                        assertUsage(line + (ofMemory ? "0" : "-7"), option + ": expected");
                    }
                }))));
        return tests.stream();
    }

    private static Stream<String> numbers(CommandSpec spec) {
        return spec.options().stream().filter(option -> isNumber(option)).map(OptionSpec::longestName);
    }

    private static boolean isNumber(ArgSpec arg) {
        Class<?> type = arg.type();
        return type == int.class
                || type == long.class
                || type == float.class
                || type == double.class
                || Number.class.isAssignableFrom(type);
    }
}
