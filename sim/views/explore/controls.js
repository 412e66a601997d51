// Sets the language of the page, the title of the panel, and the texts of Streamlit's own controls.
// `texts` has the text of each control by its English text. An earlier translation is first undone.
(language, panelTitle, texts) => {
  document.documentElement.lang = language;
  document.documentElement.style.setProperty("--panel-title", JSON.stringify(panelTitle));
  const english = Object.fromEntries(Object.entries(window.hybridworkTexts || {}).map(([own, other]) => [other, own]));
  window.hybridworkTexts = texts;
  const help = "Help for";
  const translate = (text) =>
    text && (text.startsWith(help) ? texts[help] + text.slice(help.length) : texts[english[text] || text]);
  const translateElement = (element) => {
    for (const name of ["aria-label", "placeholder", "title"]) {
      const now = translate(element.getAttribute(name));
      if (now) element.setAttribute(name, now);
    }
    for (const leaf of element.childNodes) {
      const now = leaf.nodeType === Node.TEXT_NODE && translate(leaf.nodeValue.trim());
      if (now && now !== leaf.nodeValue) leaf.nodeValue = now;
    }
  };
  const translateAll = (root) => [root, ...root.querySelectorAll("*")].forEach(translateElement);
  if (window.hybridworkObserver) window.hybridworkObserver.disconnect();
  window.hybridworkObserver = new MutationObserver((changes) =>
    changes
      .flatMap((change) => [...change.addedNodes])
      .filter((node) => node.nodeType === Node.ELEMENT_NODE)
      .forEach(translateAll),
  );
  window.hybridworkObserver.observe(document.body, { childList: true, subtree: true });
  translateAll(document.body);
}
