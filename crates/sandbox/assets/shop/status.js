// Where a payment stands, as it changes. The stream wants the shopper's token, so it is read with `fetch`: an
// `EventSource` sends no Authorization.

import { ask, call } from "./api.js";

const RECONNECT_MS = 1000;
/** checkout-api sends a comment at least every 15 seconds; a stream that is silent for longer is broken. */
const SILENCE_MAX_MS = 25_000;
const FINAL = new Set(["confirmed", "failed", "expired", "refunded"]);

export const isFinal = (status) => FINAL.has(status);

/** Tells every change of a payment until it is final, across broken streams and services that start again. */
export async function followPayment(paymentIntentId, told) {
  const query = `payment_intent_id=${encodeURIComponent(paymentIntentId)}`;
  const seen = { lastEventId: null, status: null };
  const tell = (status) => {
    if (status.status === seen.status) return;
    seen.status = status.status;
    told(status);
  };
  while (!isFinal(seen.status)) {
    try {
      if ((await readStream(query, seen, tell)) === "nothing more") return;
    } catch {
      // Where streams do not get through, this loop is a poll.
      await call("GET", `/api/orders/check-status?${query}`).then(tell, (refusal) => {
        if (refusal.code === "not_found") throw refusal;
      });
    }
    if (!isFinal(seen.status)) await new Promise((resolve) => setTimeout(resolve, RECONNECT_MS));
  }
}

async function readStream(query, seen, tell) {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), SILENCE_MAX_MS);
  const headers = { Accept: "text/event-stream" };
  if (seen.lastEventId) headers["Last-Event-ID"] = seen.lastEventId;
  try {
    const answer = await ask(`/api/orders/check-status/stream?${query}`, { headers, signal: silence.signal });
    if (answer.status === 204) return "nothing more";
    if (!answer.ok) throw new TypeError(`the stream answered ${answer.status}`);
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let text = ""; ; ) {
      const { done, value } = await reader.read();
      if (done) return "broke off";
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE_MAX_MS);
      const events = (text + value).split("\n\n");
      text = events.pop();
      for (const event of events) readEvent(event, seen, tell);
    }
  } finally {
    clearTimeout(timer);
  }
}

function readEvent(event, seen, tell) {
  const field = (name) => event.split("\n").find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
  const data = field("data");
  if (data === undefined) return;
  seen.lastEventId = field("id") ?? seen.lastEventId;
  tell(JSON.parse(data));
}
