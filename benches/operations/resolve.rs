//! The identity of a known user, compared with a read of the login.
//!
//! Instructions of one call, by callgrind over 2,000 identities: 10,089 before known users had a
//! fast path, and 4,190 since. Of these, sled's `get` takes 2,490, the login's key 270, the text of
//! the identity's id 270, and the guid in the pool's id 180. While both threads counted references
//! to the pool, two had only 1.6 times the throughput of one.

use cognate::Developer;
use cognate::operation::GetOpenIdTokenForDeveloperIdentityInput as Input;

use crate::Users;
use crate::floor::Floor;
use crate::measure::{AtLeast, Bench, timed_each_of, timed_with};

pub(crate) fn all(bench: &mut Bench, aws: &Developer, users: &Users, floor: &Floor) {
    let resolve = |input: Input| aws.resolve_developer_identity(input).expect("a known user");
    bench.row(
        "resolve",
        AtLeast(80),
        timed_each_of(&users.inputs, resolve),
        timed_each_of(&users.login_keys, |key| floor.owner(&key)),
    );
    let by = |threads: usize| {
        let mut inputs = users.inputs.iter().cloned().cycle();
        move |times: u64| {
            let asked = (0..times).map(|_| inputs.next().expect("there are users")).collect();
            timed_with(asked, threads, |input| drop(resolve(input)))
        }
    };
    bench.row("resolve, 2 threads", AtLeast(180), by(2), by(1));
}
