//! The identity of a known user, beside a read of the login.

use cognate::{Developer, Tree};

use crate::Users;
use crate::floor::Floor;
use crate::measure::{Bench, Target, timed, timed_with};

pub(crate) fn all(bench: &mut Bench, aws: &Developer, users: &Users, floor: &Floor) {
    let resolve = |input| aws.resolve_developer_identity(input).expect("a known user");
    let (mut inputs, mut keys) = (users.inputs.iter().cycle(), users.login_keys.iter().cycle());
    bench.row(
        "resolve",
        Target::Throughput(80),
        |times| timed(times, || resolve(inputs.next().expect("there are users"))),
        |times| {
            timed(times, || {
                let key = keys.next().expect("there are users");
                floor.tree(Tree::Logins).get(key).expect("a readable tree").expect("a known user")
            })
        },
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
