// Tells the browser which language the page speaks, and puts what Streamlit's own controls say into it.
// `said` is what each says by its English text; a page in another language before is taken back by way of it.
(language, said) => {
  document.documentElement.lang = language;
  const english = Object.fromEntries(Object.entries(window.hybridworkSaid || {}).map(([own, other]) => [other, own]));
  window.hybridworkSaid = said;
  const helps = "Help for";
  const spoken = (text) =>
    text && (text.startsWith(helps) ? said[helps] + text.slice(helps.length) : said[english[text] || text]);
  const speak = (element) => {
    for (const name of ["aria-label", "placeholder", "title"]) {
      const now = spoken(element.getAttribute(name));
      if (now) element.setAttribute(name, now);
    }
    for (const leaf of element.childNodes) {
      const now = leaf.nodeType === Node.TEXT_NODE && spoken(leaf.nodeValue.trim());
      if (now && now !== leaf.nodeValue) leaf.nodeValue = now;
    }
  };
  const speakAll = (root) => [root, ...root.querySelectorAll("*")].forEach(speak);
  if (window.hybridworkListens) window.hybridworkListens.disconnect();
  window.hybridworkListens = new MutationObserver((changes) =>
    changes.flatMap((change) => [...change.addedNodes]).filter((node) => node.nodeType === Node.ELEMENT_NODE).forEach(speakAll),
  );
  window.hybridworkListens.observe(document.body, { childList: true, subtree: true });
  speakAll(document.body);
}
