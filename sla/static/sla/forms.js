// Shows only the fields of the chosen measure and scheme, and what the form says and would pay while one types.
// Without this script everything shows, and the button "Preview" does the same.
(function () {
  "use strict";
  const PAUSE = 450;

  function control(form, name) {
    return form.elements.namedItem(name);
  }

  function refresh(form) {
    form.querySelectorAll("[data-when]").forEach(function (block) {
      const chosen = control(form, block.dataset.when);
      block.classList.toggle("rc-hidden", Boolean(chosen) && chosen.value !== block.dataset.is);
    });
    form.querySelectorAll("[data-applies]").forEach(function (box) {
      const body = form.querySelector('[data-body="' + box.dataset.applies + '"]');
      if (body) {
        body.classList.toggle("rc-hidden", !box.checked);
      }
    });
  }

  function follow(form) {
    const shown = document.getElementById(form.dataset.preview);
    let waiting = null;
    let asked = 0;
    async function ask() {
      const number = ++asked;
      const data = new FormData(form);
      data.set("fragment", "1");
      const answer = await fetch(window.location.href, { method: "POST", body: data, credentials: "same-origin" });
      // An answer to an older question is out of date.
      if (answer.ok && number === asked) {
        shown.innerHTML = await answer.text();
      }
    }
    form.addEventListener("input", function () {
      refresh(form);
      clearTimeout(waiting);
      waiting = setTimeout(ask, PAUSE);
    });
  }

  document.addEventListener("DOMContentLoaded", function () {
    document.querySelectorAll("form[data-preview]").forEach(function (form) {
      refresh(form);
      follow(form);
    });
  });
})();
