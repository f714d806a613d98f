// Keeps a page current: the server sends the main part anew when it changed.
"use strict";
const events = document.body.dataset.events;
const live = document.getElementById("live");
if (events) {
  const source = new EventSource(events);
  source.onmessage = (event) => {
    const main = document.getElementById("main");
    // Who is filling in a form keeps it; the page is sent again when it changes next.
    if (document.activeElement && document.activeElement.closest("form")) return;
    const open = new Set([...main.querySelectorAll("details[open]")].map((d) => d.id));
    const focused = document.activeElement && document.activeElement.id;
    main.innerHTML = event.data;
    main.querySelectorAll("details").forEach((d) => { d.open = open.has(d.id); });
    if (focused && document.getElementById(focused)) document.getElementById(focused).focus();
    live.textContent = "live";
    live.classList.remove("off");
  };
  const off = (why) => { live.textContent = why; live.classList.add("off"); };
  source.addEventListener("stale", (event) => off(`not live: ${event.data}`));
  source.onerror = () => off("not live");
} else {
  live.remove();
}
