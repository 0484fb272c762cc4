// `node tap.mjs PORT`: passes connections on to PORT of this machine; prints its own port, then all that the callers say.
import { connect, createServer } from "node:net";

const target = Number(process.argv[2]);
const server = createServer((caller) => {
  const there = connect(target, "127.0.0.1");
  for (const [one, other] of [[caller, there], [there, caller]]) {
    one.on("error", () => other.destroy());
    one.pipe(other);
  }
  caller.on("data", (piece) => process.stdout.write(piece));
});
server.listen(0, "127.0.0.1", () => console.log(`port ${server.address().port}`));
