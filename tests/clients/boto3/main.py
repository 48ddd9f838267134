"""Tests one server with boto3: every operation with its answers and refusals."""

import signal
import sys
import time

import check
import credentials
import developer
import guests
import logins
import pools
import roles
import signing
import sts
import trust
import unlink
import verifying
from scene import Scene, make_issuers, running


def main(binary):
    started = time.monotonic()
    # Stop the server on SIGTERM, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by a signal"))
    issuers = make_issuers()
    with running(binary, issuers) as (url, _):
        scene = Scene(url, issuers)
        for chapter in (pools, developer, guests, logins, roles, credentials, sts, unlink):
            print(f"-- {chapter.__doc__}")
            chapter.tell(scene)
    for chapter in (trust, signing, verifying):
        print(f"-- {chapter.__doc__}")
        chapter.tell(binary, issuers)

    print("-- Of all operations")
    check.equal("there are 23", len(scene.operations), 23)
    check.equal("each was answered", scene.operations - scene.answered, set())
    check.equal("each was refused", scene.operations - set(scene.refusals), set())
    print(f"{check.passed} checks passed in {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except check.Wrong as wrong:
        sys.exit(f"FAIL {wrong}")
