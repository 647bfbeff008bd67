package dev.chaku.chat;

/**
 * A part of an answer as it comes. Parts in their order, put together, are the answer's message: no character of what
 * the model writes is lost but the marks of its template and white space beside them.
 */
public sealed interface ChatEvent {
    /**
     * A piece of the answer's words.
     *
     * @param piece not empty
     */
    record Text(String piece) implements ChatEvent {}

    /**
     * A piece of what the model thinks.
     *
     * @param piece not empty
     */
    record Reasoning(String piece) implements ChatEvent {}

    /**
     * A call begins.
     *
     * @param index of the call in the answer, from 0
     * @param id of the call
     * @param name of the tool
     */
    record CallStarted(int index, String id, String name) implements ChatEvent {}

    /**
     * A piece of a call's arguments: all pieces of a call are one JSON object.
     *
     * @param index of the call
     * @param piece not empty
     */
    record CallArguments(int index, String piece) implements ChatEvent {}

    /**
     * A call is whole.
     *
     * @param index of the call
     * @param call with all its arguments
     */
    record CallFinished(int index, ToolCall call) implements ChatEvent {}

    /**
     * A call that began turns out to be none: what the model wrote follows as text. The next call has its index.
     *
     * @param index of the call that is none
     * @param problem expected and found
     */
    record CallDropped(int index, String problem) implements ChatEvent {}

    /**
     * The answer is whole; the last event.
     *
     * @param reply the answer
     */
    record Finished(ChatReply reply) implements ChatEvent {}
}
