//! Commits whose answer is lost. Whether the commit has happened or not, the call has exactly one
//! effect, and the answer is right.

use std::sync::Arc;
use std::thread;

use cognate::Result;
use cognate::name::IdentityId;
use cognate::store::PostgresStore;

use crate::rig::{Cut, Proxy, Server, Version};
use crate::scene::Scene;
use crate::store::{migrated, open, text};

/// An engine behind a proxy, and another one that reaches the server directly.
struct Stage {
    proxy: Proxy,
    store: Arc<PostgresStore>,
    cut: Scene,
    direct: Scene,
}

impl Stage {
    fn new() -> Self {
        let server = Server::shared(Version::Fifteen);
        let database = migrated(server);
        let proxy = Proxy::start(server.port());
        let store = Arc::new(open(&proxy.url(&database)));
        let cut = Scene::new(Arc::clone(&store));
        let direct = cut.beside(open(&server.url(&database)));
        Self { proxy, store, cut, direct }
    }

    /// Registers a user on the direct way.
    fn user(&self, name: &str) -> IdentityId {
        self.direct.resolve(name).expect("an identity")
    }

    /// Performs a call, several times to count the requests up to its commit, which is its last
    /// one, and then with a commit that is cut. `meanwhile` happens between the cut and the repair.
    fn perform<P: Send, T: Send>(
        &self,
        cut: Cut,
        prepare: impl Fn(&str) -> P,
        call: impl Fn(&Scene, P) -> Result<T> + Sync,
        meanwhile: impl FnOnce(&Scene),
    ) -> T {
        // The first call prepares statements, and old tokens are removed after some commits.
        let requests = WARM.map(|name| {
            let prepared = prepare(name);
            let before = self.proxy.round_trips();
            call(&self.cut, prepared).expect("succeeds");
            self.proxy.round_trips() - before
        });
        let requests = requests.into_iter().min().expect("a call");
        let prepared = prepare("cut");
        let before = self.settled();
        self.proxy.cut_after(requests - 1, cut);
        let answer = thread::scope(|scope| {
            let calling = scope.spawn(|| call(&self.cut, prepared));
            self.proxy.wait_for_cut();
            meanwhile(&self.direct);
            self.proxy.mend();
            calling.join().expect("no panic")
        });
        let answer = answer.unwrap_or_else(|error| panic!("{cut:?}: {}", text(&error)));
        let after = self.settled();
        let settled = [after[0] - before[0], after[1] - before[1]];
        assert_eq!(settled, if cut == Cut::Answered { [1, 0] } else { [0, 1] });
        self.direct.check();
        answer
    }

    /// The commits with a lost answer that have happened, and those that have not.
    fn settled(&self) -> [u64; 2] {
        let statistics = self.store.statistics();
        [statistics.settled_happened, statistics.settled_absent]
    }
}

/// The calls that count requests.
const WARM: [&str; 3] = ["first", "second", "third"];

const CUTS: [Cut; 2] = [Cut::Answered, Cut::Dropped];

#[test]
fn a_user_is_registered_once() {
    let stage = Stage::new();
    for cut in CUTS {
        let user = |name: &str| format!("{name} {cut:?}");
        let identities = stage.direct.page().len();
        let register = |scene: &Scene, user: String| scene.resolve(&user);
        let answer = stage.perform(cut, user, register, |direct| {
            let happened = direct.lookup(&user("cut")).expect("a lookup").is_some();
            assert_eq!(happened, cut == Cut::Answered);
        });
        assert_eq!(stage.direct.lookup(&user("cut")).expect("a lookup"), Some(answer));
        assert_eq!(stage.direct.page().len(), identities + WARM.len() + 1);
    }
}

/// Somebody else changes the new identity before the caller learns of it.
#[test]
fn a_user_whose_identity_has_changed_is_registered_once() {
    let stage = Stage::new();
    let user = |name: &str| name.to_owned();
    let register = |scene: &Scene, user: String| scene.resolve(&user);
    let answer = stage.perform(Cut::Answered, user, register, |direct| {
        let identity = direct.lookup("cut").expect("a lookup").expect("a user");
        direct.link("another", &identity).expect("a link");
    });
    assert_eq!(stage.direct.users(&answer), ["another", "cut"]);
    assert_eq!(stage.direct.page().len(), WARM.len() + 1);
}

/// Two users, with the identity of the destination.
type Pair = ([String; 2], IdentityId);

fn pair(stage: &Stage, name: &str) -> Pair {
    let users = [format!("{name} source"), format!("{name} destination")];
    let [_, destination] = users.each_ref().map(|user| stage.user(user));
    (users, destination)
}

fn merge(scene: &Scene, (users, destination): Pair) -> Result<(IdentityId, IdentityId)> {
    scene.merge(&users[0], &users[1]).map(|answer| (answer, destination))
}

#[test]
fn identities_are_merged_once() {
    let stage = Stage::new();
    for cut in CUTS {
        let named = |name: &str| format!("{name} {cut:?}");
        let prepare = |name: &str| pair(&stage, &named(name));
        let (answer, destination) = stage.perform(cut, prepare, merge, |direct| {
            let places = ["source", "destination"]
                .map(|user| direct.lookup(&format!("{} {user}", named("cut"))).expect("a lookup"));
            assert_eq!(places[0] == places[1], cut == Cut::Answered);
        });
        assert_eq!(answer, destination);
        let users = ["destination", "source"].map(|user| format!("{} {user}", named("cut")));
        assert_eq!(stage.direct.users(&answer), users);
    }
}

/// Somebody else undoes the merge before the caller learns of it. A second merge would undo that.
#[test]
fn identities_that_have_changed_are_merged_once() {
    let stage = Stage::new();
    let prepare = |name: &str| pair(&stage, name);
    let (answer, destination) = stage.perform(Cut::Answered, prepare, merge, |direct| {
        let merged = direct.lookup("cut destination").expect("a lookup").expect("a user");
        direct.unlink("cut source", &merged).expect("an unlink");
        let own = direct.resolve("cut source").expect("an identity");
        assert_ne!(own, merged);
    });
    assert_eq!(answer, destination);
    assert_eq!(stage.direct.users(&answer), ["cut destination"]);
}

/// A user with the identity.
fn linked(stage: &Stage, name: &str) -> (String, IdentityId) {
    let (user, second) = (name.to_owned(), format!("{name} second"));
    let identity = stage.user(&user);
    stage.direct.link(&second, &identity).expect("a link");
    (user, identity)
}

fn unlink(scene: &Scene, (user, identity): (String, IdentityId)) -> Result<IdentityId> {
    scene.unlink(&user, &identity).map(|()| identity)
}

#[test]
fn a_user_is_unlinked_once() {
    let stage = Stage::new();
    for cut in CUTS {
        let prepare = |name: &str| linked(&stage, &format!("{name} {cut:?}"));
        let identity = stage.perform(cut, prepare, unlink, |direct| {
            let user = direct.lookup(&format!("cut {cut:?}")).expect("a lookup");
            assert_eq!(user.is_none(), cut == Cut::Answered);
        });
        assert_eq!(stage.direct.users(&identity), [format!("cut {cut:?} second")]);
    }
}

/// Somebody else links the user again before the caller learns of it.
#[test]
fn a_user_who_is_linked_again_is_unlinked_once() {
    let stage = Stage::new();
    let prepare = |name: &str| linked(&stage, name);
    let identity = stage.perform(Cut::Answered, prepare, unlink, |direct| {
        let identity = direct.lookup("cut second").expect("a lookup").expect("a user");
        direct.link("cut", &identity).expect("a link");
    });
    assert_eq!(stage.direct.users(&identity), ["cut", "cut second"]);
}

#[test]
fn identities_are_deleted_once() {
    let stage = Stage::new();
    for cut in CUTS {
        let named = |name: &str, number: u8| format!("{name} {cut:?} {number}");
        let prepare =
            |name: &str| [1, 2, 3].map(|number| stage.user(&named(name, number))).to_vec();
        let delete = |scene: &Scene, identities: Vec<IdentityId>| scene.delete(&identities);
        let unprocessed = stage.perform(cut, prepare, delete, |direct| {
            let user = direct.lookup(&named("cut", 1)).expect("a lookup");
            assert_eq!(user.is_none(), cut == Cut::Answered);
            // The user comes back at once.
            if cut == Cut::Answered {
                direct.resolve(&named("cut", 1)).expect("an identity");
            }
        });
        assert_eq!(unprocessed, 0);
        let left = [1, 2, 3].map(|number| stage.direct.lookup(&named("cut", number)));
        let left = left.map(|found| found.expect("a lookup").is_some());
        assert_eq!(left, [cut == Cut::Answered, false, false]);
    }
}
