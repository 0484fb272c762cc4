// `node imodels.mjs PROXY KEY ITWIN [GROUP]`: the provider's own client of iModels, as it comes, on an iTwin without iModels.
// GROUP names one of several installations.
import { IModelsClient } from "@itwin/imodels-client-management";
import { check, finish, same } from "./check.mjs";

const [proxy, key, iTwinId, group] = process.argv.slice(2);
const headers = group ? { "x-amp-group-ref": group } : {};
const client = new IModelsClient({ api: { baseUrl: `${proxy}/imodels` }, headers });
const authorization = async () => ({ scheme: "Bearer", token: key });
const count = 7;
const nobody = "00000000-0000-4000-8000-000000000000";

async function refused(what, work, wanted) {
  try {
    await work();
    check(what, false, "nothing was refused");
  } catch (error) {
    same(what, [error.statusCode, error.code, error.details?.map((each) => each.target) ?? null], wanted);
  }
}

function create(name, more = {}) {
  return client.iModels.createEmpty({ authorization, iModelProperties: { iTwinId, name, ...more } });
}

async function lists(ids) {
  const params = { authorization, urlParams: { iTwinId, $top: 3 } };
  const minimal = [];
  for await (const each of client.iModels.getMinimalList(params)) minimal.push(each.id);
  same("the iterator follows the links", minimal.toSorted(), ids.toSorted());
  const pages = [];
  for await (const page of client.iModels.getRepresentationList(params).byPage()) pages.push(page);
  same("pages", pages.map((page) => page.length), [3, 3, 1]);
  same("are whole", pages.flat().every((each) => each.iTwinId === iTwinId && each.state === "initialized"), true);
  const named = [];
  const one = { authorization, urlParams: { iTwinId, name: "Model 3" } };
  for await (const each of client.iModels.getMinimalList(one)) named.push(each.displayName);
  same("by name", named, ["Model 3"]);
}

const made = [];
for (let i = 1; i <= count; ++i) made.push(await create(`Model ${i}`, { description: `no. ${i}: ü` }));
const ids = made.map((each) => each.id);
same("create", [new Set(ids).size, made[0].name, made[0].description], [count, "Model 1", "no. 1: ü"]);
await lists(ids);
const first = { authorization, iModelId: ids[0] };
const read = await client.iModels.getSingle(first);
same("get", [read.id, read.name, read.iTwinId], [ids[0], "Model 1", iTwinId]);
const changed = await client.iModels.update({ ...first, iModelProperties: { name: "Renamed" } });
same("update", [changed.id, changed.name], [ids[0], "Renamed"]);
await refused("409", () => create("Model 2"), [409, "iModelExists", null]);
await refused("422", () => create(""), [422, "InvalidiModelsRequest", ["name"]]);
await client.iModels.delete(first);
await refused("404", () => client.iModels.getSingle(first), [404, "iModelNotFound", null]);
await refused("404 of a write", () => client.iModels.delete({ ...first, iModelId: nobody }), [404, "iModelNotFound", null]);
finish();
