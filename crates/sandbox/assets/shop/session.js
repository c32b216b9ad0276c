// Who buys. A guest is a random subject that this browser keeps; a shop with accounts gets the token from its own
// identity provider instead, and nothing else in these files changes.

import { settings } from "./settings.js";

const GUEST = "shop.guest";
const TOKEN = "shop.token";
/** A token is renewed so long before its end. */
const SPARE_MS = 60_000;

export function guestId() {
  const kept = localStorage.getItem(GUEST);
  if (kept) return kept;
  const made = `guest-${crypto.randomUUID()}`;
  localStorage.setItem(GUEST, made);
  return made;
}

/** A token that is still good for a minute. */
export async function token() {
  const kept = JSON.parse(sessionStorage.getItem(TOKEN) ?? "null");
  if (kept && kept.endsAt - SPARE_MS > Date.now()) return kept.token;
  const answer = await fetch(`${settings.identityUrl}/token`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ sub: guestId(), audience: settings.audience }),
  });
  if (!answer.ok) throw new TypeError(`the identity provider answered ${answer.status}`);
  const { access_token, expires_in } = await answer.json();
  sessionStorage.setItem(TOKEN, JSON.stringify({ token: access_token, endsAt: Date.now() + expires_in * 1000 }));
  return access_token;
}

/** After a 401: the next call gets a new one. */
export function forgetToken() {
  sessionStorage.removeItem(TOKEN);
}
