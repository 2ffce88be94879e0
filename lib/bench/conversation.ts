// Asking a child process one thing at a time: a message out, a message back, and an error that says why when it ends instead.

import { type ChildOptions, startChild } from "../process/mod.ts";

/** A child that answers each message with one message. */
export interface Conversation {
  /**
   * The child's answer to a message.
   *
   * @throws {Error} with the end of its standard error when the child ends before it answers
   */
  ask(message: unknown): Promise<unknown>;
  /** Lets the child end, and waits until it has. */
  end(): Promise<void>;
}

/**
 * Starts a child and waits for its first message, which it sends when it is ready.
 *
 * @param label what the child is, for errors
 * @returns the conversation and that first message
 * @throws {Error} when the child ends before it is ready
 */
export async function conversation(
  label: string,
  options: ChildOptions,
): Promise<{ talk: Conversation; greeting: unknown }> {
  const waiting: { resolve: (answer: unknown) => void; reject: (error: Error) => void }[] = [];
  let failure: Error | null = null;
  const child = startChild({
    ...options,
    onMessage: (message) => waiting.shift()?.resolve(message),
  });
  const ended = child.result.then(({ exitCode, reason, signal, stderrTail }) => {
    const how = reason === "exit" ? `exit code ${exitCode}` : signal ?? reason;
    failure = new Error(`Cannot benchmark: ${label} ended (${how}): ${stderrTail.trim().slice(-2000)}`);
    for (const { reject } of waiting.splice(0)) reject(failure);
  });
  const answer = () =>
    new Promise<unknown>((resolve, reject) => {
      if (failure) reject(failure);
      else waiting.push({ resolve, reject });
    });
  const talk: Conversation = {
    ask(message) {
      const reply = answer();
      child.send(message);
      return reply;
    },
    async end() {
      child.endMessages();
      await ended;
    },
  };
  return { talk, greeting: await answer() };
}
