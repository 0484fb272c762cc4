// A user with a browser: `node browser.mjs LINK` opens the link, presses what there is to press and prints the title of the
// page where that ends, with its status. Cookies, redirects and forms are taken as browsers do.
const jars = new Map();  // of cookies, by host

function remember(url, answer) {
  const jar = jars.get(url.hostname) ?? new Map();
  jars.set(url.hostname, jar);
  for (const line of answer.headers.getSetCookie()) {
    const [pair, ...attributes] = line.split(";").map((part) => part.trim());
    const [name, value] = [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)];
    const attribute = (wanted) => attributes.find((each) => each.toLowerCase().startsWith(`${wanted}=`))?.split("=")[1];
    const ended = Date.parse(attribute("expires") ?? "9999-01-01") <= Date.now() || attribute("max-age") === "0";
    const path = attribute("path") ?? url.pathname.replace(/\/[^/]*$/, "") ?? "/";
    if (ended) jar.delete(`${name} ${path}`);
    else jar.set(`${name} ${path}`, { path, pair: `${name}=${value}` });
  }
}

function cookies(url) {
  const all = [...(jars.get(url.hostname)?.values() ?? [])];
  return all.filter((each) => url.pathname.startsWith(each.path)).map((each) => each.pair).join("; ");
}

async function open(url, options = {}) {
  for (let hops = 0; hops < 20; ++hops) {
    const answer = await fetch(url, { ...options, redirect: "manual", headers: { cookie: cookies(url) } });
    remember(url, answer);
    if (answer.status < 300 || answer.status > 399) return { url, status: answer.status, html: await answer.text() };
    url = new URL(answer.headers.get("location"), url);
    options = {};
  }
  throw new Error("redirected in circles");
}

const decode = (text) => text.replaceAll("&quot;", '"').replaceAll("&#39;", "'").replaceAll("&amp;", "&");
const attribute = (tag, name) => decode(tag.match(new RegExp(`\\s${name}="([^"]*)"`))?.[1] ?? "");

/// The next page; none when there is nothing to press.
function press({ url, html }) {
  const form = html.match(/<form[^>]*>[^]*?<\/form>/)?.[0];
  if (form) {
    const body = new URLSearchParams();
    for (const [field] of form.matchAll(/<input[^>]*>/g))
      if (attribute(field, "name")) body.set(attribute(field, "name"), attribute(field, "value") || "sam");
    return open(new URL(attribute(form, "action"), url), { method: "POST", body });
  }
  const button = html.match(/<a [^>]*class="button"[^>]*>/)?.[0];
  return button && open(new URL(attribute(button, "href"), url));
}

let page = await open(new URL(process.argv[2]));
for (let pages = 0; pages < 10; ++pages) {
  const next = press(page);
  if (!next) break;
  page = await next;
}
console.log(`${page.status} ${page.html.match(/<title>([^<]*)</)?.[1]}`);
if (page.status !== 200) console.error(page.html);
