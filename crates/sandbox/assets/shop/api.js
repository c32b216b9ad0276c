// Calls of checkout-api. Every refusal is an RFC 9457 document; programs look at its `code`.

import { forgetToken, token } from "./session.js";
import { settings } from "./settings.js";

/** Why something was not done. `problem` holds the members of its code, such as `lines` of `insufficient_stock`. */
export class Refusal extends Error {
  constructor(code, problem = {}, retryAfterSeconds = null) {
    super(problem.detail ?? problem.title ?? code);
    this.code = code;
    this.problem = problem;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** Asks with the shopper's token, once more with a new one where it was refused; throws where nobody answers. */
export async function ask(path, options = {}) {
  const send = async () =>
    fetch(`${settings.checkoutUrl}${path}`, {
      ...options,
      cache: "no-store",
      headers: { ...options.headers, Authorization: `Bearer ${await token()}` },
    });
  const answer = await send();
  if (answer.status !== 401) return answer;
  forgetToken();
  return send();
}

/** The JSON that a call is answered with; throws a `Refusal` otherwise. */
export async function call(method, path, { body, headers } = {}) {
  const options = { method, headers: { ...headers, Accept: "application/json" } };
  if (body !== undefined) {
    options.body = JSON.stringify(body);
    options.headers["Content-Type"] = "application/json";
  }
  let answer;
  try {
    answer = await ask(path, options);
  } catch {
    throw new Refusal("unreachable", { detail: "The shop cannot be reached." });
  }
  const answered = await answer.json().catch(() => ({}));
  if (answer.ok) return answered;
  const retryAfter = Number.parseInt(answer.headers.get("Retry-After") ?? "", 10);
  throw new Refusal(answered.code ?? `http_${answer.status}`, answered, Number.isNaN(retryAfter) ? null : retryAfter);
}
