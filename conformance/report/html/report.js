"use strict";
document.documentElement.classList.add("js");
addEventListener("DOMContentLoaded", () => {
  const problems = ["fail", "error", "xpass", "nonstrict"];
  const form = document.getElementById("filters");
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const cases = all(".case").map(element => ({
    element,
    ...element.dataset,
    tried: new Map(element.dataset.tried.split(" ").map(run => run.split(":"))),
    rules: element.dataset.rules.split(" "),
    text: [element.id, element.dataset.rules, element.querySelector("summary").textContent].join(" ").toLowerCase(),
  }));
  const topics = all("#cases > .topic"), cards = all(".card"), rows = all(".map [data-rule]");
  const names = ["q", "verdict", "level", "topic", "version"];

  // Colours: the radio buttons work by themselves; the choice is kept where that is possible.
  const kept = { get: () => null, set: () => {} };
  try {
    const storage = localStorage;
    kept.get = () => storage.getItem("smpcheck-theme");
    kept.set = value => storage.setItem("smpcheck-theme", value);
  } catch { /* this page may not keep anything */ }
  for (const radio of all("[name=theme]")) {
    radio.checked = radio.value === (kept.get() ?? "auto");
    radio.addEventListener("change", () => kept.set(radio.value));
  }

  const clear = () => names.forEach(name => form.elements[name].value = "");
  const chosen = () => Object.fromEntries(names.map(name => [name, form.elements[name].value.trim()]));

  function matches(c, f, words) {
    const verdict = f.version ? c.tried.get(f.version) : c.verdict;
    return verdict !== undefined
      && (!f.verdict || f.verdict === verdict || f.verdict === "problem" && problems.includes(verdict))
      && (!f.level || f.level === c.level)
      && (!f.topic || f.topic === c.topic)
      && words.every(word => c.text.includes(word));
  }

  // apply shows the cases that the filters let through, and what belongs to them.
  function apply() {
    const f = chosen(), words = f.q.toLowerCase().split(/\s+/).filter(Boolean);
    const active = names.some(name => f[name]);
    const rules = new Set();
    let shown = 0;
    for (const c of cases) {
      c.element.hidden = !matches(c, f, words);
      if (c.element.hidden) continue;
      shown++;
      c.rules.forEach(rule => rules.add(rule));
    }
    for (const topic of topics) {
      topic.hidden = !topic.querySelector(".case:not([hidden])");
      topic.open = active && !topic.hidden;
    }
    for (const card of cards) card.hidden = !rules.has(card.id);
    for (const group of all("#rules > .topic")) group.hidden = !group.querySelector(".card:not([hidden])");
    for (const row of rows) row.classList.toggle("dim", !rules.has(row.dataset.rule));
    form.elements.shown.value = active ? `${shown} of ${cases.length} cases` : `${cases.length} cases`;
  }

  // The address holds either the filters or the id of a case or requirement.
  function write() {
    const f = chosen(), query = new URLSearchParams();
    for (const name of names) if (f[name]) query.set(name, f[name]);
    history.replaceState(null, "", "#" + query);
    apply();
  }

  function read() {
    const hash = location.hash.slice(1), filters = hash.includes("=") || hash === "";
    if (filters) {
      const query = new URLSearchParams(hash);
      for (const name of names) form.elements[name].value = query.get(name) ?? "";
    }
    apply();
    if (!filters) reveal(document.getElementById(hash) ?? document.getElementById(decode(hash)));
  }

  function decode(hash) {
    try { return decodeURIComponent(hash); } catch { return hash; }
  }

  // reveal opens what is around an element and shows it, whatever the filters say.
  function reveal(target) {
    if (!target) return;
    if (target.closest("[hidden]")) {
      clear();
      apply();
    }
    for (let e = target; e; e = e.parentElement) if (e.localName === "details") e.open = true;
    target.scrollIntoView();
  }

  form.hidden = false;
  form.addEventListener("input", write);
  form.addEventListener("submit", event => event.preventDefault());
  form.addEventListener("reset", event => {
    event.preventDefault();
    clear();
    write();
  });
  for (const tools of all(".tools")) {
    tools.hidden = false;
    tools.addEventListener("click", event => {
      if (event.target.dataset.open === undefined) return;
      for (const c of all(".problem")) c.open = event.target.dataset.open !== "";
    });
  }
  if (matchMedia("(max-width: 46rem)").matches) document.querySelector("#map .fold").open = false;
  addEventListener("hashchange", read);

  // What a printed page needs is opened for it, and closed again.
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = all(".problem:not([open]), .fold:not([open])");
    for (const e of opened) e.open = true;
  });
  addEventListener("afterprint", () => { for (const e of opened) e.open = false; });
  read();
});
