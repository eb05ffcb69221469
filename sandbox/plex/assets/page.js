"use strict";
// Asks for the page's regions every second and puts in those that changed.
const shown = {};
const live = document.getElementById("live");
// A sign-in link carries the code behind the '#', as app.plex.tv has it.
const askedCode = (location.hash.match(/[?&]code=([^&]+)/) || [])[1];

function say(text, lost) {
  if (live.textContent !== text) live.textContent = text;
  live.classList.toggle("lost", Boolean(lost));
}

function put(name, markup) {
  if (shown[name] === markup) return;
  shown[name] = markup;
  const region = document.getElementById(name);
  const focused = region.contains(document.activeElement) ? document.activeElement.id : "";
  region.innerHTML = markup; // made and escaped on the server
  if (focused) document.getElementById(focused)?.focus();
}

async function update() {
  try {
    const answer = await fetch("/sandbox/api/view");
    const regions = await answer.json();
    for (const name in regions) put(name, regions[name]);
    for (const pin of document.querySelectorAll(".pin")) {
      pin.classList.toggle("asked", pin.dataset.code === askedCode);
    }
    if (live.classList.contains("lost")) say("Updates by itself");
  } catch {
    say("The sandbox does not answer; trying again", true);
  }
}

async function order(method, path, body) {
  try {
    const answer = await fetch("/sandbox/api/" + path, {
      method,
      headers: { "Content-Type": "application/json" },
      body: body ? JSON.stringify(body) : undefined,
    });
    const result = await answer.json();
    if (!answer.ok) say(result.error, true);
    return answer.ok;
  } catch {
    say("The sandbox does not answer; trying again", true);
    return false;
  } finally {
    await update();
  }
}

const actions = {
  accept: (data) => order("POST", `shares/${data.share}/accept`),
  decline: (data) => order("POST", `shares/${data.share}/decline`),
  leave: (data) => order("POST", `shares/${data.share}/leave`),
  allow: (data) => order("POST", `pins/${data.pin}/allow`, { account_id: Number(data.account) }),
  preset: (data) => order("POST", `presets/${data.preset}`),
  token: (data, button) =>
    order("POST", button.getAttribute("aria-checked") === "true" ? "token/mend" : "token/revoke"),
  "remove-library": (data) => order("DELETE", `libraries/${data.section}`),
  "remove-fault": (data) => order("DELETE", `faults/${data.fault}`),
  reset: () => order("POST", "reset"),
};

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-action]");
  if (!button) return;
  const done = await actions[button.dataset.action](button.dataset, button);
  if (done) say(`Done: ${button.getAttribute("aria-label") || button.textContent}`);
});

document.getElementById("add-library").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const body = { title: form.title.value, type: form.type.value };
  if (await order("POST", "libraries", body)) {
    say(`Done: added ${body.title}`);
    form.reset();
  }
});

update();
setInterval(update, 1000);
