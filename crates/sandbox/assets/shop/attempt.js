// The Idempotency-Key of a checkout attempt: made once, kept across reloads and lost answers, and gone when the attempt
// has its answer. Whoever asks for something else makes another attempt.

const ATTEMPT = "shop.attempt";

/** The key under which this body is sent. */
export function keyFor(body) {
  const asked = JSON.stringify(body);
  const kept = JSON.parse(localStorage.getItem(ATTEMPT) ?? "null");
  if (kept?.asked === asked) return kept.key;
  const key = crypto.randomUUID();
  localStorage.setItem(ATTEMPT, JSON.stringify({ key, asked }));
  return key;
}

export function endAttempt() {
  localStorage.removeItem(ATTEMPT);
}

/** What the last attempt that has no answer asked for; `null` where there is none. */
export function unansweredBody() {
  const kept = JSON.parse(localStorage.getItem(ATTEMPT) ?? "null");
  return kept ? JSON.parse(kept.asked) : null;
}
