// The table of claims: words, document, and whether something answers.

export function claimsView() {
  const form = document.getElementById("claim-filters");
  const rows = [...document.querySelectorAll(".claims tbody tr")].map((row) => ({
    row,
    text: row.textContent.toLowerCase(),
  }));
  const { words, seed, answer } = form.elements;
  const draw = () => {
    const wanted = words.value.toLowerCase().split(/\s+/).filter((word) => word !== "");
    let count = 0;
    for (const { row, text } of rows) {
      const shown = wanted.every((word) => text.includes(word)) &&
        (seed.value === "" || row.dataset.seed === seed.value) &&
        (answer.value === "" || row.dataset.answer === answer.value);
      row.hidden = !shown;
      if (shown) count++;
    }
    form.querySelector("output").textContent = `${count} of ${rows.length} claims`;
  };
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", draw);
  draw();
  // The row that a link leads to may be far down: shown when the table's box has its place.
  if (location.hash.length > 1) document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
}
