// From a cart to the gateway's page.

import { call } from "./api.js";
import { endAttempt, keyFor } from "./attempt.js";

const TRIES_MAX = 4;
/** The same request under the same key may be sent again: at most one payment comes of it. */
const WORTH_ANOTHER_TRY = new Set([
  "gateway_unavailable",
  "internal_error",
  "rate_limited",
  "request_in_progress",
  "service_unavailable",
  "unreachable",
]);

const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/**
 * Asks for a payment of the cart that the shopper saw. `waiting` is told of each refusal that is waited out; the others
 * are thrown. After a thrown one the key is kept: pressing the button again goes on with the same attempt, unless the
 * shopper changed something.
 */
export async function startPayment(body, waiting) {
  for (let tries = 1; ; tries += 1) {
    try {
      const headers = { "Idempotency-Key": keyFor(body) };
      const intent = await call("POST", "/api/checkout/order-intents", { body, headers });
      endAttempt();
      // An answer that was lost for long is repeated as it was, though its time to pay has run out.
      if (Date.parse(intent.expires_at) > Date.now() || tries === TRIES_MAX) return intent;
    } catch (refusal) {
      if (refusal.code === "idempotency_key_reused") endAttempt();
      else if (!WORTH_ANOTHER_TRY.has(refusal.code)) throw refusal;
      if (tries === TRIES_MAX) throw refusal;
      waiting(refusal);
      await pause(refusal.retryAfterSeconds ?? tries);
    }
  }
}

/** Sends the browser to the gateway: by a signed form or by a link, as the gateway wants it. */
export function goToGateway(payment) {
  if (payment.method === "GET") {
    location.assign(payment.url);
    return;
  }
  const form = document.createElement("form");
  form.method = "post";
  form.action = payment.url;
  for (const [name, value] of Object.entries(payment.fields)) {
    const field = document.createElement("input");
    Object.assign(field, { type: "hidden", name, value });
    form.append(field);
  }
  document.body.append(form);
  form.submit();
}
