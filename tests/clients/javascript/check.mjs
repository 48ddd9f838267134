// Checks. Each prints a line, and the first one that fails stops the run.

import { inspect, isDeepStrictEqual } from "node:util";

import { CognitoIdentityServiceException } from "@aws-sdk/client-cognito-identity";

let passed = 0;

export const count = () => passed;

/** A check found something other than it expected. */
export class Wrong extends Error {}

export function ok(what) {
  passed += 1;
  console.log(`ok   ${what}`);
}

export function truth(what, found) {
  if (found !== true) throw new Wrong(`${what}: found ${JSON.stringify(found)}`);
  ok(what);
}

export function equal(what, found, expected) {
  if (!isDeepStrictEqual(found, expected)) {
    const [wanted, had] = [expected, found].map((value) => JSON.stringify(value));
    throw new Wrong(`${what}\n     expected ${wanted}\n     found    ${had}`);
  }
  ok(what);
}

/** The members of an answer, without the SDK's metadata. */
export function members({ $metadata, ...answer }) {
  return answer;
}

/** The exception that a promise is rejected with. */
async function rejection(what, promise) {
  let answer;
  try {
    answer = await promise;
  } catch (error) {
    return error;
  }
  throw new Wrong(`${what}: accepted with ${inspect(answer)}`);
}

function asExpected(what, error, name, message) {
  const matches =
    message instanceof RegExp ? message.test(error.message) : message === error.message;
  const status = error.$metadata?.httpStatusCode;
  if (error.name !== name || !matches || status !== 400 || error.$fault !== "client") {
    throw new Wrong(`${what}\n     expected ${name}: ${message}\n     found    ${status} ${error}`);
  }
  ok(`${what}: ${name}`);
}

/** The call is refused with an exception that the SDK has a class for. */
export async function refused(what, exception, message, promise) {
  const error = await rejection(what, promise);
  if (!(error instanceof exception)) {
    throw new Wrong(`${what}\n     expected ${exception.name}\n     found    ${error.stack}`);
  }
  asExpected(what, error, exception.name, message);
}

/** The call is refused with an exception for which the SDK has only a name. */
export async function refusedByName(what, name, message, promise) {
  const error = await rejection(what, promise);
  if (!(error instanceof CognitoIdentityServiceException)) {
    throw new Wrong(`${what}: no exception of the service: ${error.stack}`);
  }
  asExpected(what, error, name, message);
}

/** The call is refused with this name, status and message. */
export async function refusedAs(what, name, status, message, promise) {
  const error = await rejection(what, promise);
  const found = [error.name, error.$metadata?.httpStatusCode, error.message];
  equal(`${what}: ${name}`, found, [name, status, message]);
}

/** The promise is rejected with an error of jose. */
export async function unverified(what, exception, promise) {
  const error = await rejection(what, promise);
  if (!(error instanceof exception)) throw new Wrong(`${what}: ${error.stack}`);
  ok(`${what}: ${error.code}`);
}
