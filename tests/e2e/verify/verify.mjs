// A webhook receiver that lets the official libraries judge: `node verify.mjs SECRET...` prints its port, then a line
// for each message: `ok ID` when both libraries accept it under every secret and refuse it when a byte is changed.
import { createServer } from "node:http";
import { Webhook as Standard } from "standardwebhooks";
import { Webhook as Svix } from "svix";

const secrets = process.argv.slice(2);

function refuses(verifier, body, headers) {
  try {
    verifier.verify(body, headers);
    return false;
  } catch {
    return true;
  }
}

function judge(body, headers) {
  const only = (family) => Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith(family)));
  for (const secret of secrets) {
    for (const [verifier, names] of [[new Standard(secret), only("webhook-")], [new Svix(secret), only("svix-")],
                                     [new Svix(secret), only("webhook-")]]) {
      const message = verifier.verify(body, names);
      if (message.action !== "read") throw new Error("not the message that was sent");
      if (!refuses(verifier, body + " ", names)) throw new Error("another body is accepted");
    }
  }
}

const server = createServer((request, response) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    const body = Buffer.concat(parts).toString("utf8");
    try {
      judge(body, request.headers);
      console.log(`ok ${request.headers["webhook-id"]}`);
    } catch (error) {
      console.log(`wrong ${request.headers["webhook-id"]}: ${error.message}`);
    }
    response.writeHead(204).end();
  });
});
server.listen(0, "127.0.0.1", () => console.log(`port ${server.address().port}`));
