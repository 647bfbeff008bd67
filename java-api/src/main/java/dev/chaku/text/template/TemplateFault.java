package dev.chaku.text.template;

/**
 * What goes wrong while a template is parsed or runs, before the template's name and the line are known;
 * {@link Template} turns it into the public exception. The kind is the name of the exception that Python would raise.
 */
final class TemplateFault extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** The kind of what {@code raise_exception} throws: the template itself refuses its input. */
    static final String RAISED = "TemplateError";

    private final String kind;

    TemplateFault(String kind, String message) {
        super(message, null, false, false);
        this.kind = kind;
    }

    boolean isRaised() {
        return kind.equals(RAISED);
    }

    String kind() {
        return kind;
    }

    static TemplateFault type(String message) {
        return new TemplateFault("TypeError", message);
    }

    static TemplateFault value(String message) {
        return new TemplateFault("ValueError", message);
    }

    static TemplateFault undefined(String message) {
        return new TemplateFault("UndefinedError", message);
    }

    static TemplateFault security(String message) {
        return new TemplateFault("SecurityError", message);
    }

    static TemplateFault runtime(String message) {
        return new TemplateFault("TemplateRuntimeError", message);
    }

    static TemplateFault limit(String message) {
        return new TemplateFault("limit", message);
    }
}
