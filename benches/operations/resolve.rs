//! The identity of a known user, beside a read of the login.

use cognate::{Developer, GetOpenIdTokenForDeveloperIdentityInput as Input, Tree};

use crate::Users;
use crate::floor::Floor;
use crate::measure::{Bench, Target, timed_each_of, timed_with};

pub(crate) fn all(bench: &mut Bench, aws: &Developer, users: &Users, floor: &Floor) {
    let resolve = |input: &Input| aws.resolve_developer_identity(input).expect("a known user");
    let get = |key: &[u8]| {
        let value = floor.tree(Tree::Logins).get(key).expect("a readable tree");
        value.expect("a known user")
    };
    bench.row(
        "resolve",
        Target::Throughput(80),
        timed_each_of(&users.inputs, |input| resolve(&input)),
        timed_each_of(&users.login_keys, |key| get(&key)),
    );
    let by = |threads: usize| {
        let mut inputs = users.inputs.iter().cycle();
        move |times: u64| {
            let asked = (0..times).map(|_| inputs.next().expect("there are users")).collect();
            timed_with(asked, threads, |input| drop(resolve(input)))
        }
    };
    bench.row("resolve, 2 threads", Target::Throughput(180), by(2), by(1));
}
