package dev.chaku.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.chaku.BadInputException;
import dev.chaku.Model;
import dev.chaku.ModelOptions;
import dev.chaku.ResourceException;
import dev.chaku.data.DataFormat;
import dev.chaku.data.Dataset;
import dev.chaku.data.doctor.DataDoctor;
import dev.chaku.data.doctor.DataFixer;
import dev.chaku.data.doctor.DataReport;
import dev.chaku.data.doctor.Finding;
import dev.chaku.data.doctor.HtmlReport;
import dev.chaku.data.doctor.JsonReport;
import dev.chaku.data.doctor.TextReport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code chaku data check}: defects of a data set before it is trained on. */
@Command(
    name = "check",
    description = {
      "Examines data: defects that stop training, teach what is wrong, waste time or give away what is confidential.",
      "Ends with 3 if training would fail or go wrong, and 0 otherwise."
    },
    footer = {
      "",
      "Examples:",
      "  chaku data check train.jsonl",
      "  chaku data check train.jsonl --model base.gguf --test test.jsonl --html report.html",
      "  chaku data check train.jsonl --fix mended.jsonl"
    })
final class DataCheckCommand extends Verb {
  private static final int DEFAULT_MAX_LENGTH = 1024;

  @Parameters(paramLabel = "FILE", arity = "1..*", description = "Data files.")
  private List<Path> files;

  @Option(names = "--model", paramLabel = "FILE", description = "The model to be trained: lengths are then those of its tokenizer.")
  private Path modelFile;

  @Option(names = "--test", paramLabel = "FILE", description = "Test data, which must not be among the training data.")
  private Path test;

  @Option(names = "--max-length", paramLabel = "N", description = "Longest sequence that is to be trained (1024, or the model's context).")
  private Integer maxLength;

  @Option(names = "--format", paramLabel = "NAME", description = "Of the data, if not to be detected.")
  private String format;

  @Option(names = "--chat-template", paramLabel = "NAME|FILE", description = "In place of the model's own.")
  private String chatTemplate;

  @Option(names = "--html", paramLabel = "FILE", description = "Write the report as a page, too.")
  private Path html;

  @Option(names = "--fix", paramLabel = "FILE", description = "Write a mended copy as JSON lines to a new file.")
  private Path fix;

  @Override
  void execute() throws IOException {
    Dataset data = read(files);
    DataReport report = examine(data, test == null ? null : read(List.of(test)));
    if (html != null) {
      try {
        Files.writeString(html, HtmlReport.render(report, files.toString()));
      } catch (IOException e) {
        throw new ResourceException(html + ": cannot be written: " + e.getMessage(), e);
      }
    }
    if (fix != null) {
      DataFixer.Result mended = DataFixer.fix(data, fix);
      console()
          .note(
              fix + ": " + mended.written() + " examples; left out " + mended.copies() + " copies and " + mended.unusable()
                  + " without use, took characters out of " + mended.cleaned());
    }
    result(fields(report), () -> console().out().print(TextReport.render(report)));
    int errors = report.count(Finding.Severity.ERROR);
    if (errors > 0) {
      throw new BadInputException(files + ": " + errors + " kinds of defect would make training fail or go wrong");
    }
  }

  private Dataset read(List<Path> paths) {
    return Dataset.read(
        paths,
        Dataset.Options.defaults().withFormat(format == null ? null : DataFormat.parse(format)).withSkipBadLines(true));
  }

  private DataReport examine(Dataset data, Dataset testData) {
    if (modelFile == null) {
      int length = maxLength != null ? maxLength : DEFAULT_MAX_LENGTH;
      return DataDoctor.check(new DataDoctor.Request(data, testData, null, null, length));
    }
    try (Model model = Model.open(modelFile, ModelOptions.defaults())) {
      int length = maxLength != null ? maxLength : Math.min(DEFAULT_MAX_LENGTH, model.contextLength());
      return DataDoctor.check(
          new DataDoctor.Request(data, testData, model.tokenizer(), ChatTemplates.of(model, chatTemplate), length));
    }
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> fields(DataReport report) {
    try {
      return new ObjectMapper().readValue(JsonReport.render(report), Map.class);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("the report is no JSON", e);
    }
  }
}
