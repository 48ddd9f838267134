// Attacks that a page can try. Each function runs within a page or a frame, so it may use only its
// argument. It returns the text of every answer that it could read.

/** Uses fetch in all modes and with all credentials. */
export async function byFetch({ url, headers, body, options }) {
  const answer = await fetch(url, { method: "POST", headers, body, ...options });
  const told = [...answer.headers].map(([name, value]) => `${name}: ${value}`);
  return { type: answer.type, status: answer.status, text: await answer.text(), told };
}

export function byXhr({ url, headers, body }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.onload = () => resolve({ status: request.status, text: request.responseText });
    request.onerror = () => reject(new Error("the request failed"));
    request.send(body);
  });
}

/** Submits a form with one field whose name and value together are JSON. */
export function byForm({ url, body, enctype }) {
  return new Promise((resolve) => {
    const frame = document.createElement("iframe");
    frame.name = `target-${Math.random()}`;
    document.body.append(frame);
    const form = document.createElement("form");
    Object.assign(form, { action: url, method: "POST", enctype, target: frame.name });
    const field = document.createElement("input");
    Object.assign(field, { type: "hidden", name: `${body.slice(0, -1)},"x":"`, value: '"}' });
    form.append(field);
    document.body.append(form);
    const read = () => {
      let text = "";
      try {
        text = frame.contentDocument.documentElement.innerText;
      } catch {
        // The frame has another origin.
      }
      resolve({ text });
    };
    setTimeout(() => {
      frame.onload = read;
      form.submit();
      setTimeout(read, 2_000);
    }, 100);
  });
}

export async function byBeacon({ url, body, type }) {
  navigator.sendBeacon(url, new Blob([body], { type }));
  await new Promise((resolve) => setTimeout(resolve, 500));
  return { text: "" };
}

/** Loads a script, a style sheet and an image, which need no preflight. */
export async function byElements({ url }) {
  const load = (tag, attribute, value) =>
    new Promise((resolve) => {
      const element = document.createElement(tag);
      element.onload = () => resolve("loaded");
      element.onerror = () => resolve("");
      Object.assign(element, { [attribute]: value });
      if (tag === "link") element.rel = "stylesheet";
      document.body.append(element);
    });
  const loaded = [
    await load("script", "src", `${url}/`),
    await load("link", "href", `${url}/nothing`),
    await load("img", "src", `${url}/`),
  ];
  return { text: loaded.join("") };
}

/** Runs `byFetch` in a frame with an opaque origin, which is sent as `null`. */
export function inOpaqueFrame({ call, kind, source }) {
  return new Promise((resolve, reject) => {
    const script = `(${source})(${JSON.stringify(call)})
      .then((answer) => parent.postMessage({ answer, origin }, "*"))
      .catch((error) => parent.postMessage({ error: String(error), origin }, "*"))`;
    const html = `<script>${script.replaceAll("</", "<\\/")}</script>`;
    const frame = document.createElement("iframe");
    addEventListener("message", ({ data }) => {
      if (data.origin !== "null") reject(new Error(`the frame's origin is ${data.origin}`));
      else if (data.error) reject(new Error(data.error));
      else resolve(data.answer);
    });
    if (kind === "data") {
      frame.src = `data:text/html,${encodeURIComponent(html)}`;
    } else {
      frame.sandbox = "allow-scripts";
      frame.srcdoc = html;
    }
    document.body.append(frame);
  });
}
