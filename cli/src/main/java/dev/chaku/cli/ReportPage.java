package dev.chaku.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** A training's result as one HTML page that needs nothing else. */
final class ReportPage {
  private ReportPage() {}

  static String html(Map<String, Object> result, Path run) throws IOException {
    StringBuilder page = new StringBuilder();
    page.append("<!doctype html>\n<meta charset=\"utf-8\">\n<title>Chaku training</title>\n");
    page.append("<style>body{font-family:sans-serif;max-width:48em;margin:2em auto}td{padding:.2em 1em .2em 0}</style>\n");
    page.append("<h1>Training ").append(escape(run.toString())).append("</h1>\n<h2>Result</h2>\n<table>\n");
    result.forEach(
        (key, value) ->
            page.append("<tr><td>").append(escape(key.replace('_', ' '))).append("</td><td>")
                .append(escape(String.valueOf(value))).append("</td></tr>\n"));
    page.append("</table>\n<h2>Loss</h2>\n").append(Files.readString(run.resolve("loss.svg")));
    page.append("<h2>Settings</h2>\n<pre>").append(escape(Files.readString(run.resolve("config.json")))).append("</pre>\n");
    return page.toString();
  }

  private static String escape(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
  }
}
