// Shows where the payment stands without a reload. The words come from the server's own page; without this file, or
// without JavaScript, the page refreshes itself.
"use strict";
(() => {
  const POLL_MS = 5000;
  const payment = document.getElementById("payment");
  let polling;

  async function look() {
    const answer = await fetch(payment.dataset.page, { headers: { Accept: "text/html" }, cache: "no-store" });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const found = page.getElementById("payment");
    if (!found || found.dataset.status === payment.dataset.status) return;
    document.title = page.title;
    payment.className = found.className;
    payment.dataset.status = found.dataset.status;
    payment.dataset.isFinal = found.dataset.isFinal;
    payment.replaceChildren(...found.childNodes);
    if (payment.dataset.isFinal === "true") stop();
  }

  // A look that fails is followed by the next one.
  const lookSafely = () => look().catch(() => {});

  function poll() {
    if (!polling && payment.dataset.isFinal !== "true") polling = setInterval(lookSafely, POLL_MS);
  }

  const events = "EventSource" in window ? new EventSource(payment.dataset.stream) : null;

  function stop() {
    clearInterval(polling);
    if (events) events.close();
  }

  if (events) {
    events.addEventListener("status", lookSafely);
    // The browser connects again by itself, unless it was told not to.
    events.addEventListener("error", () => { if (events.readyState === EventSource.CLOSED) poll(); });
  } else {
    poll();
  }
})();
