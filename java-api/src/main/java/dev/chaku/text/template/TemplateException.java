package dev.chaku.text.template;

import dev.chaku.BadInputException;

/** A template that is wrong or fails; inside the package only, where it becomes a {@link BadInputException}. */
final class TemplateException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final boolean raised;

  TemplateException(String template, int line, String message) {
    super(template + ":" + line + ": " + message);
    this.raised = false;
  }

  /** What the template itself raised. */
  TemplateException(String message) {
    super(message);
    this.raised = true;
  }

  boolean isRaised() {
    return raised;
  }

  BadInputException toBadInput(String template) {
    return new BadInputException(raised ? template + ": the template refuses the conversation: " + getMessage() : getMessage(), this);
  }
}
