// What the clients' scripts have in common: every line that is printed names one thing that was found right or wrong.
let wrong = 0;

export function check(what, holds, seen) {
  if (!holds) ++wrong;
  console.log(`${holds ? "ok" : "wrong"} ${what}${holds ? "" : `: ${JSON.stringify(seen)}`}`);
}

export function same(what, seen, wanted) {
  check(what, JSON.stringify(seen) === JSON.stringify(wanted), { seen, wanted });
}

/// Ends the program: 0 when all was right.
export function finish() {
  process.exitCode = wrong === 0 ? 0 : 1;
  console.log("done");
}
