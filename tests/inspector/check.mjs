// Checks, each with a line of output.

let passed = 0;
const failed = [];

export function check(name, holds, detail = "") {
  if (holds) passed += 1;
  else failed.push(name);
  console.log(`${holds ? "ok  " : "FAIL"} ${name}${holds ? "" : `: ${detail}`}`);
}

export function same(name, got, expected) {
  const [shown, wanted] = [JSON.stringify(got), JSON.stringify(expected)];
  check(name, shown === wanted, `${shown} instead of ${wanted}`);
}

/** Waits until a condition holds, for at most ten seconds. */
export async function comes(name, condition) {
  let last = "";
  for (const end = Date.now() + 10_000; Date.now() < end; ) {
    try {
      if (await condition()) return check(name, true);
    } catch (error) {
      last = String(error);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  check(name, false, `it does not come ${last}`);
}

/** Runs a part of the tests. Its failure does not end the others. */
export async function part(name, run) {
  console.log(`-- ${name}`);
  const begun = Date.now();
  try {
    await run();
  } catch (error) {
    check(name, false, error.stack ?? error);
  }
  console.log(`   ${Date.now() - begun} ms`);
}

export function conclude() {
  if (failed.length > 0) {
    console.error(`FAIL ${failed.length} of ${passed + failed.length} checks: ${failed.join("; ")}`);
    process.exit(1);
  }
  console.log(`${passed} checks passed`);
}
