// Chat templates: the Jinja text in which a model's makers wrote how a conversation becomes one prompt, rendered as Hugging Face's
// transformers does (trim_blocks and lstrip_blocks, Python's JSON, the tokenizer's special tokens as variables).

import type { Template } from "@huggingface/jinja";

/** One turn of a conversation. Templates may read further fields, such as `tool_calls`. */
export interface ChatMessage {
  /** "system", "user", "assistant", "tool", or what else the template knows. */
  readonly role: string;
  readonly content?: unknown;
  readonly [field: string]: unknown;
}

/** Options of `ChatTemplate.render`. */
export interface ChatOptions {
  /** Ends the text with the beginning of the assistant's turn. Default true. */
  addGenerationPrompt?: boolean;
  /** JSON schemas of functions that the model may call. */
  tools?: readonly unknown[];
  /** Further variables of the template, such as `enable_thinking`. */
  variables?: Readonly<Record<string, unknown>>;
}

/** A compiled template. */
export interface ChatTemplate {
  /** The Jinja text. */
  readonly source: string;
  /**
   * The conversation as one text, special tokens written out: tokenize it without adding any.
   *
   * @throws {TypeError} when messages are missing or have no role
   * @throws {Error} when the template refuses the conversation, with its reason
   */
  render(messages: readonly ChatMessage[], options?: ChatOptions): string;
}

/**
 * Compiles a template.
 *
 * @param specialTokens variables that the template may write out: `{ bos_token: "<|startoftext|>" }`
 * @param label how errors name the source
 * @throws {TypeError} when it is no Jinja template
 *
 * @example
 * ```ts
 * import { compileChatTemplate } from "lib/data/mod.ts";
 * const source = "{{ bos_token }}{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}" +
 *   "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";
 * const template = await compileChatTemplate(source, { bos_token: "<|startoftext|>" });
 * console.log(template.render([{ role: "user", content: "Hello" }]));
 * ```
 */
export async function compileChatTemplate(
  source: string,
  specialTokens: Readonly<Record<string, string>> = {},
  label = "the chat template",
): Promise<ChatTemplate> {
  const { Template } = await import("@huggingface/jinja");
  let template: Template;
  try {
    template = new Template(source);
  } catch (error) {
    throw new TypeError(`Cannot read ${label}: expected a Jinja template, got ${(error as Error).message}`);
  }
  return {
    source,
    render(messages, { addGenerationPrompt = true, tools, variables = {} } = {}) {
      checkMessages(messages);
      try {
        return template.render({
          ...specialTokens,
          ...variables,
          messages,
          tools: tools ?? null,
          documents: null,
          add_generation_prompt: addGenerationPrompt,
        });
      } catch (error) {
        throw new Error(`Cannot apply ${label}: ${(error as Error).message}`, { cause: error });
      }
    },
  };
}

function checkMessages(messages: readonly ChatMessage[]): void {
  if (!Array.isArray(messages) || messages.length === 0) {
    throw new TypeError("Cannot apply a chat template: expected at least one message, got none");
  }
  const wrong = messages.findIndex((message) => typeof message?.role !== "string" || message.role === "");
  if (wrong !== -1) {
    throw new TypeError(
      `Cannot apply a chat template: expected message ${wrong} to have a role, got ${JSON.stringify(messages[wrong])}`,
    );
  }
}
