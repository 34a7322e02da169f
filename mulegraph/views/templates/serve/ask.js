// Asking the server that this page is from: the answer, or an error that says what to do.
async function ask(address, what) {
  let answer;
  try {
    answer = await fetch(address, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(what) });
  } catch {
    throw new Error(document.body.dataset.ended);
  }
  if (!(answer.headers.get("content-type") || "").startsWith("application/json")) throw new Error(await answer.text());
  const told = await answer.json();
  if (!answer.ok) throw new Error([told.problem, told.hint].filter(Boolean).join(". "));
  return told;
}
