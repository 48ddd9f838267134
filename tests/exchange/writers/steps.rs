//! The steps of a writer, each a commit.

use cognate::admin::{LinkLoginInput, UnlinkLoginInput};
use cognate::name::IdentityId;
use cognate::operation::{
    DeleteIdentitiesInput, GetIdInput, GetOpenIdTokenForDeveloperIdentityInput,
    MergeDeveloperIdentitiesInput, UnlinkDeveloperIdentityInput,
};
use cognate::{Developer, Engine};

use super::moment::{Fact, Login, Part};
use super::{BOARDS, FACEBOOK, GAME, Setting, WRITERS, developer, owner};

/// A writer with more identities deletes one.
const OWNED_MAX: usize = 48;
/// The identities of each writer in the beginning. Together they take several steps of a scan.
const OWNED_MIN: usize = 40;
/// Eight writers with so many on a board leave room for others.
const ON_BOARD_MAX: usize = 2;
const LOGINS_MAX: usize = 20;

/// What a step has changed.
pub(super) struct Change {
    pub(super) operation: &'static str,
    pub(super) gone: Vec<Fact>,
    pub(super) new: Vec<Fact>,
    /// The shared identity that has changed too.
    pub(super) board: Option<usize>,
}

/// An identity of a writer, as the writer expects it.
#[derive(Debug, Clone)]
struct Owned {
    id: IdentityId,
    state: &'static str,
    revision: u64,
    logins: Vec<Login>,
    /// The step that has created it.
    born: usize,
    /// The last step that has changed it.
    changed: usize,
}

/// A login of a shared identity.
#[derive(Debug, Clone)]
struct Posted {
    board: usize,
    subject: String,
    born: usize,
}

pub(super) struct Writer<'a> {
    number: usize,
    engine: &'a Engine,
    aws: Developer,
    setting: &'a Setting,
    seed: u64,
    step: usize,
    owned: Vec<Owned>,
    posted: Vec<Posted>,
}

/// The identities that a writer has in the beginning.
fn first(writer: usize) -> impl Iterator<Item = Owned> {
    (0..OWNED_MIN).map(move |n| {
        let number = u32::try_from(writer * OWNED_MIN + n).expect("a small number");
        // The identities of all writers are mixed.
        let mixed = number.wrapping_mul(0x9e37_79b1);
        let id = format!("us-east-1:{mixed:08x}-0000-4000-8000-000000000000");
        let (id, logins) = (id.parse().expect("an id"), Vec::new());
        let state = "UNAUTHENTICATED";
        let mut owned = Owned { id, state, revision: 1, logins, born: 0, changed: 0 };
        owned.link(GAME, &format!("w{writer}-0-{n}"));
        owned
    })
}

/// The part of a writer before its first step.
pub(super) fn first_part(writer: usize) -> Part {
    first(writer).map(|owned| owned.fact()).collect()
}

/// A seed of the identities that all writers have in the beginning.
pub(super) fn seed() -> String {
    let lines = (0..WRITERS).flat_map(first).map(|owned| {
        let (id, user) = (owned.id.as_str(), owned.developer_user().unwrap_or_default());
        let login = format!("{{\"developer\":\"{GAME}\",\"subject\":\"{user}\"}}");
        format!("{{\"identity\":{{\"id\":\"{id}\",\"logins\":[{login}]}}}}\n")
    });
    let first = "{\"cognate\":\"seed\",\"version\":1}\n".to_owned();
    [first].into_iter().chain(lines).collect()
}

impl Owned {
    fn fact(&self) -> Fact {
        let Self { id, state, revision, logins, .. } = self;
        let (id, logins) = (id.as_str().to_owned(), logins.clone());
        Fact::Identity { id, state, revision: *revision, logins }
    }

    fn link(&mut self, provider: &str, subject: &str) {
        let ordinal = self.logins.last().map_or(0, |(_, _, ordinal)| ordinal + 1);
        self.logins.push((provider.to_owned(), subject.to_owned(), ordinal));
        self.state = "AUTHENTICATED";
    }

    fn disable(&mut self) {
        self.state = "DISABLED";
        self.logins.clear();
    }

    fn is_disabled(&self) -> bool {
        self.state == "DISABLED"
    }

    fn developer_user(&self) -> Option<&str> {
        let mut logins = self.logins.iter();
        logins.find(|(provider, ..)| provider == GAME).map(|(_, subject, _)| subject.as_str())
    }

    fn has_public_login(&self) -> bool {
        self.logins.iter().any(|(provider, ..)| provider == FACEBOOK)
    }
}

impl Posted {
    fn fact(&self) -> Fact {
        Fact::OnBoard { board: self.board, subject: self.subject.clone() }
    }
}

impl<'a> Writer<'a> {
    pub(super) fn new(number: usize, engine: &'a Engine, setting: &'a Setting) -> Self {
        let (aws, seed) = (developer(engine), u64::try_from(number).expect("a small number"));
        let (owned, posted) = (first(number).collect(), Vec::new());
        Self { number, engine, aws, setting, seed, step: 0, owned, posted }
    }

    /// A step that is drawn at random, or a registration where it is not possible.
    pub(super) fn step(&mut self) -> Change {
        self.step += 1;
        let change = match self.below(64) {
            _ if self.owned.len() > OWNED_MAX => self.delete(),
            0..4 => Some(self.visit()),
            4..16 => self.link_user(),
            16..24 => self.link_public(),
            24..36 => self.merge(),
            36..46 => self.unlink(),
            46..52 => self.delete(),
            52..54 => self.post(),
            54 => self.merge_into_board(),
            55..58 => self.unpost(),
            _ => None,
        };
        change.unwrap_or_else(|| self.register())
    }

    /// A random number (`SplitMix64`).
    fn below(&mut self, limit: usize) -> usize {
        self.seed = self.seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.seed;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let limit = u64::try_from(limit).expect("a small number");
        usize::try_from((mixed ^ (mixed >> 31)) % limit).expect("a small number")
    }

    /// One of the positions where this holds.
    fn pick(&mut self, holds: impl Fn(&Owned) -> bool) -> Option<usize> {
        let all = self.owned.iter().enumerate();
        let found: Vec<_> = all.filter(|(_, owned)| holds(owned)).map(|(at, _)| at).collect();
        (!found.is_empty()).then(|| found[self.below(found.len())])
    }

    /// No two steps have the same user.
    fn new_subject(&self) -> String {
        format!("w{}-{}", self.number, self.step)
    }

    /// Whether the writer's part would be none that it was before, if it lacked what was created
    /// at a step: something else that stays is newer.
    fn would_be_new(&self, born: usize, but: Option<usize>) -> bool {
        let mut others = self.owned.iter().enumerate().filter(|(at, _)| Some(*at) != but);
        others.any(|(_, other)| other.changed > born)
    }

    fn resolve(&self, identity: Option<&IdentityId>, user: &str) -> IdentityId {
        let input = GetOpenIdTokenForDeveloperIdentityInput::new(&self.setting.pool);
        let input = input.logins(GAME, user);
        let input = match identity {
            Some(identity) => input.identity_id(identity),
            None => input,
        };
        self.aws.resolve_developer_identity(input).expect("resolves")
    }

    fn create(&mut self, operation: &'static str, id: IdentityId, user: Option<&str>) -> Change {
        let (state, born) = ("UNAUTHENTICATED", self.step);
        let logins = Vec::new();
        let mut created = Owned { id, state, revision: 1, logins, born, changed: born };
        if let Some(user) = user {
            created.link(GAME, user);
        }
        let new = vec![created.fact()];
        self.owned.push(created);
        Change { operation, gone: Vec::new(), new, board: None }
    }

    /// What a change of some of the identities has made of them.
    fn change<const N: usize>(
        &mut self,
        operation: &'static str,
        changed: [usize; N],
        change: impl FnOnce([&mut Owned; N]),
    ) -> Change {
        let gone = changed.iter().map(|at| self.owned[*at].fact()).collect();
        let mut owned = self.owned.get_disjoint_mut(changed).expect("different identities");
        for owned in &mut owned {
            owned.revision += 1;
            owned.changed = self.step;
        }
        change(owned);
        let new = changed.iter().map(|at| self.owned[*at].fact()).collect();
        Change { operation, gone, new, board: None }
    }

    fn register(&mut self) -> Change {
        let user = self.new_subject();
        let id = self.resolve(None, &user);
        self.create("register", id, Some(&user))
    }

    fn visit(&mut self) -> Change {
        let input = GetIdInput::new(&self.setting.pool);
        let id = self.engine.public().get_id(input).expect("a guest").identity_id;
        self.create("visit", id, None)
    }

    fn link_user(&mut self) -> Option<Change> {
        let at = self.pick(|owned| !owned.is_disabled() && owned.logins.len() < LOGINS_MAX)?;
        let user = self.new_subject();
        assert_eq!(self.resolve(Some(&self.owned[at].id), &user), self.owned[at].id);
        Some(self.change("link", [at], |[owned]| owned.link(GAME, &user)))
    }

    fn link_public(&mut self) -> Option<Change> {
        let at = self.pick(|owned| {
            !owned.is_disabled() && !owned.has_public_login() && owned.logins.len() < LOGINS_MAX
        })?;
        let subject = self.new_subject();
        let input = LinkLoginInput::new(&self.owned[at].id, FACEBOOK, &*subject);
        self.engine.admin().link_login(input).expect("links");
        Some(self.change("link", [at], |[owned]| owned.link(FACEBOOK, &subject)))
    }

    fn merge(&mut self) -> Option<Change> {
        let to = self.pick(|owned| owned.developer_user().is_some())?;
        let kept = self.owned[to].clone();
        let from = self.pick(|owned| {
            owned.id != kept.id
                && owned.developer_user().is_some()
                && !(owned.has_public_login() && kept.has_public_login())
                && owned.logins.len() + kept.logins.len() <= LOGINS_MAX
        })?;
        let merged = self.merge_users(from, kept.developer_user()?);
        assert_eq!(merged, kept.id);
        Some(self.change("merge", [from, to], |[from, to]| {
            from.logins.iter().for_each(|(provider, subject, _)| to.link(provider, subject));
            from.disable();
        }))
    }

    /// Merges an identity with a developer user into that of another one.
    fn merge_users(&self, from: usize, to: &str) -> IdentityId {
        let from = self.owned[from].developer_user().expect("a developer user");
        let input = MergeDeveloperIdentitiesInput::new(&self.setting.pool, GAME, from, to);
        self.aws.merge_developer_identities(input).expect("merges").identity_id
    }

    fn unlink(&mut self) -> Option<Change> {
        let at = self.pick(|owned| !owned.logins.is_empty())?;
        let nth = self.below(self.owned[at].logins.len());
        let (id, (provider, subject, _)) = (&self.owned[at].id, &self.owned[at].logins[nth]);
        if provider == GAME {
            self.unlink_user(id, subject);
        } else {
            let input = UnlinkLoginInput::new(id, &**provider, &**subject);
            self.engine.admin().unlink_login(input).expect("unlinks");
        }
        Some(self.change("unlink", [at], |[owned]| {
            owned.logins.remove(nth);
            if owned.logins.is_empty() {
                owned.disable();
            }
        }))
    }

    fn unlink_user(&self, id: &IdentityId, user: &str) {
        let input = UnlinkDeveloperIdentityInput::new(&self.setting.pool, id, GAME, user);
        self.aws.unlink_developer_identity(input).expect("unlinks");
    }

    fn delete(&mut self) -> Option<Change> {
        let all = 0..self.owned.len();
        let may = |at: &usize| self.would_be_new(self.owned[*at].born, Some(*at));
        let found: Vec<_> = all.filter(may).collect();
        let at = (!found.is_empty()).then(|| found[self.below(found.len())])?;
        let gone = self.owned.swap_remove(at);
        let deleted = self.aws.delete_identities(DeleteIdentitiesInput::new([&gone.id]));
        assert!(deleted.expect("deletes").unprocessed_identity_ids.is_empty());
        Some(Change { operation: "delete", gone: vec![gone.fact()], new: Vec::new(), board: None })
    }

    /// A board with room for another login of this writer.
    fn board(&mut self) -> Option<usize> {
        let board = self.below(BOARDS);
        let own = self.posted.iter().filter(|posted| posted.board == board).count();
        (own < ON_BOARD_MAX).then_some(board)
    }

    fn post(&mut self) -> Option<Change> {
        let (board, subject) = (self.board()?, self.new_subject());
        let id = &self.setting.boards[board];
        assert_eq!(self.resolve(Some(id), &subject), *id);
        let posted = Posted { board, subject, born: self.step };
        let (operation, new) = ("post", vec![posted.fact()]);
        self.posted.push(posted);
        Some(Change { operation, gone: Vec::new(), new, board: Some(board) })
    }

    fn merge_into_board(&mut self) -> Option<Change> {
        let board = self.board()?;
        let from =
            self.pick(|owned| owned.developer_user().is_some() && owned.logins.len() == 1)?;
        let subject = self.owned[from].developer_user()?.to_owned();
        let merged = self.merge_users(from, &owner(board));
        assert_eq!(merged, self.setting.boards[board]);
        let posted = Posted { board, subject, born: self.step };
        let mut change = self.change("merge", [from], |[from]| from.disable());
        change.new.push(posted.fact());
        self.posted.push(posted);
        Some(Change { board: Some(board), ..change })
    }

    fn unpost(&mut self) -> Option<Change> {
        let at = self.posted.iter().position(|posted| self.would_be_new(posted.born, None))?;
        let posted = self.posted.swap_remove(at);
        self.unlink_user(&self.setting.boards[posted.board], &posted.subject);
        let gone = vec![posted.fact()];
        Some(Change { operation: "unpost", gone, new: Vec::new(), board: Some(posted.board) })
    }
}
