"""Checks. Each prints a line, and the first one that fails stops the run."""

import re
import urllib.request

from botocore.exceptions import ClientError

passed = 0


class Wrong(Exception):
    """A check found something other than it expected."""


def ok(what):
    global passed
    passed += 1
    print(f"ok   {what}")


def true(what, found):
    if not found:
        raise Wrong(f"{what}: found {found!r}")
    ok(what)


def equal(what, found, expected):
    if found != expected:
        raise Wrong(f"{what}\n     expected {expected!r}\n     found    {found!r}")
    ok(what)


def members(answer):
    """The members of an answer, without boto3's metadata."""
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def refused(what, code, message, call, status=400, **arguments):
    """`message` is the whole text, or a pattern that must match the whole text."""
    try:
        answer = call(**arguments)
    except ClientError as error:
        found = error.response["Error"]
        found_status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    else:
        raise Wrong(f"{what}\n     expected {code}\n     found    {members(answer)!r}")
    if isinstance(message, re.Pattern):
        as_expected = message.fullmatch(found["Message"])
    else:
        as_expected = message == found["Message"]
    if not as_expected or (found["Code"], found_status) != (code, status):
        expected, found = f"{status} {code}: {message}", f"{found_status} {found}"
        raise Wrong(f"{what}\n     expected {expected}\n     found    {found}")
    ok(f"{what}: {code}")


def invalid(*failures):
    """The text of a ValidationException."""
    plural = "" if len(failures) == 1 else "s"
    return f"{len(failures)} validation error{plural} detected: {'; '.join(failures)}"


def read(url):
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.read()
