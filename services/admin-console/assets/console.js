// Keeps what is marked `data-live` fresh without a reload, and stops a button from being pressed twice. Without this
// file, or without JavaScript, everything works by loading the page again.
"use strict";
(() => {
  for (const form of document.querySelectorAll("form[method=post]")) {
    form.addEventListener("submit", () => {
      // After the browser has taken the form's fields.
      setTimeout(() => form.querySelectorAll("button").forEach((button) => { button.disabled = true; }));
    });
  }
  // A page that comes back from the browser's memory is used again.
  addEventListener("pageshow", () => {
    document.querySelectorAll("form[method=post] button:disabled").forEach((button) => { button.disabled = false; });
  });

  const body = document.querySelector("[data-live-seconds]");
  if (!body) return;
  const every = Number(body.dataset.liveSeconds) * 1000;
  const said = document.getElementById("live");
  let ended = false;

  function say(text) {
    if (said.textContent !== text) said.textContent = text;
  }

  async function look() {
    const answer = await fetch(location.href, { headers: { "X-Live": "1" }, redirect: "manual", cache: "no-store" });
    if (answer.type === "opaqueredirect") {
      ended = true;
      say("Your session has ended: load the page again to sign in.");
      return;
    }
    if (!answer.ok) throw new Error(answer.status);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of document.querySelectorAll("[data-live]")) {
      const fresh = page.getElementById(part.id);
      // Whoever is in the middle of something is not disturbed.
      if (!fresh || part.contains(document.activeElement)) continue;
      for (const details of part.querySelectorAll("details[open][id]")) {
        const same = fresh.querySelector(`details[id="${CSS.escape(details.id)}"]`);
        if (same) same.open = true;
      }
      if (part.innerHTML !== fresh.innerHTML) part.replaceChildren(...fresh.childNodes);
    }
    say("Live.");
  }

  async function turn() {
    if (document.visibilityState === "visible") {
      try {
        await look();
      } catch {
        say("No connection: what you see may be old.");
      }
    }
    if (!ended) setTimeout(turn, every);
  }

  setTimeout(turn, every);
  document.addEventListener("visibilitychange", () => {
    if (!ended && document.visibilityState === "visible") look().catch(() => say("No connection: what you see may be old."));
  });
})();
