// `node itwins.mjs PROXY KEY COUNT`: the provider's own client of iTwins, as it comes, with COUNT iTwins behind the proxy.
import { ITwinsAccessClient } from "@itwin/itwins-client";
import { check, finish, same } from "./check.mjs";

const [proxy, key, count] = process.argv.slice(2);
const token = `Bearer ${key}`;
const client = new ITwinsAccessClient(`${proxy}/itwins`);
const nobody = "00000000-0000-4000-8000-000000000000";

async function lists() {
  const ids = new Set();
  for (let skip = 0; ; skip += 10) {
    const page = await client.queryAsync(token, undefined, { top: 10, skip, includeInactive: true });
    same(`page at ${skip}`, page.status, 200);
    for (const each of page.data ?? []) ids.add(each.id);
    if (!page.data || page.data.length < 10) break;
  }
  same("every iTwin is listed once", ids.size, Number(count));

  const linked = new Set();
  let pages = 0;
  for (let url = `${proxy}/itwins/?includeInactive=true&$top=10`; url; ++pages) {
    check(`page ${pages + 1} is on the proxy`, url.startsWith(`${proxy}/itwins`), url);
    const page = await client.sendGenericAPIRequest(token, "GET", url);
    for (const each of page.data.iTwins) linked.add(each.id);
    url = page.data._links.next?.href;
  }
  same("next links lead through all", [linked.size, pages], [Number(count), Math.ceil(count / 10)]);

  const whole = await client.queryAsync(token, "Project", { top: 1, resultMode: "representation" });
  check("a representation has everything", "createdDateTime" in whole.data[0], whole);
  const some = await client.queryAsync(token, undefined, { top: 1 });
  check("a minimal one has not", !("createdDateTime" in some.data[0]), some);
  same("favorites", (await client.queryFavoritesAsync(token)).status, 200);
  same("recents", (await client.queryRecentsAsync(token)).status, 200);
}

async function writes() {
  const bridge = { class: "Endeavor", subClass: "Project", displayName: "Brücke «7»", number: "P-7" };
  const made = await client.createiTwin(token, bridge);
  same("create", [made.status, made.data?.displayName, made.data?.number], [201, "Brücke «7»", "P-7"]);
  const id = made.data.id;
  const read = await client.getAsync(token, id, "representation");
  same("get", [read.status, read.data?.id, read.data?.displayName], [200, id, "Brücke «7»"]);
  const changed = await client.updateiTwin(token, id, { displayName: "Bridge 8" });
  same("update", [changed.status, changed.data?.displayName], [200, "Bridge 8"]);
  const again = await client.createiTwin(token, bridge);
  same("409", [again.status, again.error?.code, again.error?.details?.[0].target], [409, "iTwinExists", "number"]);
  same("delete", (await client.deleteiTwin(token, id)).status, 204);
  const gone = await client.getAsync(token, id);
  same("404", [gone.status, gone.error?.code], [404, "iTwinNotFound"]);
  const unknown = await client.updateiTwin(token, nobody, { displayName: "x" });
  same("404 of a write", [unknown.status, unknown.error?.code], [404, "iTwinNotFound"]);
}

async function refusals() {
  const bare = await client.createiTwin(token, { class: "Endeavor", subClass: "Bad" });
  same("422", [bare.status, bare.error?.code], [422, "InvalidiTwinsRequest"]);
  same("every defect of it", bare.error?.details?.map((each) => each.target).sort(), ["displayName", "subClass"]);
  const big = await client.queryAsync(token, undefined, { top: 1001 });
  same("422 of a read", [big.status, big.error?.details?.[0].target], [422, "$top"]);
  same("no key", (await client.queryAsync("Bearer other", undefined, { top: 1 })).status, 401);
}

await lists();
await writes();
await refusals();
finish();
