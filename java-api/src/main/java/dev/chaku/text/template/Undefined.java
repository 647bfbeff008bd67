package dev.chaku.text.template;

/**
 * What a missing variable, attribute or element yields: it prints as nothing and is false and empty; any other use
 * fails with its message.
 *
 * @param unsafe whether the sandbox withholds it, so that a use is a security error
 */
record Undefined(String message, boolean unsafe) {
    static Undefined variable(String name) {
        return new Undefined("'" + name + "' is undefined", false);
    }

    TemplateFault fault() {
        return unsafe ? TemplateFault.security(message) : TemplateFault.undefined(message);
    }
}
