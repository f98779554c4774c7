"use strict";
// The report is whole without this: it adds sorting, filters, a slider through the stages, a lightbox and the theme.
// Nothing is stored, nothing is fetched, and text goes in as text alone.
(() => {
  const GRAVITY = ["fail", "invalid", "error", "inconclusive", "void", "skipped", "pass"];
  const FEW = 8; // rows that need no filter
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const make = (name, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(name), properties);
    element.append(...children);
    return element;
  };
  let named = 0;
  const identify = (element) => (element.id ||= `x${(named += 1)}`);

  // --- theme: figures and colours for dark screens are chosen by media, so the button changes what the media are
  const addTheme = () => {
    const dark = all("style.dark, source.dark");
    const wish = matchMedia("(prefers-color-scheme: dark)");
    const button = make("button", { type: "button", className: "theme", textContent: "Dark theme" });
    const draw = (on) => dark.forEach((each) => (each.media = on ? "screen" : "not all"));
    const show = (on) => {
      button.setAttribute("aria-pressed", String(on));
      draw(on);
    };
    addEventListener("beforeprint", () => draw(false)); // browsers keep the figure they chose for the screen
    addEventListener("afterprint", () => draw(button.getAttribute("aria-pressed") === "true"));
    button.addEventListener("click", () => show(button.getAttribute("aria-pressed") !== "true"));
    wish.addEventListener("change", () => show(wish.matches));
    show(wish.matches);
    document.querySelector("nav.contents").append(button);
  };

  // --- tables
  const key = (cell) => {
    const badge = cell.querySelector(".badge");
    if (badge) return GRAVITY.findIndex((kind) => badge.classList.contains(kind));
    const text = cell.textContent.trim();
    if (text.startsWith("–")) return null;
    if (!cell.classList.contains("n")) return text;
    const found = text.replaceAll(",", "").replaceAll("−", "-").match(/-?\d+(\.\d+)?(e[-+]?\d+)?/i);
    return found ? Number(found[0]) : null;
  };
  const compare = (one, other) =>
    typeof one === "number" && typeof other === "number" ? one - other : String(one).localeCompare(String(other), "en", { numeric: true });
  const sort = (table, column, direction) => {
    const body = table.tBodies[0];
    const keyed = [...body.rows].map((row) => ({ row, value: row.cells[column] ? key(row.cells[column]) : null }));
    const absent = keyed.filter((each) => each.value === null); // last, whichever way
    const present = keyed.filter((each) => each.value !== null);
    present.sort((one, other) => direction * compare(one.value, other.value));
    body.append(...[...present, ...absent].map((each) => each.row));
  };
  const addSorting = (table) => {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const button = make("button", { type: "button", className: "sort" });
      if (head.querySelector("a")) button.setAttribute("aria-label", `Sort by ${head.textContent.trim()}`);
      else button.append(...head.childNodes);
      button.addEventListener("click", () => {
        const direction = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
        for (const each of heads) each.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", direction === 1 ? "ascending" : "descending");
        sort(table, column, direction);
      });
      head.append(button);
    });
  };
  const addFilter = (table) => {
    const rows = [...table.tBodies[0].rows];
    if (rows.length < FEW) return;
    const field = make("input", { type: "search", autocomplete: "off" });
    const status = make("p");
    status.setAttribute("role", "status");
    const texts = rows.map((row) => row.textContent.toLowerCase());
    field.addEventListener("input", () => {
      const terms = field.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      rows.forEach((row, place) => {
        row.hidden = !terms.every((term) => texts[place].includes(term));
        shown += row.hidden ? 0 : 1;
      });
      status.textContent = terms.length ? `${shown} of ${rows.length} rows` : "";
    });
    const label = make("label", {}, "Filter: ");
    label.htmlFor = identify(field);
    (table.closest(".scroll") ?? table).before(make("div", { className: "tools" }, label, field, status));
  };

  // --- wide tables can be reached by keyboard, and fade out on the side where more of them is
  const addScrolling = (box) => {
    const caption = box.querySelector("caption");
    const look = () => {
      const hidden = box.scrollWidth - box.clientWidth;
      box.classList.toggle("more", hidden - box.scrollLeft > 4);
      if (hidden <= 1) {
        for (const name of ["tabindex", "role", "aria-labelledby"]) box.removeAttribute(name);
        return;
      }
      box.tabIndex = 0;
      box.setAttribute("role", "region");
      box.setAttribute("aria-labelledby", identify(caption));
    };
    box.addEventListener("scroll", look, { passive: true });
    new ResizeObserver(look).observe(box);
  };

  // --- the gallery: one slider for all inputs of a requirement
  const shownMap = (row) => {
    const image = make("img", { className: "pixels", alt: "" });
    const button = make("button", { type: "button", className: "zoom" }, image);
    const words = make("span", { className: "similarity" });
    const cell = make("td", { className: "run" }, button, words);
    const cells = [...row.cells].slice(1);
    row.cells[0].after(cell);
    return (place) => {
      cells.forEach((each, at) => each.classList.toggle("now", at === place));
      const source = cells[place]?.querySelector("img");
      button.hidden = !source;
      if (source) Object.assign(image, { src: source.src, alt: source.alt });
      words.textContent = cells[place]?.querySelector(".similarity")?.textContent ?? "– no map";
    };
  };
  const addSlider = (group) => {
    const tables = all("table.strips", group);
    const heads = (table) => [...table.tHead.rows[0].cells].slice(1).map((head) => head.textContent);
    const labels = tables.map(heads).reduce((one, other) => (other.length > one.length ? other : one));
    if (labels.length < 2) return;
    const shows = tables.flatMap((table) => [...table.tBodies[0].rows].map(shownMap));
    for (const table of tables) table.tHead.rows[0].cells[0].after(make("th", { scope: "col", className: "run", textContent: "Chosen stage" }));
    const slider = make("input", { type: "range", min: "0", max: String(labels.length - 1), step: "1", value: "0" });
    const output = make("output");
    const show = () => {
      const place = Number(slider.value);
      slider.setAttribute("aria-valuetext", labels[place]);
      output.textContent = `${labels[place]} (${place + 1} of ${labels.length})`;
      for (const each of shows) each(place);
    };
    slider.addEventListener("input", show);
    const label = make("label", {}, "Stage shown large ");
    label.htmlFor = identify(slider);
    output.htmlFor = slider.id;
    group.querySelector("h3").after(make("div", { className: "tools slide" }, label, slider, output));
    show();
  };

  // --- lightbox
  const addLightbox = () => {
    const image = make("img");
    const title = make("p");
    const back = make("button", { type: "button", textContent: "← Previous" });
    const on = make("button", { type: "button", textContent: "Next →" });
    const close = make("button", { type: "button", textContent: "Close" });
    const dialog = make("dialog", { className: "lightbox" }, image, title, make("div", { className: "tools" }, back, on, close));
    dialog.setAttribute("aria-labelledby", identify(title));
    let series = [];
    let at = 0;
    const show = (place) => {
      at = Math.min(Math.max(place, 0), series.length - 1);
      const shown = series[at];
      Object.assign(image, { src: shown.currentSrc || shown.src, alt: shown.alt, className: shown.className });
      title.textContent = shown.closest("figure")?.querySelector("figcaption")?.textContent ?? shown.alt;
      back.disabled = at === 0;
      on.disabled = at === series.length - 1;
      back.hidden = on.hidden = series.length < 2;
    };
    const open = (picture) => {
      const row = picture.closest("table.strips tbody tr");
      series = row ? all("td:not(.run) img", row) : [picture];
      const chosen = picture.closest(".run") ? row.querySelector(".now img") : picture;
      show(series.indexOf(chosen));
      dialog.showModal();
    };
    back.addEventListener("click", () => show(at - 1));
    on.addEventListener("click", () => show(at + 1));
    close.addEventListener("click", () => dialog.close());
    dialog.addEventListener("keydown", (event) => {
      if (event.key === "ArrowLeft") show(at - 1);
      if (event.key === "ArrowRight") show(at + 1);
    });
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
    document.body.append(dialog);
    document.querySelector("main").addEventListener("click", (event) => {
      const picture = event.target.closest("button.zoom, .enlarge")?.parentElement.querySelector("img") ?? event.target.closest("img.pixels, .chart img");
      if (picture) open(picture);
    });
    for (const chart of all(".chart")) chart.append(make("button", { type: "button", className: "enlarge", textContent: "Enlarge the figure" }));
  };

  // --- what is folded opens for its address, and for paper
  const reveal = () => {
    const target = location.hash.length > 1 ? document.getElementById(decodeURIComponent(location.hash.slice(1))) : null;
    for (let each = target; each; each = each.parentElement) if (each.tagName === "DETAILS") each.open = true;
    target?.scrollIntoView();
  };
  const addPaper = () => {
    let folded = [];
    addEventListener("beforeprint", () => {
      folded = all("details:not([open])");
      for (const each of folded) each.open = true;
    });
    addEventListener("afterprint", () => {
      for (const each of folded) each.open = false;
    });
  };

  document.documentElement.classList.add("live");
  addTheme();
  all("table.sortable").forEach(addFilter);
  all("table.sortable").forEach(addSorting);
  all(".stages").forEach(addSlider);
  all(".scroll").forEach(addScrolling);
  addLightbox();
  addPaper();
  addEventListener("hashchange", reveal);
  reveal();
})();
