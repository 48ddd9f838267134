//! A mistaken merge: explained before, found in the history, and undone.
//!
//! The clock and the ids are fixed, so every run prints the same.
#![expect(clippy::print_stdout, reason = "an example prints its results")]

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use cognate::admin::{ChangeEvent, HistoryInput, UndoInput};
use cognate::ambient::{Clock, EntropyError, Ids, RandomIds, SystemEntropy, Timestamp};
use cognate::name::{IdentityId, IdentityPoolId, RequestId};
use cognate::operation::{
    CreateIdentityPoolInput, GetCredentialsForIdentityInput,
    GetOpenIdTokenForDeveloperIdentityInput, GuestAccess, MergeDeveloperIdentitiesInput, RoleType,
    SetIdentityPoolRolesInput,
};
use cognate::token::{OpenIdToken, SigningAlgorithm};
use cognate::{Developer, Engine, Journal};
use uuid::{Uuid, uuid};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const PROVIDER: &str = "login.game";
/// The name under which a token of the engine is presented.
const ISSUER: &str = "cognito-identity.amazonaws.com";

fn main() -> Result<()> {
    let clock = Arc::new(Hand::default());
    clock.begin(0, "Two players register with a game. Each gets an identity.");
    let game = Game::open(&clock)?;
    let (alice, bob) = (game.register("alice")?, game.register("bob")?);
    println!("alice       {alice}\nbob         {bob}");

    let token = game.merge(&clock, &alice)?;

    clock.begin(30, "Bob complains that his game is gone. The histories tell why.");
    game.tell([&alice, &bob])?;

    game.undo(&clock, &alice)?;

    clock.begin(40, "The token that Bob got in between still verifies, as the identity of Alice.");
    println!("token       {}", game.engine.verify_token(token.as_str())?.identity_id());
    clock.begin(41, "But it names the login of Bob, and that opens her identity no longer.");
    match game.open_with(&token, &alice) {
        Ok(_) => return Err("the token opens the identity of alice".into()),
        Err(refused) => println!("refused     {}: {refused}", refused.kind()),
    }

    clock.begin(50, "The histories have all of it.");
    game.tell([&alice, &bob])?;
    assert!(game.engine.check()?.is_empty());
    println!("\nEvery invariant holds.");
    Ok(())
}

/// A game and its backend.
struct Game {
    engine: Engine,
    aws: Developer,
    pool: IdentityPoolId,
}

impl Game {
    fn open(clock: &Arc<Hand>) -> Result<Self> {
        let engine = Engine::builder()
            .clock(Arc::clone(clock))
            .ids(FixedIds::default())
            .signing_algorithm(SigningAlgorithm::EdDsa)
            .journal(Journal::keep(90))
            .in_memory()?;
        let aws = engine.developer("123456789012".parse()?, "us-east-1".parse()?);
        let input = CreateIdentityPoolInput::new("game", GuestAccess::Denied);
        let pool = aws.create_identity_pool(input.developer_provider_name(PROVIDER))?;
        let pool = pool.identity_pool_id;
        let role = "arn:aws:iam::123456789012:role/player";
        let input = SetIdentityPoolRolesInput::new(&pool).roles(RoleType::Authenticated, role);
        aws.set_identity_pool_roles(input)?;
        Ok(Self { engine, aws, pool })
    }

    fn call(&self, user: &str) -> GetOpenIdTokenForDeveloperIdentityInput {
        GetOpenIdTokenForDeveloperIdentityInput::new(&self.pool).logins(PROVIDER, user)
    }

    fn register(&self, user: &str) -> Result<IdentityId> {
        Ok(self.aws.resolve_developer_identity(self.call(user))?)
    }

    /// The mistake. Returns a token that Bob gets after it.
    fn merge(&self, clock: &Hand, alice: &IdentityId) -> Result<OpenIdToken> {
        let merge = || MergeDeveloperIdentitiesInput::new(&self.pool, PROVIDER, "bob", "alice");

        clock.begin(10, "Support takes them for one person, and asks first what a merge would do.");
        println!("{}", self.engine.admin().explain(&self.aws, merge())?);

        clock.begin(11, "It merges Bob into Alice.");
        let request = self.aws.request(request_id(1)?);
        println!("merged      {}", request.merge_developer_identities(merge())?.identity_id);

        clock.begin(
            20,
            "Bob logs in, and gets a token for an hour. It opens the identity of Alice.",
        );
        let call = self.call("bob").token_duration(3600);
        let token = self.aws.get_open_id_token_for_developer_identity(call)?.token;
        println!("token       {}", self.engine.verify_token(token.as_str())?.identity_id());
        println!("opened      {}", self.open_with(&token, alice)?);
        Ok(token)
    }

    fn undo(&self, clock: &Hand, alice: &IdentityId) -> Result<()> {
        let admin = self.engine.admin();
        let newest = admin.history(HistoryInput::new(alice, 1))?.events;
        let merge = newest.first().and_then(ChangeEvent::id).ok_or("no event")?;

        clock.begin(31, "Support asks what would change if it undid the merge.");
        println!("{}", admin.explain(&admin, UndoInput::new(&merge))?);

        clock.begin(32, "It undoes the merge. Each of the two has an identity again.");
        for identity in admin.request(request_id(2)?).undo(UndoInput::new(&merge))?.identities {
            println!("changed     {identity}");
        }
        println!("bob         {}", self.register("bob")?);

        clock.begin(33, "A second undo is refused.");
        match admin.undo(UndoInput::new(&merge)) {
            Ok(_) => Err("the merge was undone twice".into()),
            Err(refused) => {
                println!("refused     {}: {refused}", refused.kind());
                Ok(())
            }
        }
    }

    /// Presents a token as the proof of an identity, for credentials.
    fn open_with(&self, token: &OpenIdToken, of: &IdentityId) -> cognate::Result<IdentityId> {
        let input = GetCredentialsForIdentityInput::new(of).logins(ISSUER, token.as_str());
        Ok(self.engine.public().get_credentials_for_identity(input)?.identity_id)
    }

    /// Prints the events of identities, the newest first.
    fn tell(&self, identities: [&IdentityId; 2]) -> Result<()> {
        for identity in identities {
            for event in self.engine.admin().history(HistoryInput::new(identity, 60))?.events {
                println!("{event}");
            }
        }
        Ok(())
    }
}

/// Names the pool, Alice and Bob, and then anything.
#[derive(Default)]
struct FixedIds(AtomicUsize);

impl Ids for FixedIds {
    fn mint(&self) -> std::result::Result<Uuid, EntropyError> {
        const IDS: [Uuid; 3] = [
            uuid!("9a3e0000-0000-0000-0000-000000000000"),
            uuid!("a11ce000-0000-0000-0000-000000000000"),
            uuid!("b0b00000-0000-0000-0000-000000000000"),
        ];
        let known = IDS.get(self.0.fetch_add(1, Ordering::Relaxed)).copied();
        known.map_or_else(|| RandomIds(SystemEntropy).mint(), Ok)
    }
}

fn request_id(number: u32) -> Result<RequestId> {
    Ok(format!("support-{number}").parse()?)
}

/// The clock of the story.
#[derive(Default)]
struct Hand(AtomicU64);

impl Hand {
    /// Begins a part of the story, so many minutes after noon.
    fn begin(&self, minutes: u64, part: &str) {
        const NOON_MILLIS: u64 = 1_795_867_200_000;
        self.0.store(NOON_MILLIS + minutes * 60_000, Ordering::Relaxed);
        println!("\n{}  {part}", self.now());
    }
}

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }
}
