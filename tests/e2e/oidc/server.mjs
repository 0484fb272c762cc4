// A certified OpenID provider: `node server.mjs SANDBOX` prints its port. Each access token that it issues is told to the
// sandbox at SANDBOX, which takes it from then on. Clients: `service` (client_credentials) and `native` (public, users).
// Control: GET /_control, POST /_control/lifetime?seconds=N (of a user's access tokens from now on), POST /_control/revoke
// (the last refresh token, at the provider's own endpoint), POST /_control/hold and /_control/release (tokens are issued, but
// nobody is told).
import { createServer } from "node:http";
import Provider from "oidc-provider";

const sandbox = process.argv[2];
const state = { lifetime: 3600, lastLifetime: 0, issued: {}, rotations: 0, reused: 0, revoked: 0, held: 0, refusals: [] };
let refreshToken = "";
let holding = null;  // a promise that ends with it
let release = () => {};

const server = createServer();
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: "service", client_secret: "a secret+&=%/~", grant_types: ["client_credentials"],
      redirect_uris: [], response_types: [], token_endpoint_auth_method: "client_secret_post", scope: "itwin-platform",
    },
    {
      client_id: "native", application_type: "native", grant_types: ["authorization_code", "refresh_token"],
      redirect_uris: ["http://127.0.0.1/oauth/callback"], response_types: ["code"], token_endpoint_auth_method: "none",
      scope: "itwin-platform offline_access",
    },
  ],
  scopes: ["openid", "offline_access", "itwin-platform"],
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: true },
    revocation: { enabled: true },
  },
  pkce: { required: () => true },
  rotateRefreshToken: true,
  ttl: { AccessToken: () => state.lifetime, ClientCredentials: 3600, RefreshToken: 86400 },
  cookies: { keys: ["only for tests"] },
});

provider.use(async (ctx, next) => {
  await next();
  if (ctx.oidc?.route !== "token" || !ctx.body?.access_token) return;
  const type = ctx.oidc.params.grant_type;
  const token = encodeURIComponent(ctx.body.access_token);
  const told = await fetch(`${sandbox}/_sandbox/tokens/accept?token=${token}&lifetime=1h`, { method: "POST" });
  if (!told.ok) throw new Error(`the sandbox answers ${told.status}`);
  state.issued[type] = (state.issued[type] ?? 0) + 1;
  state.lastLifetime = ctx.body.expires_in;
  if (type === "refresh_token") ++state.rotations;
  if (ctx.body.refresh_token) refreshToken = ctx.body.refresh_token;
  if (!holding) return;
  ++state.held;
  await holding;
  --state.held;
});
provider.on("grant.revoked", () => ++state.revoked);
provider.on("grant.error", (ctx, error) => {
  state.refusals.push(`${error.error}: ${error.error_detail ?? error.error_description}`);
  if (error.error_detail === "refresh token already used") ++state.reused;
});

async function control(url) {
  if (url.pathname.endsWith("/lifetime")) state.lifetime = Number(url.searchParams.get("seconds"));
  if (url.pathname.endsWith("/hold")) holding = new Promise((done) => (release = done));
  if (url.pathname.endsWith("/release")) {
    holding = null;
    release();
  }
  if (url.pathname.endsWith("/revoke")) {
    const body = new URLSearchParams({ client_id: "native", token: refreshToken });
    const answer = await fetch(`${issuer}/token/revocation`, { method: "POST", body });
    if (!answer.ok) throw new Error(`revocation: ${answer.status}`);
  }
  return state;
}

const handle = provider.callback();
server.on("request", async (request, response) => {
  const url = new URL(request.url, issuer);
  if (!url.pathname.startsWith("/_control")) return handle(request, response);
  const body = JSON.stringify(await control(url));
  response.writeHead(200, { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) }).end(body);
});
console.log(`port ${server.address().port}`);
